"""What the events of a vendure shop cost after a bulk change: read once, then left alone.

And nothing is lost by it: whatever fails, restarts or happens within one second.
"""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec
import pytest

from store.event_kinds import Event
from sync import channels
from sync.channels.base import Channel, EventSource, closing
from sync.channels.vendure import events
from sync.settings import ChannelSettings
from tests.contract.harness import SECRET, SECRET_NAME, OverHttp, QuickClock, over_http
from tests.fakes.vendure import Vendure, in_seconds
from tests.long_run import first

MINUTE = 60_000


class PassingClock(QuickClock):
    """Real time, and what a test adds to it."""

    ahead_ms = 0

    def now(self) -> int:
        return super().now() + self.ahead_ms


@dataclass
class Reader:
    """Polls a shop as the engine does: events, then listings; the cursor is what was recorded."""

    harness: OverHttp
    clock: PassingClock = field(default_factory=PassingClock)
    shop_ahead_ms: int = 0
    """How much later it is in the shop than really."""
    cursor: str | None = None
    seen: dict[str, Event] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    channel: Channel | None = None

    def open(self) -> Channel:
        if self.channel is None:
            options = msgspec.convert(self.harness.table(), channels.kind("vendure").OPTIONS)
            settings = ChannelSettings(
                name="shop", kind="vendure", options=options, timeout_ms=20_000
            )
            self.channel = channels.open_channel(settings, self.clock, self.harness.base)
        return self.channel

    async def restart(self) -> None:
        if self.channel is not None:
            await self.channel.close()
        self.channel = None

    async def poll(self, *, pages_kept: int | None = None) -> int:
        """One poll; only the first pages of events are recorded. How many requests it took."""
        channel, before = self.open(), len(self.harness.server.asked)
        self.refused = []
        number = 0
        async with closing(cast("EventSource", channel).events(self.cursor)) as pages:
            async for page in pages:
                if pages_kept is not None and number >= pages_kept:
                    break
                number += 1
                self.seen |= {event.id: event for event in page.events}
                self.refused += [refused.reason for refused in page.refused]
                self.cursor = page.cursor or self.cursor
        async for _ in channel.pages():
            pass
        return len(self.harness.server.asked) - before

    def passes(self, span_ms: int) -> None:
        """Time goes by, here and in the shop."""
        self.clock.ahead_ms += span_ms
        self.shop_ahead_ms += span_ms

    def move(self, *skus: str, units: int = 1) -> None:
        """Stock is set in the shop at this second."""
        at = in_seconds(QuickClock().now() + self.shop_ahead_ms)
        for sku in skus:
            shop = api(self.harness)
            shop.move(sku, "ADJUSTMENT", units, at)
            shop.variants[int(sku.partition("-")[2])].edited_at = at

    def asked(self, name: str) -> int:
        return sum(
            f"query {name}(".encode() in request.body for request in self.harness.server.asked
        )


def api(harness: OverHttp) -> Vendure:
    assert isinstance(harness.backend, Vendure)
    return harness.backend


@pytest.fixture
async def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reader]:
    monkeypatch.setenv(SECRET_NAME, SECRET)
    with over_http(Vendure(), tmp_path) as harness:
        reader = Reader(harness)
        yield reader
        await reader.restart()


def stocked(reader: Reader, count: int) -> list[str]:
    names = [f"N-{number}" for number in range(count)]
    for name in names:
        api(reader.harness).put(name, 10)
    return names


@pytest.mark.long
async def test_a_settled_shop_costs_its_listings_and_two_questions(reader: Reader) -> None:
    names = stocked(reader, 2_990)
    reader.move(*names)

    costs = []
    for _ in range(11):
        costs.append(await reader.poll())
        reader.passes(MINUTE)

    assert len(reader.seen) == 2_990
    assert costs[-2:] == [5, 5], costs
    # Each variant is read twice at most, for some databases keep whole seconds.
    assert reader.asked("SkewMovements") <= 2 * 2_990 // events.AT_ONCE
    reader.move("N-7")
    assert await reader.poll() == 6
    assert len(reader.seen) == 2_991


async def test_of_a_large_import_all_is_read_in_a_few_polls(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "VARIANTS_MAX", 20)
    monkeypatch.setattr(events, "AT_ONCE", 7)
    names = stocked(reader, 50)
    reader.move(*names)

    read = []
    for _ in range(3):
        await reader.poll()
        read.append((len(reader.seen), len(reader.refused)))
        reader.passes(10 * MINUTE)
    for _ in range(4):
        await reader.poll()
        reader.passes(10 * MINUTE)

    assert read == [(20, 1), (40, 1), (50, 0)]
    assert reader.refused == []


async def test_what_moves_twice_within_a_second_is_reported_twice(reader: Reader) -> None:
    stocked(reader, 1)
    reader.move("N-0")
    await reader.poll()
    # At the same second as the first, after that was read.
    shop = api(reader.harness)
    shop.move("N-0", "ADJUSTMENT", 2, shop.variants[0].moved_at)
    reader.passes(MINUTE)
    await reader.poll()

    assert sorted(event.quantity for event in reader.seen.values()) == [1, 2]


@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_what_was_not_recorded_is_read_again(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 2)
    names = stocked(reader, 6)
    reader.move(*names)
    for _ in range(3):
        await reader.poll(pages_kept=kept)
        reader.passes(MINUTE)
    await reader.poll()

    assert len(reader.seen) == 6


async def test_a_clock_that_jumps_leaves_nothing_out(reader: Reader) -> None:
    stocked(reader, 3)
    reader.move("N-0")
    await reader.poll()
    await reader.poll()
    reader.clock.ahead_ms += 24 * 60 * MINUTE
    await reader.poll()
    reader.move("N-1")
    await reader.poll()
    reader.clock.ahead_ms -= 48 * 60 * MINUTE
    await reader.poll()
    reader.move("N-2")
    await reader.poll()

    assert len(reader.seen) == 3


@pytest.mark.long
@pytest.mark.parametrize("seed", first(1, range(6)))
async def test_whatever_happens_every_movement_is_reported(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(events, "VARIANTS_MAX", 4)
    monkeypatch.setattr(events, "AT_ONCE", 2)
    names = stocked(reader, 12)
    chance = random.Random(seed)
    await reader.poll()
    for _ in range(60):
        act = chance.choice(["move", "move", "bulk", "poll", "poll", "poll", "fail", "restart"])
        if act == "move":
            reader.move(chance.choice(names))
        elif act == "bulk":
            reader.move(*chance.sample(names, 9))
        elif act == "restart":
            await reader.restart()
        else:
            await reader.poll(pages_kept=chance.randrange(3) if act == "fail" else None)
        reader.passes(chance.choice([0, 0, 1_000, 20_000, MINUTE, 3 * MINUTE]))
    for _ in range(12):
        await reader.poll()
        reader.passes(MINUTE)

    assert set(reader.seen) == {movement["id"] for movement in api(reader.harness).movements}
    assert reader.refused == []
    assert await reader.poll() == 3
