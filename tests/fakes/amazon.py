"""Amazon's Selling Partner API, as far as the kind uses it, on a dict of listings.

By its contracts of 2026-08-05 and CHANNELS.md, traps included: at most 1,000 results of a search,
tokens of FBA's pages that end, a 403 for a token that has ended, a `replace` that takes other
locations away, and a quantity that makes FBA stock unsellable.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sync.clock import rfc3339
from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.fakes.amazon_feeds import AmazonFeedDesk
from tests.loopback import Answer, ReceivedRequest

TOKEN = {"env": SECRET_NAME}
SELLER = "A2SELLER"
DE, FR = "A1PA6795UKMFR9", "A13V1IB3VIYZZH"
CREATED_FROM = 1_767_225_600_000
ITEMS, STOCK = f"/listings/2021-08-01/items/{SELLER}", "/fba/inventory/v1/summaries"
RESULTS_MAX = 1_000


@dataclass
class AmazonOffering:
    """One seller SKU."""

    sku: str
    entries: dict[str, int | None]
    """Quantities by fulfilment channel code."""
    created: int
    statuses: dict[str, list[str]] = field(default_factory=dict)
    """By marketplace; those of the only one by its quantity where nothing is here."""
    issues: list[dict[str, Any]] = field(default_factory=list)
    price: str = "12.50"

    def apply(self, patch: dict[str, Any]) -> None:
        entries = {entry["fulfillment_channel_code"]: entry["quantity"] for entry in patch["value"]}
        if patch["op"] == "replace" or any(code.startswith("AMAZON") for code in self.entries):
            self.entries.clear()
        self.entries |= entries


@dataclass
class Amazon:
    """One seller in one region."""

    kind: str = "amazon"
    fulfilment: str = "merchant"
    marketplaces: tuple[str, ...] = ("DE",)
    more: dict[str, Any] = field(default_factory=dict)
    """More keys of the channel's table."""
    listings: dict[str, AmazonOffering] = field(default_factory=dict)
    stock: dict[str, dict[str, int]] = field(default_factory=dict)
    """FBA: by marketplace, SKU and what is fulfillable."""
    details: dict[str, dict[str, Any]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    invalid: dict[str, str] = field(default_factory=dict)
    """SKUs whose writes are INVALID, with the reason."""
    lags: bool = True
    """What is accepted shows only after `settle`."""
    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    signed_in: int = 0
    denied: set[str] = field(default_factory=set)
    """Beginnings of paths for which the app has no role."""
    selling: tuple[str, ...] = (DE, FR)
    expired: int = 0
    """So many of FBA's next tokens are taken no more."""
    feeds: AmazonFeedDesk = field(default_factory=AmazonFeedDesk)
    rate: str = "500.0"
    """What answers say of the account's rate: far more than the default."""
    before_answer: Callable[[ReceivedRequest], None] = lambda _asked: None

    def table(self, url: str) -> dict[str, Any]:
        return {
            "url": url,
            "auth_url": f"{url}/auth/o2/token",
            "client_id": "amzn1.application-oa2-client.1",
            "client_secret": TOKEN,
            "refresh_token": TOKEN,
            "seller_id": SELLER,
            "marketplaces": list(self.marketplaces),
            "fulfilment": self.fulfilment,
            **self.more,
        }

    def put(self, sku: str, quantity: int) -> None:
        if self.fulfilment == "fba":
            self.stock.setdefault(DE, {})[sku] = quantity
        elif sku in self.listings:
            self.listings[sku].entries["DEFAULT"] = quantity
        else:
            self.add(sku, {"DEFAULT": quantity})

    def add(self, sku: str, entries: dict[str, int | None], **more: Any) -> AmazonOffering:
        created = CREATED_FROM + 1_000 * len(self.listings)
        self.listings[sku] = AmazonOffering(sku, entries, more.pop("created", created), **more)
        return self.listings[sku]

    def shown(self, sku: str) -> int:
        if self.fulfilment == "fba":
            return self.stock[DE][sku]
        return self.listings[sku].entries["DEFAULT"] or 0

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.method == "PATCH" or (asked.method, asked.path) == (
            "POST",
            "/feeds/2021-06-30/feeds",
        )

    def settle(self) -> None:
        """Apply what was accepted."""
        for sku, patch in self.waiting:
            self.listings[sku].apply(patch)
        self.waiting.clear()

    def answer(self, asked: ReceivedRequest) -> Answer:
        self.before_answer(asked)
        url = urlsplit(asked.path)
        if url.path == "/auth/o2/token":
            return self._token(parse_qs(asked.body.decode()))
        token = asked.headers.get("x-amz-access-token")
        if token not in self.tokens:
            return error(403, "Unauthorized", "Access to requested resource is denied.",
                         "The access token you provided has expired.")  # fmt: skip
        if url.path.startswith(tuple(self.denied)):
            return error(403, "Unauthorized", "Access to requested resource is denied.")
        if url.path.startswith("/feeds/"):
            return self.feeds.answer(asked, self._take)
        query = {name: found[0] for name, found in parse_qs(url.query).items()}
        lists: dict[str, Callable[[], Answer]] = {
            "/sellers/v1/marketplaceParticipations": self._participations,
            STOCK: partial(self._summaries, query),
            ITEMS: partial(self._search, query),
            "": partial(self._item, asked, unquote(url.path.removeprefix(f"{ITEMS}/")), query),
        }
        return lists.get(url.path, lists[""])()

    def _token(self, form: dict[str, list[str]]) -> Answer:
        sent = {name: found[0] for name, found in form.items()}
        if sent["client_secret"] != SECRET or sent["grant_type"] != "refresh_token":
            words = "Client authentication failed"
            return Answer({"error": "invalid_client", "error_description": words}, 401)
        if sent["refresh_token"] != SECRET:
            words = "The request has an invalid grant parameter : refresh_token"
            return Answer({"error": "invalid_grant", "error_description": words}, 400)
        self.signed_in += 1
        token = f"Atza|t0ken-{self.signed_in}"
        self.tokens.add(token)
        return Answer({"access_token": token, "token_type": "bearer", "expires_in": 3600})

    def _participations(self) -> Answer:
        entries = [
            {
                "marketplace": {"id": marketplace, "name": f"Amazon {marketplace[:3]}"},
                "participation": {"isParticipating": True, "hasSuspendedListings": False},
                "storeName": "Kettles & Co",
            }
            for marketplace in self.selling
        ]
        return Answer({"payload": entries})

    def _search(self, query: dict[str, str]) -> Answer:
        size = int(query.get("pageSize", "10"))
        if size > 20 or query.get("identifiersType", "SKU") != "SKU":
            return error(400, "InvalidInput", "Invalid 'pageSize' provided")
        wanted = set(query["identifiers"].split(",")) if "identifiers" in query else None
        found = sorted(self.listings.values(), key=lambda listing: listing.created)
        since = query.get("createdAfter", "")
        found = [
            listing
            for listing in found
            if (wanted is None or listing.sku in wanted) and _time(listing.created) >= since
        ]
        start = int(base64.b64decode(query["pageToken"])) if "pageToken" in query else 0
        end = start + size
        page: dict[str, Any] = {
            "numberOfResults": len(found),
            "items": [self._payload(listing) for listing in found[start:end]],
            "pagination": {},
        }
        if end < min(len(found), RESULTS_MAX):
            page["pagination"]["nextToken"] = base64.b64encode(str(end).encode()).decode()
        return Answer(with_raw(page, self.raw), headers={"x-amzn-RateLimit-Limit": self.rate})

    def _payload(self, listing: AmazonOffering) -> dict[str, Any]:
        is_sold = any(quantity or code.startswith("AMAZON") for code, quantity
                      in listing.entries.items())  # fmt: skip
        statuses = listing.statuses or {DE: ["BUYABLE", "DISCOVERABLE"] if is_sold else []}
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
        ]
        entries: list[dict[str, Any]] = []
        for code, quantity in listing.entries.items():
            raw = f"<raw {listing.sku}>" if listing.sku in self.raw else quantity
            given = {} if quantity is None else {"quantity": raw}
            entries.append({"fulfillmentChannelCode": code, **given})
        price = {"currencyCode": "EUR", "amount": listing.price}
        offers = [{"marketplaceId": DE, "offerType": "B2C", "price": price}]
        return {
            "sku": listing.sku,
            "summaries": summaries,
            "fulfillmentAvailability": entries,
            "offers": offers,
            "issues": listing.issues,
        }

    def _item(self, asked: ReceivedRequest, sku: str, query: dict[str, str]) -> Answer:
        if asked.method == "PATCH":
            result = self._take(sku, asked.json["patches"], is_preview="mode" in query)
            if result is None:
                return error(400, "InvalidInput", f"{sku} not found")
            return Answer({"sku": sku, "submissionId": "s-1", **result})
        if sku not in self.listings:
            return error(404, "NOT_FOUND", f"SKU {sku} not found")
        return Answer(with_raw(self._payload(self.listings[sku]), self.raw))

    def _take(
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
        return {"status": "ACCEPTED", "issues": []}

    def _summaries(self, query: dict[str, str]) -> Answer:
        stock = self.stock.get(query["marketplaceIds"], {})
        assert query["granularityId"] == query["marketplaceIds"]
        skus = list(stock)
        if "sellerSkus" in query:
            skus = [sku for sku in query["sellerSkus"].split(",") if sku in stock]
            if len(query["sellerSkus"].split(",")) > 50:
                return error(400, "InvalidInput", "too many SKUs")
        elif "sellerSku" in query:
            skus = [query["sellerSku"]] if query["sellerSku"] in stock else []
        if "nextToken" in query and self.expired:
            self.expired -= 1
            return error(400, "InvalidInput", "Next token is invalid or expired")
        start = int(query.get("nextToken", "token-0").removeprefix("token-"))
        summaries = [self._summary(sku, stock[sku]) for sku in skus[start : start + 50]]
        granularity = {"granularityType": "Marketplace", "granularityId": query["granularityId"]}
        page: dict[str, Any] = {
            "payload": {"granularity": granularity, "inventorySummaries": summaries}
        }
        if start + 50 < len(skus):
            page["pagination"] = {"nextToken": f"token-{start + 50}"}
        return Answer(with_raw(page, self.raw), headers={"x-amzn-RateLimit-Limit": self.rate})

    def _summary(self, sku: str, units: int) -> dict[str, Any]:
        return {
            "asin": "B0000000AA",
            "fnSku": "X0000000AA",
            "sellerSku": sku,
            "condition": "NewItem",
            "inventoryDetails": {
                "fulfillableQuantity": f"<raw {sku}>" if sku in self.raw else units,
                **self.details.get(sku, {}),
            },
            "lastUpdatedTime": "2026-11-23T14:00:00Z",
            "productName": f"Article {sku}",
            "totalQuantity": units,
        }


def error(status: int, code: str, message: str, details: str = "") -> Answer:
    return Answer({"errors": [{"code": code, "message": message, "details": details}]}, status)


def _time(at: int) -> str:
    return rfc3339(at) or ""
