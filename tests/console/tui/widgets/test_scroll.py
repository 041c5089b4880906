"""The scrollbar of a long list is painted again where its thumb has moved, and only there."""

import itertools

import pytest
from textual.geometry import Size
from textual.scrollbar import ScrollBarRender

from console.tui.widgets.scroll import LongScrollBar


def drawn(height: int, total: int, seen: int, position: float) -> list[tuple[str, str]]:
    bar = ScrollBarRender.render_bar(
        size=height, virtual_size=total, window_size=seen, position=position
    )
    return [(text, str(style)) for text, style, _ in bar.segments]


@pytest.mark.parametrize(
    ("height", "total", "seen"), [(12, 40, 12), (27, 300, 27), (27, 100_000, 27), (9, 9, 9)]
)
def test_the_step_changes_wherever_textual_would_draw_another_bar(
    height: int, total: int, seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LongScrollBar, "size", Size(1, height))
    bar = LongScrollBar()
    bar.set_reactive(LongScrollBar.window_virtual_size, total)
    bar.set_reactive(LongScrollBar.window_size, seen)

    places = range(0, total - seen + 1, max(1, total // 500))
    pairs = list(itertools.pairwise(places))
    looks_other = [drawn(height, total, seen, a) != drawn(height, total, seen, b) for a, b in pairs]
    steps_on = [bar._step_at(a) != bar._step_at(b) for a, b in pairs]

    assert steps_on == looks_other
    assert total == seen or any(steps_on)
