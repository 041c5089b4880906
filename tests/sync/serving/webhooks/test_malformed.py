"""What a stranger may send to where webhooks are taken, byte by byte, and what it is answered."""

import asyncio
import hashlib
import hmac
import re
import socket
from collections.abc import AsyncIterator
from contextlib import closing, suppress

import pytest

from store.database.connection import Database
from sync.secrets import Secret, SecretSource
from sync.serving import answers as answers_module
from sync.settings import Settings, WebhookSettings
from tests.sync.scripted_channel import Shop
from tests.sync.serving.conftest import Served, served

SECRET = "hush-4711"
SENDERS = {
    "shop": (WebhookSettings(scheme="hmac", secret=SecretSource(env="S")), Secret(SECRET, name="S"))
}
SIGNATURE = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest().encode()
SIGNED = b"X-Skew-Signature: " + SIGNATURE
SIZED = b"Content-Length: 2"
CHUNKED = b"Transfer-Encoding: chunked"
LAST = b"Connection: close"
IN_CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"


def post(
    *headers: bytes,
    line: bytes = b"POST /webhooks/shop HTTP/1.1",
    host: bytes = b"Host: x",
    body: bytes = b"{}",
) -> bytes:
    return b"\r\n".join([line, *([host] if host else []), *headers, LAST, b"", body])


def to(path: bytes) -> bytes:
    return post(SIGNED, SIZED, line=b"POST " + path + b" HTTP/1.1")


GOOD = post(SIGNED, SIZED)
CASES: dict[str, tuple[bytes, list[int]]] = {
    "whole": (GOOD, [200]),
    "HTTP/1.0": (post(SIGNED, SIZED, line=b"POST /webhooks/shop HTTP/1.0"), [200]),
    "no version": (b"POST /webhooks/shop\r\n\r\n", [400]),
    "a method that is none": (post(SIGNED, SIZED, line=b"P@ST /webhooks/shop HTTP/1.1"), [400]),
    "a method of another": (post(SIGNED, SIZED, line=b"FROB /webhooks/shop HTTP/1.1"), [405]),
    "a method in lower case": (post(SIGNED, SIZED, line=b"post /webhooks/shop HTTP/1.1"), [405]),
    "no host": (post(SIGNED, SIZED, host=b""), [400]),
    "two hosts": (post(SIGNED, SIZED, b"Host: y"), [400]),
    "a server's options": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [404]),
    "a tunnel": (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [404]),
    "another's address": (to(b"http://x/webhooks/shop"), [404]),
    "a query": (to(b"/webhooks/shop?a=1"), [200]),
    "a path that is escaped": (to(b"/webhooks/sh%6fp"), [200]),
    "a path wrongly escaped": (to(b"/webhooks/sh%zz"), [404]),
    "a path that climbs": (to(b"/webhooks/../webhooks/shop"), [404]),
    "a path of two slashes": (to(b"//webhooks/shop"), [404]),
    "a path beyond ASCII": (to("/webhooks/shöp".encode()), [400]),
    "a path with NUL": (to(b"/webhooks/a\x00b"), [400]),
    "a path with a space": (to(b"/webhooks/a b"), [400]),
    "a long path": (to(b"/webhooks/" + b"a" * 60_000), [404]),
    "NUL in a header": (post(SIGNED, SIZED, b"X-A: a\x00b"), [400]),
    "CR in a header": (post(SIGNED, SIZED, b"X-A: a\rb"), [400]),
    "a space before a colon": (post(SIGNED, SIZED, b"X-A : b"), [400]),
    "no colon": (post(SIGNED, SIZED, b"X-A"), [400]),
    "a header without a name": (post(SIGNED, SIZED, b": b"), [400]),
    "a long header": (post(SIGNED, SIZED, b"X-A: " + b"a" * 60_000), [200]),
    "an endless header": (b"POST / HTTP/1.1\r\nX-A: " + b"a" * 66_000, [400]),
    "two thousand headers": (post(SIGNED, SIZED, *[b"X-A: b"] * 2_000), [200]),
    "two lengths": (post(SIGNED, SIZED, b"Content-Length: 3"), [400]),
    "a length below zero": (post(SIGNED, b"Content-Length: -1"), [400]),
    "a length with a sign": (post(SIGNED, b"Content-Length: +2"), [400]),
    "a length in hexadecimal": (post(SIGNED, b"Content-Length: 0x2"), [400]),
    "a length beyond all": (post(SIGNED, b"Content-Length: " + b"9" * 23), [400]),
    "ten megabytes": (post(SIGNED, b"Content-Length: 10000000"), [413]),
    "in chunks": (post(SIGNED, CHUNKED, body=IN_CHUNKS), [200]),
    "of another coding": (post(SIGNED, b"Transfer-Encoding: gzip"), [400]),
    "of a coding that is none": (post(SIGNED, b"Transfer-Encoding: xchunked"), [400]),
    "a chunk of no size": (post(SIGNED, CHUNKED, body=b"zz\r\n{}\r\n0\r\n\r\n"), [400]),
    "a chunk beyond its size": (post(SIGNED, CHUNKED, body=b"1\r\n{}\r\n0\r\n\r\n"), [400]),
    "signed behind its body": (post(CHUNKED, body=IN_CHUNKS[:-2] + SIGNED + b"\r\n\r\n"), [401]),
    "not signed": (post(SIZED), [401]),
    "signed with nothing": (post(b"X-Skew-Signature:", SIZED), [401]),
    "signed wrongly": (post(b"X-Skew-Signature: " + b"0" * 64, SIZED), [401]),
    "signed beyond ASCII": (post(b"X-Skew-Signature: \xe9\xff", SIZED), [401]),
    "wants to speak HTTP/2": (post(SIGNED, SIZED, b"Connection: Upgrade", b"Upgrade: h2c"), [200]),
    "asks before it sends": (post(SIGNED, SIZED, b"Expect: 100-continue"), [100, 200]),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00" * 40, [400]),
    "nonsense behind the last": (GOOD + b"\x00\x01\r\n\r\n", [200]),
    "one behind the last": (GOOD + GOOD, [200]),
}  # fmt: skip


@pytest.fixture
async def taking(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> AsyncIterator[Served]:
    async with served(settings, database, shops, senders=SENDERS) as found:
        yield found


def answers(address: tuple[str, int], sent: bytes) -> list[int]:
    """The statuses that come back until the connection ends."""
    got = b""
    with closing(socket.create_connection(address)) as connection, suppress(ConnectionError):
        connection.settimeout(10)
        connection.sendall(sent)
        while part := connection.recv(65_536):
            got += part
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", got)]


@pytest.mark.long
async def test_each_is_answered_as_it_deserves(
    taking: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_module, "THROWN_AWAY_S", 0.1)
    host, _, port = taking.url.removeprefix("http://").rpartition(":")

    def found() -> dict[str, list[int]]:
        return {name: answers((host, int(port)), sent) for name, (sent, _) in CASES.items()}

    assert await asyncio.to_thread(found) == {name: wanted for name, (_, wanted) in CASES.items()}
