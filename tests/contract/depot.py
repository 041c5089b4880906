"""An API that is written to as a test describes it, for the tests of the kind http."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from sync.channels.base import Receipt
from tests.contract.harness import OverHttp, change, opened, poll
from tests.loopback import Answer, ReceivedRequest


@dataclass
class Depot:
    """An API whose writes are as the test describes them; its ids are numbers."""

    kind: str = "http"
    stock: dict[int, int] = field(default_factory=lambda: {71: 5, 72: 0, 73: 12})
    versions: dict[int, int] = field(default_factory=lambda: {71: 1, 72: 1, 73: 1})
    write: dict[str, Any] = field(default_factory=dict)
    on_write: Callable[[ReceivedRequest], Answer] = lambda _asked: Answer({})
    fields: dict[str, str] = field(
        default_factory=lambda: {"sku": "sku", "ref": "id", "available": "qty"}
    )
    more: dict[str, Any] = field(default_factory=dict)

    def table(self, url: str) -> dict[str, Any]:
        own = {
            name: part.replace("URL", url) if isinstance(part, str) else part
            for name, part in self.write.items()
        }
        return {"url": f"{url}/items", "items": "items", "fields": self.fields, "write": own,
                **self.more}  # fmt: skip

    def answer(self, asked: ReceivedRequest) -> Answer:
        path = unquote(urlsplit(asked.path).path)
        if asked.method != "GET":
            return self.on_write(asked)
        if path == "/items":
            return Answer({"items": [self.record(ref) for ref in self.stock]})
        ref = int(path.rpartition("/")[2])
        tag = {"ETag": f'"v{self.versions[ref]}"'}
        return Answer(self.record(ref), headers=tag)

    def record(self, ref: int) -> dict[str, object]:
        parent = {"parent_id": 7 if ref < 73 else 8}
        return {"id": ref, "sku": f"S-{ref}", "qty": self.stock[ref],
                "version": self.versions[ref], **parent}  # fmt: skip

    def put(self, sku: str, quantity: int) -> None:
        self.stock[int(sku.removeprefix("S-"))] = quantity

    def shown(self, sku: str) -> int:
        return self.stock[int(sku.removeprefix("S-"))]

    def corrupt(self, sku: str, raw: str) -> None:
        raise NotImplementedError(f"{sku} is never {raw} here")


def describe(depot: OverHttp, **write: Any) -> Depot:
    assert isinstance(depot.backend, Depot)
    depot.backend.write = {"url": "URL/items/{ref}", "body": {"qty": "$quantity"}, **write}
    return depot.backend


async def written(depot: OverHttp, **quantities: int) -> list[Receipt]:
    """Poll, and write in one call: `written(depot, S_71=4)`."""
    reading = await poll(depot)
    changes = [
        change(reading.of(name.replace("_", "-")), quantity, f"c-{name}")
        for name, quantity in quantities.items()
    ]
    async with opened(depot) as channel:
        return list(await channel.write(changes))


def sent(depot: OverHttp) -> ReceivedRequest:
    (found,) = [asked for asked in depot.server.asked if asked.method != "GET"]
    return found


WOO = {
    "url": "URL/batch", "method": "POST", "body": {"id": "$ref", "stock_quantity": "$quantity"},
    "batch": {"max": 100, "list": "update", "result": "update[]", "error": "error.message",
              "id": "id"},
}  # fmt: skip


def woo(depot: OverHttp, *, errors: dict[int, dict[str, Any]] | None = None, **write: Any) -> Depot:
    """A batch as WooCommerce answers it: 200, with an error for each item that failed."""
    backend = describe(depot, **{**WOO, **write})

    def on_write(asked: ReceivedRequest) -> Answer:
        results: list[dict[str, Any]] = []
        for item in asked.json["update"]:
            error = (errors or {}).get(item["id"])
            if error is None:
                backend.stock[item["id"]] = item["stock_quantity"]
            results.append({"id": item["id"], **({"error": error} if error else {})})
        return Answer({"update": list(reversed(results))})

    backend.on_write = on_write
    return backend


def by_parent(depot: OverHttp, **write: Any) -> Depot:
    backend = woo(depot, **{"url": "URL/products/{parent}/batch", **write})
    backend.more = {"ids": {"parent": "parent_id"}}
    return backend
