"""Serve a world over real HTTP on loopback: one server, a path and a token for each channel.

    GET  /shop/stock?limit=200&cursor=…    a page: {"items": […], "next": "…" or null, "total": n}
    GET  /shop/stock?sku=…&sku=…           those few: {"items": […], "next": null, "total": n}
    GET  /shop/stock/{sku}                 that one, or 404
    POST /shop/stock                       {"changes": [{"sku", "available", "state"?, "previous"?,
                                           "key"?}]} → {"results": [{"sku", "status", "message"}]}
    GET  /shop/events?after=0&limit=200    what moved: {"items": [{"id", "kind", "sku", "quantity",
                                           "at", "order"}], "next": …}; the warehouse reports none

A channel with a rate limit sends it with every answer, in X-RateLimit-Limit and -Remaining, and
answers 429 beyond it. Every request carries the channel's own bearer token. The world is advanced
to the clock's time whenever someone asks, so nothing runs while nobody looks.
"""

import hmac
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from types import MappingProxyType, TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from store.model import Millis, State
from sync.clock import Clock, rfc3339
from sync.simulation.channel import Fault, Item, StockWrite, WorldChannel
from sync.simulation.world import World

LIMIT_DEFAULT = 100
LIMIT_MAX = 500
CHANGES_MAX = 100
BODY_BYTES_MAX = 1024 * 1024
DRAINED_BYTES_MAX = 4 * BODY_BYTES_MAX
RETRY_AFTER_S = 2
STOP_LOOK_S = 0.05
"""How often the server looks whether it is to stop."""
LOOK_S = 0.1
"""How often a silent channel looks whether it may speak again."""


@dataclass(slots=True)
class RequestBudget:
    """A channel's rate limit, as many have it: a burst of `of`, then `per_s` a second."""

    of: int
    per_s: float
    left: float = 0.0
    at: Millis | None = None

    def spend(self, now: Millis) -> bool:
        """Take one request, if there is one to take."""
        since_ms = self.of * 1000 / self.per_s if self.at is None else max(0, now - self.at)
        self.left = min(float(self.of), self.left + since_ms * self.per_s / 1000)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class _Change(msgspec.Struct, frozen=True):
    sku: str
    available: int
    state: State | None = None
    previous: int | None = None
    key: str | None = None


class _Changes(msgspec.Struct, frozen=True):
    changes: list[_Change]


@dataclass(frozen=True, slots=True)
class _Request:
    """One request that its token and its channel's faults let through."""

    world_channel: WorldChannel
    path: tuple[str, ...]
    query: Mapping[str, list[str]]
    body: bytes


class Refusal(Exception):
    """Answer with this status and these words."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class ConnectionDropped(Exception):
    """Close the connection without an answer."""


class WorldServer:
    """A world on the network. Use it as a context; leaving it ends every thread it started."""

    def __init__(
        self,
        world: World,
        *,
        tokens: Mapping[str, str],
        clock: Clock,
        allowances: Mapping[str, RequestBudget] = MappingProxyType({}),
    ) -> None:
        """`tokens` has each channel's token; the world's time begins with the first request."""
        self._world = world
        self._tokens = tokens
        self._allowances = allowances
        self._clock = clock
        self._began: Millis | None = None
        # Every connection has a thread of its own, and the world knows nothing of threads. So one
        # lock is held while the world is advanced and read, and never while something is sent.
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Http(self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(STOP_LOOK_S,), name="simulated world"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()

    def url(self, channel: str) -> str:
        """Where a channel answers, without a slash at the end."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}/{channel}"

    def direct(self, act: Callable[[], None]) -> None:
        """Have something done to the world while nobody else reads or advances it."""
        with self._lock:
            self._advance()
            act()

    def channel(self, channel: str, authorization: str) -> WorldChannel:
        """Find the channel that a request is for, once its token and its faults allow."""
        token = self._tokens.get(channel)
        if token is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no such channel")
        world_channel = self._world.channel(channel)
        while self._has(world_channel, Fault.SILENT):
            if self._closing.wait(LOOK_S):
                raise ConnectionDropped
        if self._has(world_channel, Fault.BUSY):
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy, come back later")
        if not self._within_budget(channel):
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "slow down")
        given = authorization.removeprefix("Bearer ").encode()
        if self._has(world_channel, Fault.REFUSES) or not hmac.compare_digest(
            given, token.encode()
        ):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "this token is not valid")
        return world_channel

    def limits(self, channel: str) -> dict[str, str]:
        """What a channel says about its rate limit in an answer, as headers."""
        budget = self._allowances.get(channel)
        if budget is None:
            return {}
        return {"X-RateLimit-Limit": str(budget.of), "X-RateLimit-Remaining": str(int(budget.left))}

    def page(self, world_channel: WorldChannel, cursor: str, limit: int) -> dict[str, object]:
        """Answer one page of a channel's listings."""
        with self._lock:
            now = self._advance()
            items, after, total = world_channel.page(cursor, limit, now)
        return {
            "items": [self._payload(world_channel, item) for item in items],
            "next": after,
            "total": total,
        }

    def events(self, world_channel: WorldChannel, after: int, limit: int) -> dict[str, object]:
        """Answer what happened on a channel after its event of that number."""
        with self._lock:
            now = self._advance()
            found = world_channel.events_after(after, limit, now)
        items = [
            {
                "id": happening.number,
                "kind": happening.kind,
                "sku": happening.sku,
                "quantity": happening.units,
                "at": rfc3339((self._began or 0) + happening.at),
                "order": happening.order,
            }
            for happening in found
        ]
        return {"items": items, "next": str(found[-1].number if found else after)}

    def listings(self, world_channel: WorldChannel, skus: list[str]) -> dict[str, object]:
        """Answer those of these SKUs that the channel lists."""
        with self._lock:
            now = self._advance()
            items = [item for sku in skus if (item := world_channel.shown(sku, now)) is not None]
        payloads = [self._payload(world_channel, item) for item in items]
        return {"items": payloads, "next": None, "total": len(payloads)}

    def write(self, world_channel: WorldChannel, changes: list[_Change]) -> dict[str, object]:
        """Apply the changes one by one; one that is refused does not hold up the others."""
        if world_channel.terms is None:
            raise Refusal(HTTPStatus.FORBIDDEN, "this token may only read")
        with self._lock:
            now = self._advance()
            written = [
                world_channel.write(
                    StockWrite(
                        sku=change.sku,
                        available=change.available,
                        state=change.state if world_channel.terms.has_states else None,
                        previous=change.previous,
                        key=change.key,
                    ),
                    now,
                )
                for change in changes
            ]
            if world_channel.has(Fault.LOSES_REPLIES, now):
                raise ConnectionDropped
        return {"results": written}

    def _advance(self) -> Millis:
        now = self._clock.now()
        if self._began is None:
            self._began = now
        self._world.advance(now - self._began)
        return self._world.now

    def _has(self, world_channel: WorldChannel, fault: Fault) -> bool:
        with self._lock:
            return world_channel.has(fault, self._advance())

    def _within_budget(self, channel: str) -> bool:
        budget = self._allowances.get(channel)
        with self._lock:
            return budget is None or budget.spend(self._clock.now())

    def _payload(self, world_channel: WorldChannel, item: Item) -> dict[str, object]:
        payload: dict[str, object] = {
            "sku": item.sku,
            "title": item.title,
            "available": item.available,
            "price_minor": item.price_minor,
            "updated_at": rfc3339((self._began or 0) + item.moved_at),
        }
        if world_channel.terms is None:
            payload["on_hand"] = item.available + item.committed
            payload["committed"] = item.committed
            payload["incoming"] = item.incoming
        elif world_channel.terms.has_states:
            payload["state"] = item.state
        return payload


