"""The world over real HTTP, through the `simulated` kind and, where that is too polite, bare."""

import asyncio
import http.client
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest

from store.model import Record, State
from sync.channels.base import Change, Channel, EventSource, ListingRef, RecordPage
from sync.channels.simulated.channel import open_channel
from sync.channels.simulated.kind import SimulatedOptions
from sync.clock import SystemClock
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown
from sync.secrets import SecretSource
from sync.simulation.channel import Fault
from sync.simulation.server import RequestBudget, WorldServer
from sync.simulation.world import World
from sync.transport.rate_limit import RateLimitMeter
from sync.transport.transport import Limits, Transport
from tests.simulation.small_world import (
    ITEMS,
    NOON,
    OUTLETS,
    WAREHOUSE,
    HandClock,
    free,
    small_world,
)

TOKENS = {name: f"token-of-{name}" for name in (WAREHOUSE, *OUTLETS)}
KETTLE, MUG, RUG = "KET-12-CRM", "MUG-30-OAT", "RUG-080-RST"


@dataclass(frozen=True)
class Stage:
    """A small world on the network, its clock, and a folder with a token for each channel."""

    world: World
    server: WorldServer
    clock: HandClock
    folder: Path

    @asynccontextmanager
    async def channel(
        self, name: str, *, token: str | None = None, timeout_ms: int = 5_000
    ) -> AsyncIterator[Channel]:
        (self.folder / "token").write_text(token or TOKENS[name])
        url = self.server.url(name)
        limits = Limits(timeout_ms=timeout_ms)
        states = tuple(State) if OUTLETS.get(name) and OUTLETS[name].has_states else ()
        options = SimulatedOptions(
            url=url, token=SecretSource(file="token"), page_size=3, states=states
        )
        transport = Transport(name, url, clock=self.clock, limits=limits)
        channel = open_channel(name, options, transport, self.clock, self.folder)
        try:
            yield channel
        finally:
            await channel.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    world, clock = small_world(), HandClock()
    with WorldServer(world, tokens=TOKENS, clock=clock) as server:
        yield Stage(world, server, clock, tmp_path)


async def everything(channel: Channel) -> list[RecordPage]:
    return [page async for page in channel.pages()]


def change(record: Record, quantity: int, *, key: str, state: State | None = None) -> Change:
    return Change(
        sku=record.sku,
        location=record.location,
        ref=record.ref,
        quantity=quantity,
        previous=record,
        key=key,
        state=state,
    )


async def one(channel: Channel, sku: str) -> Record:
    answer = await channel.read([ListingRef(sku, "", sku)])
    (record,) = answer.records
    return record


async def test_a_channel_is_read_page_by_page(stage: Stage) -> None:
    async with stage.channel(WAREHOUSE) as channel:
        pages = await everything(channel)

    records = [record for page in pages for record in page.records]
    assert [len(page.records) for page in pages] == [3, 1]
    assert {page.announced for page in pages} == {4}
    assert [record.sku for record in records] == sorted(item.sku for item in ITEMS)
    kettle = records[0]
    assert (kettle.available, kettle.on_hand, kettle.committed) == (10, 11, 1)
    assert (kettle.title, kettle.price_minor) == ("Enamel kettle, cream", 3_990)
    assert kettle.source_at == stage.clock.now()


async def test_a_few_listings_are_read_without_the_others(stage: Stage) -> None:
    async with stage.channel("shop") as channel:
        wanted = [ListingRef(sku, "", sku) for sku in (RUG, "NO-SUCH", MUG)]
        answer = await channel.read(wanted)

    assert [(record.sku, record.state) for record in answer.records] == [
        (RUG, State.DISABLED),
        (MUG, State.ACTIVE),
    ]
    assert not answer.refused


async def test_what_moved_is_reported_page_by_page_with_the_worlds_time(stage: Stage) -> None:
    async with stage.channel("till") as channel:
        await everything(channel)
        stage.clock.at += 5_000
        stage.world.advance(5_000)
        for units in (1, 2, 3, 4):
            stage.world.sell("till", MUG, units, warehouse_delay_ms=1_000)
        pages = [page async for page in cast("EventSource", channel).events(None)]
        rest = [page async for page in cast("EventSource", channel).events("3")]

    events = [event for page in pages for event in page.events]
    assert [(event.id, event.quantity) for event in events] == [
        ("1", 1), ("2", 2), ("3", 3), ("4", 4),
    ]  # fmt: skip
    assert {event.at for event in events} == {NOON + 5_000}
    assert [page.cursor for page in pages] == ["3", "4", None]
    assert [event.id for page in rest for event in page.events] == ["4"]


