"""What the daemon answers over HTTP, and what its callers can't do to it."""

import asyncio
import socket
import threading
import time
from contextlib import closing, suppress

import pytest

from store.channels import polls
from store.database.connection import Database
from store.model import CorrectionStatus as Status
from sync.clock import SystemClock
from sync.engine.engine import Engine
from sync.polling.reporting.log import SILENT
from sync.serving import server as server_module
from sync.serving.answers import HttpAnswer
from sync.serving.app import ServingApp
from sync.serving.server import HttpServer
from sync.settings import ServeSettings, Settings
from tests.sync.engine_bench import approve_all, made, until, updates
from tests.sync.scripted_channel import Shop, hang
from tests.sync.serving.conftest import Served, ask, serving


def metrics(text: str) -> dict[str, float]:
    """By name with its labels, as Prometheus writes it."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(number) for name, number in (line.rsplit(" ", 1) for line in lines)}


async def scraped(served: Served) -> dict[str, float]:
    return metrics((await asyncio.to_thread(ask, f"{served.url}/metrics")).body)


async def test_an_engine_at_work_is_well_and_ready(at_work: Served) -> None:
    await until(lambda: bool(updates(at_work.database, Status.PROPOSED)))

    health = await asyncio.to_thread(ask, f"{at_work.url}/healthz")
    ready = await asyncio.to_thread(ask, f"{at_work.url}/readyz")

    assert (health.status, health.body) == (200, "ok\n")
    assert (ready.status, ready.body) == (200, "ready\n")


@pytest.mark.long
async def test_it_is_not_ready_before_its_authority_was_read(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["warehouse"].page_faults.append(hang)
    engine = made(settings, database)
    with serving(engine, database) as url:
        early = await asyncio.to_thread(ask, f"{url}/readyz")
    assert early.status == 503
    assert "the engine does not have the lease" in early.body


@pytest.mark.long
async def test_an_authority_that_is_not_read_is_named(at_work: Served) -> None:
    await until(lambda: bool(updates(at_work.database, Status.PROPOSED)))
    at_work.shops["warehouse"].page_faults.extend([hang] * 5)

    def age(connection: object) -> None:
        connection.execute(  # type: ignore[attr-defined]
            "UPDATE channels SET last_success_at = 1000, stale_after_ms = 100"
            " WHERE name = 'warehouse'"
        )

    await until(lambda: len(at_work.shops["warehouse"].page_faults) < 5)
    at_work.database.write(age)
    ready = await asyncio.to_thread(ask, f"{at_work.url}/readyz")

    assert (ready.status, ready.body) == (503, "authority warehouse is stale\n")


async def test_a_loop_that_stands_still_is_not_well(
    at_work: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "looked_at", property(lambda _: time.monotonic() - 61))

    health = await asyncio.to_thread(ask, f"{at_work.url}/healthz")

    assert health.status == 503
    assert "has not looked around for 61 s" in health.body


async def test_the_metrics_are_what_the_cache_says(at_work: Served) -> None:
    await scraped(at_work)
    await until(lambda: len(updates(at_work.database, Status.PROPOSED)) == 2)
    found = await scraped(at_work)

    assert found['skew_disagreements{channel="shop",kind="quantity",status="open"}'] == 2
    assert found['skew_oversell_units{channel="shop"}'] == 17
    assert found['skew_oversell_units{channel="warehouse"}'] == 0
    assert found['skew_updates_pending{status="proposed"}'] == 2
    assert found["skew_lease_held"] == 1
    assert found["skew_writes_paused"] == 0
    assert found["skew_disagreements_ignored"] == 0
    last = found['skew_channel_last_success_timestamp_seconds{channel="shop"}']
    assert abs(last - time.time()) < 60
    assert found['skew_poll_duration_seconds_count{channel="shop"}'] >= 1
    assert not any("sku" in name.lower() for name in found)


async def test_what_has_ended_is_counted_once_however_often_it_is_scraped(
    at_work: Served,
) -> None:
    await scraped(at_work)
    await until(lambda: len(updates(at_work.database, Status.PROPOSED)) == 2)
    approve_all(at_work.database)
    await until(lambda: len(updates(at_work.database, Status.VERIFIED)) == 2)

    texts = await asyncio.gather(*(scraped(at_work) for _ in range(8)))
    found = await scraped(at_work)

    assert found['skew_updates_total{channel="shop",result="verified"}'] == 2
    assert all(text['skew_updates_total{channel="shop",result="verified"}'] == 2 for text in texts)
    assert 'skew_disagreements{channel="shop",kind="quantity",status="open"}' not in found
    recorded = at_work.shops["shop"].looked.count("poll")
    counted = (await scraped(at_work))['skew_polls_total{channel="shop",outcome="good"}']
    assert recorded - 4 <= counted <= at_work.shops["shop"].looked.count("poll")


@pytest.mark.long
async def test_a_poll_that_runs_at_a_scrape_is_counted_when_it_ends(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    engine = made(settings, database)
    now = SystemClock().now()
    database.write(engine._context.comparison.configure, now=now)
    with serving(engine, database) as url:
        await asyncio.to_thread(ask, f"{url}/metrics")
        running = database.write(polls.open_record, "shop", now=now)
        during = metrics((await asyncio.to_thread(ask, f"{url}/metrics")).body)
        database.write(
            lambda connection: connection.execute(
                "UPDATE polls SET outcome = 'failed', finished_at = started_at + 1500 WHERE id = ?",
                (running,),
            )
        )
        after = metrics((await asyncio.to_thread(ask, f"{url}/metrics")).body)

    assert not any(name.startswith("skew_polls_total") for name in during)
    assert after['skew_polls_total{channel="shop",outcome="failed"}'] == 1
    assert after['skew_poll_duration_seconds_sum{channel="shop"}'] == 1.5


@pytest.mark.long
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/x", 404), ("POST", "/metrics", 405), ("PUT", "/x", 404)],
)
async def test_what_is_not_there_is_refused(
    at_work: Served, method: str, path: str, status: int
) -> None:
    got = await asyncio.to_thread(
        ask, at_work.url + path, method, b"x" if method != "GET" else None
    )

    assert got.status == status


@pytest.mark.long
async def test_a_head_has_no_body(at_work: Served) -> None:
    got = await asyncio.to_thread(ask, f"{at_work.url}/healthz", "HEAD")

    assert (got.status, got.body, got.headers["content-length"]) == (200, "", "3")


@pytest.mark.long
async def test_who_sends_nothing_is_left_and_others_are_answered(
    at_work: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "HEADERS_S", 0.3)
    host, port = at_work.url.removeprefix("http://").split(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(50)]
    try:
        silent[0].sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        began = time.monotonic()
        got = await asyncio.to_thread(ask, f"{at_work.url}/healthz")
        assert (got.status, time.monotonic() - began < 2) == (200, True)

        for connection in silent:
            connection.settimeout(5)
            assert await asyncio.to_thread(connection.recv, 100) == b""
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize(
    "second",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
    ],
)
async def test_who_is_slow_at_the_second_request_is_left_as_well(
    at_work: Served, monkeypatch: pytest.MonkeyPatch, second: bytes
) -> None:
    monkeypatch.setattr(server_module, "HEADERS_S", 0.1)
    host, port = at_work.url.removeprefix("http://").split(":")

    def dripped() -> bool:
        with closing(socket.create_connection((host, int(port)))) as connection:
            connection.settimeout(0.05)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + second)
            give_up = time.monotonic() + 3
            while time.monotonic() < give_up:
                try:
                    connection.sendall(b"a")
                    if connection.recv(1000) == b"":
                        return True
                except TimeoutError:
                    continue
                except ConnectionError:
                    return True
        return False

    assert await asyncio.to_thread(dripped)


async def test_more_connections_than_it_takes_open_no_more_files(
    at_work: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "OPEN_MAX", 3)
    host, port = at_work.url.removeprefix("http://").split(":")
    opened = [socket.create_connection((host, int(port))) for _ in range(9)]
    try:

        def shut(connection: socket.socket) -> bool:
            connection.settimeout(0.2)
            with suppress(TimeoutError):
                try:
                    return connection.recv(1) == b""
                except ConnectionError:
                    return True
            return False

        found = await asyncio.to_thread(lambda: [shut(connection) for connection in opened])
        assert found.count(False) == 3
    finally:
        for connection in opened:
            connection.close()


@pytest.mark.long
async def test_who_comes_while_it_is_busy_waits_and_is_not_turned_away(
    at_work: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    async def busy(_: ServingApp) -> HttpAnswer:
        begun.set()
        time.sleep(2)  # noqa: ASYNC251
        return HttpAnswer.words(200, "ok")

    monkeypatch.setattr(ServingApp, "_health", busy)
    host, port = at_work.url.removeprefix("http://").split(":")
    waiting = asyncio.create_task(asyncio.to_thread(ask, f"{at_work.url}/healthz"))
    await asyncio.to_thread(begun.wait, 5)

    opened = [socket.create_connection((host, int(port)), timeout=0.5) for _ in range(150)]

    for connection in opened:
        connection.close()
    assert (await waiting).status == 200


async def test_what_strangers_send_is_no_line_of_the_log_and_our_own_fault_is_one(
    at_work: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logged: list[tuple[str, dict[str, object]]] = []

    class Kept:
        def info(self, event: str, **keys: object) -> None:
            logged.append((event, keys))

        warning = debug = error = info

    def broken(self: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(ServingApp, "_health", broken)
    server = HttpServer(
        ServeSettings(host="127.0.0.1", port=0),
        lambda: ServingApp(at_work.engine, at_work.database, SystemClock()),
        Kept(),
    )
    server.start()
    try:
        await until(lambda: server.address is not None)
        assert logged == [("serving", {"listen": server.address})]
        host, port = str(server.address).removeprefix("http://").split(":")
        with closing(socket.create_connection((host, int(port)))) as connection:
            connection.sendall(b"\x16\x03\x01\r\n\r\n")
            answer = await asyncio.to_thread(connection.recv, 100)
        assert answer.startswith(b"HTTP/1.1 400")
        got = await asyncio.to_thread(ask, f"{server.address}/healthz")
    finally:
        server.stop()
    assert got.status == 500
    assert logged[1:] == [("request not answered", {"error": "ZeroDivisionError"})]


async def test_a_server_that_follows_another_takes_its_port_over(at_work: Served) -> None:
    def app() -> ServingApp:
        return ServingApp(at_work.engine, at_work.database, SystemClock())

    first = HttpServer(ServeSettings(host="127.0.0.1", port=0), app, SILENT)
    first.start()
    await until(lambda: first.address is not None)
    port = int(str(first.address).rpartition(":")[2])
    second = HttpServer(ServeSettings(host="127.0.0.1", port=port), app, SILENT, first)
    first.end()
    second.start()
    try:
        await until(lambda: second.address is not None)
        got = await asyncio.to_thread(ask, f"{second.address}/healthz")
    finally:
        second.stop()
    assert got.status == 200


@pytest.mark.long
@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00" * 40, b"GET\r\n\r\n", b"A" * 200_000, b"\r\n" * 500]
)
async def test_nonsense_gets_no_more_than_an_error(at_work: Served, sent: bytes) -> None:
    host, port = at_work.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)))) as connection:
        connection.settimeout(5)
        with suppress(ConnectionResetError, BrokenPipeError):
            await asyncio.to_thread(connection.sendall, sent)
        got = await asyncio.to_thread(ask, f"{at_work.url}/healthz")
    assert got.status == 200


@pytest.mark.long
async def test_a_port_that_is_in_use_is_tried_again_and_keeps_nobody_waiting(
    at_work: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "RETRY_EVERY_S", 0.05)
    logged: list[str] = []

    class Told:
        def info(self, event: str, **_: object) -> None:
            logged.append(event)

        warning = debug = error = info

    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        settings = ServeSettings(host="127.0.0.1", port=other.getsockname()[1])
        server = HttpServer(
            settings, lambda: ServingApp(at_work.engine, at_work.database, SystemClock()), Told()
        )
        server.start()
        await until(lambda: logged == ["not serving yet"])
        await asyncio.sleep(0.2)
        assert logged == ["not serving yet"]
    try:
        await until(lambda: server.address is not None)
        got = await asyncio.to_thread(ask, f"{server.address}/healthz")
        assert got.status == 200
    finally:
        server.stop()


@pytest.mark.long
def test_a_server_that_never_got_its_port_stops(database: Database, settings: Settings) -> None:
    engine = made(settings, database)
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = ServeSettings(host="127.0.0.1", port=other.getsockname()[1])
        server = HttpServer(taken, lambda: ServingApp(engine, database, SystemClock()), SILENT)
        server.start()
        began = time.monotonic()
        server.stop()
    assert time.monotonic() - began < 3
