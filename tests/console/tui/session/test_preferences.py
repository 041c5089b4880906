"""What the console takes up from the operator: keys, theme, page, filter, name, glyphs."""

from pathlib import Path

import pytest

from console.keys import ACTIONS
from console.keys.action import PageName
from console.preferences import decode
from console.tui.drawing.tones import THEMES
from console.tui.session.memory import PageMemory, Personal, Remembered, recall
from console.tui.session.preferences import CommandLineChoices, SessionPreferences, begin
from store.model import CorrectionStatus
from store.queries.values import Sort
from tests.console.small_shop import (
    Shop,
    console,
    move_cursor_to,
    newest_update,
    press,
    strips_of,
    text_of,
)


def preferring(**data: object) -> SessionPreferences:
    return SessionPreferences(preferences=decode(data, source="console.toml"))


def remembering(folder: Path, **fields: object) -> SessionPreferences:
    return SessionPreferences(memory=recall(folder / "skew.toml"), **fields)  # type: ignore[arg-type]


async def test_a_key_of_the_operators_own_acts_and_the_old_one_does_not(shop: Shop) -> None:
    preferences = preferring(keys={"approve": ["ctrl+a", "!"], "pause": "f9"})
    async with console(shop, preferences=preferences) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0009120")
        await press(app, pilot, "a")
        assert newest_update(shop, "SKU-0009120").status is CorrectionStatus.PROPOSED
        await press(app, pilot, "exclamation_mark", "y")
        assert newest_update(shop, "SKU-0009120").status is CorrectionStatus.APPROVED


@pytest.mark.long
async def test_foot_tabs_help_and_palette_show_the_operators_own_keys(shop: Shop) -> None:
    preferences = preferring(
        keys={"approve": "ctrl+a", "show_updates": "f3", "sort": [], "help": "h"}
    )
    async with console(shop, (160, 80), preferences=preferences) as (app, pilot):
        shown = text_of(app)
        await press(app, pilot, "h")
        helped = text_of(app)
        await press(app, pilot, "h", "colon")
        await pilot.pause(0.3)
        offered = text_of(app)

    assert "ctrl+a Approve" in shown
    assert "[f3]Updates" in shown
    assert "Sort" not in shown.splitlines()[-1]
    assert "ctrl+a " in helped
    assert "ctrl+a" in offered
    assert "Sort by the next order" in offered


@pytest.mark.long
async def test_every_place_that_shows_keys_shows_the_same(shop: Shop) -> None:
    here = [action for action in ACTIONS if PageName.DISAGREEMENTS in action.on and action.legend][
        :6
    ]
    own = {action.name: f"f{n}" for n, action in enumerate(here, 1)}
    async with console(shop, (200, 90), preferences=preferring(keys=own)) as (app, pilot):
        foot = text_of(app).splitlines()[-1]
        await press(app, pilot, "question_mark")
        helped = text_of(app)

    mine = [action for action in app.session.actions if action.name in own]
    assert len(mine) == len(own)
    for action in mine:
        assert f"{action.keys[0]} {action.legend}" in foot
        assert f"{action.keys[0]} " in helped
        assert action.title in helped


@pytest.mark.long
async def test_t_goes_through_all_themes_and_the_choice_is_kept(shop: Shop, tmp_path: Path) -> None:
    async with console(shop, preferences=remembering(tmp_path)) as (app, pilot):
        seen = []
        for _ in THEMES:
            await press(app, pilot, "t")
            seen.append(app.theme)
            assert f"theme {app.theme.removeprefix('skew-')}: for" in text_of(app)
        await press(app, pilot, "t")

    assert set(seen) == {theme.name for theme in THEMES}
    async with console(shop, preferences=remembering(tmp_path)) as (app, _):
        assert app.theme == "skew-light"


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "preferred", "remembered", "begun"),
    [
        (None, None, None, "skew-dark"),
        ("colour-blind", "contrast", "light", "skew-colour-blind"),
        pytest.param(None, "contrast", None, "skew-contrast", marks=pytest.mark.long),
        pytest.param(None, None, "light", "skew-light", marks=pytest.mark.long),
        pytest.param(None, None, "gone-since", "skew-dark", marks=pytest.mark.long),
    ],
)
async def test_a_theme_is_what_was_said_else_kept_else_preferred(
    shop: Shop, text: str | None, preferred: str | None, remembered: str | None, begun: str
) -> None:
    preferences = preferring(**({"theme": preferred} if preferred else {}))
    preferences.memory.personal = Personal(theme=remembered)
    preferences = SessionPreferences(
        preferences.preferences, preferences.memory, CommandLineChoices(theme=text)
    )
    async with console(shop, preferences=preferences) as (app, _):
        assert app.theme == begun


@pytest.mark.long
async def test_page_filter_and_sort_are_taken_up_again(shop: Shop, tmp_path: Path) -> None:
    async with console(shop, preferences=remembering(tmp_path)) as (app, pilot):
        await press(app, pilot, "slash", *"channel:market", "enter", "s", "3")
        app.remember_page()

    async with console(shop, preferences=remembering(tmp_path)) as (app, pilot):
        assert app.page.place is PageName.UPDATES
        await press(app, pilot, "1")
        assert "filter: channel:market" in text_of(app)
        assert app.dashboard.sort == list(Sort)[1]


