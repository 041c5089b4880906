"""The help: every action of the table, with its keys; and what the signs mean."""

from collections.abc import Sequence
from functools import partial

from textual.content import Content

from console.keys import ACTIONS, MOVES
from console.keys.action import EVERYWHERE, Action, Chapter, PageName
from console.text.format import fit, wrap
from console.tui.dialogs.texts.searchable import SearchableDialog
from console.tui.drawing.terminal import bound
from console.tui.drawing.tones import Cell, Tone, lines, write

SIGNS = (
    ("31*", Tone.OVER, "disagrees with its target: the row is of this channel"),
    ("180~", Tone.DIM, "not to be trusted now: stale, quarantined, unreadable"),
    ("Δ −17", Tone.OVER, "the target less what is shown: below zero, 17 too many are on sale"),
    ("▲14 ▼2", Tone.OVER, "in the header: open disagreements that show too much, too little"),
    ("55u 6,228", Tone.OVER, "beside them: how many units too many are shown, and their price"),
    ("●", Tone.OK, "fresh"),
    ("▲", Tone.WARN, "failing: the last poll failed, the readings still count"),
    ("✖", Tone.BAD, "stale: its disagreements count as unknown"),
    ("■", Tone.WARN, "quarantined: the last poll counts only when someone accepts it"),
    ("↻ 40 %", Tone.ACCENT, "a poll is running, and has read so much"),
    ("‖ WRITES", Tone.BAD, "in the header: all writes are paused, nothing is sent to a channel"),
    ("stale 2/4", Tone.BAD, "in the header: of four channels, two are not fresh"),
)


class HelpDialog(SearchableDialog):
    """All keys; those that the page under it lacks name the pages that have them."""

    def __init__(self, place: PageName, actions: Sequence[Action] = ACTIONS) -> None:
        super().__init__("Keys", partial(_text, place, actions))
        for name in ("help", "quit"):
            keys = next(action.keys for action in actions if action.name == name)
            self._bindings.bind(bound(keys), "dismiss(None)", "Close")


def _text(place: PageName, actions: Sequence[Action], width: int, wanted: str) -> Content:
    chapters: list[tuple[str, list[Content]]] = []
    for group in Chapter:
        rows = [_line(keys, what, "", width) for keys, what in MOVES if group is Chapter.MOVE]
        for action in actions:
            if action.group is group:
                text = f"{_where(action, place)}{action.help}"
                rows.append(_line(" ".join(action.keys), action.title, text, width))
        chapters.append((group, rows))
    chapters.append(("Signs", [_sign(*sign, width) for sign in SIGNS]))
    shown: list[Content] = []
    for name, rows in chapters:
        fitting = [row for row in rows if wanted in " ".join(row.plain.split()).casefold()]
        if fitting:
            shown += [write(Cell(name, Tone.ACCENT)), *fitting, write("")]
    return lines(*shown[:-1]) if shown else write(Cell("No key or sign is like that.", Tone.DIM))


def _sign(sign: str, tone: Tone, meaning: str, width: int) -> Content:
    return lines(
        *(
            write("  ", Cell(fit(sign if not n else "", 11), tone), Cell(line, Tone.DIM))
            for n, line in enumerate(wrap(meaning, width - _TITLE_AT))
        )
    )


def _where(action: Action, place: PageName) -> str:
    """The pages that have it, where not all do and this one does not."""
    if place in action.on or set(action.on) == EVERYWHERE:
        return ""
    return f"On {', '.join(page for page in PageName if page in action.on)}. "


def _line(keys: str, title: str, more: str, width: int) -> Content:
    """An action in a line, its help wrapped in its own column."""
    beside = width >= _ROOMY
    at = _TEXT_AT if beside else _TITLE_AT
    parts = wrap(more, width - at) if more else []
    wide = _TEXT_AT - _TITLE_AT if beside and more else max(1, width - _TITLE_AT)
    first = write("  ", Cell(fit(keys, _TITLE_AT - 2), Tone.STRONG), Cell(fit(title, wide)))
    if beside and parts:
        first = Content.assemble(first, write(Cell(parts.pop(0), Tone.DIM)))
    return lines(first, *(write(" " * at, Cell(line, Tone.DIM)) for line in parts))


_TITLE_AT = 13
_TEXT_AT = 43
_ROOMY = 70
"""From this width on an action's help stands beside its title, else below it."""
