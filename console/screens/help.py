"""The help: every action of the table, with its keys; and what the signs mean."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from console.actions import ACTIONS, EVERYWHERE, MOVES, Action, Group, Place
from console.ink import Cell, Tone, lines, write
from console.panels import wrap
from console.screens.dialog import Dialog
from console.terminal import bound
from console.text import cut, fit
from console.widgets.written import Written

SIGNS = (
    ("31*", Tone.OVER, "disagrees with its target"),
    ("180~", Tone.DIM, "not to be trusted now: stale, quarantined, unreadable"),
    ("▲ ▼", Tone.OVER, "in the header: shown above, below the target"),
    ("●", Tone.OK, "fresh"),
    ("▲", Tone.WARN, "failing: the last poll went wrong, the readings still count"),
    ("✖", Tone.BAD, "stale: its disagreements count as unknown"),
    ("■", Tone.WARN, "quarantined: the last poll is not believed until someone accepts it"),
)


class Help(Dialog[None]):
    """All keys; those that the page under it lacks name the pages that have them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
    ]

    def __init__(self, place: Place, actions: Sequence[Action] = ACTIONS) -> None:
        super().__init__()
        self._place = place
        self._actions = actions
        for name in ("help", "quit"):
            keys = next(one.keys for one in actions if one.name == name)
            self._bindings.bind(bound(keys), "dismiss(None)", "Close")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = write(Cell("Keys", Tone.STRONG), Cell("  esc closes", Tone.DIM))
            with VerticalScroll():
                yield Written(partial(_text, self._place, self._actions), id="help")


def _text(place: Place, actions: Sequence[Action], width: int) -> Content:
    rows: list[Content] = []
    for group in Group:
        rows.append(write(Cell(group, Tone.ACCENT)))
        if group is Group.MOVE:
            rows += [_line(keys, what, "", width) for keys, what in MOVES]
        for action in actions:
            if action.group is group:
                told = f"{_where(action, place)}{action.help}"
                rows.append(_line(" ".join(action.keys), action.title, told, width))
        rows.append(write(""))
    rows.append(write(Cell("Signs", Tone.ACCENT)))
    rows += [
        write("  ", Cell(fit(sign, 11), tone), Cell(cut(meaning, width - 13), Tone.DIM))
        for sign, tone, meaning in SIGNS
    ]
    return lines(*rows)


def _where(action: Action, place: Place) -> str:
    """The pages that have it, where not all do and this one does not."""
    if place in action.on or set(action.on) == EVERYWHERE:
        return ""
    return f"On {', '.join(one for one in Place if one in action.on)}. "


def _line(keys: str, title: str, more: str, width: int) -> Content:
    """An action in a line, its help beside it and wrapped in its own column."""
    told = wrap(more, max(10, width - _TEXT_AT)) if more else [""]
    wide = 30 if more else max(30, width - 13)
    first = write("  ", Cell(fit(keys, 11), Tone.STRONG), Cell(fit(title, wide)))
    rest = [write(" " * _TEXT_AT, Cell(line, Tone.DIM)) for line in told[1:]]
    return lines(Content.assemble(first, write(Cell(told[0], Tone.DIM))), *rest)


_TEXT_AT = 43
