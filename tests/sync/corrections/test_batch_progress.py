"""How far a batch has come: with a real engine, whatever the channel makes of its second write."""

from collections.abc import Callable

import pytest

from store.corrections import batches
from store.database.connection import Database
from store.model import Correction
from store.model import CorrectionStatus as Status
from store.queries import views
from store.reasons import HeldBack, Reason
from sync.clock import SystemClock
from sync.corrections.batch_progress import BatchProgress, Stage, of_batch
from sync.errors import Temporary, WriteOutcomeUnknown
from sync.settings import Settings
from tests.sync.approved_corrections import many_approved
from tests.sync.engine_bench import approve_all, made, running, until, updates
from tests.sync.scripted_channel import Bench, Shop

COUNT = 8


async def approved(
    settings: Settings, database: Database, shops: dict[str, Shop], *, hold_ms: int = 0
) -> list[Correction]:
    """Eight updates of one shop, approved in one act while no engine ran."""
    names = [f"S{number:02}" for number in range(COUNT)]
    shops["shop"].shows(**dict.fromkeys(names, 9))
    shops["warehouse"].shows(**dict.fromkeys(names, 4))
    async with running(made(settings, database)):
        await until(lambda: len(updates(database, Status.PROPOSED)) == COUNT)
    approve_all(database, hold_ms)
    return sorted(updates(database, Status.APPROVED), key=lambda correction: correction.id)


def seen(database: Database, correction: Correction) -> BatchProgress:
    now = SystemClock().now()
    batch = database.read(batches.of_correction, correction.id, now=now)
    assert batch is not None
    return of_batch(batch, now=now)


def over(database: Database, correction: Correction) -> Callable[[], bool]:
    return lambda: seen(database, correction).over


