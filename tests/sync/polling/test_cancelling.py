"""A person stops a poll that runs: at once, with nothing half merged, and on record."""

import asyncio

import msgspec
import pytest

from store.database import lease
from store.database.connection import Database
from store.errors import StoreError
from store.event_kinds import Event, EventKind
from store.model import Freshness, PollOutcome
from store.polling import merge
from store.queries import poll_health, status_counts, views
from sync.clock import SystemClock
from sync.engine import requests
from sync.engine.requests import NotAnswered
from sync.polling.reporting.poll_report import PollReport
from sync.settings import Settings
from tests.sync.engine_bench import PATIENCE_S, freshness, made, running, until
from tests.sync.scripted_channel import Bench, Shop, changed, hang

CLOCK = SystemClock()


def records(database: Database) -> list[tuple[str, str | None]]:
    """The outcome and the words of the shop's polls, oldest first."""
    found = database.read(poll_health.recent_polls, "shop", limit=50)
    return [(str(poll.outcome), poll.error) for poll in reversed(found)]


async def cancel(database: Database, who: str = "ana") -> PollReport:
    answers = await requests.ask(database, CLOCK, "cancel", ["shop"], who=who)
    assert answers is not None
    if not answers[0].ok:
        raise StoreError(answers[0].result)
    return msgspec.json.decode(answers[0].result, type=PollReport)


async def reading(shop: Shop) -> None:
    await until(lambda: "poll" in shop.looked)


async def test_a_cancelled_poll_ends_at_once_and_its_record_says_who(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=1, B=2)
    shops["shop"].page_faults.append(hang)
    slow = changed(settings, "shop", every_ms=3_600_000, timeout_ms=3_600_000)

    async with running(made(slow, database)):
        await reading(shops["shop"])
        report = await cancel(database)

    assert (report.outcome, report.error) == (PollOutcome.CANCELLED, "cancelled by ana")
    assert records(database) == [("cancelled", "cancelled by ana")]
    assert freshness(database, "shop") is Freshness.NEVER


