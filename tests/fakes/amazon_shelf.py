"""A seller's listings on Amazon: searched, read one by one, and patched.

By the contract of 2026-08-05, traps included: at most 1,000 results of a search; a `replace` takes
other locations away; a quantity of his own makes what lies at Amazon unsellable.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

from sync.clock import rfc3339
from tests.contract.harness import with_raw
from tests.loopback import Answer, ReceivedRequest

DE, FR = "A1PA6795UKMFR9", "A13V1IB3VIYZZH"
CREATED_FROM = 1_767_225_600_000
RESULTS_MAX = 1_000


@dataclass
class AmazonOffering:
    """One seller SKU."""

    sku: str
    entries: dict[str, Any]
    """Quantities by fulfilment channel code."""
    created: int
    statuses: dict[str, list[str]] = field(default_factory=dict)
    """By marketplace; those of the only one by its quantity where nothing is here."""
    issues: list[dict[str, Any]] = field(default_factory=list)
    price: str = "12.50"
    more_entries: list[dict[str, Any]] = field(default_factory=list)
    own_entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Those of a marketplace that has a stock of its own."""

    def marketplaces(self) -> set[str]:
        return set(self.statuses) or {DE}

    def apply(self, patch: dict[str, Any]) -> None:
        entries = {entry["fulfillment_channel_code"]: entry["quantity"] for entry in patch["value"]}
        if patch["op"] == "replace" or any(code.startswith("AMAZON") for code in self.entries):
            self.entries.clear()
        self.entries |= entries


@dataclass
class AmazonShelf:
    """All listings of a seller."""

    listings: dict[str, AmazonOffering] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    invalid: dict[str, str] = field(default_factory=dict)
    """SKUs whose writes are INVALID, with the reason."""
    lags: bool = True
    """What is accepted shows only after `settle`."""
    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    expired: int = 0
    """So many of the next pages' tokens are taken no more."""
    answers: str = "ACCEPTED"
    """What a write is answered that is not INVALID."""

    def add(self, sku: str, entries: dict[str, Any], **more: Any) -> AmazonOffering:
        created = CREATED_FROM + 1_000 * len(self.listings)
        self.listings[sku] = AmazonOffering(sku, entries, more.pop("created", created), **more)
        return self.listings[sku]

    def settle(self) -> None:
        """Apply what was accepted."""
        for sku, patch in self.waiting:
            self.listings[sku].apply(patch)
        self.waiting.clear()

    def search(self, query: dict[str, str]) -> Answer:
        size = int(query.get("pageSize", "10"))
        if size > 20 or query.get("identifiersType", "SKU") != "SKU":
            return error(400, "InvalidInput", "Invalid 'pageSize' provided")
        if "pageToken" in query and self.expired:
            self.expired -= 1
            return error(400, "InvalidInput", "pageToken is invalid or expired")
        here = query["marketplaceIds"].split(",")[0]
        wanted = set(query["identifiers"].split(",")) if "identifiers" in query else None
        found = sorted(self.listings.values(), key=lambda listing: listing.created)
        since = query.get("createdAfter", "")
        found = [
            listing
            for listing in found
            if here in listing.marketplaces()
            and (wanted is None or listing.sku in wanted)
            and (not since or _time(listing.created) >= since)
        ]
        start = int(base64.b64decode(query["pageToken"])) if "pageToken" in query else 0
        end = start + size
        page: dict[str, Any] = {
            "numberOfResults": len(found),
            "items": [self._payload(listing, here) for listing in found[start:end]],
            "pagination": {},
        }
        if end < min(len(found), RESULTS_MAX):
            page["pagination"]["nextToken"] = base64.b64encode(str(end).encode()).decode()
        return Answer(with_raw(page, self.raw))

    def _payload(self, listing: AmazonOffering, here: str) -> dict[str, Any]:
        is_sold = any(quantity or code.startswith("AMAZON") for code, quantity
                      in listing.entries.items())  # fmt: skip
        statuses = listing.statuses or {DE: ["BUYABLE", "DISCOVERABLE"] if is_sold else []}
        entries_here = listing.own_entries.get(here, listing.entries)
        summaries = [
            {
                "marketplaceId": marketplace,
                "asin": "B0000000AA",
                "productType": "KETTLE",
                "status": status,
                "itemName": f"Article {listing.sku}",
                "createdDate": _time(listing.created),
                "lastUpdatedDate": _time(listing.created),
            }
            for marketplace, status in statuses.items()
            if marketplace == here
        ]
        entries: list[dict[str, Any]] = []
        for code, quantity in entries_here.items():
            raw = f"<raw {listing.sku}>" if listing.sku in self.raw else quantity
            given = {} if quantity is None else {"quantity": raw}
            entries.append({"fulfillmentChannelCode": code, **given})
        entries += listing.more_entries
        price = {"currencyCode": "EUR", "amount": listing.price}
        offers = [{"marketplaceId": here, "offerType": "B2C", "price": price}]
        return {
            "sku": listing.sku,
            "summaries": summaries,
            "fulfillmentAvailability": entries,
            "offers": offers,
            "issues": listing.issues,
        }

    def item(self, asked: ReceivedRequest, sku: str, query: dict[str, str]) -> Answer:
        here = query["marketplaceIds"].split(",")
        if asked.method == "PATCH" and len(here) > 1:
            words = "Too many 'marketplaceIds' values provided. Expected a maximum of 1."
            return error(400, "InvalidInput", words)
        if asked.method == "PATCH":
            result = self.take(sku, asked.json["patches"], is_preview="mode" in query)
            if result is None:
                return error(400, "InvalidInput", f"{sku} not found")
            return Answer({"sku": sku, "submissionId": "s-1", **result})
        if sku not in self.listings or here[0] not in self.listings[sku].marketplaces():
            return error(404, "NOT_FOUND", f"SKU {sku} not found")
        return Answer(with_raw(self._payload(self.listings[sku], here[0]), self.raw))

    def take(
        self, sku: str, patches: list[dict[str, Any]], *, is_preview: bool = False
    ) -> dict[str, Any] | None:
        """Take one listing's patches, and say what becomes of them."""
        if sku not in self.listings:
            return None
        if sku in self.invalid:
            issue = {"code": "90000900", "message": self.invalid[sku], "severity": "ERROR"}
            return {"status": "INVALID", "issues": [{**issue, "categories": []}]}
        if is_preview:
            return {"status": "VALID", "issues": []}
        self.waiting += [(sku, patch) for patch in patches]
        if not self.lags:
            self.settle()
        return {"status": self.answers, "issues": []}


def error(status: int, code: str, message: str, details: str = "") -> Answer:
    return Answer({"errors": [{"code": code, "message": message, "details": details}]}, status)


def _time(at: int) -> str:
    return rfc3339(at) or ""
