"""The vendors' APIs, as far as the kinds use them, on a dict of stock."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from store.event_kinds import EventKind
from sync.clock import SystemClock, rfc3339
from sync.simulation.channel import Item
from sync.simulation.server import WorldServer
from sync.simulation.world import World
from tests.contract.doors import Door, bearer, stop
from tests.contract.harness import SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

TOKEN = {"env": SECRET_NAME}
EVENTS_FROM = SystemClock().now() - 86_400_000
"""Yesterday: nothing in these tests is still to happen."""


@dataclass
class Market:
    """An API for the `http` kind: the `[channels.market]` of docs/configuration.md."""

    door: Door = field(default_factory=bearer)
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
            **self.door.keys(url),
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

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.method != "GET" and not asked.path.startswith("/door")

    def _last(self, sku: str) -> dict[str, object]:
        return next(event for event in reversed(self.moved) if event["sku"] == sku)

    def _move(self, what: str, sku: str, units: int, order: str | None) -> None:
        number = len(self.moved) + 1
        at = rfc3339(EVENTS_FROM + 1000 * number)
        self.moved.append(
            {"id": number, "what": what, "sku": sku, "units": units, "at": at, "order": order}
        )

    def _events(self, after: str) -> Answer:
        found = [event for event in self.moved if str(event["at"]) >= after][: self.events_size]
        return Answer({"events": found, "cursor": found[-1]["at"] if found else after})

    def put(self, sku: str, quantity: int) -> None:
        self.stock[sku] = quantity

    def shown(self, sku: str) -> int:
        return self.stock[sku]

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def answer(self, asked: ReceivedRequest) -> Answer:
        stopped = stop(self.door, asked)
        if stopped is not None:
            return stopped
        url = urlsplit(asked.path)
        if url.path == "/events":
            return self._events(parse_qs(url.query).get("after", [""])[0])
        sku = unquote(url.path.removeprefix("/stock").removeprefix("/"))
        if not sku:
            return self._page(int(parse_qs(url.query).get("page", ["0"])[0]))
        if sku not in self.stock:
            return Answer({"message": "no such listing"}, 404)
        if asked.method == "PUT":
            if asked.json["if_available"] != self.stock[sku]:
                return Answer({"message": f"it has {self.stock[sku]}"}, 409)
            self.stock[sku] = asked.json["available"]
        return Answer(with_raw(self._payload(sku), self.raw))

    def _page(self, number: int) -> Answer:
        start = number * self.page_size
        skus = list(self.stock)[start : start + self.page_size]
        more = start + self.page_size < len(self.stock)
        page = {
            "items": [self._payload(sku) for sku in skus],
            "next": f"?page={number + 1}" if more else None,
        }
        return Answer(with_raw(page, self.raw))

    def _payload(self, sku: str) -> dict[str, object]:
        available = f"<raw {sku}>" if sku in self.raw else self.stock[sku]
        return {"sku": sku, "available": available, "state": "live", "price": "12.50"}


@dataclass
class Simulated:
    """The world's own server, asked through the front like any other backend."""

    server: WorldServer
    world: World
    kind: str = "simulated"
    raw: dict[str, str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    """Orders that are reported with a quantity that is not a number."""

    def table(self, url: str) -> dict[str, Any]:
        return {"url": f"{url}/shop", "token": TOKEN}

    def order(self, sku: str, units: int) -> str:
        world_channel = self.world.channel("shop")
        event = world_channel.add_event(
            EventKind.ORDERED, sku, units, self.world.now, is_order=True
        )
        return str(event.order)

    def count(self, sku: str, units: int) -> None:
        self.world.channel("shop").add_event(EventKind.ADJUSTED, sku, units, self.world.now)

    def misreport(self, sku: str) -> None:
        self.bad.add(sku)

    def put(self, sku: str, quantity: int) -> None:
        world_channel = self.world.channel("shop")
        world_channel.put(Item(sku, f"Article {sku}", 1290, quantity, moved_at=self.world.now))

    def shown(self, sku: str) -> int:
        item = self.world.channel("shop").held(sku)
        assert item is not None
        return item.available

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def answer(self, asked: ReceivedRequest) -> Answer:
        own = urlsplit(self.server.url("shop"))
        connection = http.client.HTTPConnection(own.netloc, timeout=5)
        try:
            connection.request(asked.method, asked.path, asked.body, asked.headers)
            reply = connection.getresponse()
            body = json.loads(reply.read())
        finally:
            connection.close()
        for item in body.get("items", []):
            if item["sku"] in self.bad and "kind" in item:
                item["quantity"] = 1.5
            if item["sku"] in self.raw and "available" in item:
                item["available"] = f"<raw {item['sku']}>"
        return Answer(with_raw(body, self.raw), reply.status)