async def test_a_till_tells_no_states(stage: Stage) -> None:
    async with stage.channel("till") as channel:
        assert (await one(channel, MUG)).state is None


async def test_a_batch_has_a_result_for_each_and_one_conflict_does_not_hold_up_the_rest(
    stage: Stage,
) -> None:
    async with stage.channel("shop") as channel:
        kettle, mug = await one(channel, KETTLE), await one(channel, MUG)
        stage.world.edit("shop", KETTLE, 1)

        receipts = await channel.write(
            [change(kettle, 5, key="a"), change(mug, 7, key="b", state=State.HOLD)]
        )

    assert [(receipt.conflict, receipt.refused) for receipt in receipts] == [
        (True, "409: has 1, not 8"),
        (False, None),
    ]
    assert (free(stage.world, "shop", KETTLE), free(stage.world, "shop", MUG)) == (1, 7)
    mug_now = stage.world.channel("shop").held(MUG)
    assert mug_now is not None
    assert mug_now.state is State.HOLD


async def test_a_write_with_a_key_that_was_used_is_not_done_again(stage: Stage) -> None:
    async with stage.channel("shop") as channel:
        asked = change(await one(channel, KETTLE), 5, key="c-17")
        await channel.write([asked])
        stage.world.edit("shop", KETTLE, 3)

        (receipt,) = await channel.write([asked])

    assert receipt.refused is None
    assert free(stage.world, "shop", KETTLE) == 3


async def test_a_wrong_token_and_a_refused_one_both_need_the_operator(stage: Stage) -> None:
    async with stage.channel("shop", token="stolen") as channel:
        with pytest.raises(NeedsOperator) as refused:
            await channel.sign_in()
    stage.world.fault("shop", Fault.REFUSES, 60_000)
    async with stage.channel("shop") as channel:
        with pytest.raises(NeedsOperator):
            await channel.sign_in()

    assert "stolen" not in str(refused.value)


async def test_the_warehouse_may_be_read_only(stage: Stage) -> None:
    async with stage.channel(WAREHOUSE) as channel:
        with pytest.raises(NeedsOperator):
            await channel.write([change(await one(channel, KETTLE), 1, key="a")])

    assert free(stage.world, WAREHOUSE, KETTLE) == 10


async def test_a_busy_channel_says_when_to_come_back(stage: Stage) -> None:
    stage.world.fault("shop", Fault.BUSY, 3_600_000)
    async with stage.channel("shop") as channel:
        with pytest.raises(Temporary) as busy:
            await channel.sign_in()

    assert busy.value.retry_after_s == 2


async def test_retrying_outlasts_a_channel_that_is_busy_for_a_moment(stage: Stage) -> None:
    stage.world.fault("shop", Fault.BUSY, 3_000)
    async with stage.channel("shop") as channel:
        assert await channel.sign_in() == "the token is good; 4 listings"


async def test_a_lost_reply_leaves_the_outcome_unknown_though_it_was_applied(stage: Stage) -> None:
    async with stage.channel("shop") as channel:
        kettle = await one(channel, KETTLE)
        stage.world.fault("shop", Fault.LOSES_REPLIES, 60_000)
        with pytest.raises(WriteOutcomeUnknown):
            await channel.write([change(kettle, 2, key="a")])

        assert (await one(channel, KETTLE)).available == 2


async def test_a_silent_channel_does_not_answer_in_time(stage: Stage) -> None:
    stage.world.fault("shop", Fault.SILENT, 3_600_000)
    async with stage.channel("shop", timeout_ms=50) as channel:
        with pytest.raises(Temporary):
            await channel.sign_in()