async def test_a_cancelled_poll_leaves_the_readings_and_the_channels_health_as_they_were(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    slow = changed(settings, "shop", every_ms=3_600_000)
    await made(slow, database).poll()
    shops["shop"].shows(A=5, B=2)
    shops["shop"].page_faults.append(hang)
    before = len(shops["shop"].looked)

    async with running(made(slow, database)):
        await until(lambda: len(shops["shop"].looked) > before)
        await cancel(database)

    (shop,) = (
        channel
        for channel in database.read(status_counts.channels, now=CLOCK.now())
        if channel.name == "shop"
    )
    assert (shop.freshness, shop.listings, shop.last_error) == (Freshness.FRESH, 1, None)
    (cell,) = (
        listing for listing in database.read(views.shown, ["A"], now=CLOCK.now())["A"]
        if listing.channel == "shop"
    )  # fmt: skip
    assert cell.available == 31
    assert [outcome for outcome, _ in records(database)] == ["good", "cancelled"]


async def test_after_a_cancelled_poll_the_next_one_is_whole(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=1, B=2, C=3)
    shops["shop"].page_faults.append(hang)

    async with running(made(settings, database)):
        await reading(shops["shop"])
        await cancel(database)
        await until(lambda: ("good", None) in records(database))

    (shop,) = (
        channel
        for channel in database.read(status_counts.channels, now=CLOCK.now())
        if channel.name == "shop"
    )
    assert shop.listings == 3


async def test_whoever_waits_for_a_poll_learns_that_another_cancelled_it(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    slow = changed(settings, "shop", every_ms=3_600_000)
    engine = made(slow, database)

    async with running(engine):
        await until(lambda: ("good", None) in records(database))
        shops["shop"].page_faults.append(hang)
        asking_one = asyncio.create_task(engine.poll(["shop"]))
        await until(lambda: ("running", None) in records(database))
        await cancel(database, "bo")
        [report] = await asyncio.wait_for(asking_one, PATIENCE_S)

    assert report.error == "cancelled by bo"


async def test_a_single_round_of_another_process_obeys_too(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].page_faults.append(hang)
    with Database.open(settings.database) as other:
        polling = asyncio.create_task(made(settings, other, "skew poll").poll(["shop"]))
        await reading(shops["shop"])
        await cancel(database)
        [report] = await asyncio.wait_for(polling, PATIENCE_S)

    assert report.outcome is PollOutcome.CANCELLED


async def test_there_must_be_a_poll_to_cancel(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    slow = changed(settings, "shop", every_ms=3_600_000)
    async with running(made(slow, database)):
        await until(lambda: ("good", None) in records(database))
        with pytest.raises(StoreError, match="no poll of shop is running"):
            await cancel(database)


async def test_nobody_is_asked_where_no_engine_runs(settings: Settings, database: Database) -> None:
    assert await requests.ask(database, CLOCK, "cancel", ["shop"], who="ana") is None


async def test_a_cancel_that_found_no_engine_ends_no_later_poll(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    await requests.ask(database, CLOCK, "cancel", ["shop"], who="ana")

    [report] = await made(settings, database, "skew poll").poll(["shop"])

    assert report.outcome is PollOutcome.GOOD
    assert database.read(lease.take_requests, now=CLOCK.now()) == []


async def test_an_engine_that_does_not_answer_is_not_waited_for_for_ever(
    settings: Settings, database: Database
) -> None:
    now = CLOCK.now()
    database.write(lease.acquire, holder="dead", token="x", now=now, span_ms=60_000)
    with pytest.raises(NotAnswered):
        await requests.ask(database, CLOCK, "poll", ["shop"], who="ana", wait_ms_max=50)


async def test_a_poll_that_waits_for_a_write_is_cancelled_before_it_reads_anything(
    bench: Bench,
) -> None:
    channel_state = bench.channel_state["shop"]
    async with channel_state.busy:
        polling = asyncio.create_task(bench.poll("shop"))
        await asyncio.sleep(0)
        channel_state.cancelled_by = "ana"
        polling.cancel()
        report = await polling

    assert report.outcome is PollOutcome.CANCELLED
    assert bench.shop.looked == []
    assert records(bench.database) == [("cancelled", "cancelled by ana")]
    assert (await bench.poll("shop")).outcome is PollOutcome.GOOD


async def test_a_poll_that_has_just_ended_is_not_called_cancelled(bench: Bench) -> None:
    bench.shop.shows(A=3)
    await bench.poll("shop")

    outcome = bench.database.write(
        merge.cancel, "shop", "cancelled by ana", since=bench.clock.now(), now=bench.clock.now()
    )

    assert outcome is PollOutcome.GOOD
    assert records(bench.database) == [("good", None)]


async def test_a_poll_is_seen_to_run_while_it_hears_events_and_is_cancelled_there_too(
    bench: Bench,
) -> None:
    bench.shop.tells(Event("1", EventKind.ORDERED, "A", 1, bench.clock.now()))
    bench.shop.event_faults.append(hang)
    polling = asyncio.create_task(bench.poll("shop"))
    await until(lambda: "events" in bench.shop.looked)
    await until(lambda: records(bench.database) == [("running", None)])

    bench.channel_state["shop"].cancelled_by = "ana"
    polling.cancel()
    report = await polling

    assert report.outcome is PollOutcome.CANCELLED
    assert bench.shop.looked == ["events"]
    assert records(bench.database) == [("cancelled", "cancelled by ana")]
    good = await bench.poll("shop")
    assert good.outcome is PollOutcome.GOOD
    assert bench.shop.asked == [None, None]


async def test_a_poll_that_the_engine_stops_while_it_hears_events_leaves_no_record(
    bench: Bench,
) -> None:
    bench.shop.tells(Event("1", EventKind.ORDERED, "A", 1, bench.clock.now()))
    bench.shop.event_faults.append(hang)
    polling = asyncio.create_task(bench.poll("shop"))
    await until(lambda: records(bench.database) == [("running", None)])

    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)

    assert records(bench.database) == []
