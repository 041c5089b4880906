"""Servers without sockets: the real client and the real transport, up to where bytes leave."""

import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from sync.clock import SystemClock
from sync.contract import harness, loopback
from sync.contract.loopback import FakeAnswer, ReceivedRequest
from sync.transport import client as client_module

URL = "http://127.0.0.1:8080"

REQUESTS_MAX = 2_000
"""A channel that asks more often than this for one input goes round and round."""

Front = Callable[[ReceivedRequest], FakeAnswer]


class TooManyRequests(BaseException):
    """One input had a channel ask again and again."""


class VirtualClock(SystemClock):
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.at = super().now()

    def now(self) -> int:
        return self.at

    async def sleep(self, span_ms: int) -> None:
        self.at += max(0, span_ms)


class _Bytes(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 65_536):
            yield self._content[start : start + 65_536]


class _InProcess(httpx.AsyncBaseTransport):
    def __init__(self, front: Front) -> None:
        self._front = front
        self._asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._asked += 1
        if self._asked > REQUESTS_MAX:
            raise TooManyRequests
        trace = request.extensions.get("trace")
        if trace is not None:
            await trace("http11.send_request_headers.started", {})
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.url.raw_path.decode("ascii", "replace")
        answer = self._front(ReceivedRequest(request.method, path, headers, await request.aread()))
        if answer.lose:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        sent = {"Content-Type": "application/json", **answer.headers}
        return httpx.Response(
            answer.status,
            headers=[
                (name.encode(), value.encode("latin-1", "replace")) for name, value in sent.items()
            ],
            stream=_Bytes(answer.content),
        )


@contextmanager
def without_sockets() -> Iterator[None]:
    """Have every server of the contract suite answer without a socket, and every client ask it."""
    running: list[Front] = []

    @contextmanager
    def serving(answer: Front) -> Iterator[loopback.Loopback]:
        running.append(answer)
        try:
            yield loopback.Loopback(URL, answer)
        finally:
            running.pop()

    def client(_url: str, **_limits: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=_InProcess(running[-1]), follow_redirects=False)

    random.seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness, "serving", serving)
        patch.setattr(client_module, "client", client)
        yield
