"""`skew watch` on several configurations: their disagreements in one table, and each one's pages.

The table is an app; so is a store's console, which `enter` on a row opens and the way back leaves.
Nothing of any store is written: each has its own engine, or none.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence

from console.context import SERVED, login_name
from console.keys.action import Action, PageName
from console.keys.search import PaletteEntry
from console.tui.app import SkewApp
from console.tui.data.refresh import put_the_screen_first
from console.tui.data.several.stores import Store, StoreRow, StoresSource, open_read_only
from console.tui.data.source import DataSource
from console.tui.drawing import terminal
from console.tui.drawing.tones import Tone
from console.tui.pages.context import PageContext, Subject
from console.tui.pages.dashboard import Dashboard
from console.tui.pages.navigation import BACK
from console.tui.pages.stores import StoresPage
from console.tui.session.preferences import SessionPreferences
from console.tui.session.state import ConsoleState
from console.tui.watch import name_of_settings
from store.database.connection import Database
from store.errors import StoreError
from sync.clock import Clock, SystemClock
from sync.settings import Settings

ACTIONS = frozenset((
    *("filter", "sort", "next_worst", "previous_worst", "clear", "detail", "pause", "theme"),
    *("palette", "repaint", "help", "quit", "first", "last", "half_page_down", "half_page_up"),
    *("page_down", "page_up"),
))  # fmt: skip
"""What the table does; all the rest is done in a store."""


_NAME_MAX = 24


class StoresState(ConsoleState):
    """As one store's, but for the engines."""

    engines: tuple[str, bool] = ("", True)

    def _engine(self) -> tuple[str, bool]:
        return self.engines


class StoresApp(SkewApp):
    """The table of all stores."""

    opened: tuple[Store, Subject] | None = None
    """What was opened last, and in which store."""

    def __init__(
        self,
        stores: Sequence[Store],
        session: StoresState,
        *,
        preferences: SessionPreferences | None = None,
        watch: bool = True,
    ) -> None:
        self.stores = StoresSource(stores, session.clock)
        # No page reads a database but through the source.
        database: Database = None  # type: ignore[assignment]
        super().__init__(
            database, self.stores.settings, session, preferences=preferences, watch=watch
        )

    def make_source(self, database: Database, settings: Settings) -> DataSource:
        del database, settings
        return self.stores

    def make_first_page(self, context: PageContext) -> Dashboard:
        return StoresPage(context)

    def offered(self, actions: Sequence[Action]) -> tuple[Action, ...]:
        return tuple(action for action in actions if action.name in ACTIONS)

    async def show(self, place: PageName) -> None:
        if place == self.page.place:
            return
        self.session.say("enter opens a row's store, with all its pages", Tone.DIM)
        self.page.repaint()

    async def find(self, text: str) -> list[PaletteEntry]:
        """Nothing: what has a name is found in its store's own palette."""
        del text
        return []

    async def open_sku(self, subject: Subject) -> None:
        row = self.dashboard.rows.current
        store = next((s for s in self.stores.stores if s.name == getattr(row, "store", "")), None)
        if isinstance(row, StoreRow) and store is not None:
            self.opened = store, subject
            self.exit(0)

    async def _read_snapshot(self) -> None:
        await super()._read_snapshot()
        assert isinstance(self.session, StoresState)
        self.session.engines = self.stores.engines()


def several(
    all_of: Sequence[Settings],
    *,
    preferences: SessionPreferences,
    preferences_of: Callable[[Settings], SessionPreferences],
    clock: Clock | None = None,
) -> int:
    """Show the stores until the operator leaves; the exit code."""
    clock = clock or SystemClock()
    stores = named(all_of, clock)
    session = StoresState(
        name=_name(stores),
        clock=clock,
        operator=preferences.command_line.operator or login_name(),
        read_only=True,
        engine=None,
        request_refresh=lambda: None,
        is_served=SERVED in os.environ,
        hyperlinks=SERVED not in os.environ and terminal.shows_links(),
    )
    begins_on: int | None = None
    put_the_screen_first()
    while True:
        app = StoresApp(stores, session, preferences=preferences)
        assert isinstance(app.dashboard, StoresPage)
        app.dashboard.begins_on = begins_on
        try:
            code = app.run() or app.return_code or 0
            app.remember_page()
        finally:
            app.stores.close()
        if app.opened is None:
            return code
        begins_on = app.dashboard.begins_on
        store, subject = app.opened
        try:
            code = open_store(store, subject, session, preferences_of(store.settings))
        except StoreError as error:
            session.say(f"{store.name} can't be opened: {error}", Tone.BAD)
            code = BACK
        if code != BACK:
            return code


def _name(stores: Sequence[Store]) -> str:
    name = " + ".join(store.name for store in stores)
    return name if len(name) <= _NAME_MAX else f"{len(stores)} stores"


def open_store(
    store: Store, subject: Subject, table: ConsoleState, preferences: SessionPreferences
) -> int:
    """Show one store on a SKU of it; BACK where it is left for the table. Raises StoreError."""
    database = open_read_only(store.settings.database)
    with database:
        app = store_app(database, store, subject, table, preferences)
        code = app.run() or app.return_code or 0
        app.remember_page()
        return code


def store_app(
    database: Database,
    store: Store,
    subject: Subject,
    table: ConsoleState,
    preferences: SessionPreferences | None = None,
    *,
    watch: bool = True,
) -> SkewApp:
    """The console of one store, read-only, opened on a SKU of it."""
    session = ConsoleState(
        name=store.name,
        clock=table.clock,
        operator=table.operator,
        read_only=True,
        engine=None,
        request_refresh=lambda: None,
        is_served=table.is_served,
        hyperlinks=table.hyperlinks,
    )
    return SkewApp(
        database, store.settings, session, preferences=preferences, watch=watch, opening=subject
    )


def named(all_of: Sequence[Settings], clock: Clock) -> list[Store]:
    """The stores by the names of their configurations; those of one name are numbered."""
    names = [name_of_settings(settings.path) for settings in all_of]
    seen: Counter[str] = Counter()
    stores = []
    for name, settings in zip(names, all_of, strict=True):
        seen[name] += 1
        number = f"-{seen[name]}" if names.count(name) > 1 else ""
        stores.append(Store(f"{name}{number}", settings, clock))
    return stores
