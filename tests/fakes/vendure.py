"""Vendure's Admin API, as far as the kind uses it, on a list of variants."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from store.model import Millis
from sync.clock import SystemClock, rfc3339
from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

TOKEN = {"env": SECRET_NAME}


def in_seconds(at: Millis) -> str:
    """Write an instant as SQLite's columns of a shop keep it: cut to the second."""
    text = rfc3339(at // 1000 * 1000)
    assert text is not None
    return text


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
    edited_at: str = "2026-11-23T14:00:00.000Z"
    moved_at: str = "2026-11-23T14:00:00.000Z"
    """When its stock level last moved."""


@dataclass
class Vendure:
    """Vendure 3.7 Admin GraphQL as it answers: sign-in, listing, all-or-nothing writes, errors."""

    kind: str = "vendure"
    variants: list[VendureVariant] = field(default_factory=list)
    raw: dict[str, str] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    logins: int = 0
    global_threshold: int = 0
    locations: tuple[str, ...] = ("1", "2")
    by_api_key: bool = False
    orders: list[dict[str, Any]] = field(default_factory=list)
    movements: list[dict[str, Any]] = field(default_factory=list)
    """Oldest first, each with the id of its variant."""
    permissions: list[str] = field(default_factory=lambda: ["Authenticated", "SuperAdmin"])
    before_answer: Callable[[str], None] = lambda _query: None
    """Runs before each answer: what happens while somebody reads."""

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

    def is_write(self, asked: ReceivedRequest) -> bool:
        return b"updateProductVariants" in asked.body

    def answer(self, asked: ReceivedRequest) -> Answer:
        query, variables = asked.json["query"], asked.json["variables"]
        if "login(" in query:
            return self._login(variables)
        if not self._may(asked):
            return _trouble("You are not currently authorized to perform this action", "FORBIDDEN")
        self.before_answer(query)
        answers: dict[str, Callable[[], Answer]] = {
            "SkewSet": lambda: self._update(variables["input"]),
            "SkewOrders": lambda: self._orders(variables["options"]),
            "SkewMovements": lambda: self._movements(query, variables),
            "SkewEdited": lambda: self._edited(variables["options"]),
            "SkewLocations": self._locations,
            "SkewMe": self._me,
            "SkewVariants": lambda: self._list(variables["options"]),
        }
        name = re.match(r"(?:query|mutation) (\w+)", query)
        if name is not None and name[1] in answers:
            return answers[name[1]]()
        return Answer({"errors": [{"message": f"cannot query {query}"}]}, 400)

    def _locations(self) -> Answer:
        items = [{"id": location} for location in self.locations]
        return Answer({"data": {"stockLocations": {"items": items[:1]}}})

    def order(self, sku: str, units: int) -> str:
        variant = self._variant(sku)
        now = SystemClock().now()
        code = f"ORDER{len(self.orders) + 1}"
        line = {"orderPlacedQuantity": units, "productVariant": {"id": variant.id}}
        self.orders.append(
            {
                "code": code,
                "orderPlacedAt": rfc3339(now),
                "updatedAt": in_seconds(now),
                "active": False,
                "lines": [line],
            }
        )
        variant.allocated += units
        self.move(sku, "ALLOCATION", units)
        return code

    def count(self, sku: str, units: int) -> None:
        variant = self._variant(sku)
        variant.levels["1"] = variant.levels.get("1", 0) + units
        variant.edited_at = in_seconds(SystemClock().now())
        self.move(sku, "ADJUSTMENT", units)

    def misreport(self, sku: str) -> None:
        variant = self._variant(sku)
        mine = [movement for movement in self.movements if movement["variant"] == variant.id]
        mine[-1]["quantity"] = 1.5

    def move(self, sku: str, kind: str, units: int, at: str | None = None) -> None:
        """Keep a movement: what 3.7.3 keeps is in whole seconds where the database is SQLite."""
        variant = self._variant(sku)
        variant.moved_at = at or in_seconds(SystemClock().now())
        self.movements.append(
            {
                "id": str(len(self.movements) + 1),
                "variant": variant.id,
                "type": kind,
                "quantity": units,
                "createdAt": variant.moved_at,
            }
        )

    def _variant(self, sku: str) -> VendureVariant:
        return next(variant for variant in self.variants if variant.sku == sku)

    def _orders(self, options: dict[str, Any]) -> Answer:
        after = options["filter"]["updatedAt"]["after"]
        assert options["filter"]["active"] == {"eq": False}
        found = [
            order for order in self.orders if order["updatedAt"] > after and not order["active"]
        ]
        answer = [
            {name: part for name, part in order.items() if name != "active"} for order in found
        ]
        page = answer[options["skip"] : options["skip"] + options["take"]]
        return Answer({"data": {"orders": {"totalItems": len(found), "items": page}}})

    def _edited(self, options: dict[str, Any]) -> Answer:
        after = options["filter"]["updatedAt"]["after"]
        found = [variant for variant in self.variants if variant.edited_at > after]
        answer = [
            {
                "id": variant.id,
                "updatedAt": variant.edited_at,
                "stockLevels": [{"updatedAt": variant.moved_at} for _ in variant.levels],
            }
            for variant in found
        ]
        page = answer[options["skip"] : options["skip"] + options["take"]]
        return Answer({"data": {"productVariants": {"totalItems": len(found), "items": page}}})

    def _movements(self, query: str, variables: dict[str, Any]) -> Answer:
        data: dict[str, Any] = {"globalSettings": {"trackInventory": True}}
        for name in re.findall(r"(v\d+):productVariant\(", query):
            options = variables[f"{name}o"]
            skip = options.get("skip", 0)
            mine = [
                movement
                for movement in self.movements
                if movement["variant"] == variables[f"{name}id"]
            ]
            found = [variant for variant in self.variants if variant.id == variables[f"{name}id"]]
            data[name] = None
            for variant in found:
                items = [
                    {key: part for key, part in movement.items() if key != "variant"}
                    for movement in mine[skip : skip + options["take"]]
                ]
                data[name] = {
                    "id": variant.id,
                    "sku": variant.sku,
                    "trackInventory": variant.tracked,
                    "stockMovements": {"totalItems": len(mine), "items": items},
                }
        return Answer({"data": data})

    def _login(self, variables: dict[str, str]) -> Answer:
        if variables != {"username": "superadmin", "password": SECRET}:
            words = f"The provided credentials are invalid: {variables['password']}"
            login = {"__typename": "InvalidCredentialsError", "message": words}
            return Answer({"data": {"login": login}})
        self.logins += 1
        token = f"s3ssion-{self.logins}"
        self.sessions.add(token)
        answer = {"data": {"login": {"__typename": "CurrentUser"}}}
        return Answer(answer, headers={"vendure-auth-token": token})

    def _may(self, asked: ReceivedRequest) -> bool:
        if self.by_api_key:
            return asked.headers.get("vendure-api-key") == SECRET
        return asked.headers.get("authorization", "").removeprefix("Bearer ") in self.sessions

    def _me(self) -> Answer:
        me = {"identifier": "superadmin", "channels": [
            {"code": "__default_channel__", "permissions": self.permissions}]}  # fmt: skip
        found = {"me": None if self.by_api_key else me,
                 "activeChannel": {"code": "__default_channel__"},
                 "productVariants": {"totalItems": len(self.variants)}}  # fmt: skip
        return Answer({"data": found})

    def _list(self, options: dict[str, Any]) -> Answer:
        if options["take"] > 1000:
            words = "Cannot take more than 1000 results from a list query"
            return _trouble(words, "USER_INPUT_ERROR")
        found = [
            variant for variant in self.variants if _matches(variant, options.get("filter", {}))
        ]
        skip = options.get("skip", 0)
        items = [self._payload(variant) for variant in found[skip : skip + options["take"]]]
        data = {
            "productVariants": {"totalItems": len(found), "items": items},
            "globalSettings": {
                "trackInventory": True,
                "outOfStockThreshold": self.global_threshold,
            },
        }
        return Answer(with_raw({"data": data}, self.raw))

    def _update(self, inputs: list[dict[str, Any]]) -> Answer:
        by_id = {variant.id: variant for variant in self.variants}
        for entry in inputs:
            if entry["id"] not in by_id:
                words = f'No ProductVariant with the id "{entry["id"]}" could be found'
                return _trouble(words, "ENTITY_NOT_FOUND")
            for level in entry.get("stockLevels", []):
                if level["stockLocationId"] not in self.locations:
                    return _trouble("FOREIGN KEY constraint failed", None)
        for entry in inputs:
            variant = by_id[entry["id"]]
            variant.enabled = entry.get("enabled", variant.enabled)
            for level in entry.get("stockLevels", []):
                variant.levels[level["stockLocationId"]] = level["stockOnHand"]
        updated = [{"id": entry["id"]} for entry in inputs]
        return Answer({"data": {"updateProductVariants": updated}})

    def _threshold(self, variant: VendureVariant) -> int:
        return self.global_threshold if variant.uses_global else variant.threshold

    def _payload(self, variant: VendureVariant) -> dict[str, object]:
        allocated = [variant.allocated, *([0] * len(self.locations))]
        levels = [
            {
                "stockLocationId": location,
                "stockOnHand": f"<raw {variant.sku}>" if variant.sku in self.raw else on_hand,
                "stockAllocated": allocated.pop(0),
                "updatedAt": variant.moved_at,
            }
            for location, on_hand in variant.levels.items()
        ]
        return {
            "id": variant.id,
            "sku": variant.sku,
            "name": f"Article {variant.sku}",
            "enabled": variant.enabled,
            "updatedAt": variant.edited_at,
            "trackInventory": variant.tracked,
            "outOfStockThreshold": variant.threshold,
            "useGlobalOutOfStockThreshold": variant.uses_global,
            "priceWithTax": 1290,
            "product": {"enabled": variant.product_enabled},
            "stockLevels": levels,
        }


def _matches(variant: VendureVariant, wanted: dict[str, dict[str, list[str]]]) -> bool:
    return all(getattr(variant, name) in given["in"] for name, given in wanted.items())


def _trouble(message: str, code: str | None) -> Answer:
    error: dict[str, object] = {"message": message, "path": ["productVariants"]}
    if code is not None:
        error["extensions"] = {"code": code}
    return Answer({"errors": [error], "data": None})
