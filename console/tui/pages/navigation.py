"""The pages of the app and the way from one to another.

Each page is made when it is first opened, and stays.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from console.keys.action import PageName
from console.keys.search import EntryKind, PaletteEntry
from console.tui.data.values import SkuListing
from console.tui.dialogs.dialog import DialogApp
from console.tui.pages.context import PageContext, Subject
from console.tui.pages.dashboard import Dashboard
from console.tui.pages.opening import make_page
from console.tui.pages.page import Page
from console.tui.session.memory import PageMemory
from console.tui.session.state import ConsoleState
from console.tui.widgets.table import VirtualTable
from store.errors import StoreError

FOUND_MAX = 20
"""SKUs that the palette lists."""
_DIGITS_MAX = 15
"""Of an update's number."""

if TYPE_CHECKING:
    from console.tui.pages.sku import SkuPage


BACK = 100
"""What an app answers that was left by the way back."""


class NavigatingApp(DialogApp):
    """An app with pages; see `Navigator`."""

    dashboard: Dashboard
    _page_context: PageContext

    def __init__(self, session: ConsoleState) -> None:
        super().__init__()
        self.session = session
        self.pages: dict[PageName, Page] = {}
        """Those that have been opened."""
        self.leads_out = False
        """Whether the way back leads out of the first page, to the table of several stores."""
        self._before: list[PageName] = []
        self._turning = asyncio.Lock()
        """One page after the other, however quickly the keys come."""
        self._place = PageName.DISAGREEMENTS

    @abstractmethod
    def _remembered(self, place: PageName) -> PageMemory:
        """What is remembered of a page from the run before."""

    @property
    def tables(self) -> "Mapping[str, VirtualTable[Any]]":
        """Every list of the pages that have been opened."""
        found = ((p, table) for p in self.pages.values() for table in p.query(VirtualTable))
        return {f"{page.place}/{table.id}": table for page, table in found}

    def page_of(self, place: PageName) -> Page:
        """The page of this name, made when it is first opened."""
        if place not in self.pages:
            self._install(make_page(place, self._page_context))
        return self.pages[place]

    def _install(self, page: Page) -> None:
        self.pages[page.place] = page
        self.install_screen(page, page.place)
        page.fresh = page.page_memory()
        page.restore(self._remembered(page.place))

    @property
    def sku(self) -> "SkuPage":
        """The page of one SKU."""
        from console.tui.pages.sku import SkuPage  # As in `make_page`.

        page = self.page_of(PageName.SKU)
        assert isinstance(page, SkuPage)
        return page

    @property
    def page(self) -> Page:
        """The page that is on the screen, whatever dialog lies over it."""
        found = (page for page in reversed(self.screen_stack) if isinstance(page, Page))
        return next(found, self.dashboard)

    async def show(self, place: PageName) -> None:
        """Turn to a page; the one left is where `back` leads."""
        async with self._turning:
            left = self.page.place
            if place == left or self.screen.is_modal:
                return
            # Each page once: `esc` leads back through them, never round and round between two.
            self._before = [page for page in self._before if page != place] + [left]
            await self._turn_to(place)
        await self._arrive()

    async def back(self) -> None:
        async with self._turning:
            if self.screen.is_modal:
                return
            if not self._before:
                if self.leads_out:
                    self.exit(BACK)
                return
            await self._turn_to(self._before.pop())
        await self._arrive()

    async def show_disagreements_of(self, channel: str, sku: str = "") -> None:
        self.dashboard.filter_by(f"channel:{channel} sku:{sku}" if sku else f"channel:{channel}")
        await self.show(PageName.DISAGREEMENTS)

    async def show_ignored(self) -> None:
        self.dashboard.filter_by("ignored:yes")
        await self.show(PageName.DISAGREEMENTS)

    async def open_sku(self, subject: Subject) -> None:
        self.sku.look_at(subject)
        if self.page is self.sku:
            await self._arrive()
        else:
            await self.show(PageName.SKU)

    async def open_channel(self, name: str) -> None:
        self.page_of(PageName.CHANNELS).point_at(name)
        await self.show(PageName.CHANNELS)

    async def find(self, text: str) -> list[PaletteEntry]:
        """What of channels, SKUs and updates the palette's text names, the surest first."""
        source = self._page_context.source
        typed = text.casefold()
        found = [
            PaletteEntry(EntryKind.CHANNEL, name, "its polls, errors and pauses")
            for name in source.settings.channels
            if typed in name.casefold()
        ]
        number = text.removeprefix("#")
        try:
            if number.isdecimal() and len(number) <= _DIGITS_MAX:
                update = (await source.updates([int(number)])).get(int(number))
                if update is not None:
                    more = f"{update.sku} on {update.channel}: {update.status.replace('_', ' ')}"
                    found.append(PaletteEntry(EntryKind.UPDATE, str(update.id), more))
            skus = await source.skus.find(text, limit=FOUND_MAX)
        except StoreError:
            return found  # The header says already that the cache can't be read.
        return [*found, *(PaletteEntry(EntryKind.SKU, sku, title) for sku, title in skus)]

    async def go_to(
        self, entry: PaletteEntry, do: Callable[[str], Coroutine[None, None, None]]
    ) -> None:
        """Do what was chosen in the palette: an action on a page that has it, else go there.

        A decision is not taken on a page that was not seen: there its key is named.
        """
        if entry.kind is EntryKind.SKU:
            await self.open_sku(SkuListing(entry.name, "", ""))
        elif entry.kind is EntryKind.CHANNEL:
            await self.open_channel(entry.name)
        elif entry.kind is EntryKind.UPDATE:
            await self.session.guarded(partial(self._open_update, int(entry.name)))
        else:
            action = next(a for a in self.session.actions if a.name == entry.name)
            if self.page.place not in action.on:
                await self.show(next(place for place in PageName if place in action.on))
                if action.writes and not self.session.refuses(action):
                    key = self.session.key(action.name) or "the palette"
                    self.session.say(f"{action.title}: {key}, for what is under the cursor")
                    self.page.repaint()
                    return
            await do(entry.name)

    async def _open_update(self, number: int) -> None:
        from console.tui.pages.updates import UpdatesPage  # As in `make_page`.

        page = self.page_of(PageName.UPDATES)
        assert isinstance(page, UpdatesPage)
        update = (await self._page_context.source.updates([number])).get(number)
        if update is not None:
            page.look_for(update)
            if self.page is page:
                await self._arrive()
            else:
                await self.show(PageName.UPDATES)

    async def _turn_to(self, place: PageName) -> None:
        await self.switch_screen(self.page_of(place))
        self._place = place

    async def _arrive(self) -> None:
        page = self.page
        await self.session.guarded(partial(page.reload, at_once=True))
        page.repaint()

    async def do_show_sku(self) -> None:
        under = self.page.subject()
        if under is not None:
            await self.open_sku(under)
        else:
            await self.show(PageName.SKU)