class _Http(ThreadingHTTPServer):
    daemon_threads = False
    """So that closing waits for every answer under way."""

    def __init__(self, world: WorldServer) -> None:
        self.world = world
        self._open: set[socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - theirs
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - theirs
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every kept-alive connection, so that no thread waits for a next request."""
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - theirs
        """Log nothing when a caller hangs up midway: a cancelled poll does that."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Http
    _channel = ""
    """The channel that the current request is for."""

    def do_GET(self) -> None:
        self._answer(b"", _read)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            # The body is read, up to a bound, before the refusal is sent. A client that is still
            # sending when the connection closes gets a broken pipe and never sees the 413.
            self.rfile.read(min(length, DRAINED_BYTES_MAX))
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "too long"})
        else:
            self._answer(self.rfile.read(length), _write)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - theirs
        """Keep quiet: the console owns the terminal."""

    def _answer(self, body: bytes, work: Callable[[WorldServer, _Request], object]) -> None:
        """Do the work of one request and send its result, or the status of what it raised."""
        parts = urlsplit(self.path)
        channel, *path = [unquote(part) for part in parts.path.strip("/").split("/")]
        world = self.server.world
        self._channel = channel
        try:
            world_channel = world.channel(channel, self.headers.get("Authorization", ""))
            asked = _Request(world_channel, tuple(path), parse_qs(parts.query), body)
            self._send(HTTPStatus.OK, work(world, asked))
        except Refusal as refusal:
            self._send(refusal.status, {"error": str(refusal)})
        except ConnectionDropped:
            self.close_connection = True

    def _send(self, status: HTTPStatus, answer: object) -> None:
        body = msgspec.json.encode(answer)
        self.send_response(status)
        for name, value in self.server.world.limits(self._channel).items():
            self.send_header(name, value)
        if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            self.send_header("Retry-After", str(RETRY_AFTER_S))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _read(world: WorldServer, asked: _Request) -> object:
    match asked.path:
        case ("stock", sku):
            found = world.listings(asked.world_channel, [sku])
            if not found["items"]:
                raise Refusal(HTTPStatus.NOT_FOUND, "no such listing")
            return found
        case ("stock",) if "sku" in asked.query:
            return world.listings(asked.world_channel, asked.query["sku"][:LIMIT_MAX])
        case ("stock",):
            return world.page(
                asked.world_channel, asked.query.get("cursor", [""])[0], _limit(asked)
            )
        case ("events",):
            after = asked.query.get("after", ["0"])[0]
            if not after.isdecimal():
                raise Refusal(HTTPStatus.BAD_REQUEST, "after is the number of an event, or 0")
            return world.events(asked.world_channel, int(after), _limit(asked))
    raise Refusal(HTTPStatus.NOT_FOUND, "no such path")


def _limit(asked: _Request) -> int:
    limit = asked.query.get("limit", [str(LIMIT_DEFAULT)])[0]
    if not limit.isdecimal() or not 1 <= int(limit) <= LIMIT_MAX:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"limit is 1 to {LIMIT_MAX}")
    return int(limit)


def _write(world: WorldServer, asked: _Request) -> object:
    if asked.path != ("stock",):
        raise Refusal(HTTPStatus.NOT_FOUND, "no such path")
    try:
        changes = msgspec.json.decode(asked.body, type=_Changes).changes
    except msgspec.DecodeError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
    if len(changes) > CHANGES_MAX:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"at most {CHANGES_MAX} changes at once")
    return world.write(asked.world_channel, changes)
