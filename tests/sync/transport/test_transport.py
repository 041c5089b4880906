import asyncio
import gzip
import logging
import random
import shutil
import socket
import ssl
import subprocess
import threading
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from store.model import Millis
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.secrets import Secret
from sync.transport.client import origin
from sync.transport.transport import ATTEMPTS_MAX, Limits, Transport
from tests.loopback import Answer, Loopback, ReceivedRequest, script, serving

TOKEN = Secret("t0p-s3cret", name="MARKET_TOKEN")
NOON = 1_764_158_400_000  # 2025-11-26T12:00:00Z


@dataclass
class FakeClock:
    """Sleeping takes no time and moves the hands."""

    at: Millis = NOON
    slept: list[int] = field(default_factory=list)

    def now(self) -> Millis:
        return self.at

    async def sleep(self, span_ms: int) -> None:
        self.slept.append(span_ms)
        self.at += span_ms
        await asyncio.sleep(0)


@dataclass
class Rig:
    server: Loopback
    transport: Transport
    clock: FakeClock

    async def read(self, path: str = "/stock") -> bytes:
        headers = {"Authorization": TOKEN}
        url = self.server.url + path
        reply = await self.transport.request("GET", url, repeatable=True, headers=headers)
        return reply.body

    async def write(self, path: str = "/stock") -> int:
        headers = {"Authorization": TOKEN}
        reply = await self.transport.request(
            "PUT", self.server.url + path, repeatable=False, headers=headers, json={"n": 1}
        )
        return reply.status


@asynccontextmanager
async def rig(answer: Callable[[ReceivedRequest], Answer], **limits: float) -> AsyncIterator[Rig]:
    clock = FakeClock()
    with serving(answer) as server:
        bounds = Limits(**{"timeout_ms": 5000, **limits})  # type: ignore[arg-type]
        transport = Transport(
            "market", server.url, clock=clock, limits=bounds, jitter=random.Random(1)
        )
        try:
            yield Rig(server, transport, clock)
        finally:
            await transport.aclose()


async def failure(
    work: "asyncio.Future[object] | object", kind: type[ChannelError]
) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await work  # type: ignore[misc]
    assert type(caught.value) is kind, repr(caught.value)
    return caught.value


async def test_an_answer_comes_back_whole() -> None:
    async with rig(script(Answer(b"[1]"))) as r:
        assert await r.read() == b"[1]"
        assert r.server.asked[0].headers["authorization"] == "t0p-s3cret"


async def test_a_refused_connection_is_temporary_and_nothing_was_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    transport = Transport("market", url, clock=FakeClock())

    for repeatable in (True, False):
        work = transport.request("PUT", url, repeatable=repeatable)
        error = await failure(work, Temporary)
        assert "market cannot be reached at http://127.0.0.1" in str(error)
    await transport.aclose()


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_a_failing_server_is_asked_again_for_a_read_and_never_for_a_write(
    status: int,
) -> None:
    async with rig(script(Answer({"message": "try later"}, status))) as r:
        error = await failure(r.read(), Temporary)
        assert f"market answered {status}: try later" in str(error)
        assert len(r.server.asked) == ATTEMPTS_MAX

        await failure(r.write(), WriteOutcomeUnknown)
        assert len(r.server.asked) == ATTEMPTS_MAX + 1


async def test_a_read_succeeds_after_a_passing_failure() -> None:
    async with rig(script(Answer(status=503), Answer(lose=True), Answer(b"fine"))) as r:
        assert await r.read() == b"fine"
        first, second = r.clock.slept
        assert 250 <= first <= 500 <= second <= 1000


@pytest.mark.parametrize(
    "answer",
    [
        Answer(lose=True),
        Answer(b"[1", promise=10),
        Answer(b"no gzip at all", headers={"Content-Encoding": "gzip"}),
    ],
)
async def test_a_lost_reply_leaves_a_write_unknown_and_unrepeated(answer: Answer) -> None:
    async with rig(script(answer)) as r:
        await failure(r.write(), WriteOutcomeUnknown)
        assert len(r.server.asked) == 1


async def test_a_silent_server_is_given_up_after_the_deadline() -> None:
    never = threading.Event()
    async with rig(script(Answer(wait=never)), timeout_ms=50) as r:
        error = await failure(r.read(), Temporary)
        assert "market did not answer in 0.05 s at http://127.0.0.1" in str(error)
        await failure(r.write(), WriteOutcomeUnknown)
        never.set()


