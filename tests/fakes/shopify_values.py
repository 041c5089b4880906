"""What Shopify's API answers with: items and their levels, points, pages, refusals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

NAMES = ("committed", "incoming", "reserved", "safety_stock", "damaged", "quality_control")


@dataclass
class ShopItem:
    number: int
    sku: str | None
    levels: dict[str, dict[str, int]]
    """Quantities by name, by the number of the location."""
    tracked: bool = True
    policy: str = "DENY"
    status: str = "ACTIVE"
    is_bundle: bool = False
    variants: int = 1
    inactive: set[str] = field(default_factory=set)
    """Locations whose level is not active."""

    @property
    def id(self) -> str:
        return f"gid://shopify/InventoryItem/{self.number}"


@dataclass
class Points:
    """The bucket of points, by a clock of its own."""

    most: float = 20_000
    restored_per_s: float = 2_000
    now: Callable[[], int] | None = None
    """Milliseconds; None: it is full again at every query."""
    left: float = 20_000
    at: int = 0

    def fill(self) -> None:
        now = self.now() if self.now is not None else self.at + 10**9
        self.left = min(self.most, self.left + (now - self.at) / 1000 * self.restored_per_s)
        self.at = now

    def said(self, requested: float, actual: float | None) -> dict[str, Any]:
        status = {
            "maximumAvailable": self.most,
            "currentlyAvailable": self.left,
            "restoreRate": self.restored_per_s,
        }
        cost = {"requestedQueryCost": requested, "actualQueryCost": actual}
        return {"cost": {**cost, "throttleStatus": status}}


def level_of(available: int, **others: int) -> dict[str, int]:
    """The quantities of a level; on hand is what is available and what is not."""
    quantities = {**dict.fromkeys(NAMES, 0), **others}
    apart = sum(quantities[name] for name in NAMES if name != "incoming")
    return {"available": available, "on_hand": available + apart, **quantities}


def connection(nodes: list[Any], *, more: bool = False, cursor: str = "") -> dict[str, Any]:
    return {"nodes": nodes, "pageInfo": {"hasNextPage": more, "endCursor": cursor or None}}


def refusal(message: str, code: str, index: int | None = None) -> dict[str, Any]:
    """What a write gets that is refused: nothing of it is done."""
    where = None if index is None else ["input", "quantities", str(index), "changeFromQuantity"]
    error = {"code": code, "field": where, "message": message}
    return {"inventoryAdjustmentGroup": None, "userErrors": [error]}
