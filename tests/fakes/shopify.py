"""Shopify's Admin GraphQL API (2026-10), as far as the kind uses it, on a list of inventory items.

What it refuses at run time, though its schema does not say so: a write without `@idempotent` or
without an explicit `changeFromQuantity`. What it takes, though one would not expect it: a write to
a location where the item is not stocked, which stocks it there.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.fakes.shopify_bulk import BulkDesk
from tests.fakes.shopify_values import Points, ShopItem, connection, level_of, refusal
from tests.loopback import Answer, ReceivedRequest

TOKEN = {"env": SECRET_NAME}
ALL_SCOPES = ("read_products", "write_inventory", "read_locations")
QUERY_POINTS_MAX = 1_000


@dataclass
class Shopify:
    """One shop: items with levels at locations, scopes, points, bulk operations."""

    kind: str = "shopify"
    many = 650  # 250 to a page.
    items: list[ShopItem] = field(default_factory=list)
    locations: dict[str, tuple[str, bool]] = field(default_factory=lambda: {"1": ("Berlin", True)})
    """By number: name, and whether it is active."""
    location: str | None = "1"
    """The `location` of the configuration."""
    scopes: tuple[str, ...] = ALL_SCOPES
    by_client: bool = False
    """Signed in to with client credentials instead of a token."""
    tokens: list[str] = field(default_factory=list)
    points: Points = field(default_factory=Points)
    throttled: int = 0
    is_vague: bool = False
    """Its refusals do not say which entry they mean."""
    raw: dict[str, str] = field(default_factory=dict)
    version: str = "2026-10"
    variants_count: int | None = None
    """What it says of its size; None: the truth."""
    is_old: bool = False
    """It has neither a count of variants nor scopes."""
    page_max: int = 250
    paged_max: int = 25_000
    answered: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """By idempotency key: what was sent, and what was answered."""
    refuse_next: list[dict[str, Any]] = field(default_factory=list)
    """User errors that the next write gets, instead of being tried."""
    written: list[Any] = field(default_factory=list)
    """The inputs of writes that came."""
    bulk: BulkDesk = field(default_factory=BulkDesk)
    before_answer: Callable[[str], None] = lambda _operation: None

    def table(self, url: str) -> dict[str, Any]:
        keys = {"url": url, "location": self.location}
        self.bulk.store = self.bulk.store or url
        if self.by_client:
            return {**keys, "client_id": "app-1", "client_secret": TOKEN}
        return {**keys, "token": TOKEN}

    def put(self, sku: str, quantity: int) -> None:
        found = self.of(sku)
        if found is None:
            found = ShopItem(1000 + len(self.items), sku, {})
            self.items.append(found)
            self._by_sku[sku] = found
        level = found.levels.setdefault("1", level_of(quantity))
        level["on_hand"] += quantity - level["available"]
        level["available"] = quantity

    def of(self, sku: str) -> ShopItem | None:
        if len(self._by_sku) != len(self.items):
            self._by_sku = {item.sku: item for item in reversed(self.items)}
        return self._by_sku.get(sku)

    _by_sku: dict[str | None, ShopItem] = field(default_factory=dict)

    def shown(self, sku: str) -> int:
        found = self.of(sku)
        assert found is not None
        return found.levels["1"]["available"]

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return b"SkewSet" in asked.body

    def answer(self, asked: ReceivedRequest) -> Answer:
        if asked.path == "/admin/oauth/access_token":
            return self._token(asked)
        if asked.path.startswith("/exports/"):
            assert not {"x-shopify-access-token", "authorization", "cookie"} & asked.headers.keys()
            return Answer(self.bulk.files[asked.path.partition("?")[0]])
        if not re.fullmatch(r"/admin/api/[^/]+/graphql\.json", asked.path):
            return Answer({"errors": "Not Found"}, 404)
        good = self.tokens[-1] if self.by_client and self.tokens else SECRET
        if asked.headers.get("x-shopify-access-token") != good:
            words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return Answer({"errors": words}, 401)
        return self._asked(asked.json["query"], asked.json["variables"])

    def _token(self, asked: ReceivedRequest) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        wanted = {"grant_type": "client_credentials", "client_id": "app-1", "client_secret": SECRET}
        if form != wanted:
            return Answer({"error": "application_cannot_be_found"}, 400)
        self.tokens.append(f"shop-token-{len(self.tokens) + 1}")
        answer = {"access_token": self.tokens[-1], "scope": ",".join(self.scopes)}
        return Answer({**answer, "expires_in": 86399})

    def _asked(self, query: str, variables: dict[str, Any]) -> Answer:
        named = re.match(r"\s*(?:query|mutation) Skew(\w+)", query)
        operation = named[1] if named is not None else ""
        self.before_answer(operation)
        requested = self._requested(operation, variables)
        self.points.fill()
        if requested > QUERY_POINTS_MAX:
            words = f"Query cost is {requested}, which exceeds the single query max cost limit"
            return self._trouble(words, "MAX_COST_EXCEEDED", requested)
        if requested > self.points.left:
            self.throttled += 1
            return self._trouble("Throttled", "THROTTLED", requested)
        lacking = self._lacking(operation)
        if lacking:
            return self._trouble(
                f"Access denied for {operation} field. Required access: `{lacking}` access scope.",
                "ACCESS_DENIED",
                requested,
            )
        data = self._data(operation, query, variables)
        if isinstance(data, str):
            return self._trouble(data, "undefinedField", requested)
        actual = min(requested, self._spent(operation, data))
        self.points.left -= actual
        extensions = self.points.said(requested, actual)
        body = with_raw({"data": data, "extensions": extensions}, self.raw)
        return Answer(body, headers={"X-Shopify-API-Version": self.version})

    def _trouble(self, message: str, code: str, requested: float) -> Answer:
        error = {"message": message, "extensions": {"code": code}}
        extensions = self.points.said(requested, None)
        return Answer({"errors": [error], "extensions": extensions})

    def _requested(self, operation: str, variables: dict[str, Any]) -> float:
        """An object is a point, a connection two and as many as it may hold (2026-11)."""
        variant = 2 + (1 + 1)
        if operation == "Items":
            return 2.0 + int(variables["first"]) * (3 + int(variables["levels"]) * 3 + variant)
        if operation == "ItemsAt":
            return 2.0 + int(variables["first"]) * (1 + 3 + variant)
        if operation == "Fresh":
            return len(variables["ids"]) * (1 + 3 + variant)
        return {"Levels": 153, "Variants": 103, "BulkList": 52}.get(operation, 10)

    def _spent(self, operation: str, data: dict[str, Any]) -> float:
        if operation == "Items":
            nodes = data["inventoryItems"]["nodes"]
            return 2 + sum(7 + 3 * len(node["inventoryLevels"]["nodes"]) for node in nodes)
        return 2 + 8 * len(data["inventoryItems"]["nodes"]) if operation == "ItemsAt" else 10

    def _lacking(self, operation: str) -> str:
        has = {*self.scopes, *(scope.replace("write_", "read_") for scope in self.scopes)}
        needed = {
            "Locations": "read_locations",
            "Location": "read_locations",
            "Set": "write_inventory",
        }
        needed |= dict.fromkeys(("Items", "ItemsAt", "Fresh"), "read_inventory")
        scope = needed.get(operation, "")
        return scope if scope not in {"", *has} else ""

    def _data(self, operation: str, query: str, variables: dict[str, Any]) -> dict[str, Any] | str:
        if self.is_old and operation in ("Size", "Rights"):
            return "Field 'productVariantsCount' doesn't exist on type 'QueryRoot'"
        if operation.startswith("Bulk"):
            return self.bulk.data(self, operation, variables)
        if operation in ("Items", "ItemsAt"):
            return {"inventoryItems": self._list(variables)}
        if operation in ("Levels", "Variants"):
            return {"inventoryItem": self._more(operation, variables)}
        if operation == "Fresh":
            by_id = {item.id: item for item in self.items}
            found = [by_id.get(item_id) for item_id in variables["ids"]]
            at = variables["location"].rpartition("/")[2]
            return {"nodes": [item and self.node(item, at=at, inactive=True) for item in found]}
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "Shop": lambda: {"shop": {"name": "Ketts", "myshopifyDomain": "ketts.myshopify.com"}},
            "Rights": lambda: {
                "currentAppInstallation": {
                    "accessScopes": [{"handle": scope} for scope in self.scopes]
                },
                "shop": {"plan": {"publicDisplayName": "Basic"}},
            },
            "Size": lambda: {"productVariantsCount": self._size(variables["limit"])},
            "Locations": lambda: {"locations": self._active_locations(variables["first"])},
            "Location": lambda: {
                "location": self._location(at)
                if (at := variables["id"].rpartition("/")[2]) in self.locations
                else None
            },
            "Set": lambda: {
                "inventorySetQuantities": self._set(query, variables["input"], variables["key"])
            },
        }
        return answers[operation]() if operation in answers else f"no operation {operation}"

    def _active_locations(self, first: int) -> dict[str, Any]:
        active = [self._location(number) for number, (_, is_on) in self.locations.items() if is_on]
        return connection(active[:first], more=len(active) > first)

    def _size(self, limit: int) -> dict[str, Any]:
        count = len(self.items) if self.variants_count is None else self.variants_count
        return {"count": min(count, limit), "precision": "EXACT" if count < limit else "AT_LEAST"}

    def _list(self, variables: dict[str, Any]) -> dict[str, Any]:
        assert variables["first"] <= self.page_max, "first must be at most 250"
        start = int(variables["after"] or 0)
        reach = self.items[: self.paged_max]
        end = start + variables["first"]
        at = variables["location"].rpartition("/")[2] if "location" in variables else None
        nodes = [
            self.node(item, at=at, levels=variables.get("levels", 0)) for item in reach[start:end]
        ]
        return connection(nodes, more=end < len(reach), cursor=str(end))

    def _more(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        (item,) = (item for item in self.items if item.id == variables["id"])
        start = int(variables["after"] or 0)
        name = "inventoryLevels" if operation == "Levels" else "variants"
        all_levels = [self.level(item, at) for at in item.levels if at not in item.inactive]
        all_of_it = all_levels if operation == "Levels" else self.offers(item)
        more = start + 50 < len(all_of_it)
        return {
            "id": item.id,
            "tracked": item.tracked,
            name: connection(all_of_it[start : start + 50], more=more, cursor=str(start + 50)),
        }

    def node(
        self, item: ShopItem, *, at: str | None, levels: int = 0, inactive: bool = False
    ) -> dict[str, Any]:
        offers = self.offers(item)
        found = {
            "id": item.id,
            "sku": item.sku,
            "tracked": item.tracked,
            "variants": connection(offers[:1], more=len(offers) > 1),
        }
        if at is None:
            active = [self.level(item, name) for name in item.levels if name not in item.inactive]
            more = len(active) > levels
            return found | {
                "inventoryLevels": connection(active[:levels], more=more, cursor=str(levels))
            }
        is_there = at in item.levels and (inactive or at not in item.inactive)
        return found | {"inventoryLevel": self.level(item, at) if is_there else None}

    def level(self, item: ShopItem, at: str) -> dict[str, Any]:
        quantities = [
            {
                "name": name,
                "quantity": f"<raw {item.sku}>"
                if name == "available" and item.sku in self.raw
                else quantity,
                "updatedAt": "2026-11-28T10:00:00Z",
            }
            for name, quantity in item.levels[at].items()
        ]
        return {
            "isActive": at not in item.inactive,
            "updatedAt": "2026-11-27T09:00:00Z",
            "location": self._location(at),
            "quantities": quantities,
        }

    def offers(self, item: ShopItem) -> list[dict[str, Any]]:
        offer = {
            "displayName": f"Article {item.sku}",
            "price": "12.90",
            "inventoryPolicy": item.policy,
            "requiresComponents": item.is_bundle,
            "product": {"status": item.status},
        }
        return [offer] * item.variants

    def _location(self, number: str) -> dict[str, Any]:
        name, active = self.locations[number]
        return {"id": f"gid://shopify/Location/{number}", "name": name, "isActive": active}

    def _set(self, query: str, sent: dict[str, Any], key: str) -> dict[str, Any]:
        self.written.append(sent)
        if not re.search(
            r"inventorySetQuantities\(input:\$input\)\s*@idempotent\(key:\$key\)", query
        ):
            return refusal("The @idempotent directive is required", "BAD_REQUEST")
        if self.refuse_next:
            return {"inventoryAdjustmentGroup": None, "userErrors": [self.refuse_next.pop(0)]}
        if key in self.answered:
            before, answer = self.answered[key]
            if before != sent:
                words = "The same idempotency key was used with other parameters"
                return refusal(words, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
            return dict(answer)
        answer = self._applied(sent)
        self.answered[key] = (json.loads(json.dumps(sent)), answer)
        return answer

    def _applied(self, sent: dict[str, Any]) -> dict[str, Any]:
        by_id = {item.id: item for item in self.items}
        assert sent["name"] == "available"
        assert sent["reason"] == "correction"
        assert re.fullmatch(r"[a-z]+://[\x21-\x7e]+", sent["referenceDocumentUri"])
        for index, entry in enumerate(sent["quantities"]):
            item = by_id.get(entry["inventoryItemId"])
            at = entry["locationId"].rpartition("/")[2]
            level = item.levels.get(at) if item is not None else None
            code = ""
            if "changeFromQuantity" not in entry:
                code = "COMPARE_QUANTITY_REQUIRED"
            elif item is None:
                code = "INVALID_INVENTORY_ITEM"
            elif at not in self.locations:
                code = "INVALID_LOCATION"
            elif item.is_bundle:
                code = "NON_MUTABLE_INVENTORY_ITEM"
            elif entry["quantity"] < 0:
                code = "INVALID_QUANTITY_NEGATIVE"
            elif entry["changeFromQuantity"] not in (None, level and level["available"]):
                code = "CHANGE_FROM_QUANTITY_STALE"
            if code:
                return refusal(f"refused: {code.lower()}", code, None if self.is_vague else index)
        for entry in sent["quantities"]:
            item = by_id[entry["inventoryItemId"]]
            at = entry["locationId"].rpartition("/")[2]
            # From 2026-10 this stocks it there.
            level = item.levels.setdefault(at, level_of(0))
            level["on_hand"] += entry["quantity"] - level["available"]
            level["available"] = entry["quantity"]
        group = {"id": f"gid://shopify/InventoryAdjustmentGroup/{len(self.written)}"}
        return {"inventoryAdjustmentGroup": group, "userErrors": []}
