"""Several stores in one table: each with its own cache, of which nothing is ever written.

Their engines are other processes. A store that can't be read is named with the reason, looked at
again at every reading, and keeps no other from being seen. In the table a disagreement's id is its
own times the number of stores, and the store's place: one whole number, as in any other list.
"""

import asyncio
import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, groupby, repeat
from operator import itemgetter
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from console.tui.data.source import DataSource
from console.tui.data.values import DisagreementRow, RowDetail, StatusSnapshot
from store.database import schema
from store.database.connection import Database
from store.errors import CacheMigrating, NewerDatabase, OlderDatabase, StoreError
from store.model import Millis
from store.queries import ranking
from store.queries.ranking_values import Ranked, RankingHints
from store.queries.values import DisagreementFilter, Overview, Sort, StatusCounts
from sync.clock import Clock
from sync.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

SLICE = 4_000
_NONE = ranking.RankedRun(array("q"), array("q"), ())
_FOLDERS = re.compile(r"(?<!\S)/(?:[^/\s]+/)+")
_WHY: Mapping[type[StoreError], str] = {
    OlderDatabase: "its cache is of an older Skew: the store's own engine brings it up to date",
    NewerDatabase: "its cache is of a newer Skew than this one",
    CacheMigrating: "its cache is being brought up to date",
}


class StoreRow(DisagreementRow, frozen=True):
    """A disagreement, and which store it is of."""

    store: str = ""


