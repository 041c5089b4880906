"""HTTP/1.1 for what is read: straight from asyncio's sockets, in a third of httpcore's time.

A poll of a large catalogue is a thousand requests, and most of each is spent in the layers between
httpx and the socket. What the bytes mean is h11's business here as there; whom we trust, redirects,
headers and errors are httpx's. Writes, proxies and anything unusual go by httpx's own transport.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from typing import cast

import h11
import httpx

IDLE_MAX_S = 5.0
"""A connection that was idle for longer is not used again: servers close theirs after a while."""

_PIECE_BYTES = 256 * 1024
_HEAD_BYTES_MAX = 100 * 1024
_NEXT_ADDRESS_AFTER_S = 0.25
"""So long one address of a host is tried before another is tried beside it (RFC 8305)."""

_NO_ANSWER = "Server disconnected without sending a response."
_STREAMED = frozenset({"http", "https"})


class DirectTransport(httpx.AsyncBaseTransport):
    """Sends the reads of one channel; hands everything else to `others`."""

    def __init__(
        self, others: httpx.AsyncBaseTransport, trusted: ssl.SSLContext, *, connections_max: int
    ) -> None:
        self._others = others
        self._trusted = trusted
        self._connections_max = connections_max
        self._idle: dict[tuple[str, str, int | None], list[_Connection]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # Whoever traces a request looks at the connection's steps, which only httpcore has.
        if "trace" in request.extensions or request.url.scheme not in _STREAMED:
            return await self._others.handle_async_request(request)
        body = await request.aread()
        connection = self._waiting(request.url) or await self._connected(request)
        read_s = request.extensions.get("timeout", {}).get("read")
        try:
            connection.send(request, body)
            head = await connection.head(read_s)
        except BaseException:
            connection.close()
            raise
        return httpx.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=_Body(self, connection, _origin(request.url), read_s),
            extensions={"http_version": b"HTTP/" + head.http_version, "reason_phrase": head.reason},
        )

    async def aclose(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()
        # One turn of the loop lets go of the sockets.
        await asyncio.sleep(0)
        await self._others.aclose()

    def _waiting(self, url: httpx.URL) -> "_Connection | None":
        """Take an open connection that nobody uses."""
        connections = self._idle.get(_origin(url), [])
        while connections:
            connection = connections.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return None

    async def _connected(self, request: httpx.Request) -> "_Connection":
        url, timeouts = request.url, request.extensions.get("timeout", {})
        host, is_secret = url.raw_host.decode("ascii"), url.scheme == "https"
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeouts.get("connect")):
                _, connection = await loop.create_connection(
                    lambda: _Connection(loop),
                    host,
                    url.port or (443 if is_secret else 80),
                    ssl=self._trusted if is_secret else None,
                    server_hostname=host if is_secret else None,
                    happy_eyeballs_delay=None if _is_address(host) else _NEXT_ADDRESS_AFTER_S,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error), request=request) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error), request=request) from error
        return connection

    def give_back(self, connection: "_Connection", origin: tuple[str, str, int | None]) -> None:
        """Keep a connection for the next request, where its answer was read to the end."""
        connections = self._idle.setdefault(origin, [])
        if connection.begin_anew() and len(connections) < self._connections_max:
            connections.append(connection)
        else:
            connection.close()


class _Body(httpx.AsyncByteStream):
    """The body of one answer."""

    def __init__(
        self,
        owner: DirectTransport,
        connection: "_Connection",
        origin: tuple[str, str, int | None],
        read_s: float | None,
    ) -> None:
        self._owner, self._origin = owner, origin
        self._connection: _Connection | None = connection
        self._read_s = read_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._connection is not None and (
            piece := await self._connection.piece(self._read_s)
        ):
            yield piece

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._owner.give_back(connection, self._origin)


class _Connection(asyncio.Protocol):
    """One connection, and what has come over it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES_MAX)
        self._came: deque[bytes] = deque()
        self._came_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._has_ended = self._is_paused = False
        self._error: Exception | None = None
        self._idle_since = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._came.append(data)
        self._came_bytes += len(data)
        if self._came_bytes > _PIECE_BYTES and self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._has_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended, self._error = True, exc
        self._wake()

    def is_usable(self) -> bool:
        """Whether another request may go over it: nothing has come that nobody asked for."""
        is_fresh = self._loop.time() - self._idle_since <= IDLE_MAX_S
        return is_fresh and not self._has_ended and not self._came

    def send(self, request: httpx.Request, body: bytes) -> None:
        try:
            head = h11.Request(
                method=request.method, target=request.url.raw_path, headers=request.headers.raw
            )
            content = self._http.send(head) or b""
            if body:
                content += self._http.send(h11.Data(data=body)) or b""
            content += self._http.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        if self._transport is not None:
            self._transport.write(content)

    async def head(self, read_s: float | None) -> h11.Response:
        """Wait for the head of the answer."""
        while True:
            event = await self._event(read_s)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise httpx.RemoteProtocolError(_NO_ANSWER)

    async def piece(self, read_s: float | None) -> bytes:
        """Wait for a piece of the body; empty at its end."""
        while True:
            event = await self._event(read_s)
            if not isinstance(event, h11.Data):
                return b""
            if event.data:
                return bytes(event.data)

    def begin_anew(self) -> bool:
        """Make it ready for another request; False where it is of no more use."""
        if (self._http.our_state, self._http.their_state) != (h11.DONE, h11.DONE):
            return False
        # What follows an answer unasked would be taken for the answer to the next request.
        if self._http.trailing_data[0] or self._came:
            return False
        self._http.start_next_cycle()
        self._idle_since = self._loop.time()
        return not self._has_ended

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _event(self, read_s: float | None) -> object:
        """Wait for what comes next of the answer."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._more(read_s)
                if not data and self._http.their_state is h11.SEND_RESPONSE:
                    raise httpx.RemoteProtocolError(_NO_ANSWER)
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        return event

    async def _more(self, read_s: float | None) -> bytes:
        """Wait for bytes; none at the end."""
        while not self._came and not self._has_ended:
            self._waiter = self._loop.create_future()
            try:
                async with asyncio.timeout(read_s):
                    await self._waiter
            except TimeoutError as error:
                raise httpx.ReadTimeout(str(error)) from error
            finally:
                self._waiter = None
        if self._came:
            data = b"".join(self._came) if len(self._came) > 1 else self._came[0]
            self._came.clear()
            self._came_bytes = 0
            if self._is_paused and self._transport is not None and not self._has_ended:
                self._is_paused = False
                self._transport.resume_reading()
            return data
        if self._error is not None:
            raise httpx.ReadError(str(self._error)) from self._error
        return b""

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _is_address(host: str) -> bool:
    """Whether it is the only address that there is, and not a name that may have several."""
    return host.replace(".", "").isdigit() or ":" in host


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return (url.scheme, url.host, url.port)
