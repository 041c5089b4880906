"""The vendors' APIs, as far as the kinds use them, on a dict of stock."""

import http.client
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sync.clock import SystemClock, rfc3339
from sync.simulation.server import WorldServer
from sync.simulation.shelf import Item
from sync.simulation.world import World
from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Asked, Told

TOKEN = {"env": SECRET_NAME}
EVENTS_FROM = SystemClock().now() - 86_400_000
"""Yesterday: nothing in these tests is still to happen."""


@dataclass
class Market:
    """The `http` kind's: the API of DESIGN.md's `[channels.market]`."""

    kind: str = "http"
    stock: dict[str, int] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    page_size: int = 400
    moved: list[dict[str, object]] = field(default_factory=list)
    events_size: int = 3

    def table(self, url: str) -> dict[str, Any]:
        return {
            "url": f"{url}/stock",
            "items": "items",
            "next": "next",
            "token": TOKEN,
            "fields": {"sku": "sku", "available": "available", "state": "state", "price": "price"},
            "states": {"live": "active", "paused": "disabled"},
            "write": {
                "url": f"{url}/stock/{{sku}}",
                "body": {"available": "$quantity", "if_available": "$previous"},
                "conflict": [409, 412],
                "read": f"{url}/stock/{{sku}}",
            },
            "events": {
                "url": f"{url}/events?after={{cursor}}",
                "items": "events",
                "cursor": "cursor",
                "kinds": {"sale": "ordered", "count": "adjusted"},
                "fields": {
                    "id": "id",
                    "kind": "what",
                    "sku": "sku",
                    "quantity": "units",
                    "at": "at",
                    "order": "order",
                },
            },
        }

    def order(self, sku: str, units: int) -> str:
        order = f"M-{len(self.moved) + 1}"
        self._move("sale", sku, units, order)
        return order

    def count(self, sku: str, units: int) -> None:
        self._move("count", sku, units, None)

    def misreport(self, sku: str) -> None:
        self._last(sku)["units"] = 1.5

    def _last(self, sku: str) -> dict[str, object]:
        return next(each for each in reversed(self.moved) if each["sku"] == sku)

    def _move(self, what: str, sku: str, units: int, order: str | None) -> None:
        number = len(self.moved) + 1
        at = rfc3339(EVENTS_FROM + 1000 * number)
        self.moved.append(
            {"id": number, "what": what, "sku": sku, "units": units, "at": at, "order": order}
        )

    def _events(self, after: str) -> Told:
        found = [each for each in self.moved if str(each["at"]) >= after][: self.events_size]
        return Told({"events": found, "cursor": found[-1]["at"] if found else after})

    def put(self, sku: str, quantity: int) -> None:
        self.stock[sku] = quantity

    def shown(self, sku: str) -> int:
        return self.stock[sku]

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return Told({"message": f"bad token {asked.headers.get('authorization')}"}, 401)
        url = urlsplit(asked.path)
        if url.path == "/events":
            return self._events(parse_qs(url.query).get("after", [""])[0])
        sku = unquote(url.path.removeprefix("/stock").removeprefix("/"))
        if not sku:
            return self._page(int(parse_qs(url.query).get("page", ["0"])[0]))
        if sku not in self.stock:
            return Told({"message": "no such listing"}, 404)
        if asked.method == "PUT":
            if asked.json["if_available"] != self.stock[sku]:
                return Told({"message": f"it has {self.stock[sku]}"}, 409)
            self.stock[sku] = asked.json["available"]
        return Told(with_raw(self._told(sku), self.raw))

    def _page(self, number: int) -> Told:
        start = number * self.page_size
        skus = list(self.stock)[start : start + self.page_size]
        more = start + self.page_size < len(self.stock)
        page = {
            "items": [self._told(sku) for sku in skus],
            "next": f"?page={number + 1}" if more else None,
        }
        return Told(with_raw(page, self.raw))

    def _told(self, sku: str) -> dict[str, object]:
        available = f"<raw {sku}>" if sku in self.raw else self.stock[sku]
        return {"sku": sku, "available": available, "state": "live", "price": "12.50"}


@dataclass
class VendureVariant:
    id: str
    sku: str
    levels: dict[str, int]
    """Stock on hand by location."""
    allocated: int = 0
    threshold: int = 0
    uses_global: bool = True
    enabled: bool = True
    product_enabled: bool = True
    tracked: str = "INHERIT"


