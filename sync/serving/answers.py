"""An answer to an HTTP request."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Self

import msgspec

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

THROWN_AWAY_MAX = 32_000_000
THROWN_AWAY_S = 5.0


class HttpAnswer(msgspec.Struct, frozen=True):
    """A status, a body and its headers, in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}

    @classmethod
    def words(cls, status: int, text: str, **headers: str) -> Self:
        """A line of plain text, or several."""
        plain = {"content-type": "text/plain; charset=utf-8"}
        return cls(status, f"{text}\n".encode(), plain | headers)

    async def send(self, send: Send, receive: Receive, *, with_body: bool = True) -> None:
        """Send it, by ASGI."""
        headers = {
            "content-length": str(len(self.body)),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        } | dict(self.headers)
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        body = self.body if with_body else b""
        await send({"type": "http.response.start", "status": self.status, "headers": encoded})
        if self.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            # Closed while the rest still comes, the connection would take this answer back.
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await _throw_away(receive)
            body = b""
        await send({"type": "http.response.body", "body": body})


async def _throw_away(receive: Receive) -> None:
    """Read what is left of a request, as far as it is neither too slow nor endless."""
    left = THROWN_AWAY_MAX
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(THROWN_AWAY_S):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body"):
                    return
