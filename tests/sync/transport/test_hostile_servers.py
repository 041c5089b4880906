"""Servers that send without end, one byte after the other, or what no server sends: all bounded."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from sync.errors import ChannelError, ContractBroken, Temporary
from sync.transport import download
from sync.transport.transport import Limits, Transport
from tests.long_run import first
from tests.sync.transport.test_transport import FakeClock

Send = Callable[[bytes], Awaitable[None]]
Behaviour = Callable[[Send], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 2**20
TIMEOUT_MS = 400
MEMORY_MAX = 24 * MEGABYTE


@asynccontextmanager
async def served(behaviour: Behaviour) -> AsyncIterator[str]:
    """A server that reads the request's head and then behaves; answers its URL."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(content: bytes) -> None:
            writer.write(content)
            await writer.drain()

        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            await behaviour(send)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()


async def without_end(send: Send, content: bytes, pause_s: float = 0.0) -> None:
    while True:
        await send(content)
        await asyncio.sleep(pause_s)


async def header_of_megabytes(send: Send) -> None:
    await send(OK + b"X-Long: ")
    for _ in range(128):
        await send(b"x" * 65_536)
    await send(b"\r\nContent-Length: 2\r\n\r\n{}")


async def headers_without_end(send: Send) -> None:
    await send(OK)
    await without_end(send, b"X-Many: " + b"x" * 1_000 + b"\r\n")


async def headers_byte_by_byte(send: Send) -> None:
    await without_end(send, b"H", 0.05)


async def body_byte_by_byte(send: Send) -> None:
    await send(OK + b"Content-Length: 1000000\r\n\r\n")
    await without_end(send, b" ", 0.05)


async def body_without_end(send: Send) -> None:
    await send(OK + b"\r\n")
    await without_end(send, b"x" * 65_536)


async def chunks_without_end(send: Send) -> None:
    await send(CHUNKED)
    await without_end(send, b"1000\r\n" + b"x" * 4096 + b"\r\n")


async def one_byte_chunks_without_end(send: Send) -> None:
    await send(CHUNKED)
    await without_end(send, b"1\r\nx\r\n" * 1_000)


async def chunk_named_at_length(send: Send) -> None:
    await send(CHUNKED + b"1;")
    await without_end(send, b"x" * 65_536)


async def chunk_of_any_size(send: Send) -> None:
    await send(CHUNKED + b"F" * 1_000 + b"\r\n")


async def trailers_without_end(send: Send) -> None:
    await send(CHUNKED + b"2\r\n{}\r\n0\r\n")
    await without_end(send, b"X-Many: " + b"x" * 1_000 + b"\r\n")


async def interim_answers_without_end(send: Send) -> None:
    await without_end(send, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


async def early_hints_without_end(send: Send) -> None:
    await without_end(send, b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 100)


async def nothing_of_http(send: Send) -> None:
    await without_end(send, b"\x00\xff" * 32_768)


async def silence(_send: Send) -> None:
    await asyncio.sleep(60)


async def two_lengths(send: Send) -> None:
    await send(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ")


async def a_length_beyond_all(send: Send) -> None:
    await send(OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n{}")


async def an_error_without_end(send: Send) -> None:
    await send(b"HTTP/1.1 503 Busy\r\n\r\n")
    await without_end(send, b"x" * 65_536)


HOSTILE: list[Behaviour] = [
    header_of_megabytes, headers_without_end, body_without_end, body_byte_by_byte, two_lengths,
    a_length_beyond_all, nothing_of_http, trailers_without_end, chunk_of_any_size,
    chunk_named_at_length, an_error_without_end, chunks_without_end, one_byte_chunks_without_end,
    interim_answers_without_end, early_hints_without_end, headers_byte_by_byte, silence,
]  # fmt: skip
QUICK = 11
"""So many of them are tried in the plain run."""


async def read(url: str) -> bytes:
    limits = Limits(timeout_ms=TIMEOUT_MS, body_bytes_max=4 * MEGABYTE)
    transport = Transport("market", url, clock=FakeClock(), limits=limits)
    try:
        return (await transport.request("GET", f"{url}/stock", repeatable=True)).body
    finally:
        await transport.aclose()


@pytest.mark.parametrize("behaviour", first(QUICK, HOSTILE))
async def test_a_server_that_never_ends_is_given_up_in_words(behaviour: Behaviour) -> None:
    tracemalloc.start()
    began = time.monotonic()
    try:
        async with served(behaviour) as url:
            with pytest.raises(ChannelError) as caught:
                await read(url)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(caught.value, Temporary | ContractBroken)
    assert str(caught.value).startswith("market ")
    assert len(str(caught.value)) < 500
    # A read is tried four times, each for its time; the rest is what a busy machine takes.
    assert time.monotonic() - began < 4 * TIMEOUT_MS / 1000 + 20
    assert peak < MEMORY_MAX


async def test_a_file_that_comes_byte_by_byte_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "RATE_MIN", 1_000_000)
    async with served(body_byte_by_byte) as url:
        limits = Limits(timeout_ms=TIMEOUT_MS)
        transport = Transport("shop", url, clock=FakeClock(), limits=limits)
        try:
            with pytest.raises(Temporary, match="hardly comes"):
                async with asyncio.timeout(20):
                    _ = [piece async for piece in transport.pieces(url, bytes_max=10**7)]
        finally:
            await transport.aclose()
