"""The command palette: every action of every page, every SKU, channel and update, by name.

Actions are listed at once. What the cache knows is looked up off the screen's thread, by index and
a few at a time, so that a million SKUs hold up no key; enter waits for it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.keys import shown_key
from console.keys.action import Action, PageName
from console.keys.search import EntryKind, PaletteEntry, chosen, listed, search
from console.text.format import clean, fit
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.tones import Cell, Tone, write

_TITLE = 34
_WHAT = {EntryKind.SKU: "SKU", EntryKind.CHANNEL: "chan", EntryKind.UPDATE: "upd"}

Find = Callable[[str], Awaitable[list[PaletteEntry]]]
"""Looks up what a text names beside actions. Raises nothing."""


class PaletteDialog(Dialog[PaletteEntry | None]):
    """The answer is what is to be done or gone to, or nothing."""

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
        place: PageName,
        recent: Sequence[PaletteEntry],
        find: Find,
        offers: Callable[[str], Sequence[Action]] = lambda _: (),
        typed: str = "",
    ) -> None:
        """`recent`: what was chosen here before, the newest first.

        `offers`: what there is beside the actions when so much is typed, `typed` at first.
        """
        super().__init__()
        # What the page at hand can do stands before what others can.
        self._actions = sorted(actions, key=lambda action: place not in action.on)
        self._deciding = {action.name for action in actions if action.writes}
        self._place = place
        self._recent = recent
        self._find = find
        self._offers = offers
        self._typed_at_first = typed
        self._by_name: dict[str, Action] = {}
        """The actions that are listed."""
        self._listed = ""
        """The text for which the list was made."""
        self._found_for = ""
        """The text for which the cache was asked."""
        self._entries: list[PaletteEntry] = []
        self._waits = False
        """Enter was pressed, and waits for what the cache knows."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide palette") as dialog:
            dialog.border_title = write(Cell("Commands", Tone.STRONG))
            yield Input(
                self._typed_at_first,
                placeholder="An action, a SKU, a channel, an update's number…",
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
        self._take(self._typed_at_first)

    def action_move(self, how: str) -> None:
        getattr(self.query_one(OptionList), f"action_cursor_{how}", lambda: None)()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.value != self._listed:
            self._take(event.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        # Enter may come before the list has followed the last letters: in one burst it does.
        if event.value != self._listed:
            self._take(event.value)
        if self._found_for == self._listed:
            self._answer()
        else:
            self._waits = True

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._entries[event.option_index])

    def _answer(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._entries[place])

    def _take(self, text: str) -> None:
        """List what fits what is typed, and ask the cache for the rest."""
        self._waits = False
        self._show(text, ())
        if text.strip():
            self._look_up(text)
        else:
            self._found_for = text

    @work(group="find", exclusive=True)
    async def _look_up(self, text: str) -> None:
        found = await self._find(text.strip())
        # Once it was left, its list may be gone before the dialog is.
        gone = self.app.screen is not self or not self.query(OptionList)
        if gone or text != self._listed:
            return
        self._found_for = text
        if found:
            self._show(text, found)
        if self._waits:
            self._answer()

    def _show(self, text: str, found: Sequence[PaletteEntry]) -> None:
        """List what fits what is typed. With nothing typed nothing is chosen."""
        options = self.query_one(OptionList)
        moved = self._moved_to(text)
        self._listed = text
        actions = search(text, (*self._actions, *self._offers(text)), self._recent)
        self._by_name = {action.name: action for action in actions}
        self._entries = listed(text, actions, found, self._recent)
        options.clear_options()
        options.add_options(Option(self._line(entry)) for entry in self._entries)
        place = chosen(text, self._entries, self._deciding)
        options.highlighted = self._entries.index(moved) if moved in self._entries else place

    def _moved_to(self, text: str) -> PaletteEntry | None:
        """What the operator chose with the arrows meanwhile, which stays chosen."""
        place = self.query_one(OptionList).highlighted
        if text != self._listed or place is None:
            return None
        first = chosen(text, self._entries, self._deciding)
        return None if place == first else self._entries[place]

    def _line(self, entry: PaletteEntry) -> Content:
        if entry.kind is not EntryKind.ACTION:
            name = f"#{entry.name}" if entry.kind is EntryKind.UPDATE else clean(entry.name)
            what = Cell(fit(_WHAT[entry.kind], 6), Tone.DIM)
            return write(what, Cell(fit(name, _TITLE) + " "), Cell(clean(entry.more), Tone.DIM))
        action = self._by_name[entry.name]
        key = Cell(fit(shown_key(action), 6), Tone.ACCENT)
        where = ""
        if self._place not in action.on:
            where = f"on {', '.join(page for page in PageName if page in action.on)}: "
        return write(
            key, Cell(fit(action.title, _TITLE) + " "), Cell(f"{where}{action.help}", Tone.DIM)
        )
