"""What a page is handed: where it reads, what it may do, and the way to the other pages."""

from dataclasses import dataclass
from typing import Protocol

from console.keys.action import PageName
from console.tui.data.source import DataSource
from console.tui.handlers.acknowledge import AcknowledgeHandler
from console.tui.handlers.channels import ChannelHandler
from console.tui.handlers.copy_export import CopyExportHandler
from console.tui.handlers.incidents import IncidentHandler
from console.tui.handlers.replay import ReplayHandler
from console.tui.handlers.updates import UpdateHandler
from console.tui.session.state import ConsoleState


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

    async def open_channel(self, name: str) -> None:
        """Turn to the channels' page, with the cursor on this channel."""

    async def back(self) -> None:
        """Turn to the page from which this one was reached."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """The same one for every page."""

    source: DataSource
    session: ConsoleState
    updates: UpdateHandler
    acknowledging: AcknowledgeHandler
    navigator: Navigator
    copying: CopyExportHandler
    channels: ChannelHandler
    incidents: IncidentHandler
    replay: ReplayHandler
