"""A poll in progress. Only `staging` looks inside."""

from array import array
from typing import NamedTuple

import msgspec

from store.model import Millis, Refused
from store.poll_counts import PollCounts
from store.polling.recognition.memory import PollMemory
from store.polling.recognition.pages import NEW, FreshPage, FreshPart, PageMarks
from store.polling.recognition.recogniser import Recogniser


class VerifiedWrite(NamedTuple):
    """A write of ours that a listing's single record has shown, and what was there before."""

    listing_id: int
    correction_id: int
    available_before: int | None
    state_before: str | None
    available: int | None
    """What the listing shows, as far as is known."""
    state: str | None


class Sweep(msgspec.Struct):
    """One poll in progress. Only `staging` looks inside."""

    poll_id: int
    channel_id: int
    channel: str
    known: int
    based_on: int | None
    """The good poll whose readings its pages are compared with."""
    is_first: bool
    """The channel has no listing yet, so that every record is new."""
    memory: PollMemory | None
    """What the poll becomes when it is merged; None: nothing recognises by it."""
    recogniser: Recogniser
    """What of it is as it was."""
    suspects: frozenset[int]
    """Listings that moved outside polls, stand twice or could not be read: never recognised,
    always compared."""
    outside_up_to: int
    came: int = 0
    """How many records came, recognised ones included."""
    layout: list[range | FreshPage] = msgspec.field(default_factory=list)
    """Its pages, in order: the numbers of recognised ones, or one of those that follow."""
    digests: "array[int]" = msgspec.field(default_factory=lambda: array("Q"))
    """Of the entries of all pages that were not recognised."""
    listing_ids: "array[int]" = msgspec.field(default_factory=lambda: array("q"))
    """The listings of these entries; 0 until the merge for a record whose listing is new."""
    waiting: "list[tuple[object, ...]]" = msgspec.field(default_factory=list)
    """Records to be compared with their listings together with others that come: their values."""
    waiting_from: int = 0
    """The entry from which on those that are `NEW` are theirs."""
    source: bytes = b""
    """What the channel noted of what it read."""
    refused: list[Refused] = msgspec.field(default_factory=list)
    new_refused: list[Refused] = msgspec.field(default_factory=list)
    """Those that the last good poll could read, or did not have; `counts` finds them."""
    announced: int | None = None
    recent_writes: tuple[VerifiedWrite, ...] = ()
    """Our own, which the list of this poll may be too old to show."""
    behind: dict[int, int] = msgspec.field(default_factory=dict)
    """Listings whose record was left out because it is older than our write: which update's."""
    is_part: bool = False
    """It has only what changed (`store/polling/changes`)."""
    since: Millis | None = None
    """It asked only for what changed at or after this; None: it did not ask so."""
    configured_as: str | None = None
    """What a later poll compares the channel's configuration with, where it may ask only for what
    changed; None: it never does."""
    sequence: str | None = None
    """The files that it was read from, where some hold only changes."""
    spared: int = 0
    """Listings that it lacks and that do not count as gone yet (`absences`)."""
    counted: bool = False
    all_new: bool = False
    """Its channel had no listing when it was counted, so that none is on the stage."""
    filled: set[str] = msgspec.field(default_factory=set)
    """The columns that any of its staged records has a value in."""
    numbers: PollCounts | None = None
    """What `counts` found, until another page comes."""

    def fill_in(self, found: "array[int]", start: int = 0) -> None:
        """Put the listings of entries that are `NEW`, in order, in their places from `start` on."""
        place = start - 1
        if len(found) == len(self.listing_ids) - start:
            self.listing_ids[start:] = found
            return
        for listing_id in found:
            place = self.listing_ids.index(NEW, place + 1)
            self.listing_ids[place] = listing_id

    def take_known(self, pages: range) -> None:
        """Take pages that stand as a whole and follow each other; one at least."""
        self.layout.append(pages)
        self.came += self.recogniser.records_of(pages)

    def pass_over(self, announced: int | None, marks: PageMarks) -> bool:
        """Take a page of which all stands, which takes no transaction; False: some of it does not.

        Only between two of the sweep's transactions, never during one.
        """
        if not marks.parts or any(isinstance(part, FreshPart) for part in marks.parts):
            return False
        self.numbers = None
        self.announced = self.announced if announced is None else announced
        self.source = self.source if marks.source is None else marks.source
        for part in marks.parts:
            if isinstance(part, range):
                self.take_known(part)
        return True
