"""What a page is handed: where it reads, what it may do, and the way to the other pages."""

from dataclasses import dataclass
from typing import Protocol

from console.keys import Place
from console.tui.data.source import Source
from console.tui.handlers.acknowledge import TriageActs
from console.tui.handlers.channels import ChannelActs
from console.tui.handlers.copy_export import Output
from console.tui.handlers.incidents import IncidentActs
from console.tui.handlers.replay import Travel
from console.tui.handlers.updates import UpdateActs
from console.tui.session.state import Footing


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


class Way(Protocol):
    """How one page leads to another: the app."""

    async def show(self, place: Place) -> None:
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
class Desk:
    """The same one for every page."""

    source: Source
    footing: Footing
    updates: UpdateActs
    triage: TriageActs
    way: Way
    output: Output
    channels: ChannelActs
    incidents: IncidentActs
    travel: Travel
