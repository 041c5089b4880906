"""The write goes to the listing that was approved, and an approval that can't be rechecked ends."""

import msgspec
import pytest

from store.corrections import lifecycle
from store.model import CorrectionStatus as Status
from store.model import Record, Refused
from sync.channels.base import FreshReadings, ListingRef
from sync.errors import ContractBroken, NeedsOperator, Temporary
from tests.sync.approved_corrections import one_approved
from tests.sync.scripted_channel import Bench


def become_another(bench: Bench, sku: str = "A") -> None:
    """The shop deletes the article and makes another one of the same SKU."""
    bench.shop.stock[sku] = msgspec.structs.replace(bench.shop.stock[sku], ref="id-new")


def answer(bench: Bench, monkeypatch: pytest.MonkeyPatch, readings: FreshReadings) -> None:
    """The shop's single record says this from now on, whatever its list says."""

    async def read(_wanted: list[ListingRef]) -> FreshReadings:
        return readings

    monkeypatch.setattr(bench.shop, "read", read)


async def test_another_listing_of_the_same_sku_was_not_approved(bench: Bench) -> None:
    update = await one_approved(bench)
    become_another(bench)
    await bench.poll()

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.SUPERSEDED
    assert bench.update(update).result == (
        'not written: the SKU is another listing now, ref "id-new"; approved was ref "id-A"'
    )
    # The new listing is as wrong as the old one was, and a person may approve that.
    await bench.poll()
    await bench.poll()
    again = bench.updates()[-1]
    bench.approve(again.id)
    await bench.apply()
    assert bench.shop.written == [[("A", 14)]]


async def test_a_recheck_that_finds_another_listing_fails_the_update(bench: Bench) -> None:
    update = await one_approved(bench)
    become_another(bench)

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.FAILED
    assert bench.update(update).result == (
        'not written: read by itself, its ref is "id-new"; approved was "id-A"'
    )


async def test_a_listing_that_becomes_another_right_before_the_request_is_not_written(
    bench: Bench,
) -> None:
    update = await one_approved(bench)

    async def meanwhile() -> None:
        bench.database.write(
            lambda connection: connection.execute("UPDATE cells SET ref = 'id-new'")
        )

    bench.shop.turn_faults.append(meanwhile)

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_an_undone_approval_is_of_the_listing_that_is_approved_next(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.database.write(lifecycle.hand_back, [update], now=bench.clock.now(), why="a surprise")
    become_another(bench)
    await bench.poll()
    bench.approve(update)

    await bench.apply()

    assert bench.update(update).status is Status.VERIFIED


@pytest.mark.parametrize(
    ("readings", "status", "words"),
    [
        (
            FreshReadings(refused=[Refused("its own record", "`qty` found nothing", "A")]),
            Status.FAILED,
            "not written: it can't be rechecked: `qty` found nothing",
        ),
        (
            FreshReadings(),
            Status.SUPERSEDED,
            "its target or its reading changed",
        ),
        (
            FreshReadings([Record("A", 30, ref="id-A"), Record("A", 30, ref="id-B")]),
            Status.SUPERSEDED,
            "its target or its reading changed",
        ),
    ],
)  # fmt: skip
async def test_an_approval_that_its_own_record_cannot_confirm_ends_and_says_so(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    readings: FreshReadings,
    status: Status,
    words: str,
) -> None:
    update = await one_approved(bench)
    answer(bench, monkeypatch, readings)

    await bench.apply()

    assert bench.shop.written == []
    assert (bench.update(update).status, bench.update(update).result) == (status, words)


@pytest.mark.parametrize(
    "error",
    [
        Temporary("the shop answered 503"),
        NeedsOperator("the shop answered 401, credential SHOP_KEY"),
        ContractBroken("no such view", path="/stock/A", subject="shop"),
    ],
)
async def test_an_approval_that_waits_says_why_and_ends_with_it(
    bench: Bench, error: Exception
) -> None:
    update = await one_approved(bench)
    steps = bench.audit(update)
    for _ in range(3):
        bench.shop.read_faults.append(error)
        await bench.apply()

    waiting = bench.update(update)
    assert (waiting.status, waiting.result) == (Status.APPROVED, f"not written yet: {error}")
    assert bench.audit(update) == steps
    bench.clock.at += 900_000
    await bench.apply()
    ended = bench.update(update)
    assert ended.status is Status.EXPIRED
    assert ended.result == f"it was approved too long ago; not written yet: {error}"


async def test_what_waited_and_is_written_after_all_says_only_that(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.read_faults.append(Temporary("the shop answered 503"))
    await bench.apply()
    await bench.apply()
    assert bench.update(update).result == "accepted; shows 14"
