"""How fast Amazon is asked: each operation by its own limit, and a share of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sync.channels.amazon.channel import Amazon as AmazonChannel
from sync.channels.amazon.channel import open_channel
from sync.channels.amazon.options import AmazonOptions
from sync.channels.base import ListingRef
from sync.transport.transport import Limits, Transport
from tests.contract.harness import OverHttp, options_of, over_http
from tests.fakes.amazon import Amazon
from tests.sync.scripted_channel import HandClock


class WaitingClock(HandClock):
    """Counts the waits of which time is made."""

    waited_ms = 0

    async def sleep(self, span_ms: int) -> None:
        self.waited_ms += span_ms
        await super().sleep(span_ms)


@pytest.fixture
def amazon(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(Amazon(rate="5.0"), tmp_path) as found:
        for number in range(400):
            found.put(f"N-{number:03}", 1)
        yield found


@asynccontextmanager
async def closing_channel(
    harness: OverHttp, clock: HandClock, share: float
) -> AsyncIterator[AmazonChannel]:
    options = options_of(AmazonOptions, harness.table())
    transport = Transport("shop", options.url, clock=clock, limits=Limits(rate_share=share))
    channel = open_channel("shop", options, transport, clock, harness.base)
    try:
        yield channel
    finally:
        await channel.close()


@pytest.mark.long
@pytest.mark.parametrize(("share", "seconds"), [(0.5, 6.0), (1.0, 3.0), (0.1, 30.0)])
async def test_a_sweep_takes_its_share_of_the_limit(
    amazon: OverHttp, share: float, seconds: float
) -> None:
    clock = WaitingClock()
    async with closing_channel(amazon, clock, share) as channel:
        count = sum([len(page.records) async for page in channel.pages()])

    # 20 pages, of which five may be asked for at once.
    assert count == 400
    assert clock.waited_ms / 1000 == pytest.approx(seconds, rel=0.05)


async def test_an_operation_waits_for_no_other(amazon: OverHttp) -> None:
    amazon.put("one,two", 1)
    clock = WaitingClock()
    wanted = [ListingRef(f"N-{number:03}", "", "") for number in range(100)]
    async with closing_channel(amazon, clock, 0.5) as channel:
        await channel.read(wanted)
        assert clock.waited_ms == 0
        await channel.read([ListingRef("one,two", "", "")])
        assert clock.waited_ms == 0
        await channel.read(wanted[:1])

    assert clock.waited_ms == pytest.approx(400, abs=5)
