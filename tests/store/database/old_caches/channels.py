"""A server on this machine with the shops that the life in `life` sells on, good and bad."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

OK, ACCEPTED, CONFLICT, UNPROCESSABLE = 200, 202, 409, 422


@dataclass
class Shop:
    """What one channel shows, and how it behaves."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By reference."""
    events: list[dict[str, Any]] = field(default_factory=list)
    status: int = OK
    """Of its list."""
    lies: set[str] = field(default_factory=set)
    """SKUs whose writes it takes and forgets."""
    refuses: set[str] = field(default_factory=set)
    hangs_up: set[str] = field(default_factory=set)
    """SKUs whose writes get no reply."""
    late: set[str] = field(default_factory=set)
    """SKUs whose writes it applies once its list has been asked for."""
    queue: list[tuple[dict[str, Any], int]] = field(default_factory=list)

    def work_off(self) -> None:
        """Apply what was taken for later."""
        for item, available in self.queue:
            item["available"] = available
        self.queue.clear()

    def put(self, sku: str, available: int | None, **more: object) -> None:
        """List a SKU, or change what it shows."""
        ref = str(more.pop("ref", sku))
        old = self.items.get(ref, {"sku": sku, "ref": ref, "state": "live"})
        self.items[ref] = old | {"available": available} | more

    def sell(self, event_id: str, kind: str, sku: str, quantity: int, at: str, **more: str) -> None:
        """Report that something moved."""
        self.events.append(
            {"id": event_id, "kind": kind, "sku": sku, "quantity": quantity, "at": at} | more
        )


class _Handler(BaseHTTPRequestHandler):
    """`/NAME`, `/NAME/item/REF` and `/NAME/events`."""

    shops: ClassVar[dict[str, Shop]] = {}

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        shop, rest, query = self._asked()
        if rest == ["events"]:
            after = int(query.get("after", ["0"])[0] or 0)
            events = shop.events[after:]
            self._answer(OK, {"events": events, "cursor": str(len(shop.events))})
        elif rest[:1] == ["item"]:
            found = shop.items.get(rest[1])
            self._answer(OK if found else 404, found or {})
        else:
            self._answer(shop.status, {"items": list(shop.items.values()), "next": None})
            shop.work_off()

    def do_PUT(self) -> None:
        shop, rest, _ = self._asked()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        item = shop.items[rest[1]]
        if item["sku"] in shop.refuses:
            self._answer(UNPROCESSABLE, {"error": "this offer is locked"})
            return
        if body.get("if_available", item["available"]) != item["available"]:
            self._answer(CONFLICT, {"error": "it has changed"})
            return
        if item["sku"] in shop.late:
            shop.queue.append((item, body["available"]))
            self._answer(ACCEPTED, {})
            return
        if item["sku"] not in shop.lies:
            item["available"] = body["available"]
        if item["sku"] in shop.hangs_up:
            self.close_connection = True
            return
        self._answer(OK, item)

    def _asked(self) -> tuple[Shop, list[str], dict[str, list[str]]]:
        url = urlsplit(self.path)
        name, *rest = [unquote(part) for part in url.path.strip("/").split("/")]
        return self.shops[name], rest, parse_qs(url.query)

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(shops: dict[str, Shop]) -> Iterator[str]:
    """Serve them; answer the address."""
    _Handler.shops.update(shops)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
