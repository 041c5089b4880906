"""What queries cost, by what Shopify's answers say of it: that sizes the pages.

A query may cost so much that it is not taken at all; what it may cost at most counts, not what it
does. The points themselves are kept by `sync.transport.budgets.points`. A shop gives 100 a second
with Basic and Grow, 200 with Advanced, 1,000 with Plus, 2,000 with Enterprise (shopify.dev, GraphQL
Admin API rate limits, as read 2026-11-30).
"""

from collections.abc import Mapping

import msgspec

QUERY_POINTS_MAX = 1_000.0
"""What a single query may cost, on every plan."""

_RESTORED_PER_S = 100.0
"""Until an answer has said what the shop's plan gives: the least."""


class _Throttle(msgspec.Struct, frozen=True, rename="camel"):
    currently_available: float
    restore_rate: float


class ShopifyCost(msgspec.Struct, frozen=True, rename="camel"):
    """`extensions.cost` of an answer."""

    requested_query_cost: float | None = None
    actual_query_cost: float | None = None
    throttle_status: _Throttle | None = None

    @property
    def wait_s(self) -> float | None:
        """How long until there are points for the same query; None where it is not said."""
        status, needed = self.throttle_status, self.requested_query_cost
        if status is None or needed is None or status.restore_rate <= 0:
            return None
        return max(0.0, needed - status.currently_available) / status.restore_rate


class _Extensions(msgspec.Struct, frozen=True):
    cost: ShopifyCost | None = None


def cost_in(extensions: Mapping[str, object]) -> ShopifyCost | None:
    """Read the cost of an answer's `extensions`; None where it says none that can be used."""
    try:
        return msgspec.convert(extensions, _Extensions).cost
    except msgspec.ValidationError:
        return None


class ShopifyCosts:
    """What the last query by each document cost, and what the shop's plan gives."""

    def __init__(self) -> None:
        self._known: dict[str, ShopifyCost] = {}
        self.restored_per_s = _RESTORED_PER_S

    def note(self, document: str, extensions: Mapping[str, object]) -> None:
        """Take what an answer says."""
        cost = cost_in(extensions)
        if cost is None:
            return
        self._known[document] = cost
        if cost.throttle_status is not None and cost.throttle_status.restore_rate > 0:
            self.restored_per_s = cost.throttle_status.restore_rate

    def last(self, document: str) -> ShopifyCost | None:
        """What the last query by this document cost."""
        return self._known.get(document)
