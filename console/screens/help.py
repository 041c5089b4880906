"""The help: every action of the table, with its keys; and what the signs mean."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from console.actions import ACTIONS, MOVES, Action, Group
from console.ink import Cell, Tone, lines, write
from console.text import fit

SIGNS = (
    ("31*", Tone.OVER, "disagrees with its target"),
    ("180~", Tone.DIM, "not to be trusted now: stale, quarantined, unreadable"),
    ("▲ ▼", Tone.OVER, "in the header: shown above, below the target"),
    ("●", Tone.OK, "fresh"),
    ("▲", Tone.WARN, "failing: the last poll went wrong, the readings still count"),
    ("✖", Tone.BAD, "stale: its disagreements count as unknown"),
    ("■", Tone.WARN, "quarantined: the last poll is not believed until someone accepts it"),
)


class Help(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,question_mark,q", "dismiss(None)", "Close"),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = write(Cell("Keys", Tone.STRONG), Cell("  esc closes", Tone.DIM))
            with VerticalScroll():
                yield Static(_text())


def _text() -> Content:
    rows: list[Content] = []
    for group in Group:
        rows.append(write(Cell(group, Tone.ACCENT)))
        if group is Group.MOVE:
            rows += [_line(keys, what, "") for keys, what in MOVES]
        rows += [_action(action) for action in ACTIONS if action.group is group]
        rows.append(write(""))
    rows.append(write(Cell("Signs", Tone.ACCENT)))
    rows += [
        write("  ", Cell(fit(sign, 10), tone), Cell(meaning, Tone.DIM))
        for sign, tone, meaning in SIGNS
    ]
    return lines(*rows)


def _action(action: Action) -> Content:
    return _line(" ".join(action.keys), action.title, action.help)


def _line(keys: str, title: str, more: str) -> Content:
    return write("  ", Cell(fit(keys, 10), Tone.STRONG), Cell(fit(title, 30)), Cell(more, Tone.DIM))
