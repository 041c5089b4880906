"""Disagreements grouped by cause, channel or SKU: for `skew diff --by`, in every form it has."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from store.model import Cause, Disagreement

By = Literal["cause", "channel", "sku"]
Explained = tuple[Disagreement, Cause | None]


class DisagreementGroup(msgspec.Struct, frozen=True):
    """Disagreements that have something in common, worst first; never empty."""

    by: By
    value: str
    members: tuple[Explained, ...]

    @property
    def oversell_units(self) -> int:
        return sum(one.oversell_units for one, _ in self.members)

    @property
    def undersell_units(self) -> int:
        return sum(one.undersell_units for one, _ in self.members)

    @property
    def money_at_risk(self) -> float | None:
        """What all of it is worth; None where no price is known of any."""
        known = [one.money_at_risk for one, _ in self.members if one.money_at_risk is not None]
        return round(sum(known), 2) if known else None


def grouped(found: Iterable[Explained], by: By) -> list[DisagreementGroup]:
    """The groups in the order of their first member, so that the one with the worst is first."""
    members: dict[str, list[Explained]] = {}
    for one in found:
        members.setdefault(_value(one, by), []).append(one)
    return [DisagreementGroup(by, value, tuple(each)) for value, each in members.items()]


def in_order(groups: Sequence[DisagreementGroup]) -> list[Explained]:
    """All members, group by group."""
    return [one for group in groups for one in group.members]


def _value(one: Explained, by: By) -> str:
    it, cause = one
    if by == "cause":
        return cause.kind if cause is not None else ""
    return it.channel if by == "channel" else it.sku
