"""A folder of full lists and files of changes → the records of one poll. It runs in a thread."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec.structs import replace

from store.model import UNCOUNTED, Millis, Record, Refused
from store.polling.changes.sequence import FileSequence, FileTaken
from store.polling.file_sights import FileStamp
from sync import values
from sync.channels.base import RecordPage
from sync.channels.csv import sequence
from sync.channels.csv.files import FileStatus, FileTimes, channel_errors, newest, opened
from sync.channels.csv.options import CsvOptions
from sync.channels.csv.reading import FileReader
from sync.channels.csv.recognition.text import PAGE_ROWS
from sync.channels.csv.sequence import FoundFile, Plan, is_among
from sync.errors import Temporary

Listing = tuple[str, str]
"""SKU and location."""


class Folder(msgspec.Struct, frozen=True):
    """What is in the folder now, beside what is in force."""

    full: FileStatus | None
    """The newest full list."""
    full_at: Millis
    """From when the full list is that counts."""
    changes: Sequence[FileStatus]
    known: FileSequence | None
    is_new: bool
    """The full list is to be read."""


class _Changed(msgspec.Struct):
    """What some files of changes say, the last word on each listing."""

    listings: dict[Listing, Record | Refused | None] = msgspec.field(default_factory=dict)
    """None: it is gone."""
    kept: dict[Listing, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """What no file says of a listing since the full list; nothing after it was gone."""
    last: dict[Listing, Record | None] = msgspec.field(default_factory=dict)
    """The last record of a listing, also where a later row can't be read; None: it was gone."""
    given: set[Listing] = msgspec.field(default_factory=set)
    """Those of them that a page has had."""
    nameless: list[Refused] = msgspec.field(default_factory=list)
    """Rows that can't be read and don't say which listing they are of."""

    def take(self, listing: Listing, record: Record, kept: tuple[str, ...]) -> None:
        """Take a record that says nothing of what is `kept`."""
        if listing in self.last:
            before = self.last[listing]
            record = record if before is None else _filled(record, before, kept)
            kept = tuple(name for name in kept if name in self.kept[listing])
        self.listings[listing] = self.last[listing] = record
        self.kept[listing] = kept

    def take_away(self, listing: Listing) -> None:
        self.listings[listing] = self.last[listing] = None
        self.kept[listing] = ()


