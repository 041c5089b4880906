"""What the list of disagreements is read through: typical prices, and causes as they are found.

A cause is found for some at a time, off the screen's thread: for 100,000 that takes some seconds,
so the causes are kept, and the title says of how many they are known. Each is looked for again
when it has been known for a minute, or at once where its row is on the screen.
"""

import asyncio
from array import array
from collections.abc import Collection, Mapping, Sequence
from time import monotonic

from console.tui.data.grouping import (
    DisagreementList,
    flat,
    folded,
    groups_turned_round,
    turned_round,
)
from console.tui.data.source import DataSource
from console.tui.data.values import DisagreementRow
from store.queries.ranking_values import GroupBy, RankingHints
from store.queries.values import DisagreementFilter, Sort
from sync.causes.kinds import KINDS

CHUNK = 2_000
"""Found at a time: some 0.1 s of work."""

KEPT_S = 60.0


class DisagreementData:
    """Reads the list. Raises StoreError where the cache can't be read."""

    def __init__(self, source: DataSource) -> None:
        self._source = source
        self._prices: Mapping[int, int] = {}
        self._priced_at = -KEPT_S
        self._causes: dict[int, str] = {}
        self._found_at: dict[int, float] = {}

    async def read(
        self,
        wanted: DisagreementFilter,
        sort: Sort,
        by: GroupBy,
        opened: Collection[int],
        *,
        backwards: bool = False,
    ) -> DisagreementList:
        """The list as it is now; `backwards`: in the opposite order."""
        if monotonic() - self._priced_at >= KEPT_S:
            # Kept for a while, so that an estimate that wavers does not stir the order.
            self._prices = await self._source.typical_prices()
            self._priced_at = monotonic()
        hints = RankingHints(self._prices)
        if by is GroupBy.CAUSE or wanted.asks_for_causes:
            hints = await asyncio.to_thread(self._hints)
        if by is GroupBy.NONE:
            ranked = await self._source.ranked(wanted, sort, hints)
            return flat(turned_round(ranked, sort) if backwards else ranked)
        grouped = await self._source.grouped(wanted, by, sort, hints)
        return folded(groups_turned_round(grouped, sort) if backwards else grouped, opened)

    async def rows(self, ids: Sequence[int]) -> dict[int, DisagreementRow]:
        """These rows, with their causes, which are kept."""
        rows = await self._source.disagreement_rows(ids, RankingHints(self._prices))
        self._keep({row_id: row.why for row_id, row in rows.items() if row.why})
        return rows

    def missing(self, ids: "array[int]") -> list[int]:
        """Some of those whose cause is not known or was found too long ago; empty: all are."""
        # What is not known at all comes first: an old cause is better than none.
        before = monotonic() - KEPT_S
        unknown = [row_id for row_id in ids if row_id not in self._causes]
        if not unknown:
            unknown = [row_id for row_id in ids if self._found_at[row_id] < before]
        return unknown[:CHUNK]

    def known(self, ids: "array[int]") -> int:
        """Of how many of these the cause is known."""
        return sum(row_id in self._causes for row_id in ids)

    async def learn(self, ids: Sequence[int]) -> None:
        """Find the causes of these."""
        explained = await self._source.explained(ids)
        found = {
            disagreement.id: cause.kind for disagreement, cause in explained if cause is not None
        }
        # What has closed meanwhile is asked for no more.
        self._keep(dict.fromkeys(ids, "unexplained") | found)

    def forget_others(self, ids: "array[int]") -> None:
        """Drop the causes of what is in the list no more, when they have become many."""
        if len(self._causes) > 2 * len(ids) + CHUNK:
            self._causes = {
                row_id: self._causes[row_id] for row_id in ids if row_id in self._causes
            }
            self._found_at = {row_id: self._found_at[row_id] for row_id in self._causes}

    def _keep(self, found: Mapping[int, str]) -> None:
        self._causes.update(found)
        self._found_at.update(dict.fromkeys(found, monotonic()))

    def _hints(self) -> RankingHints:
        # SQL can sort and group by a cause only if it has it. The causes are found here, from facts
        # and the clock, and would have to be written with every commit to stand in the cache: they
        # are handed down as one JSON array of ids for each kind, and a reading stays a reading.
        ids: dict[str, array[int]] = {kind: array("q") for kind in KINDS}
        for row_id, kind in list(self._causes.items()):
            ids[kind].append(row_id)
        return RankingHints(self._prices, tuple((kind, str(ids[kind].tolist())) for kind in KINDS))
