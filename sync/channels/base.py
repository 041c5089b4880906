"""What a kind of channel must be able to do, and the values that go in and out.

A kind is one module with a class that meets `Channel` and one entry in the registry
(`sync/channels/__init__.py`). It holds no state but its transport and what signing in gave it.
Every quantity is in the channel's own units, as available (rule 11, docs/architecture.md).
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from store.event_kinds import Event
from store.model import Millis, Record, Refused, State
from store.polling.recognition.pages import ALL_NEW, PageMarks
from sync.channels.abilities import Abilities as Abilities  # noqa: PLC0414 - plugins know it from here.

if TYPE_CHECKING:
    from store.polling.changes.sequence import FileSequence
    from store.polling.file_sights import FileStamp
    from store.polling.recognition.recogniser import Recogniser


class RecordPage(msgspec.Struct, frozen=True):
    """Some of a channel's records, in an order that is stable from poll to poll."""

    records: Sequence[Record]
    refused: Sequence[Refused] = ()
    announced: int | None = None
    """How many records the channel says it has in all; None where it does not say."""
    as_of: Millis | None = None
    """The earlier of a file's own time and our first sight of it; None where the page is as of its
    arrival."""
    file: "FileStamp | None" = None
    """The file that it is from."""
    cut_short: str = ""
    """How the channel itself says that there is more than came; the poll is not good then."""
    sequence: "FileSequence | None" = None
    """The files that the poll is read from, where some hold only changes; on its first page. Where
    it `is_part`, listings that no page has are as they were."""
    kept: tuple[str, ...] = ()
    """Of `store.polling.changes.part.KEEPABLE`: what the channel says nothing of in these records.
    It stays as the listing has it."""
    gone: Sequence[tuple[str, str]] = ()
    """SKU and location of those that the channel says it does not list; of a part they are gone."""
    warnings: Sequence[str] = ()
    """What about the list is doubtful, a sentence each, for the operator. The poll counts."""
    marks: PageMarks = ALL_NEW
    """What was recognised of it before it was decoded, and what it is recognised by next time."""


class EventPage(msgspec.Struct, frozen=True):
    """Some of a channel's events, in its own units, SKUs and locations."""

    events: Sequence[Event]
    refused: Sequence[Refused] = ()
    cursor: str | None = None
    """Where the next reading goes on after this page; None: where it was."""
    again_until: Millis | None = None
    """Events up to here may be repeats, because we ask with an overlap: no fault of the channel."""


class Change(msgspec.Struct, frozen=True):
    """One listing's new values, absolute. Never below zero."""

    sku: str
    location: str
    ref: str
    quantity: int
    """Units available that the channel shall show."""
    previous: Record
    """The fresh reading that this write rests on: compare-and-set value, committed, threshold."""
    key: str
    """Unique for this correction, the same on every repeat of it."""
    state: State | None = None
    """The state to write with it, where the channel can; None leaves it."""


class Receipt(msgspec.Struct, frozen=True):
    """What the channel answered for one change. Accepted is no proof: only a reading is."""

    change: Change
    refused: str | None = None
    """The channel's words where it refused this one."""
    conflict: bool = False
    """It refused because someone else had changed the listing."""
    unknown: str | None = None
    """Why nobody knows whether it was applied: only a reading shows it."""
    unsent: str | None = None
    """Why it certainly was not sent, though others of the call were: it may be sent again."""
    later: bool = False
    """It has accepted this one and applies it later: any reading until `read_back_within` is up may
    prove it, so that nobody waits for it."""


class ListingRef(msgspec.Struct, frozen=True):
    """A listing to read afresh, by our names and the channel's own `ref`."""

    sku: str
    location: str
    ref: str


class FreshReadings(msgspec.Struct, frozen=True):
    """Fresh readings of a few listings. One that is in neither list is not on the channel."""

    records: Sequence[Record] = ()
    refused: Sequence[Refused] = msgspec.field(default=())