class Store:
    """One of them."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self.settings = settings
        self.trouble = ""
        """Why it can't be read; empty where it can."""
        self.snapshot: StatusSnapshot | None = None
        self.hints = RankingHints()
        self._clock = clock
        self._database: Database | None = None
        self._source: DataSource | None = None

    async def read(self, reads: Callable[[DataSource], object]) -> object:
        """What `reads` answers, awaited; None where the store can't be read, with the trouble."""
        try:
            if self._source is None:
                self._database = await asyncio.to_thread(open_read_only, self.settings.database)
                self._source = DataSource(self._database, self.settings, self._clock)
            found = await reads(self._source)  # type: ignore[misc]
        except StoreError as error:
            self.close()
            self.snapshot = None
            self.trouble = _WHY.get(type(error)) or _FOLDERS.sub("", str(error))
            return None
        self.trouble = ""
        return found

    async def ask(
        self, work: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work` on one snapshot, within a `read`. Raises StoreError."""
        if self._database is None:
            raise StoreError("the cache is closed")
        return await self._database.aread(work, *args, **kwargs)

    def version(self) -> int:
        """As `DataSource.version`; 0 where it can't be read."""
        source = self._source
        try:
            return 0 if source is None else source.version() + 1
        except (StoreError, RuntimeError):
            return 0

    def close(self) -> None:
        database, self._database, self._source = self._database, None, None
        if database is not None:
            database.close()


_NONE_YET = "no cache yet: the store's own engine makes it"


def open_read_only(path: Path) -> Database:
    """Open a store's cache as it is: neither made nor migrated. Raises StoreError."""
    if not path.exists():
        raise StoreError(_NONE_YET)
    database = Database.open(path, read_only=True)
    try:
        database.read(schema.check_is_newest)
    except BaseException:
        database.close()
        raise
    return database


class StoresSource(DataSource):
    """What the table reads, of all the stores that can be read."""

    def __init__(self, stores: Sequence[Store], clock: Clock) -> None:
        self.stores = tuple(stores)
        self.wanted: frozenset[str] = frozenset()
        """Only the disagreements of these are listed; empty: of all."""
        self.settings = _together([store.settings for store in stores])
        self._clock = clock

    @property
    def configuration(self) -> Path | None:
        return None

    def version(self) -> int:
        return hash(tuple(store.version() for store in self.stores))

    def engines(self) -> tuple[str, bool]:
        """How many of the stores an engine reads, and whether that is any of them."""
        running = sum(
            store.snapshot is not None and store.snapshot.status.lease is not None
            for store in self.stores
        )
        return f"{running} of {len(self.stores)} engines", running > 0

    async def snapshot(self) -> StatusSnapshot:
        await asyncio.gather(*map(self._look, self.stores))
        found = [store.snapshot.status for store in self.stores if store.snapshot is not None]
        updates: Counter[str] = Counter()
        for status in found:
            updates.update(status.updates)
        counts = StatusCounts(
            channels=tuple(channel for status in found for channel in status.channels),
            overview=_sum([status.overview for status in found]),
            updates=updates,
            incidents=(),
            lease=None,
        )
        return StatusSnapshot(self._clock.now(), counts)

    async def _look(self, store: Store) -> None:
        found = await store.read(lambda source: source.snapshot())
        store.snapshot = found if isinstance(found, StatusSnapshot) else None

    async def typical_prices(self) -> Mapping[int, int]:
        """Nothing of all: each store keeps its own, by its own channels."""
        for store in self.stores:
            prices = await store.read(lambda source: source.typical_prices())
            if isinstance(prices, dict):
                store.hints = RankingHints(prices)
        return {}

    async def ranked(self, wanted: DisagreementFilter, sort: Sort, hints: RankingHints) -> Ranked:
        del hints
        now = self._clock.now()

        async def rank(store: Store) -> ranking.RankedRun:
            if self.wanted and store.name not in self.wanted:
                return _NONE
            found = await store.read(
                lambda _: store.ask(ranking.placed, wanted, now=now, sort=sort, hints=store.hints)
            )
            assert found is None or isinstance(found, ranking.RankedRun)
            return found or _NONE

        runs = await asyncio.gather(*map(rank, self.stores))
        return await asyncio.to_thread(_merged, runs)

    async def disagreement_rows(
        self, ids: Sequence[int], hints: RankingHints | None = None
    ) -> dict[int, DisagreementRow]:
        del hints
        rows: dict[int, DisagreementRow] = {}
        for store, own in self._by_store(ids):
            found = await store.read(
                lambda source, own=own, hints=store.hints: source.disagreement_rows(  # type: ignore[misc]
                    list(own.values()), hints
                )
            )
            assert found is None or isinstance(found, dict)
            for row_id, own_id in own.items():
                if (row := (found or {}).get(own_id)) is not None:
                    rows[row_id] = StoreRow(
                        row.disagreement, row.shown, row.why, row.evidence, store.name
                    )
        return rows

    async def detail_of_disagreement(self, row_id: int) -> RowDetail | None:
        for store, own in self._by_store([row_id]):
            found = await store.read(
                lambda source, own=own: source.detail_of_disagreement(own[row_id])  # type: ignore[misc]
            )
            return found if isinstance(found, RowDetail) else None
        return None

    async def newest_step(self) -> int:
        """Who decides what in a store is in that store's own log."""
        return 0

    def close(self) -> None:
        for store in self.stores:
            store.close()

    def _by_store(self, ids: Sequence[int]) -> list[tuple[Store, dict[int, int]]]:
        """Each store with its own ids, by those of the table."""
        count = len(self.stores)
        placed = sorted((row_id % count, row_id) for row_id in ids)
        return [
            (self.stores[place], {row_id: row_id // count for _, row_id in group})
            for place, group in groupby(placed, itemgetter(0))
        ]


def _merged(runs: Sequence[ranking.RankedRun]) -> Ranked:
    """All of them in one order, by slices: while one is sorted, the screen's thread waits."""
    rows = [
        list(zip(*run.keys, run.ids, run.codes, repeat(place))) for place, run in enumerate(runs)
    ]
    ids, codes = array("q"), array("q")
    begun = [0] * len(runs)
    while True:
        slices = [
            (of, start, min(start + SLICE, len(of))) for of, start in zip(rows, begun, strict=True)
        ]
        lasts = [of[end - 1] for of, start, end in slices if start < end]
        if not lasts:
            return ranking.packed(ids, codes)
        # What comes up to here is in the slices, whole: the rest of each store stands behind it.
        begun = [bisect_right(of, min(lasts), start, end) for of, start, end in slices]
        parts = (of[start:end] for (of, start, _), end in zip(slices, begun, strict=True))
        part = sorted(chain.from_iterable(parts))
        ids.extend(int(row[-3]) * len(runs) + int(row[-1]) for row in part)
        codes.extend(int(row[-2]) for row in part)


def _sum(found: Sequence[Overview]) -> Overview:
    """The header's numbers of all; its newest reading is that of the store furthest behind."""
    fields = [field.name for field in msgspec.structs.fields(Overview)]
    values: dict[str, object] = {}
    for name in fields:
        if name == "errors_by_minute":
            minutes = zip(*(overview.errors_by_minute for overview in found), strict=False)
            values[name] = tuple(map(sum, minutes))
        elif name == "newest_reading_at":
            newest: list[Millis] = [overview.newest_reading_at or 0 for overview in found]
            values[name] = min(newest, default=0) or None
        else:
            values[name] = sum(getattr(overview, name) for overview in found)
    return msgspec.convert(values, Overview)


def _together(all_of: Sequence[Settings]) -> Settings:
    """What the table needs of their settings: every channel's name; a banner that all have."""
    consoles = {settings.console for settings in all_of}
    channels = {name: own for settings in all_of for name, own in settings.channels.items()}
    changed = {"channels": channels}
    if len(consoles) > 1:
        changed["console"] = type(all_of[0].console)()  # type: ignore[assignment]
    return msgspec.structs.replace(all_of[0], **changed)