async def test_a_batch_that_goes_well_ends_with_all_of_it_verified(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    batch = await approved(settings, database, shops)
    before = seen(database, batch[5])
    async with running(made(settings, database)):
        await until(over(database, batch[5]))

    found = seen(database, batch[5])
    assert (before.who, before.counts) == ("ana", {Stage.WAITING: COUNT})
    assert [standing.correction.id for standing in before.updates] == [
        correction.id for correction in batch
    ]
    assert (found.counts, found.channels[0].stopped) == ({Stage.VERIFIED: COUNT}, "")
    assert found.channels[0].phase == ""


async def test_a_second_write_that_changes_nothing_stops_the_batch(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    batch = await approved(settings, database, shops)
    shops["shop"].ignores = {"S01"}
    async with running(made(settings, database)):
        await until(over(database, batch[0]))

    [channel] = seen(database, batch[0]).channels
    assert channel.counts == {Stage.VERIFIED: 2, Stage.NOT_APPLIED: 1, Stage.HANDED_BACK: 5}
    assert channel.stopped == "update 2 of S01: accepted, not seen yet: still shows 9"
    assert channel.updates[1].note == "accepted, not seen yet: still shows 9"
    assert len(updates(database, Status.PROPOSED)) == 5


async def test_a_second_write_that_is_refused_stops_the_batch(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    batch = await approved(settings, database, shops)
    shops["shop"].refuses = {"S01": "locked by a promotion"}
    async with running(made(settings, database)):
        await until(over(database, batch[0]))

    [channel] = seen(database, batch[0]).channels
    assert channel.counts == {Stage.VERIFIED: 2, Stage.FAILED: 1, Stage.HANDED_BACK: 5}
    assert channel.stopped == "update 2 of S01: refused: locked by a promotion"


async def test_writes_without_a_reply_stop_the_batch_and_a_later_reading_proves_them(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    batch = await approved(settings, database, shops)
    shops["shop"].write_faults.append(WriteOutcomeUnknown("the line was cut"))
    async with running(made(settings, database)):
        await until(over(database, batch[0]))
        lost = seen(database, batch[0])
        shops["shop"].shows(S00=4, S01=4, S02=4)
        await until(lambda: seen(database, batch[0]).counts[Stage.VERIFIED] == 3)

    assert lost.counts == {Stage.UNKNOWN: 3, Stage.HANDED_BACK: 5}
    assert "no reply: the line was cut" in lost.channels[0].stopped


async def test_a_batch_in_its_hold_says_until_when(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    batch = await approved(settings, database, shops, hold_ms=60_000)

    found = seen(database, batch[0])
    assert found.counts == {Stage.HELD: COUNT}
    assert found.held_until == batch[0].hold_until
    assert found.cancellable == tuple(correction.id for correction in batch)


def of(bench: Bench, correction_id: int) -> BatchProgress:
    now = bench.clock.now()
    batch = bench.database.read(batches.of_correction, correction_id, now=now)
    assert batch is not None
    return of_batch(batch, now=now)


async def test_the_phases_of_a_batch_are_seen_while_it_is_written(bench: Bench) -> None:
    ids = await many_approved(bench, 10)
    phases: list[tuple[str, dict[Stage, int]]] = []

    async def look() -> None:
        found = of(bench, ids[0])
        phases.append((found.channels[0].phase, dict(found.counts)))
        bench.clock.at += 1

    bench.shop.write_faults.extend([look, look])
    await bench.apply()

    assert phases == [
        ("the first 3", {Stage.WRITING: 3, Stage.WAITING: 7}),
        ("the rest", {Stage.VERIFIED: 3, Stage.WRITING: 7}),
    ]


async def test_what_could_not_be_sent_waits_and_says_why(bench: Bench) -> None:
    ids = await many_approved(bench, 4)
    bench.shop.write_faults.append(Temporary("429"))

    await bench.apply()

    [channel] = of(bench, ids[0]).channels
    assert channel.counts == {Stage.WAITING: 4}
    assert channel.waiting_because == "not sent: 429"


async def test_what_waits_for_a_stale_channel_says_so(bench: Bench) -> None:
    ids = await many_approved(bench, 4)
    bench.clock.at += bench.settings.channels["shop"].stale_after_ms + 1

    assert of(bench, ids[0]).channels[0].held_back == HeldBack(Reason.CHANNEL_STALE)


async def test_what_was_handed_back_and_approved_again_counts_in_its_new_batch(
    bench: Bench,
) -> None:
    ids = await many_approved(bench, 5)
    bench.shop.ignores = {"S01"}
    await bench.apply()
    bench.clock.at += 1
    bench.approve(*ids[3:])
    await bench.apply()

    first, second = of(bench, ids[0]), of(bench, ids[4])
    assert first.counts == {Stage.VERIFIED: 2, Stage.NOT_APPLIED: 1, Stage.HANDED_BACK: 2}
    assert second.counts == {Stage.VERIFIED: 2}


async def test_a_cancelled_batch_leaves_what_is_being_written_and_takes_the_rest(
    bench: Bench,
) -> None:
    ids = await many_approved(bench, 10)
    answers: list[list[tuple[int, bool, str]]] = []

    async def cancel() -> None:
        decided = bench.database.write(
            batches.cancel, ids, who="ben", now=bench.clock.now(), note="wrong list"
        )
        answers.append([(decision.id, decision.ok, decision.why) for decision in decided])

    bench.shop.write_faults.append(cancel)
    await bench.apply()

    found = of(bench, ids[0])
    assert answers == [
        [(correction_id, False, "it is being written") for correction_id in ids[:3]]
        + [(correction_id, True, "") for correction_id in ids[3:]]
    ]
    assert found.counts == {Stage.VERIFIED: 3, Stage.TAKEN_BACK: 7}
    assert [len(call) for call in bench.shop.written] == [3]
    assert found.updates[9].note == "wrong list"
    assert {bench.update(correction_id).status for correction_id in ids[3:]} == {Status.PROPOSED}


@pytest.mark.parametrize("count", [1, 3])
async def test_a_batch_of_no_more_than_the_first_few_has_no_rest(bench: Bench, count: int) -> None:
    ids = await many_approved(bench, count)
    phases: list[str] = []

    async def look() -> None:
        phases.append(of(bench, ids[0]).channels[0].phase)

    bench.shop.write_faults.append(look)
    await bench.apply()

    assert phases == [f"all {count}"]


async def test_what_was_never_approved_is_of_no_batch(bench: Bench) -> None:
    [update] = await bench.disagree({"A": 31}, {"A": 14})
    assert bench.database.read(batches.of_correction, update.id, now=0) is None
    assert bench.database.read(views.updates)[0].id == update.id