class ChangesReader:
    """Reads what a poll adds to what is in force: only what changed, or a full list with it."""

    def __init__(self, options: CsvOptions, times: FileTimes, reader: FileReader) -> None:
        self._full, self._changes = options.full or "", options.changes or ""
        self._columns = tuple(options.columns)
        self._reader = reader
        self._times = times
        # JSON knows no time zone: it is written as its name.
        whole = msgspec.json.encode(options, enc_hook=str)
        self._source = hashlib.blake2b(whole, digest_size=8).hexdigest()

    def fits(self, name: str) -> bool:
        return bool(is_among(name, self._full, self._changes))

    def newest_full(self, found: Sequence[FileStatus], now: Millis) -> FileStatus:
        """Take the newest full list. Raises Temporary where there is none."""
        full = self._newest(found, now)
        if full is None:
            raise Temporary(f"no full list is there: no file's name is like {self._full}")
        return full

    def pages(
        self, found: Sequence[FileStatus], known: FileSequence | None, now: Millis
    ) -> Generator[RecordPage]:
        """Read what is new. The first page has the files that are in force after it."""
        if known is not None and known.source != self._source:
            known = None
        folder = self._folder(found, known, now)
        by_name = {file.path.name: file for file in folder.changes}
        plan, full_at = self._plan(folder, now), folder.full_at
        changed, columns = _Changed(), self._columns_of_full(folder, known, plan)
        for file in plan.changes:
            self._take(by_name[file.name], file.at, changed, columns)
        gap = plan.gap or _nameless(changed.nameless)
        as_of = max([full_at, *(file.at for file in plan.changes)])
        if known is not None and not plan.whole:
            as_of = known.as_of if gap else max(as_of, known.as_of)
        elif gap:
            as_of = full_at
        read_from = FileSequence(
            source=self._source,
            full=_taken(folder.full) if plan.whole and folder.full else _known_full(known),
            full_at=full_at,
            changes=plan.taken,
            as_of=as_of,
            gap=gap,
            columns=columns,
            is_part=not plan.whole,
        )
        newest_taken = next(
            (file for file in reversed(plan.taken) if file.is_current), read_from.full
        )
        stamp = FileStamp(newest_taken.name, newest_taken.size, newest_taken.modified_ns)
        first = RecordPage([], changed.nameless, as_of=as_of, file=stamp, sequence=read_from)
        yield first
        if plan.whole and folder.full is not None:
            for page in self._reader.pages(folder.full, as_of):
                for changed_page in _changed_pages(page, changed):
                    yield replace(changed_page, file=stamp)
        rest = replace(first, refused=(), sequence=None)
        yield from _rest(changed, rest, is_part=not plan.whole)

    def _columns_of_full(
        self, folder: Folder, known: FileSequence | None, plan: Plan
    ) -> tuple[str, ...]:
        if self._columns:
            return self._columns
        if plan.whole and folder.full is not None:
            return tuple(self._reader.layout(folder.full).at)
        return known.columns if known is not None else ()

    def _folder(
        self, found: Sequence[FileStatus], known: FileSequence | None, now: Millis
    ) -> Folder:
        changes = [
            file
            for file in found
            if is_among(file.path.name, self._full, self._changes) == "changes"
        ]
        full = self._newest(found, now)
        if known is None:
            full = self.newest_full(found, now)
            return Folder(full, self._times.of(full, now), changes, known, is_new=True)
        if full is None or _taken(full) == known.full or full.modified_ns < known.full.modified_ns:
            same = full if full is not None and _taken(full) == known.full else None
            return Folder(same, known.full_at, changes, known, is_new=False)
        return Folder(full, self._times.of(full, now), changes, known, is_new=True)

    def _newest(self, found: Sequence[FileStatus], now: Millis) -> FileStatus | None:
        fulls = [
            file for file in found if is_among(file.path.name, self._full, self._changes) == "full"
        ]
        return newest(fulls, self._times, now) if fulls else None

    def _plan(self, folder: Folder, now: Millis) -> Plan:
        found = [self._found(file, folder, now) for file in folder.changes]
        known, full_at, pattern = folder.known, folder.full_at, self._changes
        if folder.is_new or known is None:
            return sequence.plan_whole(known, found, full_at, pattern)
        late = sequence.late(known, found, full_at, pattern)
        if not late:
            return sequence.plan_changes(known, found, full_at, pattern)
        if folder.full is not None and sequence.all_there(known, found):
            # All is still there: read in its order, as if it had come in its order.
            return sequence.plan_whole(known, found, full_at, pattern)
        names = ", ".join(file.name for file in late)
        gap = known.gap or f"{names} came too late, or again with other content, and is left out"
        plan = sequence.plan_changes(
            known, [file for file in found if file not in late], full_at, pattern
        )
        return replace(plan, gap=gap, taken=_left_out(plan.taken, late))

    def _found(self, status: FileStatus, folder: Folder, now: Millis) -> FoundFile:
        stamp, at = status.stamp, self._times.of(status, now)
        for file in folder.known.changes if folder.known else ():
            if (file.name, file.size, file.modified_ns) == (
                stamp.name,
                stamp.size,
                stamp.modified_ns,
            ) and (file.digest or at < folder.full_at):
                return FoundFile(stamp.name, stamp.size, stamp.modified_ns, at, file.digest)
        # What a full list has overtaken is never read.
        digest = "" if at < folder.full_at else _digest(status)
        return FoundFile(stamp.name, stamp.size, stamp.modified_ns, at, digest)

    def _take(
        self, status: FileStatus, at: Millis, changed: _Changed, columns: tuple[str, ...]
    ) -> None:
        """Take one file's word over what those before it said."""
        name = status.path.name
        for page in self._reader.pages(status, at, columns):
            for record in page.records:
                changed.take((record.sku, record.location), record, page.kept)
            for listing in page.gone:
                changed.take_away(listing)
            for refused in page.refused:
                placed = msgspec.structs.replace(refused, place=f"{name}, {refused.place}")
                if refused.sku is None:
                    changed.nameless.append(placed)
                else:
                    changed.listings[refused.sku, refused.location] = placed


