"""A dialog with much to read: `/` narrows it to the lines with what is typed."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.tones import Cell, Tone, write
from console.tui.widgets.text import TextBlock


class SearchableDialog(Dialog[None]):
    """See the module."""

    takes_early = EarlyKeys.ALL
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "Close"),
        ("slash", "search", "Search"),
    ]
    title_text: ClassVar[str]

    wanted = ""
    """What is searched for, in small letters."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = write(
                Cell(self.title_text, Tone.STRONG), Cell("  / searches  esc closes", Tone.DIM)
            )
            search = Input(placeholder="search…", id="find")
            search.display = False
            yield search
            with VerticalScroll(id="read"):
                yield TextBlock(self.text, id="searched")

    def on_mount(self) -> None:
        self.query_one("#read").focus()

    def text(self, width: int) -> Content:
        """What of it has what is wanted."""
        raise NotImplementedError

    def action_search(self) -> None:
        search = self.query_one("#find", Input)
        search.display = True
        search.focus()

    def action_leave(self) -> None:
        """End the search, else close."""
        search = self.query_one("#find", Input)
        if not search.display:
            self.dismiss(None)
            return
        search.value, search.display = "", False
        self.query_one("#read").focus()

    @on(Input.Submitted, "#find")
    def _read_on(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#read").focus()

    @on(Input.Changed, "#find")
    def _typed(self, event: Input.Changed) -> None:
        self.wanted = event.value.strip().casefold()
        self.query_one("#searched", TextBlock).rewrite()
        self.query_one("#read").scroll_home(animate=False)
