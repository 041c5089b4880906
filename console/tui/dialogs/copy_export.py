"""The dialogs for copying, for exporting, and for the operator's name.

Each is dismissed with the operator's answer, or None where they went back.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from console.reports.clipboard import CopyChoice
from console.text.format import clean, cut, fit, plural
from console.text.operators import NAME_MAX, name_error
from console.tui.data.export import FORMATS, ExportError, ExportView, exists, export, target
from console.tui.dialogs.confirm import key_hints
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.tones import Cell, Tone, write

_SAMPLE = 46
"""Cells of what would be copied that are shown."""


class CopyDialog(Dialog[CopyChoice | None]):
    """Asks as what to copy the row: a digit, or enter on the first."""

    takes_early = EarlyKeys.ALL

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "Back"),
        *((str(number), f"choose({number - 1})", "") for number in range(1, 10)),
    ]

    def __init__(self, offered: Sequence[CopyChoice]) -> None:
        super().__init__()
        self._offered = offered

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = write(Cell("Copy"))
            yield OptionList(
                *(Option(_option(number, copied)) for number, copied in enumerate(self._offered, 1))
            )
            digits = f"1–{len(self._offered)}"
            yield Static(key_hints(("enter", "copy"), (digits, "at once"), ("esc", "back")))

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_choose(self, number: int) -> None:
        if number < len(self._offered):
            self.dismiss(self._offered[number])

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._offered[event.option_index])


def _option(number: int, copied: CopyChoice) -> Content:
    sample = cut(clean(copied.text.replace("\t", "  ").replace("\n", "  ")), _SAMPLE)
    return write(
        Cell(f"{number} ", Tone.ACCENT), Cell(fit(copied.name, 18)), Cell(sample, Tone.DIM)
    )


class ExportResult(NamedTuple):
    """What an export came to."""

    path: Path
    rows: int


class ExportDialog(Dialog[ExportResult | None]):
    """Asks for a file's name, writes the file, and shows how far it is; escape cancels."""

    takes_early = EarlyKeys.TEXT

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "Back"),
        ("y", "overwrite", "Overwrite"),
        ("n", "rename", "Another name"),
    ]

    def __init__(self, view: ExportView, name: str) -> None:
        super().__init__()
        self._view = view
        self._suggested = name
        self._chosen: Path | None = None
        """Chosen, and asked about because it is there already."""
        self._writing: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            what = plural(self._view.count, self._view.name.removesuffix("s"), self._view.name)
            dialog.border_title = write(Cell(f"Export {what}"))
            text = "All rows of the list, as it is filtered and sorted."
            yield Static(write(Cell(text, Tone.DIM)))
            yield Input(self._suggested, id="name", max_length=1_000, select_on_focus=False)
            yield Static(self._asked(), id="question")

    def action_leave(self) -> None:
        if self._writing is None:
            self.dismiss(None)
        else:
            self._writing.cancel()
            self._writing = None
            self._ask(Cell("cancelled: nothing was written  ", Tone.WARN))

    def action_overwrite(self) -> None:
        if self._chosen is not None and self._writing is None:
            self._write(self._chosen, overwrite=True)

    def action_rename(self) -> None:
        if self._chosen is not None and self._writing is None:
            self._ask()

    def on_key(self, event: events.Key) -> None:
        """Let the arrows change the format, where the name is being typed."""
        box = self.query_one("#name", Input)
        if event.key in ("up", "down") and box.has_focus:
            event.stop()
            path = Path(box.value)
            known = path.suffix.lower() if path.suffix.lower() in FORMATS else FORMATS[-1]
            following = FORMATS[(FORMATS.index(known) + 1) % len(FORMATS)]
            box.value = box.value.removesuffix(path.suffix) + following
            box.cursor_position = len(box.value)

    @on(Input.Submitted, "#name")
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            path = target(event.value)
            there = exists(path)
        except ExportError as error:
            self._ask(Cell(f"✖ {error}  ", Tone.BAD))
            return
        if there:
            self._chosen = path
            self.query_one("#name", Input).disabled = True
            cell = Cell(f"{path.name} exists already  ", Tone.WARN)
            self._say(cell, ("y", "overwrite it"), ("n", "another name"), ("esc", "back"))
        else:
            self._write(path, overwrite=False)

    def _write(self, path: Path, *, overwrite: bool) -> None:
        self.query_one("#name", Input).disabled = True
        self._show_progress(0)
        self._writing = self.run_worker(self._export(path, overwrite=overwrite), group="export")

    async def _export(self, path: Path, *, overwrite: bool) -> None:
        try:
            rows = await export(self._view, path, overwrite=overwrite, progress=self._show_progress)
        except ExportError as error:
            self._writing = None
            self._ask(Cell(f"✖ {error}  ", Tone.BAD))
            return
        self.dismiss(ExportResult(path, rows))

    def _show_progress(self, done: int) -> None:
        cell = Cell(f"{done:,} of {self._view.count:,} rows  ", Tone.STRONG)
        self._say(cell, ("esc", "cancel"))

    def _ask(self, *cells: Cell) -> None:
        self._chosen = None
        box = self.query_one("#name", Input)
        box.disabled = False
        box.focus()
        self.query_one("#question", Static).update(Content.assemble(write(*cells), self._asked()))

    def _say(self, cell: Cell, *keys: tuple[str, str]) -> None:
        content = Content.assemble(write(cell), key_hints(*keys))
        self.query_one("#question", Static).update(content)

    def _asked(self) -> Content:
        return key_hints(("enter", "export"), ("↑↓", "CSV or JSON"), ("esc", "back"))


class OperatorNameDialog(Dialog[str | None]):
    """Asks once for the name in the audit trail; escape keeps the login."""

    takes_early = EarlyKeys.TEXT

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Back")]

    def __init__(self, login: str) -> None:
        super().__init__()
        self._login = login

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = write(Cell("Who decides here?"))
            text = "Your name for the audit trail."
            yield Static(write(Cell(text, Tone.DIM)))
            yield Input(placeholder="your name", id="operator", max_length=NAME_MAX)
            yield Static(self._asked(), id="question")

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(Input.Submitted, "#operator")
    def _typed(self, event: Input.Submitted) -> None:
        wrong = name_error(event.value)
        if wrong:
            error = write(Cell(f"✖ the name {wrong}  ", Tone.BAD))
            content = Content.assemble(error, self._asked())
            self.query_one("#question", Static).update(content)
        else:
            self.dismiss(event.value.strip())

    def _asked(self) -> Content:
        return key_hints(("enter", "save"), ("esc", f'keep "{cut(self._login, 20)}"'))
