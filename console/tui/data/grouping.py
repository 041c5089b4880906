"""The list of disagreements as it stands on the screen: one list, or folded into groups. Pure.

A group's own row has an id below zero. It is followed by its members while it is open. Beside each
row stands how bad it is, so that the next of the worst is found without a look at the rows.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from store.queries.ranking_values import (
    AGE_EDGES_MS,
    COUNT,
    ID,
    SEVERITY,
    Grouped,
    Ranked,
    Severity,
)
from store.queries.values import Sort

NOTHING = 255
"""Beside an open group's row: its members speak for themselves."""

AGES = ("<5m", "<1h", "<4h", "<1d", "<7d", "7d+")
"""The buckets of ages, as `AGE_EDGES_MS` parts them, the youngest first."""
AGE_FILTERS = ("age<5m", "age:5m-1h", "age:1h-4h", "age:4h-1d", "age:1d-7d", "age>7d")
"""What narrows the list to a bucket."""


class DisagreementList(NamedTuple):
    """What the table shows, and what all of it comes to."""

    ids: "array[int]"
    severities: bytes
    """Beside each id a `Severity`, the worst one's where it is a folded group; else `NOTHING`."""
    ranked: Ranked
    """All that the filter lets through, folded away or not."""
    totals: Mapping[int, tuple[Any, ...]]
    """By a group's id what it comes to, as the cache answers."""

    @property
    def ages(self) -> tuple[int, ...]:
        """How many there are in each bucket."""
        return tuple(self.ranked.ages.count(place) for place in range(len(AGES)))

    def members(self, group_id: int) -> list[int]:
        """The ids of a group."""
        pairs = zip(self.ranked.ids, self.ranked.groups, strict=True)
        return [row_id for row_id, group in pairs if group == group_id]

    def marked(self, marks: Collection[int]) -> Mapping[int, str]:
        """By group's id the sign of its marks: `x` all of it is marked, `+` some of it."""
        if not marks or not self.totals:
            return {}
        pairs = zip(self.ranked.ids, self.ranked.groups, strict=True)
        marked = Counter(group for row_id, group in pairs if row_id in marks)
        return {
            group: "x" if count == self.totals[group][COUNT] else "+"
            for group, count in marked.items()
            if group in self.totals
        }


_LAST = bytes(severity for severity in Severity if severity >= Severity.SETTLING)
_BY_WEIGHT = (Sort.RISK, Sort.SEVERITY)


def turned_round(ranked: Ranked, sort: Sort) -> Ranked:
    """The same in the opposite order.

    Where what can't be acted on stands below the rest, by weight, it stays there.
    """
    severities = ranked.severities
    end = len(severities.rstrip(_LAST)) if sort in _BY_WEIGHT else len(severities)
    return Ranked(
        ids=ranked.ids[:end][::-1] + ranked.ids[end:],
        severities=severities[:end][::-1] + severities[end:],
        ages=ranked.ages[:end][::-1] + ranked.ages[end:],
        groups=ranked.groups[:end][::-1] + ranked.groups[end:],
    )


def groups_turned_round(grouped: Grouped, sort: Sort) -> Grouped:
    """The same of groups and of their members."""
    totals = list(reversed(grouped.totals))
    if sort in _BY_WEIGHT:
        totals.sort(key=lambda row: row[SEVERITY] in _LAST)
    return Grouped(turned_round(grouped.ranked, sort), totals)


def flat(ranked: Ranked) -> DisagreementList:
    """All of it as one list."""
    return DisagreementList(ranked.ids, ranked.severities, ranked, {})


def folded(grouped: Grouped, opened: Collection[int]) -> DisagreementList:
    """The groups, the worst first, each followed by its members where it is open."""
    ranked = grouped.ranked
    inside: dict[int, tuple[array[int], bytearray]] = {}
    if opened:
        rows = zip(ranked.ids, ranked.severities, ranked.groups, strict=True)
        for row_id, severity, group in rows:
            if group in opened:
                ids, severities = inside.setdefault(group, (array("q"), bytearray()))
                ids.append(row_id)
                severities.append(severity)
    every, beside = array("q"), bytearray()
    for row in grouped.totals:
        group = row[ID]
        every.append(group)
        if group in inside:
            ids, severities = inside[group]
            beside.append(NOTHING)
            every.extend(ids)
            beside.extend(severities)
        else:
            beside.append(row[SEVERITY])
    totals = {row[ID]: row for row in grouped.totals}
    return DisagreementList(every, bytes(beside), ranked, totals)


def worst(severities: bytes) -> Severity | None:
    """The worst that nobody has decided or acknowledged; None where there is none."""
    return next(
        (
            severity
            for severity in Severity
            if severity in severities and severity < Severity.SNOOZED_OR_REJECTED
        ),
        None,
    )


def jump(severities: bytes, place: int, *, forward: bool) -> int | None:
    """The place of the next of the worst after `place`, or before it, wrapping; None: no more.

    100,000 are searched in some microseconds.
    """
    found = worst(severities)
    if found is None:
        return None
    sign = bytes((found,))
    if forward:
        after = severities.find(sign, place + 1)
        return after if after >= 0 else severities.find(sign)
    before = severities.rfind(sign, 0, max(0, place))
    return before if before >= 0 else severities.rfind(sign)


assert len(AGES) == len(AGE_FILTERS) == len(AGE_EDGES_MS) + 1
