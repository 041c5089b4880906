"""The command palette: every action of the page that is on the screen, by name, with its key."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.keys import shown_key
from console.keys.action import Action
from console.keys.search import chosen, search
from console.text.format import fit
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.tones import Cell, Tone, write

_TITLE = 34


class PaletteDialog(Dialog[str | None]):
    """The answer is an action's name, or nothing."""

    takes_early = EarlyKeys.ALL
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Back"),
        ("down", "move('down')", "Down"),
        ("up", "move('up')", "Up"),
        ("pagedown", "move('page_down')", "Page down"),
        ("pageup", "move('page_up')", "Page up"),
    ]

    def __init__(
        self,
        actions: Sequence[Action],
        offers: Callable[[str], Sequence[Action]] = lambda _: (),
        typed: str = "",
    ) -> None:
        """`offers`: what there is beside the actions when so much is typed, `typed` at first."""
        super().__init__()
        self._actions = actions
        self._offers = offers
        self._typed_at_first = typed
        self._listed = ""
        """The text for which the list was made."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide palette") as dialog:
            dialog.border_title = write(Cell("Commands", Tone.STRONG))
            yield Input(
                self._typed_at_first,
                placeholder="Search for commands…",
                select_on_focus=False,
                id="search",
            )
            yield OptionList(id="found")
            yield Static(
                write(
                    *(Cell("↑ ↓", Tone.ACCENT), Cell(" choose  ", Tone.DIM)),
                    *(Cell("enter", Tone.ACCENT), Cell(" do  ", Tone.DIM)),
                    *(Cell("esc", Tone.ACCENT), Cell(" back", Tone.DIM)),
                )
            )

    def on_mount(self) -> None:
        self.query_one("#found").can_focus = False
        self._show(self._typed_at_first)

    def action_move(self, how: str) -> None:
        getattr(self.query_one(OptionList), f"action_cursor_{how}", lambda: None)()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.value != self._listed:
            self._show(event.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        # Enter may come before the list has followed the last letters: in one burst it does.
        if event.value != self._listed:
            self._show(event.value)
        found = self.query_one(OptionList)
        if found.highlighted is not None:
            self.dismiss(found.get_option_at_index(found.highlighted).id)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def _show(self, text: str) -> None:
        """List what fits what is typed. With nothing typed nothing is chosen."""
        self._listed = text
        actions = (*self._actions, *self._offers(text))
        found, listed = search(text, actions), self.query_one(OptionList)
        listed.clear_options()
        listed.add_options(Option(_line(action), id=action.name) for action in found)
        listed.highlighted = chosen(text, found)


def _line(action: Action) -> Content:
    key = Cell(fit(shown_key(action), 6), Tone.ACCENT)
    return write(key, Cell(fit(action.title, _TITLE) + " "), Cell(action.help, Tone.DIM))