def _left_out(taken: Sequence[FileTaken], late: Sequence[FoundFile]) -> tuple[FileTaken, ...]:
    """Keep in mind files that are not read, so that they are not found again as new."""
    by_name = {file.name: file.taken() for file in late}
    kept = tuple(by_name.pop(file.name, file) for file in taken)
    rest = (msgspec.structs.replace(file, is_current=False) for file in by_name.values())
    return (*rest, *kept)


def _taken(status: FileStatus) -> FileTaken:
    stamp = status.stamp
    return FileTaken(stamp.name, stamp.size, stamp.modified_ns)


def _known_full(known: FileSequence | None) -> FileTaken:
    if known is None:
        raise Temporary("no full list is there")
    return known.full


def _digest(status: FileStatus) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with channel_errors(status), opened(status) as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def _nameless(refused: Sequence[Refused]) -> str:
    """Say that any listing may have changed, where a row does not say which it is of."""
    if not refused:
        return ""
    return f"{refused[0].place}: {refused[0].reason}; any article may have changed there"


def _filled(record: Record, before: Record, names: tuple[str, ...]) -> Record:
    """Let a record keep what it says nothing of. As `part.keep` does it in the cache."""
    kept = {name: getattr(before, name) for name in names}
    if "state" in kept:
        if record.available is None:
            kept["state"] = values.state_of_uncounted(before.state)
        elif before.state == UNCOUNTED:
            kept["state"] = None
    return msgspec.structs.replace(record, **kept)


def _changed_pages(page: RecordPage, changed: _Changed) -> Iterator[RecordPage]:
    """Put what the changes say in the place of what a full list says."""
    # What the full list has twice stays there twice: nobody says which of the two has changed.
    records: list[Record] = []
    refused: list[Refused] = []
    unfilled: dict[tuple[str, ...], list[Record]] = {}
    rows: Sequence[Record | Refused] = (*page.records, *page.refused)
    for row in rows:
        listing = (row.sku or "", row.location)
        if listing in changed.listings:
            changed.given.add(listing)
        now: Record | Refused | None = changed.listings.get(listing, row)
        if isinstance(now, Record):
            kept = changed.kept.get(listing, ()) if now is not row else ()
            if isinstance(row, Record):
                records.append(_filled(now, row, kept))
            else:
                # Of what can't be read in the full list, the last good reading is kept.
                unfilled.setdefault(kept, []).append(now)
        elif now is not None:
            refused.append(now)
    yield replace(page, records=records, refused=refused)
    for kept, some in unfilled.items():
        yield replace(page, records=some, refused=(), kept=kept)


def _rest(changed: _Changed, like: RecordPage, *, is_part: bool) -> Iterator[RecordPage]:
    """Give what the changes say of listings that no page had."""
    # What a full list does not have is new: it has nothing to keep.
    left: dict[tuple[str, ...], list[Listing]] = {}
    for listing in changed.listings:
        if listing not in changed.given:
            kept = changed.kept.get(listing, ()) if is_part else ()
            left.setdefault(kept, []).append(listing)
    for kept, listings in left.items():
        yield from _rest_of(changed, iter(listings), replace(like, kept=kept))


def _rest_of(changed: _Changed, left: Iterator[Listing], like: RecordPage) -> Iterator[RecordPage]:
    while some := list(islice(left, PAGE_ROWS)):
        found = [changed.listings[listing] for listing in some]
        yield replace(
            like,
            records=[row for row in found if isinstance(row, Record)],
            refused=[row for row in found if isinstance(row, Refused)],
            gone=[key for key, row in zip(some, found, strict=True) if row is None],
        )