@pytest.mark.parametrize(
    ("after", "waits_s"),
    [("3", 3.0), ("Wed, 26 Nov 2025 12:00:04 GMT", 4.0), ("0", 0.0), ("-5", 0.0)],
)
async def test_retry_after_is_obeyed_in_seconds_and_as_a_date(after: str, waits_s: float) -> None:
    async with rig(
        script(Answer(status=429, headers={"Retry-After": after}), Answer(b"fine"))
    ) as r:
        assert await r.read() == b"fine"
        assert waits_s <= sum(r.clock.slept) / 1000 <= waits_s + 0.6


@pytest.mark.parametrize(
    ("after", "expected"), [("7200", 3600.0), ("600", 600.0), ("soon", None), ("1e999", 3600.0)]
)
async def test_a_long_retry_after_is_left_to_the_engine_within_a_bound(
    after: str, expected: float | None
) -> None:
    async with rig(script(Answer(status=429, headers={"Retry-After": after}))) as r:
        error = await failure(r.read(), Temporary)
        assert isinstance(error, Temporary)
        assert error.retry_after_s == expected
        assert len(r.server.asked) == (1 if expected else ATTEMPTS_MAX)


async def test_a_throttled_write_was_certainly_not_applied() -> None:
    async with rig(script(Answer(status=429))) as r:
        await failure(r.write(), Temporary)
        assert len(r.server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_credential_is_named_and_not_shown(status: int) -> None:
    answer = Answer({"error": {"message": "bad key t0p-s3cret"}}, status)
    async with rig(script(answer)) as r:
        for work in (r.read(), r.write()):
            error = await failure(work, NeedsOperator)
            assert f"market answered {status}" in str(error)
            assert "credential MARKET_TOKEN" in str(error)
            assert "bad key •••" in str(error)
        assert len(r.server.asked) == 2


async def test_a_refused_write_quotes_the_channel_safely() -> None:
    nasty = "no \x1b[2Jsuch\u202e SKU\n" + "x" * 500
    async with rig(script(Answer({"errors": [{"message": nasty}]}, 422))) as r:
        error = await failure(r.write(), WriteRejected)
        assert str(error).startswith("market answered 422: no \ufffd[2Jsuch\ufffd SKU xxx")
        assert len(str(error)) < 250


async def test_an_unexpected_4xx_breaks_the_contract_of_a_read() -> None:
    async with rig(script(Answer(b"<h1>Not Found</h1>", 404))) as r:
        error = await failure(r.read("/stock?page=2&key=t0p-s3cret"), ContractBroken)
        assert "/stock?page=2&key=•••" in str(error)


async def test_an_accepted_status_is_an_answer() -> None:
    async with rig(script(Answer(b"gone", 404))) as r:
        url = r.server.url + "/stock/A"
        reply = await r.transport.request("GET", url, repeatable=True, accept={404})
        assert (reply.status, reply.body) == (404, b"gone")


async def test_200_mb_of_body_is_cut_off_at_the_bound() -> None:
    async with rig(script(Answer(b"x" * 2**20, repeat=200)), body_bytes_max=2**21) as r:
        error = await failure(r.read(), ContractBroken)
        assert "market sent a body of more than 2,097,152 bytes, at http://127.0.0.1" in str(error)
        await failure(r.write(), WriteOutcomeUnknown)


async def test_a_compressed_body_counts_unfolded() -> None:
    bomb = Answer(gzip.compress(b"0" * 5_000_000), headers={"Content-Encoding": "gzip"})
    async with rig(script(bomb), body_bytes_max=2**21) as r:
        await failure(r.read(), ContractBroken)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "x-unknown", "gzip, br", "\xff"])
async def test_an_encoding_that_was_not_asked_for_is_not_read(coding: str) -> None:
    async with rig(script(Answer(b"stock", headers={"Content-Encoding": coding}))) as r:
        error = await failure(r.read(), ContractBroken)
        assert "compression that can't be decoded" in str(error)
        assert r.server.asked[0].headers["accept-encoding"] == "gzip"


async def test_compression_inside_compression_is_not_unfolded() -> None:
    """2 kB of it would fill the memory before any bound is looked at."""
    bomb = gzip.compress(gzip.compress(b"0" * 5_000_000))
    twice = Answer(bomb, headers={"Content-Encoding": "gzip, gzip"})
    async with rig(script(twice)) as r:
        error = await failure(r.read(), ContractBroken)
        assert "compression that can't be decoded" in str(error)
        await failure(r.write(), WriteOutcomeUnknown)


