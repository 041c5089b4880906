"""A webhook over real HTTP: it hastens a poll, once, and nothing else."""

import asyncio
import hashlib
import hmac
import json
import socket
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from store.channels import pauses
from store.database.connection import Database
from sync.engine import fleet as fleet_module
from sync.secrets import Secret, SecretSource
from sync.serving.webhooks import receiver as receiver_module
from sync.settings import Settings, WebhookSettings
from tests.sync.engine_bench import freshness, until
from tests.sync.scripted_channel import Shop, changed
from tests.sync.serving.conftest import Reply, Served, ask, served
from tests.sync.serving.test_serving import metrics

SECRET = "hush-4711"
SENDERS = {
    "shop": (
        WebhookSettings(scheme="hmac", secret=SecretSource(env="S"), id="X-Id"),
        Secret(SECRET, name="S"),
    )
}


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def mode_of(path: str) -> int:
    return Path(path).stat().st_mode & 0o777


def send(url: str, name: str, body: bytes = b"{}", *, secret: str = SECRET) -> Reply:
    headers = {"X-Skew-Signature": signature(body, secret), "X-Id": name}
    return ask(f"{url}/webhooks/shop", "POST", body, **headers)


@pytest.fixture
async def at_rest(
    settings: Settings, database: Database, shops: dict[str, Shop], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    """Channels that are polled once an hour, after their first poll."""
    monkeypatch.setattr(fleet_module, "HASTEN_REST_S", 0.1)
    seldom = settings
    for name in settings.channels:
        seldom = changed(seldom, name, every_ms=3_600_000)
    async with served(seldom, database, shops, senders=SENDERS) as found:
        await until(lambda: all(freshness(database, name) == "fresh" for name in shops))
        yield found


def polls(found: Served) -> tuple[int, int]:
    return tuple(found.shops[name].looked.count("poll") for name in ("shop", "warehouse"))  # type: ignore[return-value]


async def test_its_channel_is_polled_and_no_other(at_rest: Served) -> None:
    got = await asyncio.to_thread(send, at_rest.url, "1")

    assert (got.status, got.body) == (200, "thank you\n")
    await until(lambda: polls(at_rest) == (2, 1))


@pytest.mark.long
async def test_what_it_says_counts_for_nothing(at_rest: Served) -> None:
    at_rest.shops["shop"].shows(A=5)
    body = json.dumps({"sku": "A", "available": 9_999}).encode()

    await asyncio.to_thread(send, at_rest.url, "1", body)
    await until(lambda: polls(at_rest) == (2, 1))

    def shown(connection: sqlite3.Connection) -> list[int]:
        return [number for (number,) in connection.execute("SELECT available FROM listings")]

    await until(lambda: at_rest.database.read(shown) == [5])


async def test_one_that_comes_again_is_answered_and_does_nothing(at_rest: Served) -> None:
    await asyncio.to_thread(send, at_rest.url, "1")
    await until(lambda: polls(at_rest) == (2, 1))

    again = [await asyncio.to_thread(send, at_rest.url, "1") for _ in range(3)]

    assert {(reply.status, reply.body) for reply in again} == {(200, "known already\n")}
    await asyncio.sleep(0.3)
    assert polls(at_rest) == (2, 1)


async def test_a_wrong_signature_is_refused_and_hastens_nothing(at_rest: Served) -> None:
    got = await asyncio.to_thread(send, at_rest.url, "1", b"{}", secret="wrong")

    assert got.status == 401
    assert SECRET not in got.body
    await asyncio.sleep(0.2)
    assert polls(at_rest) == (1, 1)
    genuine = await asyncio.to_thread(send, at_rest.url, "1")
    assert genuine.body == "thank you\n"


@pytest.mark.long
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/webhooks/warehouse", 404),
        ("POST", "/webhooks/", 404),
        ("POST", "/webhooks/no%00such", 404),
        ("GET", "/webhooks/shop", 405),
        ("PUT", "/webhooks/shop", 405),
    ],
)
async def test_no_other_place_takes_any(
    at_rest: Served, method: str, path: str, status: int
) -> None:
    body = None if method == "GET" else b"{}"
    assert (await asyncio.to_thread(ask, at_rest.url + path, method, body)).status == status


@pytest.mark.long
async def test_five_hundred_at_once_are_few_polls_and_each_is_kept(at_rest: Served) -> None:
    def burst(first: int) -> list[int]:
        return [send(at_rest.url, str(number)).status for number in range(first, first + 50)]

    statuses = await asyncio.gather(*(asyncio.to_thread(burst, n * 50) for n in range(10)))

    assert {status for part in statuses for status in part} == {200}
    kept = sqlite3.connect(f"{at_rest.database.path}.webhooks")
    assert kept.execute("SELECT count(*) FROM deliveries").fetchone() == (500,)
    kept.close()
    assert mode_of(f"{at_rest.database.path}.webhooks") == 0o600
    assert 2 <= polls(at_rest)[0] < 60
    text = (await asyncio.to_thread(ask, f"{at_rest.url}/metrics")).body
    assert metrics(text)['skew_webhooks_total{channel="shop",result="accepted"}'] == 500


@pytest.mark.long
async def test_one_that_comes_during_a_poll_has_another_follow(at_rest: Served) -> None:
    goes_on = asyncio.Event()

    async def wait() -> None:
        await goes_on.wait()

    at_rest.shops["shop"].page_faults.append(wait)
    await asyncio.to_thread(send, at_rest.url, "1")
    await until(lambda: polls(at_rest) == (2, 1))

    await asyncio.to_thread(send, at_rest.url, "2")
    at_rest.shops["shop"].shows(A=3)
    goes_on.set()

    await until(lambda: polls(at_rest) == (3, 1))


