"""Applying what was approved: recheck, write, read back, and every way that can end."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from store import corrections, decisions, lease
from store.errors import LeaseLost
from store.model import CorrectionStatus as Status
from store.model import Record, State
from sync.apply import FIRST_FEW
from sync.channels.base import Abilities
from sync.errors import (
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.trouble import PAUSE_MS
from tests.sync.scripted import Bench, hang

CAN = Abilities(
    kind="scripted", reads=("available",), writes=("quantity",), reads_one=True, batch_max=100
)


async def one_approved(bench: Bench, shown: int = 31, target: int = 14) -> int:
    """A shop that shows `shown` where `target` is true, and an approved correction of it."""
    [update] = await bench.disagree({"A": shown}, {"A": target})
    bench.approve(update.id)
    return update.id


async def many_approved(bench: Bench, count: int) -> list[int]:
    names = [f"S{number:02}" for number in range(count)]
    updates = await bench.disagree(dict.fromkeys(names, 9), dict.fromkeys(names, 4))
    bench.approve()
    return [one.id for one in updates]


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
    assert bench.update(update).result == "accepted; still shows 31"
    within = bench.settings.channels["shop"].read_back_within_ms
    assert bench.clock.now() - began == within
    assert bench.open_incidents() == [
        ("shop", "surprise", f"update {update} of A: accepted; still shows 31")
    ]


async def test_after_not_applied_nothing_is_proposed_until_something_moves(bench: Bench) -> None:
    await one_approved(bench)
    bench.shop.ignores = {"A"}
    await bench.apply()

    await bench.poll()
    assert [one.status for one in bench.updates()] == [Status.NOT_APPLIED]

    bench.shop.shows(A=30)
    await bench.poll()
    assert [one.status for one in bench.updates()] == [Status.NOT_APPLIED, Status.PROPOSED]


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


async def test_a_refused_write_fails_with_the_channels_words(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.write_faults.append(WriteRejected("422: quantity is locked"))

    await bench.apply()

    assert bench.update(update).status is Status.FAILED
    assert bench.update(update).result == "422: quantity is locked"
    assert [kind for _, kind, _ in bench.open_incidents()] == ["surprise"]


async def test_a_conflict_fails_with_the_channels_words_and_surprises_nobody(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.conflicts = {"A"}

    await bench.apply()

    assert bench.update(update).status is Status.FAILED
    assert bench.update(update).result == "it moved"
    assert bench.open_incidents() == []


async def test_a_lost_write_reply_is_never_resent(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}
    bench.shop.lost_reply = WriteOutcomeUnknown("no reply in 30 s")

    await bench.apply()
    await bench.poll()
    await bench.apply()

    assert len(bench.shop.written) == 1
    assert bench.update(update).status is Status.UNKNOWN
    assert bench.update(update).result == "no reply: no reply in 30 s; still shows 31"


async def test_a_lost_reply_to_a_write_that_was_applied_is_verified_by_reading(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.lost_reply = WriteOutcomeUnknown("no reply in 30 s")

    await bench.apply()

    assert bench.update(update).status is Status.VERIFIED


async def test_a_later_poll_decides_what_a_lost_reply_left_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}
    bench.shop.lost_reply = WriteOutcomeUnknown("no reply in 30 s")
    await bench.apply()
    assert bench.update(update).status is Status.UNKNOWN

    bench.shop.shows(A=14)
    await bench.poll()

    assert bench.update(update).status is Status.VERIFIED
    assert bench.audit(update)[-2:] == ["unknown", "verified"]


async def test_a_crash_while_writing_counts_as_a_lost_reply(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}
    bench.shop.lost_reply = RuntimeError("secret")

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN
    assert {kind for _, kind, _ in bench.open_incidents()} == {"crashed", "surprise"}
    assert "secret" not in str(bench.open_incidents()) + str(bench.update(update))


async def test_a_write_that_hangs_is_cut_off_and_counts_as_lost(bench: Bench) -> None:
    update = await one_approved(bench)
    watched = bench.watched["shop"]
    watched.settings = msgspec.structs.replace(watched.settings, timeout_ms=5, stale_after_ms=50)
    bench.shop.write_faults.append(hang)

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN


async def test_a_write_that_was_certainly_not_sent_stays_approved_and_backs_off(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.write_faults.append(Temporary("connection refused", retry_after_s=20))

    await bench.apply()

    assert bench.update(update).status is Status.APPROVED
    assert bench.audit(update)[-2:] == ["applying", "not sent"]
    assert bench.watched["shop"].writes.rests_until == bench.clock.now() + 20_000
    assert bench.open_incidents() == []
    await bench.apply()
    assert bench.update(update).status is Status.VERIFIED


async def test_a_key_that_may_not_write_pauses_the_writes_and_not_the_polls(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.write_faults.append(NeedsOperator("401, credential SHOP_KEY"))

    await bench.apply()
    await bench.poll()

    shop = bench.watched["shop"]
    assert bench.update(update).status is Status.APPROVED
    assert bench.open_incidents() == [("shop", "credentials", "401, credential SHOP_KEY")]
    assert shop.polls.rests_until == 0
    assert shop.writes.rests_until > bench.clock.now() + PAUSE_MS - 2_000


async def test_a_write_that_gets_through_ends_the_trouble_with_writing(bench: Bench) -> None:
    await one_approved(bench)
    bench.shop.write_faults.append(NeedsOperator("401, credential SHOP_KEY"))
    await bench.apply()

    await bench.apply()

    assert bench.open_incidents() == []
    assert bench.watched["shop"].writes.rests_until == 0


@pytest.mark.parametrize(
    "error", [Temporary("503"), ContractBroken("no list", path="items"), RuntimeError()]
)
async def test_without_a_fresh_reading_nothing_is_written(bench: Bench, error: Exception) -> None:
    update = await one_approved(bench)
    bench.shop.read_faults.append(error)

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_trouble_with_reading_back_leaves_the_outcome_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.read_faults.extend([None, *[Temporary("503")] * 20])

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN
    assert bench.update(update).result == "accepted; it can't be read back: 503"


async def test_a_listing_that_is_gone_after_the_write_is_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.after_write = lambda _: bench.shop.stock.clear()

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN


async def test_a_number_that_is_neither_old_nor_written_is_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.after_write = lambda _: bench.shop.shows(A=25)

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN
    assert bench.update(update).result == (
        "accepted; shows 25, neither what was written nor what was there"
    )


async def test_an_order_right_after_the_write_does_not_hide_that_it_was_applied(
    bench: Bench,
) -> None:
    bench.shop.stock["A"] = Record("A", 31, on_hand=33, committed=2, threshold=0)
    update = await one_approved(bench)

    def sell(_: object) -> None:
        bench.shop.stock["A"] = Record("A", 13, on_hand=16, committed=3, threshold=0)

    bench.shop.after_write = sell

    await bench.apply()

    assert bench.update(update).status is Status.VERIFIED


async def test_a_batch_is_written_a_few_first_and_then_the_rest(bench: Bench) -> None:
    await many_approved(bench, 10)

    await bench.apply()

    assert [len(call) for call in bench.shop.written] == [FIRST_FEW, 7]
    assert {one.status for one in bench.updates()} == {Status.VERIFIED}


async def test_no_call_carries_more_than_the_channel_takes(bench: Bench) -> None:
    bench.shop.abilities = Abilities(**{**_fields(CAN), "batch_max": 4})
    await many_approved(bench, 10)

    await bench.apply()

    assert [len(call) for call in bench.shop.written] == [3, 4, 3]


async def test_a_batch_stops_at_the_first_surprise_and_hands_the_rest_back(
    bench: Bench,
) -> None:
    ids = await many_approved(bench, 10)
    bench.shop.ignores = {"S01"}

    await bench.apply()

    statuses = [bench.update(one).status for one in ids]
    assert len(bench.shop.written) == 1
    assert statuses[:3] == [Status.VERIFIED, Status.NOT_APPLIED, Status.VERIFIED]
    assert set(statuses[3:]) == {Status.PROPOSED}
    assert bench.audit(ids[-1])[-1] == "handed back"
    [(_, kind, message)] = bench.open_incidents()
    assert kind == "surprise"
    assert message.endswith("still shows 9; 7 more of its batch were handed back")


async def test_a_batch_that_goes_well_ends_the_surprise_of_an_earlier_one(bench: Bench) -> None:
    await many_approved(bench, 5)
    bench.shop.ignores = {"S01"}
    await bench.apply()

    bench.approve(*(one.id for one in bench.updates() if one.status is Status.PROPOSED))
    await bench.apply()

    assert bench.open_incidents() == []


async def test_one_bad_change_does_not_fail_the_batch_that_was_refused_for_it(
    bench: Bench,
) -> None:
    ids = await many_approved(bench, 3)

    async def refuse_all() -> None:
        if any(sku == "S01" for sku, _ in bench.shop.written[-1]):
            raise WriteRejected("S01 is locked")

    bench.shop.write_faults.extend([refuse_all] * 9)

    await bench.apply()

    assert [bench.update(one).status for one in ids] == [
        Status.VERIFIED, Status.FAILED, Status.VERIFIED,
    ]  # fmt: skip


async def test_a_limit_reached_between_two_halves_releases_what_was_not_sent(
    bench: Bench,
) -> None:
    ids = await many_approved(bench, 3)
    bench.shop.write_faults.extend([WriteRejected("too many"), None, Temporary("429")])

    await bench.apply()

    assert [bench.update(one).status for one in ids] == [
        Status.VERIFIED, Status.APPROVED, Status.APPROVED,
    ]  # fmt: skip


async def test_a_lost_half_keeps_the_other_half_from_being_sent(bench: Bench) -> None:
    ids = await many_approved(bench, 2)
    bench.shop.write_faults.extend([WriteRejected("too many"), WriteOutcomeUnknown("cut")])

    await bench.apply()

    assert [len(call) for call in bench.shop.written] == [2, 1]
    assert [bench.update(one).status for one in ids] == [Status.UNKNOWN, Status.PROPOSED]


async def test_an_answer_of_the_wrong_length_proves_nothing(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}
    write = bench.shop.write

    async def mute(changes: Any) -> list[Any]:
        await write(changes)
        return []

    bench.shop.write = mute  # type: ignore[method-assign]

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN


async def test_a_channel_with_compare_and_set_is_written_without_reading_first(
    bench: Bench,
) -> None:
    bench.shop.abilities = Abilities(
        **{**_fields(CAN), "reads_one": False, "compare_and_set": True}
    )
    update = await one_approved(bench)
    bench.shop.looked.clear()

    await bench.apply()

    assert bench.shop.looked == ["poll"]
    assert bench.update(update).status is Status.VERIFIED


async def test_a_channel_without_either_is_polled_once_for_a_whole_batch(bench: Bench) -> None:
    bench.shop.abilities = Abilities(**{**_fields(CAN), "reads_one": False, "batch_max": 3})
    await many_approved(bench, 6)
    bench.shop.looked.clear()

    await bench.apply()

    assert bench.shop.looked == ["poll", "poll", "poll"]
    assert {one.status for one in bench.updates()} == {Status.VERIFIED}


async def test_what_cannot_be_written_now_costs_the_channel_no_reading(bench: Bench) -> None:
    bench.shop.abilities = Abilities(**{**_fields(CAN), "reads_one": False})
    update = await one_approved(bench)
    bench.clock.at += bench.settings.channels["warehouse"].stale_after_ms
    bench.shop.looked.clear()

    await bench.apply()

    assert bench.shop.looked == []
    assert bench.update(update).status is Status.APPROVED


async def test_a_failed_poll_before_a_batch_keeps_it_from_being_written(bench: Bench) -> None:
    bench.shop.abilities = Abilities(**{**_fields(CAN), "reads_one": False})
    update = await one_approved(bench)
    bench.shop.page_faults.append(Temporary("503"))

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_a_state_is_written_and_read_back_with_its_quantity_left_alone(
    bench: Bench,
) -> None:
    can = {**_fields(CAN), "states": frozenset({State.ACTIVE, State.DISABLED})}
    bench.shop.abilities = Abilities(**{**can, "writes": ("quantity", "state")})
    bench.warehouse.abilities = Abilities(**can)
    bench.__post_init__()
    bench.shop.stock["A"] = Record("A", 5, state="active")
    bench.warehouse.stock["A"] = Record("A", 5, state="disabled")
    [update] = await bench.disagree({}, {})
    bench.approve()

    await bench.apply()

    assert bench.shop.stock["A"] == Record("A", 5, state="disabled")
    assert bench.update(update.id).status is Status.VERIFIED


async def test_nothing_is_written_without_the_lease(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.database.write(lease.release, token=bench.token)
    bench.database.write(
        lease.acquire, holder="another", token="theirs", now=bench.clock.now(), span_ms=30_000
    )

    with pytest.raises(LeaseLost):
        await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_an_undone_approval_is_not_written(bench: Bench) -> None:
    [update] = await bench.disagree({"A": 31}, {"A": 14})
    seen = [(update.id, None)]
    now = bench.clock.now()
    bench.database.write(
        decisions.approve, seen, who="ana", now=now, hold_ms=5_000, expires_ms=900_000
    )
    bench.database.write(decisions.undo, seen, who="ana", now=now)

    await bench.apply(update.id)

    assert bench.shop.written == []
    assert bench.update(update.id).status is Status.PROPOSED


def _cut_at(step: int, bench: Bench) -> Callable[[], None]:
    """Cancel the round at its `step`th await of the cache or the channel, as a stop does."""
    taken = 0

    def tick() -> None:
        nonlocal taken
        taken += 1
        if taken == step:
            raise asyncio.CancelledError

    database, shop = bench.database, bench.shop
    awrite, aread, read, write = database.awrite, database.aread, shop.read, shop.write

    async def cut_awrite(*args: Any, **kwargs: Any) -> Any:
        tick()
        result = await awrite(*args, **kwargs)
        tick()
        return result

    async def cut_aread(*args: Any, **kwargs: Any) -> Any:
        tick()
        return await aread(*args, **kwargs)

    async def cut_read(wanted: Any) -> Any:
        tick()
        return await read(wanted)

    async def cut_write(changes: Any) -> Any:
        tick()
        receipts = await write(changes)
        tick()
        return receipts

    database.awrite = cut_awrite  # type: ignore[method-assign]
    database.aread = cut_aread  # type: ignore[method-assign]
    shop.read = cut_read  # type: ignore[method-assign]
    shop.write = cut_write  # type: ignore[method-assign]

    def mend() -> None:
        del database.awrite, database.aread, shop.read, shop.write

    return mend


@pytest.mark.parametrize("step", range(1, 26))
async def test_a_stop_at_any_step_never_leads_to_a_second_write(bench: Bench, step: int) -> None:
    update = await one_approved(bench)
    mend = _cut_at(step, bench)
    try:
        await bench.apply()
        assert step > 20, "this step was not reached"
    except asyncio.CancelledError:
        pass
    mend()

    # The next engine starts, polls and applies what it finds.
    bench.database.write(corrections.recover, now=bench.clock.now())
    await bench.poll()
    await bench.apply()

    ended = (len(bench.shop.written), bench.update(update).status)
    assert ended in {(1, Status.VERIFIED), (1, Status.UNKNOWN), (0, Status.UNKNOWN)}


async def test_what_a_killed_engine_had_only_marked_is_unknown_and_never_sent(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.database.write(
        corrections.begin_applying, [update], token=bench.token, now=bench.clock.now()
    )

    bench.database.write(corrections.recover, now=bench.clock.now())
    await bench.poll()
    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.UNKNOWN


def _fields(abilities: Abilities) -> dict[str, Any]:
    return {name: getattr(abilities, name) for name in Abilities.__slots__}