@pytest.mark.long
async def test_what_is_remembered_is_written_within_a_second_or_two(
    shop: Shop, tmp_path: Path
) -> None:
    async with console(shop, preferences=remembering(tmp_path)) as (app, pilot):
        await press(app, pilot, "2")
        for _ in range(400):
            if recall(tmp_path / "skew.toml").remembered.page == "channels":
                break
            await pilot.pause(0.02)

    assert recall(tmp_path / "skew.toml").remembered.page == "channels"


async def test_what_is_remembered_and_is_no_more_is_passed_over(shop: Shop, tmp_path: Path) -> None:
    recall(tmp_path / "skew.toml").keep(
        Remembered(
            page="gone",
            pages={
                "disagreements": PageMemory(filter="channel:gone", sort="gone"),
                "gone": PageMemory(),
            },
        )
    )
    async with console(shop, preferences=remembering(tmp_path)) as (app, _):
        assert app.page is app.dashboard
        assert app.dashboard.filter_text == ""
        assert app.dashboard.sort is Sort.RISK


async def test_a_broken_memory_is_told_and_stops_nothing(shop: Shop, tmp_path: Path) -> None:
    recall(tmp_path / "skew.toml").keep(Remembered(page="updates"))
    (file,) = (tmp_path / "state" / "skew").glob("*.json")
    file.write_text("{")
    async with console(shop, preferences=remembering(tmp_path)) as (app, _):
        assert app.page is app.dashboard
        assert "broken and ignored" in text_of(app)


@pytest.mark.long
async def test_whoever_is_not_known_is_asked_once_and_stands_in_the_audit(
    shop: Shop, tmp_path: Path
) -> None:
    async with console(shop, preferences=remembering(tmp_path, asks=True)) as (app, pilot):
        assert "Who decides here?" in text_of(app)
        await press(app, pilot, "enter")
        assert "the name is empty" in text_of(app)
        await press(app, pilot, *"bea", "enter")
        await move_cursor_to(app, pilot, "SKU-0009120")
        await press(app, pilot, "a", "y")

    assert newest_update(shop, "SKU-0009120").decided_by == "bea"
    assert recall(tmp_path / "skew.toml").personal.operator == "bea"


@pytest.mark.long
async def test_escape_leaves_the_login_and_a_read_only_console_asks_nobody(
    shop: Shop, tmp_path: Path
) -> None:
    async with console(shop, preferences=remembering(tmp_path, asks=True)) as (app, pilot):
        await press(app, pilot, "escape")
        assert app.session.operator == "ana"
    assert recall(tmp_path / "skew.toml").personal.operator is None

    preferences = remembering(tmp_path, asks=True)
    async with console(shop, preferences=preferences, read_only=True) as (app, _):
        assert "Who decides here?" not in text_of(app)


def test_a_login_that_says_nothing_is_asked_about_unless_somebody_said(tmp_path: Path) -> None:
    path = tmp_path / "skew.toml"

    assert begin(path, CommandLineChoices(), "root").asks
    assert not begin(path, CommandLineChoices(operator="ana"), "root").asks
    assert not begin(path, CommandLineChoices(), "ana").asks
    assert not begin(None, CommandLineChoices(), "root").asks
    assert begin(path, CommandLineChoices(), "root").command_line.operator == "root"


@pytest.mark.long
@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
@pytest.mark.parametrize("keys", [(), ("2",), ("3",), ("4",), ("enter",), ("A",), ("?",), ("y",)])
async def test_ascii_paints_nothing_else_on_any_page(
    shop: Shop, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    async with console(shop, size, preferences=SessionPreferences(ascii=True)) as (app, pilot):
        await press(app, pilot, "asterisk", *keys)
        app.notify("“a” – ▲ 日本", title="●")
        await pilot.pause(0.1)
        shown = text_of(app)

    assert shown.isascii()
    assert len(shown.splitlines()) == size[1]


@pytest.mark.long
async def test_in_sixteen_colours_the_cursors_row_is_reversed_and_all_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "screen")
    monkeypatch.delenv("COLORTERM")
    async with console(shop) as (app, _):
        assert app.theme == "skew-sixteen"
        strips = [s for line in strips_of(app) for s in line]
        styles = {segment.style for segment in strips if segment.style is not None}
        row = next(s for s in strips if "▌" in s.text)

    assert row.style is not None
    assert row.style.reverse
    for style in styles:
        for colour in (style.color, style.bgcolor):
            assert colour is None or colour.type.name in ("STANDARD", "DEFAULT"), style
        if not style.reverse and style.color is not None and style.bgcolor is not None:
            assert style.color != style.bgcolor, style


@pytest.mark.long
async def test_without_colour_every_state_still_has_its_glyph_or_word(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(shop) as (app, _):
        coloured = text_of(app)
    monkeypatch.setenv("NO_COLOR", "1")
    async with console(shop) as (app, _):
        grey = text_of(app)
        strips = [s for line in strips_of(app) for s in line]
        inks = {segment.style.color for segment in strips if segment.style is not None}

    assert grey == coloured
    assert all(
        colour is None or colour.triplet is None or len(set(colour.triplet)) == 1 for colour in inks
    )
    for words in ("● LIVE", "31*", "oversell ▲", "undersell ▼", "▌", "reduce"):
        assert words in grey
