"""Applying one correction: recheck, write, read back, and every way that can end."""

import dataclasses

import msgspec
import pytest

from store.model import CorrectionStatus as Status
from tests.sync.approved_corrections import one_approved
from tests.sync.scripted_channel import Bench


async def test_an_approved_correction_is_rechecked_written_and_read_back(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.looked.clear()

    await bench.apply()

    assert bench.shop.written == [[("A", 14)]]
    assert bench.shop.looked == ["read", "read"]
    assert bench.update(update).status is Status.VERIFIED
    assert bench.update(update).result == "accepted; shows 14"
    assert bench.audit(update) == ["proposed", "approved", "applying", "applied", "verified"]
    assert bench.disagreements() == []


async def test_what_is_not_approved_is_not_written(bench: Bench) -> None:
    await bench.disagree({"A": 31}, {"A": 14})

    await bench.apply()

    assert bench.shop.written == []


async def test_a_raise_is_void_once_its_reading_has_moved(bench: Bench) -> None:
    update = await one_approved(bench, shown=2, target=9)
    bench.shop.shows(A=1)

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.SUPERSEDED


async def test_an_approved_reduction_stands_while_the_reading_is_still_above_it(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.shows(A=20)

    await bench.apply()

    assert bench.shop.written == [[("A", 14)]]
    assert bench.update(update).status is Status.VERIFIED


async def test_a_reduction_that_the_channel_has_passed_by_itself_is_void(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.shows(A=12)

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.SUPERSEDED


async def test_a_correction_whose_target_has_moved_is_void(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.warehouse.shows(A=20)
    await bench.poll("warehouse")

    await bench.apply(update)

    assert bench.shop.written == []
    assert bench.update(update).status is Status.SUPERSEDED


async def test_nothing_is_written_on_a_stale_authority(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.clock.at += bench.settings.channels["warehouse"].stale_after_ms
    await bench.poll("shop")

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_nothing_is_written_on_a_quarantined_channel(bench: Bench) -> None:
    update = await one_approved(bench)
    stock, bench.shop.stock = bench.shop.stock, {}
    await bench.poll()
    bench.shop.stock = stock

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_a_write_that_the_channel_accepts_and_forgets_is_not_applied(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}
    began = bench.clock.now()

    await bench.apply()

    assert bench.update(update).status is Status.NOT_APPLIED
    assert bench.update(update).result == "accepted, not seen yet: still shows 31"
    within = bench.settings.channels["shop"].read_back_within_ms
    assert bench.clock.now() - began == within
    assert bench.open_incidents() == [
        ("shop", "surprise", f"update {update} of A: accepted, not seen yet: still shows 31")
    ]


async def test_after_not_applied_nothing_is_proposed_until_something_moves(bench: Bench) -> None:
    await one_approved(bench)
    bench.shop.ignores = {"A"}
    await bench.apply()

    await bench.poll()
    assert [update.status for update in bench.updates()] == [Status.NOT_APPLIED]

    bench.shop.shows(A=30)
    await bench.poll()
    assert [update.status for update in bench.updates()] == [Status.NOT_APPLIED, Status.PROPOSED]


@pytest.mark.parametrize(("shown", "target"), [(31, 250), (2, 100)])
async def test_a_least_number_proves_a_write_of_as_many_or_more(
    bench: Bench, shown: int, target: int
) -> None:
    update = await one_approved(bench, shown=shown, target=target)

    def say_at_least(_changes: object) -> None:
        bench.shop.stock["A"] = msgspec.structs.replace(
            bench.shop.stock["A"], available=100, at_least=True
        )

    bench.shop.after_write = say_at_least
    await bench.apply()

    assert bench.update(update).status is Status.VERIFIED
    assert bench.update(update).result == "accepted; shows ≥100"
    fell = bench.database.read(
        lambda connection: connection.execute("SELECT max(fell_at) FROM listings").fetchone()
    )
    assert fell == (None,)
    await bench.poll()
    assert bench.disagreements() == []
    assert bench.open_incidents() == []


async def test_a_write_below_a_least_number_that_still_shows_it_is_not_applied(
    bench: Bench,
) -> None:
    bench.shop.shows(A=100)
    bench.shop.stock["A"] = msgspec.structs.replace(bench.shop.stock["A"], at_least=True)
    bench.warehouse.shows(A=60)
    for name in ("shop", "warehouse", "shop"):
        await bench.poll(name)
    [update] = bench.updates()
    bench.approve(update.id)
    bench.shop.ignores = {"A"}

    await bench.apply()

    assert bench.update(update.id).status is Status.NOT_APPLIED
    assert bench.update(update.id).result == "accepted, not seen yet: still shows ≥100"


async def test_a_channel_that_compares_is_read_anew_where_only_the_least_is_known(
    bench: Bench,
) -> None:
    bench.shop.abilities = dataclasses.replace(
        bench.shop.abilities, reads_one=False, compare_and_set=True
    )
    bench.shop.shows(A=100)
    bench.shop.stock["A"] = msgspec.structs.replace(bench.shop.stock["A"], at_least=True)
    bench.warehouse.shows(A=60)
    for name in ("shop", "warehouse", "shop"):
        await bench.poll(name)
    bench.approve()
    bench.shop.looked.clear()

    await bench.apply()

    assert bench.shop.looked == ["poll", "poll"]
    assert bench.shop.stock["A"].available == 60


async def test_a_write_that_shows_late_is_verified_within_the_time_for_it(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}

    async def arrive() -> None:
        bench.shop.shows(A=14)

    bench.shop.read_faults.extend([None, None, None, arrive])

    await bench.apply()

    assert bench.update(update).status is Status.VERIFIED


async def test_a_clock_that_is_set_back_does_not_prolong_the_reading_back(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}

    async def set_back() -> None:
        bench.clock.at -= 3_600_000

    bench.shop.read_faults.extend([None, set_back])

    await bench.apply()

    assert bench.update(update).status is Status.NOT_APPLIED
    assert bench.shop.looked.count("read") < 20
