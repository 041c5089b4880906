"""eBay's Sell Inventory API as its reference says, on a seller's items and offers."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

API = "/sell/inventory/v1"
SCOPE = "https://api.ebay.com/oauth/api_scope/sell.inventory"
CREDENTIAL = {"env": SECRET_NAME}


@dataclass
class SellerOffer:
    id: str
    sku: str
    quantity: object
    marketplace: str = "EBAY_DE"
    status: str = "PUBLISHED"
    listing: dict[str, Any] = field(default_factory=lambda: {"listingStatus": "ACTIVE"})
    format: str = "FIXED_PRICE"


@dataclass
class SellerItem:
    sku: str
    ship_to_home: object
    more: dict[str, Any] = field(default_factory=dict)
    """Of `shipToLocationAvailability`."""


@dataclass
class EbaySeller:
    """One seller's account. `refuse` may answer an update's entries in eBay's place."""

    kind: str = "ebay"
    many = 450  # 200 to a page, and a call for each.
    items: dict[str, SellerItem] = field(default_factory=dict)
    offers: list[SellerOffer] = field(default_factory=list)
    raw: dict[str, str] = field(default_factory=dict)
    granted: frozenset[str] = frozenset({SCOPE})
    tokens: list[str] = field(default_factory=list)
    keys: dict[str, Any] = field(default_factory=dict)
    """More of the channel's table."""
    before_answer: Callable[[ReceivedRequest], None] = lambda _asked: None
    refuse: Callable[[dict[str, Any]], Answer | None] = lambda _request: None

    def table(self, url: str) -> dict[str, Any]:
        keys = {"client_id": "Shop-PRD-1", "client_secret": CREDENTIAL, "refresh_token": CREDENTIAL}
        return {"url": url, **keys, **self.keys}

    def put(self, sku: str, quantity: int) -> None:
        item = self.items.setdefault(sku, SellerItem(sku, quantity))
        item.ship_to_home = quantity
        mine = [offer for offer in self.offers if offer.sku == sku]
        for offer in mine or [self.offer(sku, quantity)]:
            offer.quantity = quantity

    def offer(self, sku: str, quantity: object, marketplace: str = "EBAY_DE") -> SellerOffer:
        made = SellerOffer(f"6{len(self.offers):09}", sku, quantity, marketplace)
        self.offers.append(made)
        return made

    def shown(self, sku: str, marketplace: str = "EBAY_DE") -> int:
        """What shoppers see there: the lower of the two."""
        (offer,) = (o for o in self.offers if (o.sku, o.marketplace) == (sku, marketplace))
        ship_to_home = self.items[sku].ship_to_home
        assert isinstance(offer.quantity, int)
        assert isinstance(ship_to_home, int)
        return min(offer.quantity, ship_to_home)

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.path.endswith("/bulk_update_price_quantity")

    def answer(self, asked: ReceivedRequest) -> Answer:
        url = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/identity/v1/oauth2/token":
            return self._token(asked)
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens[-1:]:
            return _error(401, 1001, "Invalid access token")
        self.before_answer(asked)
        answers: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "/inventory_item"): lambda: self._page(query),
            ("GET", "/offer"): lambda: self._offers(query),
            ("POST", "/bulk_get_inventory_item"): lambda: self._bulk(asked.json["requests"]),
            ("POST", "/bulk_update_price_quantity"): lambda: self._update(asked.json["requests"]),
        }
        found = answers.get((asked.method, url.path.removeprefix(API)))
        return found() if found else _error(404, 2002, "Resource not found")

    def _token(self, asked: ReceivedRequest) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        basic = base64.b64encode(f"Shop-PRD-1:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {basic}":
            return Answer({"error": "invalid_client",
                           "error_description": "client authentication failed"}, 401)  # fmt: skip
        if (form.get("grant_type"), form.get("refresh_token")) != ("refresh_token", SECRET):
            words = "the provided authorization refresh token is invalid"
            return Answer({"error": "invalid_grant", "error_description": words}, 400)
        if not set(form.get("scope", "").split()) <= self.granted:
            words = "The requested scope is invalid, unknown, malformed, or exceeds the granted"
            return Answer({"error": "invalid_scope", "error_description": words}, 400)
        self.tokens.append(f"v^1.1#access-{len(self.tokens)}")
        # Only the consent's own answer has `refresh_token_expires_in`.
        return Answer({"access_token": self.tokens[-1], "expires_in": 7200,
                       "token_type": "User Access Token"})  # fmt: skip

    def _page(self, query: dict[str, str]) -> Answer:
        limit, number = int(query.get("limit", "25")), int(query.get("offset", "0"))
        if not 1 <= limit <= 200:
            return _error(400, 25709, "Invalid value for limit.")
        skus = list(self.items)[number * limit : (number + 1) * limit]
        page = {"total": len(self.items), "size": len(skus), "limit": limit,
                "href": f"{API}/inventory_item?limit={limit}&offset={number}"}  # fmt: skip
        if skus:
            page["inventoryItems"] = [self._item(self.items[sku]) for sku in skus]
        return Answer(with_raw(page, self.raw))

    def _item(self, item: SellerItem) -> dict[str, Any]:
        quantity = f"<raw {item.sku}>" if item.sku in self.raw else item.ship_to_home
        place = {"quantity": quantity, **item.more}
        return {"sku": item.sku, "locale": "de_DE", "condition": "NEW",
                "product": {"title": f"Article {item.sku}"},
                "availability": {"shipToLocationAvailability": place}}  # fmt: skip

    def _offers(self, query: dict[str, str]) -> Answer:
        if not query.get("sku"):
            return _error(400, 25707, "This is an invalid value for a SKU.")
        mine = [offer for offer in self.offers if offer.sku == query["sku"]]
        if not mine:
            return _error(404, 25713, "This Offer is not available.")
        limit, number = int(query.get("limit", "25")), int(query.get("offset", "0"))
        page = mine[number * limit : (number + 1) * limit]
        told = {"total": len(mine), "size": len(page), "offers": [_told(offer) for offer in page]}
        return Answer(told)

    def _bulk(self, requests: list[dict[str, str]]) -> Answer:
        assert len(requests) <= 25
        skus = [request["sku"] for request in requests]
        told: list[dict[str, Any]] = [
            {"statusCode": 200, "sku": sku, "inventoryItem": self._item(self.items[sku])}
            if sku in self.items
            else {"statusCode": 404, "sku": sku, "errors": [_told_error(25702, f"SKU {sku}")]}
            for sku in skus
        ]
        status = 200 if all(entry["statusCode"] == 200 for entry in told) else 207
        return Answer(with_raw({"responses": told}, self.raw), status)

    def _update(self, requests: list[dict[str, Any]]) -> Answer:
        if len(requests) != 1:
            return _error(400, 25709, "Invalid value for requests. Only one SKU at a time.")
        (request,) = requests
        refused = self.refuse(request)
        if refused is not None:
            return refused
        return self.applied(request, {})

    def applied(self, request: dict[str, Any], bad: dict[str, tuple[int, int, str]]) -> Answer:
        """Apply an update but for the offers of `bad`: their status, error and words."""
        ship_to_home = request.get("shipToLocationAvailability")
        if ship_to_home is not None:
            self.items[request["sku"]].ship_to_home = ship_to_home["quantity"]
        told: list[dict[str, Any]] = []
        known = {offer.id: offer for offer in self.offers}
        for entry in request.get("offers", []):
            name = entry["offerId"]
            offer = known[name]
            assert (offer.sku, offer.status) == (request["sku"], "PUBLISHED")
            status, code, words = bad.get(name, (200, 0, ""))
            errors = {"errors": [_told_error(code, words)]} if code else {}
            told.append({"offerId": name, "sku": offer.sku, "statusCode": status, **errors})
            if not code:
                offer.quantity = entry["availableQuantity"]
        return Answer({"responses": told}, 207 if bad else 200)


def _told(offer: SellerOffer) -> dict[str, Any]:
    told: dict[str, Any] = {
        "offerId": offer.id, "sku": offer.sku, "marketplaceId": offer.marketplace,
        "format": offer.format, "status": offer.status,
        "pricingSummary": {"price": {"value": "12.90", "currency": "EUR"}},
    }  # fmt: skip
    if offer.format != "AUCTION":
        told["availableQuantity"] = offer.quantity
    # Only a published offer has a listing.
    return {**told, "listing": offer.listing} if offer.status == "PUBLISHED" else told


def _told_error(code: int, words: str) -> dict[str, Any]:
    return {"errorId": code, "domain": "API_INVENTORY", "category": "REQUEST", "message": words}


def _error(status: int, code: int, words: str) -> Answer:
    return Answer({"errors": [{**_told_error(code, words), "longMessage": words}]}, status)