async def test_a_poll_that_is_still_to_begin_is_not_asked_for_again(
    at_rest: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_module, "HASTEN_REST_S", 60.0)
    await asyncio.to_thread(send, at_rest.url, "1")
    await until(lambda: polls(at_rest) == (2, 1))
    await asyncio.to_thread(send, at_rest.url, "2")
    fleet = at_rest.engine._fleet
    assert fleet is not None
    await until(lambda: "shop" in fleet.hastened)

    asked: list[object] = []
    with monkeypatch.context() as patched:
        patched.setattr(at_rest.engine._loop, "call_soon_threadsafe", asked.append)
        for _ in range(3):
            at_rest.engine.hasten("shop")

    assert not asked


@pytest.mark.long
async def test_a_paused_channel_is_left_alone(at_rest: Served) -> None:
    now = int(time.time() * 1000)
    at_rest.database.write(pauses.pause, "shop", until=now + 60_000, reason="count", who="ana")

    assert (await asyncio.to_thread(send, at_rest.url, "1")).status == 200

    await asyncio.sleep(0.3)
    assert polls(at_rest) == (1, 1)


@pytest.mark.long
async def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(at_rest: Served) -> None:
    host, port = at_rest.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)))) as connection:
        connection.settimeout(5)
        connection.sendall(
            b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"
        )
        assert (await asyncio.to_thread(connection.recv, 100)).startswith(b"HTTP/1.1 413")


async def test_who_sends_all_ten_megabytes_reads_that_they_are_too_many(at_rest: Served) -> None:
    host, port = at_rest.url.removeprefix("http://").split(":")

    def sent() -> bytes:
        with closing(socket.create_connection((host, int(port)))) as connection:
            connection.settimeout(10)
            connection.sendall(
                b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                b"Content-Length: 10000000\r\n\r\n" + b"x" * 10_000_000
            )
            answer = b""
            while part := connection.recv(1000):
                answer += part
            return answer

    answer = await asyncio.to_thread(sent)
    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.endswith(b"larger than 1,000,000 bytes\n")


async def test_quick_polls_rest_between_however_often_they_are_asked_for(
    at_rest: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_module, "HASTEN_REST_S", 60.0)

    for number in range(5):
        await asyncio.to_thread(send, at_rest.url, str(number))
        await until(lambda: polls(at_rest)[0] >= 2)
        await asyncio.sleep(0.05)

    assert polls(at_rest) == (2, 1)


async def test_no_answer_waits_for_its_senders_acknowledgement(at_rest: Served) -> None:
    host, _, port = at_rest.url.removeprefix("http://").rpartition(":")

    def took() -> list[float]:
        found = []
        with closing(HTTPConnection(host, int(port))) as connection:
            # A system acknowledges the first ones at once, and then no more.
            for _ in range(40):
                began = time.monotonic()
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                found.append(time.monotonic() - began)
        return found

    assert sorted(await asyncio.to_thread(took))[20] < 0.035


async def test_an_inbox_that_can_t_be_opened_is_opened_once_it_can(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    path = Path(f"{database.path}.webhooks")
    await asyncio.to_thread(path.mkdir)
    async with served(settings, database, shops, senders=SENDERS) as found:
        refused = await asyncio.to_thread(send, found.url, "1")
        await asyncio.to_thread(path.rmdir)
        taken = await asyncio.to_thread(send, found.url, "1")

    assert (refused.status, taken.body) == (503, "thank you\n")


async def test_the_first_does_not_wait_until_its_inbox_is_made(at_rest: Served) -> None:
    assert mode_of(f"{at_rest.database.path}.webhooks") == 0o600


@pytest.mark.long
async def test_a_body_without_an_end_is_cut_off(at_rest: Served) -> None:
    host, port = at_rest.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)))) as connection:
        connection.settimeout(5)
        connection.sendall(
            b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

        def flood() -> None:
            for _ in range(200):
                connection.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")

        try:
            await asyncio.to_thread(flood)
            answer = await asyncio.to_thread(connection.recv, 100)
        except (ConnectionResetError, BrokenPipeError):
            answer = b"HTTP/1.1 413"
        assert answer.startswith(b"HTTP/1.1 413")
    assert (await asyncio.to_thread(send, at_rest.url, "1")).status == 200


@pytest.mark.long
async def test_a_body_that_does_not_come_is_not_waited_for(
    at_rest: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "BODY_S", 0.2)
    host, port = at_rest.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)))) as connection:
        connection.settimeout(5)
        connection.sendall(
            b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
        )
        assert (await asyncio.to_thread(connection.recv, 100)).startswith(b"HTTP/1.1 408")


async def test_it_is_answered_soon_while_a_poll_holds_the_caches_lock(at_rest: Served) -> None:
    held = sqlite3.connect(at_rest.database.path, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        took = []
        for number in range(20):
            began = time.monotonic()
            assert (await asyncio.to_thread(send, at_rest.url, str(number))).status == 200
            took.append(time.monotonic() - began)
    finally:
        held.execute("ROLLBACK")
        held.close()
    assert sorted(took)[10] < 1


@pytest.mark.long
async def test_an_inbox_that_can_t_be_written_is_said_and_the_sender_tries_again(
    at_rest: Served,
) -> None:
    path = Path(f"{at_rest.database.path}.webhooks")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        got = await asyncio.to_thread(send, at_rest.url, "1")
    finally:
        other.execute("ROLLBACK")
        other.close()

    assert got.status == 503
    assert (await asyncio.to_thread(send, at_rest.url, "1")).body == "thank you\n"
