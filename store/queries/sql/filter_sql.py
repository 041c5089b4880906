"""A `DisagreementFilter` as SQL over the verdict's sources. Every value is bound."""

import json
from collections.abc import Iterable

from store.cells.cell_ids import cell
from store.model import Millis
from store.queries.ranking_values import Side
from store.queries.sql.severity_sql import RISK, severity_of, updates_in
from store.queries.values import DisagreementFilter
from store.reasons import STANDING, Reason
from store.targets.copies import OVERSELLS, UNITS
from store.targets.verdict_sql import IGNORED, SOURCES, STANDS, status_of

_HAS_WORD = """(instr(lower(i.sku), lower({value})) > 0
  OR instr(lower(coalesce(i.title, '')), lower({value})) > 0)"""


class FilterConditions:
    """The conditions of one filter: `before` the reason is known, and `after` it, with `values`."""

    def __init__(self, wanted: DisagreementFilter, *, now: Millis) -> None:
        # A status depends on the reason, which is the costly part of a row. So conditions on the
        # status come after it, and all the others narrow the list before any reason is found.
        self.values: dict[str, object] = {"now": now}
        before = self._conditions(wanted)
        after = self._statuses(wanted)
        for left_out in wanted.without:
            before += [f"NOT coalesce({condition}, 0)" for condition in self._conditions(left_out)]
            after += [f"NOT {condition}" for condition in self._statuses(left_out)]
        before += _gate(wanted)
        self.before = "".join(f" AND {condition}" for condition in before)
        self.after = " AND ".join(after) or "1"

    def _conditions(self, wanted: DisagreementFilter) -> list[str]:
        conditions = [*self._choices(wanted), *self._comparisons(wanted)]
        conditions += [_HAS_WORD.format(value=self._bind(word)) for word in wanted.words]
        if wanted.side is not None:
            conditions.append(OVERSELLS if wanted.side is Side.OVERSELL else "d.delta > 0")
        if wanted.acknowledged is not None:
            answer = "NOT NULL" if wanted.acknowledged else "NULL"
            conditions.append(f"d.acknowledged_at IS {answer}")
        if wanted.ignored is not None:
            conditions.append(IGNORED if wanted.ignored else f"NOT {IGNORED}")
        return conditions

    def _choices(self, wanted: DisagreementFilter) -> list[str]:
        conditions = []
        # By the listings of these SKUs: they are found by an index, and what else is open costs
        # nothing.
        skus = []
        if wanted.skus:
            among = self._among("x.sku", wanted.skus)
            skus = [
                f"""d.listing_id IN (SELECT {cell("xc.id", "x.id")} FROM items x
                  CROSS JOIN channels xc WHERE {among})"""
            ]
        skus += [f"i.sku GLOB {self._bind(_glob(pattern))}" for pattern in wanted.patterns]
        if skus:
            conditions.append(f"({' OR '.join(skus)})")
        for column, chosen in (("c.name", wanted.channels), ("d.kind", wanted.kinds)):
            if chosen:
                conditions.append(self._among(column, chosen))
        if wanted.causes:
            conditions.append(self._among("coalesce(known.cause, '')", wanted.causes))
        return conditions

    def _comparisons(self, wanted: DisagreementFilter) -> list[str]:
        return [
            f"{column} {self._bind(bound)}"
            for column, bound in (
                (f"{RISK} >", _minor(wanted.risk_min)),
                (f"{RISK} <", _minor(wanted.risk_max)),
                (f"{UNITS} >", wanted.units_min),
                (f"{UNITS} <", wanted.units_max),
                (":now - d.first_seen_at >=", wanted.age_min_ms),
                (":now - d.first_seen_at <", wanted.age_max_ms),
            )
            if bound is not None
        ]

    def _statuses(self, wanted: DisagreementFilter) -> list[str]:
        """What the reason decides; of several any may hold."""
        any_of = [self._among(status_of("reason"), wanted.statuses)] if wanted.statuses else []
        if wanted.reasons:
            any_of.append(self._among("reason", wanted.reasons))
            # Why nothing is proposed is asked only of those of which all is known.
            standing = self._among(STANDS, wanted.reasons)
            if set(wanted.reasons) & set(STANDING):
                which = f"SELECT d.id FROM {SOURCES} WHERE {standing}"
                any_of.append(f"(reason = '' AND d.id IN ({which}))")
        if wanted.severities:
            numbers = ", ".join(f"{severity:d}" for severity in wanted.severities)
            any_of.append(f"{severity_of('reason')} IN ({numbers})")
        if wanted.updates:
            any_of.append(f"d.listing_id IN ({updates_in(wanted.updates)})")
        return [f"({' OR '.join(any_of)})"] if any_of else []

    def _among(self, column: str, chosen: Iterable[str]) -> str:
        values = self._bind(json.dumps([str(value) for value in chosen]))
        return f"{column} IN (SELECT value FROM json_each({values}))"

    def _bind(self, value: object) -> str:
        name = f"wanted_{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def _gate(wanted: DisagreementFilter) -> list[str]:
    """What is ignored is listed only where somebody asks for it."""
    asked = (wanted, *wanted.without)
    if any(part.ignored is not None or Reason.IGNORED in part.reasons for part in asked):
        return []
    return [f"NOT {IGNORED}"]


def _minor(amount: float | None) -> int | None:
    """Whole cents: 100.1 is no exact float."""
    return None if amount is None else round(amount * 100)


def _glob(pattern: str) -> str:
    """A pattern of `*` and `?` as SQLite's GLOB, to which a `[` means more."""
    return pattern.replace("[", "[[]")
