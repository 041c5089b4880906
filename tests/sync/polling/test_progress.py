"""How far a poll has come while it runs."""

import asyncio

from store.queries import status_counts
from store.queries.values import Progress
from sync.polling.poll import PROGRESS_EVERY_MS
from tests.sync.engine_bench import until
from tests.sync.scripted_channel import Bench


def running(bench: Bench) -> Progress | None:
    found = bench.database.read(status_counts.channels, now=bench.clock.now())
    return next(channel.running for channel in found if channel.name == "shop")


async def progress_after(bench: Bench, page_took_ms: int, announced: int | None = None) -> Progress:
    """Poll the shop, whose second page takes a while; answer what stood before the merge."""
    bench.shop.shows(A=1, B=2, C=3, D=4)
    bench.shop.announced = announced

    async def a_while() -> None:
        bench.clock.at += page_took_ms

    bench.shop.page_faults.append(a_while)
    async with bench.context.merging:
        polling = asyncio.create_task(bench.poll("shop"))
        await until(lambda: not bench.shop.page_faults)
        await until(lambda: running(bench) is not None)
        await until(lambda: (running(bench) or Progress(0, 0, 0)).seen > 0 or _waits(bench))
        found = running(bench)
    await polling
    assert running(bench) is None
    assert found is not None
    return found


def _waits(bench: Bench) -> bool:
    """Whether the poll has read all and waits for its turn to be merged."""
    return bool(bench.context.merging._waiters)


async def test_a_long_poll_tells_how_far_it_has_come(bench: Bench) -> None:
    found = await progress_after(bench, PROGRESS_EVERY_MS, announced=4)

    assert (found.seen, found.expected) == (4, 4)


async def test_a_short_poll_tells_nothing_on_its_way(bench: Bench) -> None:
    found = await progress_after(bench, PROGRESS_EVERY_MS - 1)

    assert (found.seen, found.expected) == (0, None)


async def test_a_poll_after_the_first_expects_as_many_as_there_were(bench: Bench) -> None:
    await progress_after(bench, 0)
    bench.shop.shows(E=5)

    found = await progress_after(bench, PROGRESS_EVERY_MS - 1)

    assert (found.seen, found.expected) == (0, 4)
