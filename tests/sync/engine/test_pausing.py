"""A person pauses a channel: the engine, whichever it is, leaves it alone until it is over."""

from typing import Any

from store.channels import pauses
from store.database.connection import Database
from store.model import CorrectionStatus as Status
from store.model import Millis, PollOutcome
from store.queries import status_counts
from sync.clock import SystemClock
from sync.errors import NeedsOperator
from sync.settings import Settings
from tests.sync.engine_bench import approve_all, incident_kinds, made, running, until, updates
from tests.sync.scripted_channel import Bench, Shop, changed


def pause(database: Database, *, span_ms: int = 60_000) -> None:
    """From another process, as far as the engine can tell."""
    until_at = SystemClock().now() + span_ms
    database.write(pauses.pause, "shop", who="ana", reason="stock count", until=until_at)


def resume(database: Database) -> None:
    database.write(pauses.resume, "shop", who="bo", now=SystemClock().now())


def polls(shop: Shop) -> int:
    return shop.looked.count("poll")


async def rounds_of(shop: Shop, count: int) -> None:
    """Wait for so many more polls of it."""
    first = polls(shop)
    await until(lambda: polls(shop) >= first + count)


def paused_until(database: Database) -> Millis | None:
    channels = database.read(status_counts.channels, now=SystemClock().now())
    return next(channel.paused_until for channel in channels if channel.name == "shop")


async def test_a_paused_channel_is_not_polled_and_the_others_are(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    async with running(made(settings, database)):
        await until(lambda: polls(shops["shop"]) >= 1)
        pause(database)
        await rounds_of(shops["warehouse"], 2)
        before = polls(shops["shop"])
        await rounds_of(shops["warehouse"], 5)

        assert polls(shops["shop"]) == before


async def test_a_persons_pause_survives_a_restart_of_the_engine(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    await made(settings, database).poll()
    pause(database)
    before = polls(shops["shop"])

    async with running(made(settings, database)):
        await rounds_of(shops["warehouse"], 5)

    assert polls(shops["shop"]) == before
    assert paused_until(database) is not None


async def test_a_pause_ends_by_itself_and_the_channel_is_polled_at_once(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    slow = changed(settings, "shop", every_ms=3_600_000)
    await made(slow, database).poll()
    pause(database, span_ms=300)
    before = polls(shops["shop"])

    async with running(made(slow, database)):
        await until(lambda: polls(shops["shop"]) > before and paused_until(database) is None)


async def test_a_resumed_channel_is_polled_at_once(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    slow = changed(settings, "shop", every_ms=3_600_000)
    async with running(made(slow, database)):
        await until(lambda: polls(shops["shop"]) == 1)
        pause(database)
        await rounds_of(shops["warehouse"], 10)

        resume(database)
        await until(lambda: polls(shops["shop"]) == 2)


async def test_a_pause_that_no_engine_saw_ends_with_a_poll_too(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    slow = changed(settings, "shop", every_ms=3_600_000)

    def pause_and_resume(connection: Any) -> None:
        now = SystemClock().now()
        pauses.pause(connection, "shop", who="ana", reason="a slip", until=now + 60_000)
        pauses.resume(connection, "shop", who="ana", now=now)

    async with running(made(slow, database)):
        await until(lambda: polls(shops["shop"]) == 1)
        database.write(pause_and_resume)
        await until(lambda: polls(shops["shop"]) == 2)


async def test_resuming_what_the_engine_itself_has_paused_tries_the_credentials_again(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].page_faults.append(NeedsOperator("401, credential SHOP_KEY"))

    async with running(made(settings, database)):
        await until(lambda: incident_kinds(database) == ["credentials"])
        await rounds_of(shops["warehouse"], 10)
        assert polls(shops["shop"]) == 1

        resume(database)
        await until(lambda: incident_kinds(database) == [])


async def test_approved_updates_of_a_paused_channel_wait_and_are_written_when_it_is_over(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)

    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        pause(database)
        approve_all(database)
        await rounds_of(shops["warehouse"], 10)
        assert len(updates(database, Status.APPROVED)) == 1
        assert shops["shop"].written == []

        resume(database)
        await until(lambda: bool(updates(database, Status.VERIFIED)))


async def test_a_pause_between_two_batches_keeps_the_second_from_being_written(
    bench: Bench,
) -> None:
    many = {f"A{number}": 31 for number in range(5)}
    await bench.disagree(many, dict.fromkeys(many, 14))
    bench.approve()
    until_at = bench.clock.now() + 3_600_000

    def pause_it(_: object) -> None:
        bench.database.write(pauses.pause, "shop", who="ana", reason="now", until=until_at)

    bench.shop.after_write = pause_it
    await bench.apply()

    assert [len(batch) for batch in bench.shop.written] == [3]
    assert len(updates(bench.database, Status.APPROVED)) == 2


async def test_a_round_of_all_leaves_a_paused_channel_out_and_one_by_name_does_not(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    engine = made(settings, database)
    await engine.poll()
    pause(database)

    assert [report.channel for report in await engine.poll()] == ["warehouse"]
    [report] = await engine.poll(["shop"])

    assert report.outcome is PollOutcome.GOOD
    assert paused_until(database) is not None


def stale_words(database: Database) -> str:
    """What the incidents of stale channels say."""
    incidents = database.read(status_counts.status, now=SystemClock().now()).incidents
    return " ".join(incident.message for incident in incidents if incident.kind == "stale")


async def test_a_paused_channel_turns_stale_and_the_incident_says_who_paused_it(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    brief = changed(settings, "shop", stale_after_ms=400)

    async with running(made(brief, database)):
        await until(lambda: polls(shops["shop"]) >= 1)
        pause(database)
        # On a busy machine its first poll may still run: then it begins as "never read".
        await until(lambda: "paused by ana: stock count" in stale_words(database))


async def test_a_pause_from_another_process_holds_for_the_engine_that_has_the_lease(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    engine = made(settings, database)
    async with running(engine):
        await until(lambda: engine.holding)
        with Database.open(settings.database) as other:
            pause(other)
            await rounds_of(shops["warehouse"], 2)
            before = polls(shops["shop"])
            await rounds_of(shops["warehouse"], 5)

    assert polls(shops["shop"]) == before
