"""One SKU's new quantities, and what Amazon made of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.channels.amazon.shapes import AmazonIssue


@dataclass(frozen=True, slots=True)
class AmazonStockChange:
    """New quantities of one SKU: at its locations, by their channel codes."""

    sku: str
    product_type: str
    marketplace: str
    quantities: Mapping[str, int]

    def patch(self) -> Mapping[str, object]:
        """What is sent, by patchListingsItem and in a feed alike."""
        # `replace` would take away what is not named: other locations, the handling time. `merge`
        # came on 2025-06-16 and leaves both ("Merge a listing", read 2026-11-30).
        value = [
            {"fulfillment_channel_code": code, "quantity": quantity}
            for code, quantity in self.quantities.items()
        ]
        patch = {"op": "merge", "path": "/attributes/fulfillment_availability", "value": value}
        return {"productType": self.product_type, "patches": [patch]}


@dataclass(frozen=True, slots=True)
class AmazonOutcome:
    """What became of one; accepted, and applied later, where nothing else is said."""

    refused: str | None = None
    unknown: str | None = None
    unsent: str | None = None


def issue_words(issues: Sequence[AmazonIssue]) -> str:
    """What Amazon has against it, errors first."""
    ordered = sorted(issues, key=lambda issue: not issue.is_error)
    if not ordered:
        return "no reason given"
    first = ordered[0]
    words = f"{first.message} ({first.code})" if first.code else first.message
    more = sum(issue.is_error for issue in ordered[1:])
    return f"{words}, and {more} more" if more else words