class Channel(Protocol):
    """One configured channel. Every method raises ChannelError's subclasses and nothing else."""

    @property
    def abilities(self) -> Abilities: ...

    def pages(self) -> AsyncIterator[RecordPage]:
        """Read all listings, a page at a time.

        Raises Temporary, NeedsOperator, ContractBroken. A raise means that nothing of the poll
        counts, whatever was yielded before.
        """
        ...

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read a few listings afresh. Only where `abilities.reads_one`."""
        ...

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set each listing to its change's values; at most `abilities.batch_max` at once.

        Answers one receipt per change, in order. Raises WriteRejected (the whole call was
        refused, nothing applied), WriteOutcomeUnknown (any of it may have been applied), Temporary
        or NeedsOperator (certainly not sent, or refused before anything was applied).
        """
        ...

    async def sign_in(self) -> str:
        """Prove that the credentials work, by the cheapest read; answers with what was seen."""
        ...

    async def close(self) -> None: ...


class EventSource(Protocol):
    """What a channel with `abilities.events` also does."""

    def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved after `cursor`, oldest first where the channel can; None: from the start.

        Ends with the newest. Raises Temporary, NeedsOperator, ContractBroken.
        """
        ...


class SinceSource(Protocol):
    """What a channel with `abilities.since` also does."""

    def changed(self, since: Millis) -> AsyncIterator[RecordPage]:
        """Read the listings that may have changed at or after `since`, by the channel's clock.

        A listing that it does not name is as it was; one that is gone need not be named: that only
        `pages` shows. Raises as `Channel.pages`.
        """
        ...


class RecognisingSource(Protocol):
    """What a channel with `abilities.recognises` also does."""

    def recall(self, recogniser: "Recogniser") -> None:
        """Say, before `pages`, what the last good poll had: for the next `pages` only.

        The channel describes by what it decodes, and then asks for what it has before it decodes
        it. A page of which nothing is to be decoded comes without records, by its `marks`.
        """
        ...


class AddressedChannel(Protocol):
    """What a channel with `abilities.by_address` also does."""

    def address(self, listing: ListingRef) -> str:
        """What a listing is written at. Changes of several go in several calls."""
        ...


class KeySighting(msgspec.Struct, frozen=True):
    """What one key of a description found."""

    key: str
    """Below the channel's table: `fields.sku`."""
    found: str
    ok: bool = True


class Sighting(msgspec.Struct, frozen=True):
    """What trying a description showed."""

    seen: str
    """In a sentence."""
    wrong: Sequence[str] = ()
    """What does not work, a sentence each."""
    warnings: Sequence[str] = ()
    """What may be as it is meant, and may not."""
    keys: Sequence[KeySighting] = ()
    """What each key found, in the order in which they were tried."""


class DescribedChannel(Protocol):
    """What a channel with `abilities.described` also does."""

    async def try_out(self) -> Sighting:
        """Walk the whole description, and say what each key of it finds.

        That is signing in, a page, the next one, one of its listings, events, and what a write
        would send. Writes nothing. Raises what `Channel.pages` does.
        """
        ...


class FileSource(Protocol):
    """What a channel with `abilities.files` also does."""

    async def look(
        self, known: "Mapping[FileStamp, Millis]", now: Millis
    ) -> "Mapping[FileStamp, Millis]":
        """Look which files from the future are there, and keep in mind since when.

        `known` are those that were seen before, each with its first sight; the first sight of any
        other is `now`. Answers those that are there. The pages of a file are as of the earlier of
        its own time and its first sight. Raises as `Channel.pages`.
        """
        ...


class ChangesSource(Protocol):
    """What a channel with `abilities.changes` also does."""

    def resume(self, known: "FileSequence | None") -> None:
        """Say, before `pages`, which files are in force: only what follows them is read."""
        ...


T = TypeVar("T")


@contextlib.asynccontextmanager
async def closing(pages: AsyncIterator[T]) -> AsyncGenerator[AsyncIterator[T], None]:
    """Lend the pages, and close them however the block ends: they may hold a connection."""
    # An async generator that is only dropped is closed by the garbage collector some time later,
    # on whatever loop runs then. Until that its file or its connection stays open.
    try:
        yield pages
    finally:
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
