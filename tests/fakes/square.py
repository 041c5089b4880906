"""Square's Inventory, Catalog and Locations APIs, as far as the kind uses them (2026-09-16).

Stock is a history, as Square keeps it: physical counts and sales, each at its own instant.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sync.clock import SystemClock, from_rfc3339, rfc3339
from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

DAY_MS = 86_400_000
ALL_SCOPES = ("INVENTORY_READ", "INVENTORY_WRITE", "ITEMS_READ", "MERCHANT_PROFILE_READ")
_SCOPES = {
    "/v2/locations": "MERCHANT_PROFILE_READ",
    "/v2/catalog/search": "ITEMS_READ",
    "/v2/catalog/batch-retrieve": "ITEMS_READ",
    "/v2/inventory/counts/batch-retrieve": "INVENTORY_READ",
    "/v2/inventory/changes/batch-create": "INVENTORY_WRITE",
}


def refused(code: str, detail: str, status: int = 400) -> Answer:
    return Answer({"errors": [{"category": "API_ERROR", "code": code, "detail": detail}]}, status)


@dataclass
class SquareArticle:
    """A variation, in an item of its own."""

    id: str
    sku: str | None
    data: dict[str, Any] = field(default_factory=dict)
    """More of its `item_variation_data`."""
    presence: dict[str, Any] = field(default_factory=lambda: {"present_at_all_locations": True})
    archived: bool = False
    updated_at: int = 0

    @property
    def is_derived(self) -> bool:
        return self.data.get("stockable") is False


@dataclass
class SquareSeller:
    """One seller. `history` has what moved a variation at a location: (kind, instant, units)."""

    kind: str = "square"
    locations: list[dict[str, Any]] = field(
        default_factory=lambda: [{"id": "MAIN", "name": "Main Street", "status": "ACTIVE",
                                  "business_name": "Jet Fuel Coffee", "merchant_id": "M1"}]
    )  # fmt: skip
    chosen: str | None = "MAIN"
    articles: list[SquareArticle] = field(default_factory=list)
    history: dict[tuple[str, str], list[tuple[str, int, int]]] = field(default_factory=dict)
    more_counts: list[dict[str, Any]] = field(default_factory=list)
    """Counts in other states."""
    raw: dict[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ALL_SCOPES
    tokens: set[str] = field(default_factory=lambda: {SECRET})
    by_refresh: bool = False
    given: int = 0
    kept: dict[str, tuple[Any, Answer]] = field(default_factory=dict)
    """The body and the answer of each idempotency key."""
    page_size: int = 1000
    token_ends: dict[str, str] = field(default_factory=dict)
    before_answer: Callable[[str], None] = lambda _path: None
    """Runs before each answer: what happens while somebody reads."""

    def table(self, url: str) -> dict[str, Any]:
        credential = {"env": SECRET_NAME}
        keys: dict[str, Any] = {"token": credential}
        if self.by_refresh:
            keys = {"client_id": "sq0idp-1", "refresh_token": credential}
        return {"url": url, "location": self.chosen, **keys}

    def put(self, sku: str, quantity: int) -> None:
        found = next((article for article in self.articles if article.sku == sku), None)
        if found is None:
            found = self.add(sku, track_inventory=True)
        self.count(found, quantity)

    def add(self, sku: str | None, **data: Any) -> SquareArticle:
        """A new article that was never counted."""
        self.articles.append(SquareArticle(f"V{len(self.articles)}", sku, data))
        return self.articles[-1]

    def count(self, article: SquareArticle, quantity: int, location: str = "MAIN") -> None:
        self.history[article.id, location] = [("count", SystemClock().now(), quantity)]

    def sell(self, sku: str, units: int) -> None:
        self.history[self.article(sku).id, "MAIN"].append(("sale", SystemClock().now(), units))

    def article(self, sku: str) -> SquareArticle:
        return next(article for article in self.articles if article.sku == sku)

    def shown(self, sku: str) -> int:
        return self.stock((self.article(sku).id, "MAIN"))

    def stock(self, place: tuple[str, str]) -> int:
        """The last count by its instant, less what was sold after that instant."""
        moved = self.history[place]
        _, counted_at, units = max(entry for entry in moved if entry[0] == "count")
        return units - sum(sold for kind, at, sold in moved if kind == "sale" and at > counted_at)

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[self.article(sku).id] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.path == "/v2/inventory/changes/batch-create"

    def answer(self, asked: ReceivedRequest) -> Answer:
        url = urlsplit(asked.path)
        if url.path == "/oauth2/token":
            return self._token(asked.json)
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return refused("UNAUTHORIZED", "This request could not be authorized.", 401)
        needed = _SCOPES.get(url.path, "")
        if needed and needed not in self.scopes:
            words = "The merchant must authorize your application for the following scopes: "
            return refused("INSUFFICIENT_SCOPES", words + needed, 403)
        body = json.loads(asked.body or b"{}")
        self.before_answer(url.path)
        answers: dict[str, Callable[[], Answer]] = {
            "/oauth2/token/status": lambda: Answer(
                {"scopes": list(self.scopes), "merchant_id": "M1", **self.token_ends}
            ),
            "/v2/locations": lambda: Answer({"locations": self.locations}),
            "/v2/catalog/search": lambda: self._search(body),
            "/v2/catalog/batch-retrieve": lambda: self._retrieve(body["object_ids"]),
            "/v2/inventory/counts/batch-retrieve": lambda: self._counts(body),
            "/v2/inventory/changes/batch-create": lambda: self._change(body),
        }
        found = answers.get(url.path)
        if found is not None:
            return found()
        return self._single(unquote(url.path.removeprefix("/v2/inventory/")), url.query)

    def _single(self, ref: str, query: str) -> Answer:
        places = parse_qs(query)["location_ids"][0].split(",")
        counts = [
            self._count((ref, place), is_estimated=True)
            for place in places
            if (ref, place) in self.history
        ]
        return Answer(with_raw({"counts": counts} if counts else {}, self.raw))

    def _token(self, asked: dict[str, Any]) -> Answer:
        if asked.get("refresh_token") != SECRET or asked["grant_type"] != "refresh_token":
            return Answer({"message": "Authorization code not found", "type": "not_found"}, 401)
        self.given += 1
        self.tokens = {f"t0ken-{self.given}"}
        end = rfc3339(SystemClock().now() + 30 * DAY_MS)
        token = {"access_token": f"t0ken-{self.given}", "token_type": "bearer", "expires_at": end}
        return Answer({**token, "refresh_token": SECRET, "merchant_id": "M1"})

    def _search(self, body: dict[str, Any]) -> Answer:
        since = from_rfc3339(body["begin_time"]) if "begin_time" in body else -1
        found = [article for article in self.articles if article.updated_at > since]
        return self._page("objects", [self._item(article) for article in found], body)

    def _retrieve(self, ids: list[str]) -> Answer:
        objects = [self._variation(article) for article in self.articles if article.id in ids]
        objects += [self._item(article) for article in self.articles if f"I{article.id}" in ids]
        return Answer({"objects": objects} if objects else {})

    def _counts(self, body: dict[str, Any]) -> Answer:
        since = from_rfc3339(body["updated_after"]) if "updated_after" in body else -1
        derived = {article.id for article in self.articles if article.is_derived}
        places = [
            place
            for place in self.history
            if place[1] in body["location_ids"]
            and place[0] in body.get("catalog_object_ids", [place[0]])
            and place[0] not in derived
            and self._moved(place) > since
        ]
        places.sort(key=self._moved, reverse=True)
        counts = [*map(self._count, places), *(
            count for count in self.more_counts
            if count.get("catalog_object_id") in body.get("catalog_object_ids",
                                                          [count.get("catalog_object_id")])
        )]  # fmt: skip
        return self._page("counts", counts, body)

    def _page(self, name: str, entries: list[Any], body: dict[str, Any]) -> Answer:
        start = int(body.get("cursor", 0))
        end = start + min(body["limit"], self.page_size)
        page: dict[str, Any] = {name: entries[start:end]} if entries else {}
        if end < len(entries):
            page["cursor"] = str(end)
        return Answer(with_raw(page, self.raw))

    def _change(self, body: dict[str, Any]) -> Answer:
        key = body["idempotency_key"]
        if key in self.kept:
            same, before = self.kept[key]
            words = "The idempotency key was used with another request."
            return before if same == body else refused("IDEMPOTENCY_KEY_REUSED", words)
        counts = [change["physical_count"] for change in body["changes"]]
        wrong = self._wrong_with(counts)
        if wrong is not None:
            return wrong
        for count in counts:
            self._take(count, ignores=body.get("ignore_unchanged_counts", True))
        places = [(count["catalog_object_id"], count["location_id"]) for count in counts]
        answer = Answer({"counts": [self._count(place) for place in places]})
        self.kept[key] = (body, answer)
        return answer

    def _wrong_with(self, counts: list[dict[str, Any]]) -> Answer | None:
        if len(counts) > 100:
            return refused("ARRAY_LENGTH_TOO_LONG", "Array length must be at most 100.")
        known = {article.id for article in self.articles}
        places = {location["id"] for location in self.locations}
        for count in counts:
            if count["catalog_object_id"] not in known or count["location_id"] not in places:
                return refused("NOT_FOUND", "Catalog object or location not found.", 404)
            if not 0 <= SystemClock().now() - from_rfc3339(count["occurred_at"]) <= DAY_MS:
                return refused("INVALID_TIME", "occurred_at is in the future or over 24 h old.")
            if int(count["quantity"]) < 0:
                return refused("VALUE_TOO_LOW", "Quantity must not be negative.")
        return None

    def _take(self, count: dict[str, Any], *, ignores: bool) -> None:
        place = (count["catalog_object_id"], count["location_id"])
        moved = self.history.setdefault(place, [])
        counted = [entry for entry in moved if entry[0] == "count"]
        if ignores and counted and max(counted)[2] == int(count["quantity"]):
            return
        moved.append(("count", from_rfc3339(count["occurred_at"]), int(count["quantity"])))

    def _moved(self, place: tuple[str, str]) -> int:
        return max(at for _, at, _ in self.history[place])

    def _count(self, place: tuple[str, str], **more: Any) -> dict[str, Any]:
        quantity = f"<raw {place[0]}>" if place[0] in self.raw else f"{self.stock(place)}.00000"
        return {"catalog_object_id": place[0], "catalog_object_type": "ITEM_VARIATION",
                "state": "IN_STOCK", "location_id": place[1], "quantity": quantity,
                "calculated_at": rfc3339(self._moved(place)), **more}  # fmt: skip

    def _variation(self, article: SquareArticle) -> dict[str, Any]:
        data = {"item_id": f"I{article.id}", "name": "Regular", "sku": article.sku,
                "price_money": {"amount": 1290, "currency": "USD"}, **article.data}  # fmt: skip
        return {"type": "ITEM_VARIATION", "id": article.id, **article.presence,
                "item_variation_data": data}  # fmt: skip

    def _item(self, article: SquareArticle) -> dict[str, Any]:
        data = {"name": f"Article {article.id}", "is_archived": article.archived,
                "variations": [self._variation(article)]}  # fmt: skip
        return {"type": "ITEM", "id": f"I{article.id}", "item_data": data}
