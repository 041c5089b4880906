"""The disagreements that a report is about, with their causes, a page at a time."""

from array import array
from collections.abc import Callable, Iterator

from console.reports.streaming.parts import ROWS
from console.text.disagreement_groups import DisagreementGrouping, Explained, GroupBy
from store.causes import find_facts
from store.causes.channel_facts import ChannelsOfSnapshot
from store.database.connection import Snapshot
from store.model import Cause, Disagreement, Millis, Terms
from store.queries import ranking, views
from store.queries.ranking_values import RankingHints
from store.queries.sql import severity_sql
from store.queries.values import DisagreementFilter
from sync.causes.explain import Explainer


class DisagreementPages:
    """The wanted disagreements as one snapshot of the cache has them, worst first.

    Between two pages only their ids are held, eight bytes each.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        wanted: DisagreementFilter,
        is_wanted: Callable[[str], bool],
        terms: Terms,
        *,
        now: Millis,
    ) -> None:
        """Find them; `is_wanted` is asked of each SKU, for a pattern that SQL does not know."""
        self._snapshot = snapshot
        self._is_wanted = is_wanted
        self._now = now
        self._explainer = Explainer(terms, now=now)
        self._channels = ChannelsOfSnapshot()
        skus = () if wanted.patterns else wanted.skus
        self._hints = RankingHints(prices=snapshot.read(severity_sql.typical_prices, skus))
        self._ids = snapshot.read(ranking.ranked, wanted, now=now, hints=self._hints).ids

    def pages(self) -> Iterator[list[Explained]]:
        """All of them with their causes, in order; no page is empty."""
        for found in self._found():
            causes = self._causes(found)
            yield [(disagreement, causes.get(disagreement.id)) for disagreement in found]

    def group(self, by: GroupBy) -> DisagreementGrouping:
        """Bring them in the order of their groups; answers what each group comes to.

        Reads all of them once: a group's heading stands before its members.
        """
        grouping = DisagreementGrouping(by)
        ids, places = array("q"), array("q")
        for found in self._found():
            causes = self._causes(found) if by == "cause" else {}
            ids.extend(disagreement.id for disagreement in found)
            places.extend(
                grouping.add(disagreement, causes.get(disagreement.id)) for disagreement in found
            )
        order = sorted(range(len(ids)), key=places.__getitem__)
        self._ids = array("q", (ids[place] for place in order))
        return grouping

    def _found(self) -> Iterator[list[Disagreement]]:
        for start in range(0, len(self._ids), ROWS):
            page = self._snapshot.read(
                views.disagreements_by_id,
                self._ids[start : start + ROWS],
                now=self._now,
                hints=self._hints,
            )
            if found := [row for row in page if self._is_wanted(row.sku)]:
                yield found

    def _causes(self, found: list[Disagreement]) -> dict[int, Cause]:
        ids = [disagreement.id for disagreement in found]
        facts = self._snapshot.read(find_facts.find, ids, self._channels)
        return self._explainer.causes(found, facts)
