"""Disagreements grouped by cause, channel or SKU."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from store.model import Cause, Disagreement

GroupBy = Literal["cause", "channel", "sku"]
Explained = tuple[Disagreement, Cause | None]


class DisagreementGroup(msgspec.Struct, frozen=True):
    """Disagreements that have something in common, worst first; never empty."""

    by: GroupBy
    value: str
    members: tuple[Explained, ...]

    @property
    def oversell_units(self) -> int:
        return sum(disagreement.oversell_units for disagreement, _ in self.members)

    @property
    def undersell_units(self) -> int:
        return sum(disagreement.undersell_units for disagreement, _ in self.members)

    @property
    def money_at_risk(self) -> float | None:
        """What all of it is worth; None where no price is known of any."""
        amounts = (disagreement.money_at_risk for disagreement, _ in self.members)
        known = [amount for amount in amounts if amount is not None]
        return round(sum(known), 2) if known else None


def grouped(disagreements: Iterable[Explained], by: GroupBy) -> list[DisagreementGroup]:
    """The groups in the order of their first member, so that the one with the worst is first."""
    members: dict[str, list[Explained]] = {}
    for explained in disagreements:
        members.setdefault(_value(explained, by), []).append(explained)
    return [DisagreementGroup(by, value, tuple(group)) for value, group in members.items()]


def in_order(groups: Sequence[DisagreementGroup]) -> list[Explained]:
    """All members, group by group."""
    return [member for group in groups for member in group.members]


def _value(explained: Explained, by: GroupBy) -> str:
    disagreement, cause = explained
    if by == "cause":
        return cause.kind if cause is not None else ""
    return disagreement.channel if by == "channel" else disagreement.sku
