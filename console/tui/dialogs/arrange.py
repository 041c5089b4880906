"""How a list is arranged: by what it is sorted, and which columns it shows in which order."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from console.tui.dialogs.confirm import key_hints
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.columns import Column
from console.tui.drawing.tones import Cell, Tone, write

_MOVES: list[BindingType] = [
    ("down,j", "move('down')", "Down"),
    ("up,k", "move('up')", "Up"),
    ("escape", "dismiss(None)", "Back"),
]


class ArrangeDialog(Dialog[tuple[str, ...] | None]):
    """A list with a cursor, of which the keys are the dialog's own."""

    AUTO_FOCUS = ""
    begins_at = 0
    takes_early = EarlyKeys.ALL

    def on_mount(self) -> None:
        listed = self.query_one(OptionList)
        listed.can_focus = False
        listed.highlighted = self.begins_at

    def action_move(self, how: str) -> None:
        getattr(self.query_one(OptionList), f"action_cursor_{how}")()

    @property
    def place(self) -> int:
        """Where the cursor stands."""
        return self.query_one(OptionList).highlighted or 0


class SortDialog(ArrangeDialog):
    """Asks for the order; the answer has its name. The present one, chosen again, is reversed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_MOVES,
        ("enter", "choose(-1)", "Sort"),
        *((str(number), f"choose({number - 1})", "") for number in range(1, 10)),
    ]

    def __init__(self, sorts: Sequence[str], present: str, *, backwards: bool) -> None:
        super().__init__()
        self._sorts = sorts
        self._present = present
        self.begins_at = sorts.index(present)
        self._backwards = backwards

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = write(Cell("Sort by", Tone.STRONG))
            yield OptionList(*(Option(self._line(*item)) for item in enumerate(self._sorts, 1)))
            digits = f"1–{len(self._sorts)}"
            yield Static(
                key_hints(("enter", "sort, again reverses"), (digits, "at once"), ("esc", "back"))
            )

    def action_choose(self, number: int) -> None:
        chosen = self.place if number < 0 else number
        if chosen < len(self._sorts):
            self.dismiss((self._sorts[chosen],))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.action_choose(event.option_index)

    def _line(self, number: int, sort: str) -> Content:
        sign = ("▴ reversed" if self._backwards else "▾") if sort == self._present else ""
        return write(Cell(f"{number} ", Tone.ACCENT), Cell(f"{sort}  "), Cell(sign, Tone.DIM))


class ColumnsDialog(ArrangeDialog):
    """Asks which columns to show, in which order; the answer has their keys, none for our own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_MOVES,
        ("space", "turn", "Show or hide"),
        ("K,shift+up,left", "shift(-1)", "Before"),
        ("J,shift+down,right", "shift(1)", "After"),
        ("0", "dismiss(())", "As it comes"),
        ("enter", "take", "Take"),
    ]

    def __init__(self, known: Sequence[Column], shown: Sequence[str]) -> None:
        super().__init__()
        titles = {column.key: _title(column) for column in known}
        kept = [key for key in shown if key in titles]
        self._titles = titles
        self._order = [*kept, *(key for key in titles if key not in kept)]
        self._shown = set(kept)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog columns") as dialog:
            dialog.border_title = write(Cell("Columns", Tone.STRONG))
            yield OptionList(*self._options())
            yield Static(
                key_hints(
                    ("space", "show, hide"),
                    ("J K", "move"),
                    ("0", "as it comes"),
                    ("enter", "take"),
                    ("esc", "back"),
                )
            )

    def action_turn(self) -> None:
        self._shown ^= {self._order[self.place]}
        self._list(self.place)

    def action_shift(self, by: int) -> None:
        """Move the column under the cursor by a place."""
        place, to = self.place, self.place + by
        if 0 <= to < len(self._order):
            self._order[place], self._order[to] = self._order[to], self._order[place]
            self._list(to)

    def action_take(self) -> None:
        self.dismiss(tuple(key for key in self._order if key in self._shown))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.query_one(OptionList).highlighted = event.option_index
        self.action_turn()

    def _list(self, place: int) -> None:
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options(self._options())
        listed.highlighted = place

    def _options(self) -> list[Option]:
        return [
            Option(
                write(
                    Cell("[x] " if key in self._shown else "[ ] ", Tone.ACCENT),
                    Cell(self._titles[key], Tone.PLAIN if key in self._shown else Tone.DIM),
                )
            )
            for key in self._order
        ]


def _title(column: Column) -> str:
    return column.title.strip() or column.key
