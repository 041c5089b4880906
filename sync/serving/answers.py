"""An answer to an HTTP request."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Self

import msgspec


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

    async def send(
        self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]], *, with_body: bool = True
    ) -> None:
        """Send it, by ASGI."""
        headers = {
            "content-length": str(len(self.body)),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        } | dict(self.headers)
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": encoded})
        await send({"type": "http.response.body", "body": self.body if with_body else b""})
