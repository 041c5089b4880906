"""The help: every action of the table, with its keys; and what the signs mean."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from console.keys import ACTIONS, MOVES
from console.keys.action import EVERYWHERE, Action, Chapter, PageName
from console.text.format import fit, wrap
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.terminal import bound
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.widgets.text import TextBlock

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


class HelpDialog(Dialog[None]):
    """All keys; those that the page under it lacks name the pages that have them."""

    takes_early = EarlyKeys.ALL

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
    ]

    def __init__(self, place: PageName, actions: Sequence[Action] = ACTIONS) -> None:
        super().__init__()
        self._place = place
        self._actions = actions
        for name in ("help", "quit"):
            keys = next(action.keys for action in actions if action.name == name)
            self._bindings.bind(bound(keys), "dismiss(None)", "Close")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = write(Cell("Keys", Tone.STRONG), Cell("  esc closes", Tone.DIM))
            with VerticalScroll():
                yield TextBlock(partial(_text, self._place, self._actions), id="help")


def _text(place: PageName, actions: Sequence[Action], width: int) -> Content:
    rows: list[Content] = []
    for group in Chapter:
        rows.append(write(Cell(group, Tone.ACCENT)))
        if group is Chapter.MOVE:
            rows += [_line(keys, what, "", width) for keys, what in MOVES]
        for action in actions:
            if action.group is group:
                text = f"{_where(action, place)}{action.help}"
                rows.append(_line(" ".join(action.keys), action.title, text, width))
        rows.append(write(""))
    rows.append(write(Cell("Signs", Tone.ACCENT)))
    rows += [
        lines(
            *(
                write("  ", Cell(fit(sign if not n else "", 11), tone), Cell(line, Tone.DIM))
                for n, line in enumerate(wrap(meaning, width - _TITLE_AT))
            )
        )
        for sign, tone, meaning in SIGNS
    ]
    return lines(*rows)


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
