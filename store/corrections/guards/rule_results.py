"""What the written rules have lately approved on each channel, and what came of it.

Where too much of it ended badly, or too much is to be corrected, the rules are suspended there
until a person has looked.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from store.cells.cell_ids import channel_of
from store.channels import incidents
from store.corrections import lifecycle
from store.corrections.guards.pushed import Pushed, pushed_since
from store.database.rows import Columns
from store.model import Correction, Incident, IncidentKind, Millis


class RuleResults(msgspec.Struct, frozen=True):
    """Of one channel, since a person last looked at why the rules had stopped there."""

    channel: str
    listings: int
    disagreeing: int
    """Updates that wait for a decision, and those that a rule approved within the span."""
    ended: int
    """Those of a rule that ended within the span: proven, or badly."""
    ended_badly: int
    """Those that the channel refused or did not apply, or that had no reply."""


_RESULT = Columns(
    RuleResults,
    {
        "channel": "c.name",
        "listings": "c.listings",
        "disagreeing": "sum(k.proposed_at > looked_at)",
        "ended": "sum(k.ended_at > looked_at AND k.status IN (:badly, 'verified'))",
        "ended_badly": "sum(k.ended_at > looked_at AND k.status IN (:badly))",
    },
)
_ENDED_BADLY = "'failed', 'not_applied', 'unknown'"
_OF_A_RULE = "FROM corrections WHERE decided_by = 'rule'"
_READ = "SELECT listing_id, proposed_at, ended_at, status"
# Each part by its own index; in one condition SQLite would go through all corrections ever made.
_RESULTS = f"""WITH lately AS (
    {_READ} FROM corrections WHERE status = 'proposed' AND decided_by IS NULL AND reverts IS NULL
    UNION ALL {_READ} {_OF_A_RULE} AND status IN ('approved', 'applying', 'applied')
    UNION ALL {_READ} {_OF_A_RULE} AND ended_at > :since),
  looks AS (SELECT channel_id, max(acknowledged_at) AS at FROM incidents
    WHERE kind = :kind AND acknowledged_at IS NOT NULL GROUP BY channel_id)
SELECT {_RESULT.sql.replace(":badly", _ENDED_BADLY)}
FROM (SELECT lately.*, {channel_of("listing_id")} AS channel_id,
    coalesce((SELECT at FROM looks WHERE channel_id = {channel_of("listing_id")}), 0) AS looked_at
  FROM lately) k
JOIN channels c ON c.id = k.channel_id GROUP BY c.id ORDER BY c.id"""


class Coverage(msgspec.Struct):
    """Which proposals the written rules cover, by their ids: a proposal's figures never change."""

    channels: Mapping[int, str] = {}
    """The channel of each that is covered."""
    uncovered: frozenset[int] = frozenset()
    unfit: frozenset[int] = frozenset()
    """Of those that are covered: not one of them was within the push limits."""
    unfit_after: Pushed = Pushed()
    """What had been written when that was asked. Nor is one once it is more."""

    def take(self, connection: sqlite3.Connection, covers: Callable[[Correction], bool]) -> None:
        """Ask about each proposal that is new, and forget those that wait no more."""
        proposed = frozenset(lifecycle.proposals_for_rules(connection))
        new = proposed.difference(self.uncovered, self.channels)
        found = {
            correction.id: correction.channel
            for correction in lifecycle.each_by_id(connection, new)
            if covers(correction)
        }
        kept = {id_: channel for id_, channel in self.channels.items() if id_ in proposed}
        self.channels = kept | found
        self.uncovered = proposed.difference(self.channels)


class RulesStanding(NamedTuple):
    """What the rules meet, all of one moment: nothing may come between judging and approving."""

    proposals: list[Correction]
    """What they cover and may approve."""
    results: list[RuleResults]
    """Empty where there are none."""
    open: list[Incident]
    pushed: Pushed

    @classmethod
    def read(
        cls,
        connection: sqlite3.Connection,
        coverage: Coverage,
        *,
        covers: Callable[[Correction], bool],
        left_alone: Callable[[list[Incident]], AbstractSet[str | None]],
        since: Millis,
    ) -> "RulesStanding":
        """Read it, and ask what `covers` of the proposals that are new to `coverage`.

        `since` begins the span in which results count, and what was written. `left_alone`: the
        channels on which the rules approve nothing while such incidents are open.
        """
        opened = incidents.open_incidents(connection)
        coverage.take(connection, covers)
        quiet = left_alone(opened)
        wanted = {id_ for id_, channel in coverage.channels.items() if channel not in quiet}
        if not wanted:
            return cls([], [], opened, Pushed())
        pushed = pushed_since(connection, since)
        if not pushed.is_at_least(coverage.unfit_after):
            coverage.unfit = frozenset()
        wanted -= coverage.unfit
        wanted -= lifecycle.left_to_people(connection, wanted)
        return cls(
            list(lifecycle.each_by_id(connection, wanted)),
            rule_results(connection, since=since) if wanted else [],
            opened,
            pushed,
        )


def rule_results(connection: sqlite3.Connection, *, since: Millis) -> list[RuleResults]:
    """Of each channel that has any, in the order of the configuration."""
    values = {"since": since, "kind": IncidentKind.SUSPENDED}
    return list(map(_RESULT.read, connection.execute(_RESULTS, values)))


def suspend(connection: sqlite3.Connection, why: Mapping[str, str], *, now: Millis) -> None:
    """Stop the rules on channels; of each, why."""
    for channel, words in why.items():
        incidents.raise_incident(connection, channel, IncidentKind.SUSPENDED, words, now=now)


def go_on(connection: sqlite3.Connection, acknowledged: Iterable[Incident], *, now: Millis) -> None:
    """Close the incidents of suspended rules that a person has looked at."""
    for incident in acknowledged:
        incidents.resolve(
            connection, incident.channel, IncidentKind.SUSPENDED, now=now,
            by=(incident.acknowledged_by or "", "looked at it: rules approve again"),
        )  # fmt: skip