@pytest.mark.parametrize("coding", ["gzip", "GZip", "deflate", "identity"])
async def test_a_compressed_answer_comes_back_whole(coding: str) -> None:
    body = {"deflate": zlib.compress(b"stock"), "identity": b"stock"}.get(
        coding, gzip.compress(b"stock")
    )
    async with rig(script(Answer(body, headers={"Content-Encoding": coding}))) as r:
        assert await r.read() == b"stock"


@pytest.mark.parametrize("middle", [0, 1, 9])
async def test_an_answer_packed_in_several_parts_comes_back_whole(middle: int) -> None:
    parts = gzip.compress(b"stock of a"[:middle]) + gzip.compress(b"stock of a"[middle:])
    async with rig(script(Answer(parts, headers={"Content-Encoding": "gzip"}))) as r:
        assert await r.read() == b"stock of a"


async def test_a_compressed_answer_that_is_cut_off_is_none() -> None:
    """Its length is that of what was cut, as where a proxy stores it: nothing else shows it."""
    half = gzip.compress(b"sku,available\n" + b"A-1,5\n" * 5_000)[:-9]
    async with rig(script(Answer(half, headers={"Content-Encoding": "gzip"}))) as r:
        await failure(r.read(), Temporary)
        await failure(r.write(), WriteOutcomeUnknown)


async def test_a_clock_that_was_set_back_does_not_stop_the_requests() -> None:
    async with rig(script(Answer(b"stock")), rate_per_s=10) as r:
        await r.read()
        r.clock.at -= 3_600_000
        await r.read()
        assert sum(r.clock.slept) <= 100


async def test_half_a_surrogate_pair_is_quoted_harmlessly() -> None:
    words = b'{"message": "no \\ud800"}'
    async with rig(script(Answer(words, status=400))) as r:
        str(await failure(r.write(), WriteRejected)).encode()
        assert r.transport.redactor.text("no \ud800") == "no \ufffd"


async def test_no_request_leaves_the_channels_origin() -> None:
    with serving(script(Answer())) as other:
        async with rig(script(Answer())) as r:
            work = r.transport.request(
                "GET", other.url, repeatable=True, headers={"Authorization": TOKEN}
            )
            await failure(work, ContractBroken)
            assert other.asked == []


async def test_cookies_are_neither_kept_nor_sent() -> None:
    async with rig(script(Answer(headers={"Set-Cookie": "session=1; Path=/"}), Answer())) as r:
        await r.read()
        await r.read()
        assert "cookie" not in r.server.asked[1].headers


async def test_requests_keep_the_channels_rate() -> None:
    async with rig(script(Answer()), rate_per_s=4) as r:
        await asyncio.gather(*(r.read() for _ in range(4)))
        assert r.clock.at == NOON + 750


async def test_at_most_so_many_requests_are_under_way_at_once() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def answer(_asked: ReceivedRequest) -> Answer:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.02)
        with lock:
            now -= 1
        return Answer()

    async with rig(answer, concurrency=2) as r:
        await asyncio.gather(*(r.read() for _ in range(8)))
        assert most == 2


async def test_no_log_line_holds_a_credential(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with rig(script(Answer())) as r:
        await r.read("/stock?key=t0p-s3cret")
    assert "s3cret" not in caplog.text
    assert "s3cret" not in repr(r.transport)


async def test_a_secret_in_json_is_revealed_on_the_wire_only() -> None:
    async with rig(script(Answer({"message": "who is t0p-s3cret?"}, 400))) as r:
        work = r.transport.request(
            "POST", r.server.url, repeatable=False, json={"login": [{"password": TOKEN}]}
        )
        error = await failure(work, WriteRejected)
        assert r.server.asked[0].json == {"login": [{"password": "t0p-s3cret"}]}
        assert "who is •••?" in str(error)


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """A server's certificate that nobody but itself vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2"]
    files = ["-keyout", "key.pem", "-out", "cert.pem"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *files, *names], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


async def test_a_certificate_that_nobody_vouches_for_gets_no_token(
    self_signed: ssl.SSLContext,
) -> None:
    received: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=self_signed)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = Transport("market", url, clock=FakeClock())
    work = transport.request("GET", url, repeatable=True, headers={"Authorization": TOKEN})
    error = await failure(work, Temporary)
    await transport.aclose()
    server.close()
    await server.wait_closed()

    assert "certificate" in str(error).lower()
    assert received == []


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin("https://Shop.example/a") == origin("https://shop.example:443/b?c")
    assert origin("http://shop.example") != origin("https://shop.example")
    assert origin("http://shop.example@evil.example/") != origin("http://shop.example/")
    assert origin("http://shop.example\\@evil.example/") != origin("http://shop.example/")
    assert origin("http://shop.example:http") == ("", "", None)