@dataclass
class Vendure:
    """CHANNELS.md, "Vendure 3.7 Admin GraphQL": sign-in, listing, all-or-nothing writes, errors."""

    kind: str = "vendure"
    variants: list[VendureVariant] = field(default_factory=list)
    raw: dict[str, str] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    logins: int = 0
    global_threshold: int = 0
    locations: tuple[str, ...] = ("1", "2")
    by_api_key: bool = False

    def table(self, url: str) -> dict[str, Any]:
        if self.by_api_key:
            return {"url": f"{url}/admin-api", "api_key": TOKEN}
        return {"url": f"{url}/admin-api", "username": "superadmin", "password": TOKEN}

    def put(self, sku: str, quantity: int) -> None:
        found = [variant for variant in self.variants if variant.sku == sku]
        if not found:
            found = [VendureVariant(str(len(self.variants) + 1), sku, {})]
            self.variants += found
        found[0].levels = {"1": quantity + found[0].allocated + self._threshold(found[0])}

    def shown(self, sku: str) -> int:
        (variant,) = (variant for variant in self.variants if variant.sku == sku)
        return sum(variant.levels.values()) - variant.allocated - self._threshold(variant)

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def answer(self, asked: Asked) -> Told:
        query, variables = asked.json["query"], asked.json["variables"]
        if "login(" in query:
            return self._login(variables)
        if not self._may(asked):
            return _trouble("You are not currently authorized to perform this action", "FORBIDDEN")
        if "updateProductVariants(" in query:
            return self._update(variables["input"])
        if "stockLocations(" in query:
            items = [{"id": location} for location in self.locations]
            return Told({"data": {"stockLocations": {"items": items[:1]}}})
        if re.search(r"productVariants\(.*globalSettings", query, re.DOTALL):
            return self._list(variables["options"])
        return Told({"errors": [{"message": f"cannot query {query}"}]}, 400)

    def _login(self, variables: dict[str, str]) -> Told:
        if variables != {"username": "superadmin", "password": SECRET}:
            words = f"The provided credentials are invalid: {variables['password']}"
            login = {"__typename": "InvalidCredentialsError", "message": words}
            return Told({"data": {"login": login}})
        self.logins += 1
        token = f"s3ssion-{self.logins}"
        self.sessions.add(token)
        told = {"data": {"login": {"__typename": "CurrentUser"}}}
        return Told(told, headers={"vendure-auth-token": token})

    def _may(self, asked: Asked) -> bool:
        if self.by_api_key:
            return asked.headers.get("vendure-api-key") == SECRET
        return asked.headers.get("authorization", "").removeprefix("Bearer ") in self.sessions

    def _list(self, options: dict[str, Any]) -> Told:
        if options["take"] > 1000:
            words = "Cannot take more than 1000 results from a list query"
            return _trouble(words, "USER_INPUT_ERROR")
        found = [each for each in self.variants if _matches(each, options.get("filter", {}))]
        skip = options.get("skip", 0)
        items = [self._told(variant) for variant in found[skip : skip + options["take"]]]
        data = {
            "productVariants": {"totalItems": len(found), "items": items},
            "globalSettings": {
                "trackInventory": True,
                "outOfStockThreshold": self.global_threshold,
            },
        }
        return Told(with_raw({"data": data}, self.raw))

    def _update(self, inputs: list[dict[str, Any]]) -> Told:
        by_id = {variant.id: variant for variant in self.variants}
        for each in inputs:
            if each["id"] not in by_id:
                words = f'No ProductVariant with the id "{each["id"]}" could be found'
                return _trouble(words, "ENTITY_NOT_FOUND")
            for level in each.get("stockLevels", []):
                if level["stockLocationId"] not in self.locations:
                    return _trouble("FOREIGN KEY constraint failed", None)
        for each in inputs:
            variant = by_id[each["id"]]
            variant.enabled = each.get("enabled", variant.enabled)
            for level in each.get("stockLevels", []):
                variant.levels[level["stockLocationId"]] = level["stockOnHand"]
        updated = [{"id": each["id"]} for each in inputs]
        return Told({"data": {"updateProductVariants": updated}})

    def _threshold(self, variant: VendureVariant) -> int:
        return self.global_threshold if variant.uses_global else variant.threshold

    def _told(self, variant: VendureVariant) -> dict[str, object]:
        at = "2026-11-23T14:00:00.000Z"
        allocated = [variant.allocated, *([0] * len(self.locations))]
        levels = [
            {
                "stockLocationId": location,
                "stockOnHand": f"<raw {variant.sku}>" if variant.sku in self.raw else on_hand,
                "stockAllocated": allocated.pop(0),
                "updatedAt": at,
            }
            for location, on_hand in variant.levels.items()
        ]
        return {
            "id": variant.id,
            "sku": variant.sku,
            "name": f"Article {variant.sku}",
            "enabled": variant.enabled,
            "updatedAt": at,
            "trackInventory": variant.tracked,
            "outOfStockThreshold": variant.threshold,
            "useGlobalOutOfStockThreshold": variant.uses_global,
            "priceWithTax": 1290,
            "product": {"enabled": variant.product_enabled},
            "stockLevels": levels,
        }


def _matches(variant: VendureVariant, wanted: dict[str, dict[str, list[str]]]) -> bool:
    return all(getattr(variant, name) in given["in"] for name, given in wanted.items())


def _trouble(message: str, code: str | None) -> Told:
    error: dict[str, object] = {"message": message, "path": ["productVariants"]}
    if code is not None:
        error["extensions"] = {"code": code}
    return Told({"errors": [error], "data": None})


@dataclass
class Simulated:
    """The world's own server, asked through the front like any other backend."""

    server: WorldServer
    world: World
    kind: str = "simulated"
    raw: dict[str, str] = field(default_factory=dict)

    def table(self, url: str) -> dict[str, Any]:
        return {"url": f"{url}/shop", "token": TOKEN}

    def put(self, sku: str, quantity: int) -> None:
        shelf = self.world.shelf("shop")
        shelf.put(Item(sku, f"Article {sku}", 1290, quantity, moved_at=self.world.now))

    def shown(self, sku: str) -> int:
        item = self.world.shelf("shop").held(sku)
        assert item is not None
        return item.available

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def answer(self, asked: Asked) -> Told:
        own = urlsplit(self.server.url("shop"))
        connection = http.client.HTTPConnection(own.netloc, timeout=5)
        try:
            connection.request(asked.method, asked.path, asked.body, asked.headers)
            reply = connection.getresponse()
            body = json.loads(reply.read())
        finally:
            connection.close()
        for item in body.get("items", []):
            if item["sku"] in self.raw:
                item["available"] = f"<raw {item['sku']}>"
        return Told(with_raw(body, self.raw), reply.status)
