"""Disagreements grouped by cause, channel or SKU: what each group comes to."""

from typing import Literal

import msgspec

from store.model import Cause, Disagreement

GroupBy = Literal["cause", "channel", "sku"]
Explained = tuple[Disagreement, Cause | None]


class GroupSum(msgspec.Struct, frozen=True):
    """What the disagreements come to that have something in common."""

    by: GroupBy
    value: str
    count: int
    oversell_units: int
    undersell_units: int
    money_at_risk: float | None
    """What all of it is worth; None where no price is known of any."""


class DisagreementGrouping:
    """The groups in the order of their first member, so that the one with the worst is first.

    Held is what each comes to, and not its members: there may be as many groups as SKUs.
    """

    def __init__(self, by: GroupBy) -> None:
        self.by: GroupBy = by
        self._numbers: dict[str, int] = {}
        self._counts: list[int] = []
        self._over: list[int] = []
        self._under: list[int] = []
        self._minor: list[int] = []
        self._priced = bytearray()

    def add(self, disagreement: Disagreement, cause: Cause | None) -> int:
        """Count one more; answers the place of its group."""
        value = self.value_of(disagreement, cause)
        place = self._numbers.setdefault(value, len(self._counts))
        if place == len(self._counts):
            for column in (self._counts, self._over, self._under, self._minor):
                column.append(0)
            self._priced.append(0)
        self._counts[place] += 1
        self._over[place] += disagreement.oversell_units
        self._under[place] += disagreement.undersell_units
        risk_minor = disagreement.risk_minor
        if risk_minor is not None:
            self._minor[place] += risk_minor
            self._priced[place] = 1
        return place

    def value_of(self, disagreement: Disagreement, cause: Cause | None) -> str:
        """What the members of its group have in common."""
        if self.by == "cause":
            return cause.kind if cause is not None else ""
        return disagreement.channel if self.by == "channel" else disagreement.sku

    def __len__(self) -> int:
        return len(self._counts)

    def sums(self) -> list[GroupSum]:
        return [self.sum_of(value) for value in self._numbers]

    def sum_of(self, value: str) -> GroupSum:
        """What the group of a value comes to."""
        place = self._numbers[value]
        return GroupSum(
            by=self.by,
            value=value,
            count=self._counts[place],
            oversell_units=self._over[place],
            undersell_units=self._under[place],
            money_at_risk=self._minor[place] / 100 if self._priced[place] else None,
        )
