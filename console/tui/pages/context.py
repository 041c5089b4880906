"""What a page is handed: where it reads, what it may do, and the way to the other pages."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from console.keys.action import PageName
from console.tui.dialogs.dialog import DialogApp
from console.tui.session.state import ConsoleState
from console.tui.widgets.table import VirtualTable
from store.database.connection import Database
from sync.settings import Settings

if TYPE_CHECKING:
    from console.tui.data.source import DataSource
    from console.tui.handlers.channels import ChannelHandler
    from console.tui.handlers.copy_export import CopyExportHandler
    from console.tui.handlers.disagreements.acknowledge import AcknowledgeHandler
    from console.tui.handlers.disagreements.ignore import IgnoreHandler
    from console.tui.handlers.freeze import FreezeHandler
    from console.tui.handlers.incidents import IncidentHandler
    from console.tui.handlers.links import LinkHandler
    from console.tui.handlers.replay import ReplayHandler
    from console.tui.handlers.story import StoryHandler
    from console.tui.handlers.updates import UpdateHandler


class Subject(Protocol):
    """What a SKU's page can be opened on: a disagreement, an update, a detail of either."""

    @property
    def sku(self) -> str:
        """Whose page."""
        ...

    @property
    def channel(self) -> str:
        """Where the cursor goes, with the location."""
        ...

    @property
    def location(self) -> str:
        """See the channel."""
        ...


class Navigator(Protocol):
    """How one page leads to another: the app."""

    async def show(self, place: PageName) -> None:
        """Turn to a page."""

    async def open_sku(self, subject: Subject) -> None:
        """Turn to the SKU's page, on this SKU."""

    async def show_disagreements_of(self, channel: str, sku: str = "") -> None:
        """Turn to the disagreements of one channel, or of one SKU there. Raises FilterError."""

    async def show_ignored(self) -> None:
        """Turn to the disagreements that a rule ignores."""

    async def open_channel(self, name: str) -> None:
        """Turn to the channels' page, with the cursor on this channel."""

    async def back(self) -> None:
        """Turn to the page from which this one was reached."""

    async def refresh_now(self) -> None:
        """Read the cache and show it, before anything else is done."""

    @property
    def tables(self) -> "Mapping[str, VirtualTable[Any]]":
        """Every list of the pages that have been opened."""


class PageContext:
    """The same one for every page.

    What reads is made, and imported, at the first reading, and what does the acts, with the dialogs
    that it asks with, at the first act: the first frame is painted without either.
    """

    def __init__(
        self,
        app: DialogApp,
        database: Database,
        settings: Settings,
        session: ConsoleState,
        *,
        make_source: "Callable[[Database, Settings], DataSource]",
        navigator: Navigator,
    ) -> None:
        self.settings = settings
        self.session = session
        self.navigator = navigator
        self._app = app
        self._database = database
        self._make_source = make_source

    @cached_property
    def source(self) -> "DataSource":
        """What everything is read through."""
        return self._make_source(self._database, self.settings)

    @property
    def _acts(self) -> "tuple[DialogApp, Database, DataSource, ConsoleState]":
        return self._app, self._database, self.source, self.session

    @cached_property
    def updates(self) -> "UpdateHandler":
        from console.tui.handlers.updates import UpdateHandler

        return UpdateHandler(*self._acts)

    @cached_property
    def acknowledging(self) -> "AcknowledgeHandler":
        from console.tui.handlers.disagreements.acknowledge import AcknowledgeHandler

        return AcknowledgeHandler(*self._acts)

    @cached_property
    def freezing(self) -> "FreezeHandler":
        from console.tui.handlers.freeze import FreezeHandler

        return FreezeHandler(*self._acts)

    @cached_property
    def ignoring(self) -> "IgnoreHandler":
        from console.tui.handlers.disagreements.ignore import IgnoreHandler

        return IgnoreHandler(*self._acts)

    @cached_property
    def channels(self) -> "ChannelHandler":
        from console.tui.handlers.channels import ChannelHandler

        return ChannelHandler(*self._acts)

    @cached_property
    def incidents(self) -> "IncidentHandler":
        from console.tui.handlers.incidents import IncidentHandler

        return IncidentHandler(*self._acts)

    @cached_property
    def copying(self) -> "CopyExportHandler":
        from console.tui.handlers.copy_export import CopyExportHandler

        return CopyExportHandler(self._app, self.session)

    @cached_property
    def links(self) -> "LinkHandler":
        from console.tui.handlers.links import LinkHandler

        return LinkHandler(*self._acts)

    @cached_property
    def story(self) -> "StoryHandler":
        from console.tui.handlers.story import StoryHandler

        return StoryHandler(self._app, self.session)

    @cached_property
    def replay(self) -> "ReplayHandler":
        from console.tui.handlers.replay import ReplayHandler

        return ReplayHandler(self._app, self.session, self.source, self.navigator)

    def close(self) -> None:
        """Let go of what the acts have opened."""
        if "replay" in vars(self):
            self.replay.close()