async def test_a_silent_channel_speaks_again_when_its_time_is_over(stage: Stage) -> None:
    async with stage.channel("shop") as channel:
        # The world's time begins with the first request: one that came late, on a busy machine,
        # would otherwise find the silence beginning with it, and a clock that stands.
        await channel.sign_in()
        stage.world.fault("shop", Fault.SILENT, 60_000)
        waiting = asyncio.create_task(channel.sign_in())
        await asyncio.sleep(0.05)
        still = waiting.done()
        stage.clock.at += 60_001

        assert await waiting == "the token is good; 4 listings"
    assert not still


def bare(stage: Stage, method: str, path: str, body: bytes = b"") -> tuple[int, object]:
    host, port = urlsplit(stage.server.url("shop")).netloc.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        headers = {"Authorization": f"Bearer {TOKENS['shop']}"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere/stock", b"", 404),
        ("GET", "/shop/prices", b"", 404),
        ("GET", "/shop/stock/NO-SUCH", b"", 404),
        ("GET", "/shop/stock?limit=0", b"", 400),
        ("GET", "/shop/stock?limit=twelve", b"", 400),
        ("GET", "/shop/events?after=-1", b"", 400),
        ("GET", "/shop/events?limit=9999", b"", 400),
        ("GET", "/shop/events", b"", 200),
        ("GET", f"/shop/stock/{KETTLE}", b"", 200),
        ("POST", "/shop/stock", b'{"changes": "all"}', 400),
        ("POST", "/shop/stock", b'{"changes"', 400),
        ("POST", f"/shop/stock/{KETTLE}", b'{"changes": []}', 404),
        ("POST", "/shop/stock", b'{"changes": []}', 200),
        ("POST", "/shop/stock", b" " * (1024 * 1024 + 1), 413),
    ],
)
def test_odd_requests_are_refused_in_words(
    stage: Stage, method: str, path: str, body: bytes, status: int
) -> None:
    given, answer = bare(stage, method, path, body)

    assert given == status
    assert isinstance(answer, dict)
    assert ("error" in answer) == (status != 200)


def test_leaving_the_server_ends_every_thread_it_started(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    world = small_world()
    world.fault("market", Fault.SILENT, 3_600_000)
    with WorldServer(world, tokens=TOKENS, clock=SystemClock()) as server:
        kept = _kept_alive(server.url("shop"), TOKENS["shop"], wait=True)
        waiting = _kept_alive(server.url("market"), TOKENS["market"], wait=False)
        during = len(threading.enumerate())

    assert during >= len(before) + 2
    assert set(threading.enumerate()) == before
    for connection in (kept, waiting):
        connection.close()


def _kept_alive(url: str, token: str, *, wait: bool) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", f"{parts.path}/stock", headers={"Authorization": f"Bearer {token}"})
    if wait:
        connection.getresponse().read()
    return connection


def _skus(pages: Sequence[RecordPage]) -> list[str]:
    return [record.sku for page in pages for record in page.records]


async def test_time_passes_in_the_world_only_by_the_clock(stage: Stage) -> None:
    stage.world.schedule(10_000, lambda: stage.world.delist("shop", MUG))
    async with stage.channel("shop") as channel:
        before = _skus(await everything(channel))
        stage.clock.at += 10_000
        after = _skus(await everything(channel))

    assert MUG in before
    assert MUG not in after


async def test_a_channel_tells_what_is_left_of_its_rate_limit_and_holds_to_it(
    tmp_path: Path,
) -> None:
    clock, meter = HandClock(), RateLimitMeter()
    limits = {"shop": RequestBudget(of=3, per_s=1.0)}
    (tmp_path / "token").write_text(TOKENS["shop"])
    with WorldServer(small_world(), tokens=TOKENS, clock=clock, allowances=limits) as server:
        url = server.url("shop")
        headers = {"Authorization": f"Bearer {TOKENS['shop']}"}
        transport = Transport("shop", url, clock=clock, meter=meter)

        async def ask() -> int | None:
            await transport.request("GET", f"{url}/stock", repeatable=True, headers=headers)
            allowance = meter.allowance()
            return None if allowance is None else allowance.left

        first = [await ask() for _ in range(3)]
        began = clock.now()
        waited_for = await ask()
        await transport.aclose()

    assert first == [2, 1, 0]
    assert waited_for == 1
    assert clock.now() - began >= 2_000
