"""What the channel accepts and applies later: nobody waits for it, and a reading decides."""

import dataclasses

import msgspec

from store.corrections import lifecycle
from store.model import CorrectionStatus as Status
from sync.errors import WriteOutcomeUnknown
from tests.sync.approved_corrections import many_approved, one_approved
from tests.sync.scripted_channel import Bench, changed

MINUTE = 60_000


def slow(bench: Bench, *, within: int = 30 * MINUTE, reads_one: bool = False) -> None:
    """A shop that takes everything in and applies it later; it is to show it `within`."""
    shop = bench.shop
    shop.abilities = dataclasses.replace(shop.abilities, reads_one=reads_one)
    shop.later = True
    shop.ignores = {*shop.stock}
    state = bench.channel_state["shop"]
    state.settings = changed(bench.settings, "shop", read_back_within_ms=within).channels["shop"]


async def poll_after(bench: Bench, span_ms: int) -> None:
    """Let the time pass, in which the engine keeps its lease, and poll."""
    bench.clock.at += span_ms
    bench.hold()
    await bench.poll()


async def test_it_waits_for_the_reading_that_proves_it(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    began = bench.clock.now()

    await bench.apply()

    assert bench.update(update).status is Status.APPLIED
    assert bench.update(update).result == "the channel accepted it, and applies it later"
    assert bench.update(update).proof_until == began + 30 * MINUTE
    assert bench.open_incidents() == []

    await bench.poll()
    assert bench.update(update).status is Status.APPLIED

    bench.shop.shows(A=14)
    await bench.poll()
    assert bench.update(update).status is Status.VERIFIED
    assert bench.update(update).result == "a later reading shows what was written"


async def test_a_listing_that_can_be_read_alone_is_waited_for_a_little(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench, reads_one=True)
    began = bench.clock.now()

    await bench.apply()

    assert bench.update(update).status is Status.APPLIED
    assert 10_000 <= bench.clock.now() - began < 15_000


async def test_what_is_shown_meanwhile_is_verified_at_once(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench, reads_one=True)
    bench.shop.ignores = set()

    await bench.apply()

    assert bench.update(update).status is Status.VERIFIED


async def test_after_its_time_the_first_reading_ends_it(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    await bench.apply()

    await poll_after(bench, 31 * MINUTE)

    assert bench.update(update).status is Status.NOT_APPLIED
    words = "accepted, not applied in its time: still shows 31"
    assert bench.update(update).result == words
    assert bench.open_incidents() == [("shop", "surprise", f"update {update} of A: {words}")]


async def test_another_number_after_its_time_leaves_it_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    await bench.apply()

    bench.clock.at += 31 * MINUTE
    bench.hold()
    bench.shop.shows(A=22)
    await bench.poll()

    assert bench.update(update).status is Status.UNKNOWN
    assert bench.update(update).result == "accepted, not applied in its time: shows 22"


async def test_after_the_clock_was_set_back_what_is_shown_proves_it(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    await bench.apply()

    bench.clock.at -= 120 * MINUTE
    await bench.poll()
    assert bench.update(update).status is Status.APPLIED
    bench.shop.shows(A=14)
    await bench.poll()

    assert bench.update(update).status is Status.VERIFIED


async def test_after_the_clock_was_set_back_its_time_begins_anew(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    await bench.apply()

    bench.clock.at -= 120 * MINUTE
    await bench.poll()
    await poll_after(bench, 29 * MINUTE)
    assert bench.update(update).status is Status.APPLIED
    await poll_after(bench, 2 * MINUTE)

    assert bench.update(update).status is Status.NOT_APPLIED


async def test_a_file_of_before_the_write_ends_nothing(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    bench.shop.as_of = bench.clock.now() - 5_000
    await bench.apply()

    await poll_after(bench, 31 * MINUTE)

    assert bench.update(update).status is Status.APPLIED


async def test_nothing_else_is_proposed_while_it_waits(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    await bench.apply()

    bench.warehouse.shows(A=3)
    await bench.poll("warehouse")
    await bench.poll()
    assert [found.id for found in bench.updates()] == [update]

    bench.shop.shows(A=14)
    await bench.poll()
    await bench.poll()
    assert [found.status for found in bench.updates()] == [Status.VERIFIED, Status.PROPOSED]


async def test_an_engine_that_starts_leaves_it_waiting(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    await bench.apply()

    assert bench.database.write(lifecycle.recover, now=bench.clock.now()) == 0

    assert bench.update(update).status is Status.APPLIED


async def test_a_batch_goes_on_though_nothing_of_it_shows_yet(bench: Bench) -> None:
    updates = await many_approved(bench, 8)
    slow(bench)

    await bench.apply()

    assert [len(call) for call in bench.shop.written] == [3, 5]
    assert {bench.update(update).status for update in updates} == {Status.APPLIED}


async def test_where_nothing_ever_shows_at_once_a_batch_goes_in_one_call(bench: Bench) -> None:
    await many_approved(bench, 8)
    slow(bench)
    bench.shop.abilities = dataclasses.replace(bench.shop.abilities, later=True)

    await bench.apply()

    assert [len(call) for call in bench.shop.written] == [8]


async def test_no_reply_of_a_slow_channel_is_left_to_the_polls_too(bench: Bench) -> None:
    updates = await many_approved(bench, 2)
    slow(bench, reads_one=True)
    bench.shop.abilities = dataclasses.replace(bench.shop.abilities, later=True)
    bench.shop.lost_reply = WriteOutcomeUnknown("the connection broke")
    began = bench.clock.now()

    await bench.apply()

    assert bench.clock.now() - began < 15_000, "for half an hour nobody could poll it"
    assert {bench.update(update).status for update in updates} == {Status.UNKNOWN}
    assert [kind for _, kind, _ in bench.open_incidents()] == ["surprise"]
    assert len(bench.shop.written) == 1, "it is never sent again"

    bench.shop.stock = {
        sku: msgspec.structs.replace(record, available=dict(bench.shop.written[0])[sku])
        for sku, record in bench.shop.stock.items()
    }
    await bench.poll()
    assert {bench.update(update).status for update in updates} == {Status.VERIFIED}


async def test_each_of_a_call_has_its_own_end(bench: Bench) -> None:
    first, second, third = await many_approved(bench, 3)
    slow(bench, reads_one=True, within=5 * MINUTE)
    skus = [bench.update(update).sku for update in (first, second, third)]
    bench.shop.ignores = {*skus[1:]}
    bench.shop.refuses = {skus[2]: "it is not tracked"}

    await bench.apply()

    assert bench.update(first).status is Status.VERIFIED
    assert bench.update(second).status is Status.APPLIED
    assert bench.update(third).status is Status.FAILED
    await poll_after(bench, 6 * MINUTE)
    assert bench.update(second).status is Status.NOT_APPLIED


async def test_what_shows_after_its_time_is_verified_after_all(bench: Bench) -> None:
    update = await one_approved(bench)
    slow(bench)
    await bench.apply()
    await poll_after(bench, 31 * MINUTE)
    assert bench.update(update).status is Status.NOT_APPLIED

    bench.shop.shows(A=14)
    await bench.poll()

    assert bench.update(update).status is Status.VERIFIED
