"""What the screens are handed: the header's numbers, rows and their details, channels in full."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

import msgspec

from store.model import Cause, Correction, Disagreement, Incident, Millis
from store.queries.values import (
    ChannelHealth,
    HistoryEntry,
    RecentPoll,
    ShownCell,
    StatusCounts,
)
from sync.settings import ChannelSettings, WindowStanding


class DisagreementRow(msgspec.Struct, frozen=True):
    """A disagreement with what every channel shows for its SKU at its location."""

    disagreement: Disagreement
    shown: Mapping[str, ShownCell] = msgspec.field(default_factory=dict)
    why: str = ""
    """The cause in a word or two."""
    evidence: str = ""
    """The cause in a sentence."""


class SkuListing(NamedTuple):
    """Which listing of a SKU is meant."""

    sku: str
    channel: str
    location: str


class ChannelDetail(NamedTuple):
    """All there is to show of one channel."""

    channel: ChannelHealth
    settings: ChannelSettings
    polls: Sequence[RecentPoll] = ()
    """Newest first."""
    cursor: str | None = None
    """Where its events were read up to."""
    incidents: Sequence[Incident] = ()


class PauseEffect(msgspec.Struct, frozen=True):
    """What a pause of a channel comes to."""

    channel: str
    authority: bool
    disagreements: int
    """That turn unknown when it is stale: its own, or all where it is the authority."""
    approved: int
    """Approved updates for it, which wait."""
    running: bool
    stale_at: Millis | None
    """When it turns stale if it is not read before; None where it has never been read."""


class StatusSnapshot(msgspec.Struct, frozen=True):
    """Everything but the lists, at one instant."""

    at: Millis
    status: StatusCounts
    window: WindowStanding | None = None
    """What the approval windows say; None where there are none that do."""


class RowDetail(msgspec.Struct, frozen=True):
    """All there is to show of one SKU, seen from one of its disagreements or updates."""

    sku: str
    title: str
    channel: str
    location: str
    disagreement: Disagreement | None
    cells: tuple[ShownCell, ...]
    """What every channel shows for it, at that location."""
    correction: Correction | None
    cause: Cause | None
    target_sum: str
    """The arithmetic of its target, in one line; empty where there is none."""
    history: tuple[HistoryEntry, ...] = ()

    @property
    def mine(self) -> ShownCell | None:
        return next((cell for cell in self.cells if cell.channel == self.channel), None)


P = ParamSpec("P")


T = TypeVar("T")


class Ask(Protocol):
    """`console.tui.data.source.Source`'s way to the store. Raises StoreError."""

    async def __call__(
        self, work: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work` on one snapshot; its result."""
        ...
