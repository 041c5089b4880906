"""What is read goes over our own connections: kept, given up and refused as HTTP/1.1 says."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sync.clock import SystemClock
from sync.errors import ContractBroken, Temporary
from sync.transport import direct
from sync.transport.transport import Limits, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Server:
    """Answers each request with the next of `answers`, as they are, in pieces."""

    answers: list[Sequence[bytes]]
    port: int = 0
    connections: int = 0
    asked: list[bytes] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while self.answers:
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                self.was_asked.set()
                for piece in self.answers.pop(0):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        writer.close()


@contextlib.asynccontextmanager
async def served(*answers: Sequence[bytes]) -> AsyncIterator[tuple[Server, Transport]]:
    server = Server(list(answers))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    transport = Transport(
        "shop", f"http://127.0.0.1:{server.port}", clock=SystemClock(),
        limits=Limits(timeout_ms=2_000, body_bytes_max=8 * 1024 * 1024),
    )  # fmt: skip
    try:
        yield server, transport
    finally:
        await transport.aclose()
        listening.close()
        for writer in server.writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def read(server: Server, transport: Transport) -> bytes:
    url = f"http://127.0.0.1:{server.port}/a?b=c"
    return (await transport.request("GET", url, repeatable=True)).body


async def test_one_connection_takes_request_after_request() -> None:
    async with served([OK], [OK], [OK]) as (server, transport):
        assert [await read(server, transport) for _ in range(3)] == [b"ok"] * 3
        assert server.connections == 1
    assert server.asked[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")


async def test_a_connection_is_not_used_after_its_server_said_close() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    async with served([closing], [OK]) as (server, transport):
        assert [await read(server, transport) for _ in range(2)] == [b"ok"] * 2
        assert server.connections == 2


async def test_a_connection_that_was_idle_for_long_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct, "IDLE_MAX_S", -1)
    async with served([OK], [OK]) as (server, transport):
        assert [await read(server, transport) for _ in range(2)] == [b"ok"] * 2
        assert server.connections == 2


async def test_what_follows_an_answer_unasked_answers_nothing() -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
    async with served([OK + stray], [OK]) as (server, transport):
        assert [await read(server, transport) for _ in range(2)] == [b"ok"] * 2
        assert server.connections == 2


async def test_what_comes_over_an_idle_connection_answers_nothing() -> None:
    late = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
    async with served([OK, late], [OK]) as (server, transport):
        assert await read(server, transport) == b"ok"
        await asyncio.sleep(0.05)
        assert await read(server, transport) == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\no\r\n1\r\n", b"k\r\n",
         b"0\r\nX-Late: 1\r\n\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", OK],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-", b"Length: 2",
         b"\r\n\r\n", b"o", b"k"],
    ],
)  # fmt: skip
async def test_an_answer_may_come_in_any_pieces(pieces: list[bytes]) -> None:
    async with served(pieces, [OK]) as (server, transport):
        assert [await read(server, transport) for _ in range(2)] == [b"ok"] * 2
        assert server.connections == 1


async def test_an_answer_may_end_with_its_connection() -> None:
    async with served([b"HTTP/1.0 200 OK\r\n\r\nok"]) as (server, transport):
        assert await read(server, transport) == b"ok"


async def test_a_large_body_comes_whole_though_it_is_read_in_turns() -> None:
    body = bytes(range(256)) * 16 * 1024
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with served([head, body], [OK]) as (server, transport):
        assert await read(server, transport) == body
        assert await read(server, transport) == b"ok"
        assert server.connections == 1


async def test_a_body_that_is_too_long_gives_its_connection_up() -> None:
    long = bytes(9 * 1024 * 1024)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(long)
    async with served([head, long], [OK]) as (server, transport):
        with pytest.raises(ContractBroken, match="sent a body of more than"):
            await read(server, transport)
        assert await read(server, transport) == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "disconnected without sending"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "without sending complete message"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", "without sending"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "illegal status line"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", "buffer too long"),
    ],
)
async def test_an_answer_that_is_none_is_asked_for_again_and_then_named(
    answer: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.transport.transport.ATTEMPTS_MAX", 1)
    async with served([answer]) as (server, transport):
        with pytest.raises(Temporary, match=words):
            await read(server, transport)


async def test_a_write_goes_by_the_other_transport() -> None:
    async with served([OK], [OK]) as (server, transport):
        await read(server, transport)
        url = f"http://127.0.0.1:{server.port}/write"
        await transport.request("PUT", url, repeatable=False, json=None)
        assert server.connections == 2


async def test_a_cancelled_read_gives_its_connection_up() -> None:
    async with served([OK[:-1]], [OK]) as (server, transport):
        reading = asyncio.create_task(read(server, transport))
        await server.was_asked.wait()
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        assert await read(server, transport) == b"ok"
        assert server.connections == 2


async def test_a_proxy_of_the_environment_is_asked_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with served([OK]) as (server, _):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        transport = Transport("shop", "http://shop.example", clock=SystemClock())
        reply = await transport.request("GET", "http://shop.example/a", repeatable=True)
        await transport.aclose()
        assert reply.body == b"ok"
        assert server.asked[0].startswith(b"GET http://shop.example/a ")


async def test_an_encrypted_connection_is_checked_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    await asyncio.to_thread(
        subprocess.run,
        [*command, "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    trusted = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr("sync.transport.client._certificates", lambda _environment: trusted)
    server = Server([[OK], [OK], [OK]])
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    clock = SystemClock()
    named = Transport("shop", f"https://localhost:{port}", clock=clock)
    other = Transport("shop", f"https://127.0.0.1:{port}", clock=clock)

    for _ in range(2):
        reply = await named.request("GET", f"https://localhost:{port}/a", repeatable=True)
        assert reply.body == b"ok"
    assert server.connections == 1
    # The certificate is of another name than this address.
    with pytest.raises(Temporary, match="certificate"):
        await other.request("GET", f"https://127.0.0.1:{port}/a", repeatable=True)

    await named.aclose()
    await other.aclose()
    listening.close()
    for writer in server.writers:
        writer.transport.abort()
    await asyncio.sleep(0.01)
