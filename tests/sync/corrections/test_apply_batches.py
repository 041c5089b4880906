"""Applying many at once: a few first, halves, surprises, and channels of other abilities."""

import dataclasses
from typing import Any

from store.model import CorrectionStatus as Status
from store.model import Record, State
from sync.channels.abilities import Abilities
from sync.corrections.calls import FIRST_FEW
from sync.errors import (
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from tests.sync.approved_corrections import CAN, many_approved, one_approved
from tests.sync.scripted_channel import Bench


async def test_a_batch_is_written_a_few_first_and_then_the_rest(bench: Bench) -> None:
    await many_approved(bench, 10)

    await bench.apply()

    assert [len(call) for call in bench.shop.written] == [FIRST_FEW, 7]
    assert {update.status for update in bench.updates()} == {Status.VERIFIED}


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

    statuses = [bench.update(correction_id).status for correction_id in ids]
    assert len(bench.shop.written) == 1
    assert statuses[:3] == [Status.VERIFIED, Status.NOT_APPLIED, Status.VERIFIED]
    assert set(statuses[3:]) == {Status.PROPOSED}
    assert bench.audit(ids[-1])[-1] == "handed back"
    [(_, kind, message)] = bench.open_incidents()
    assert kind == "surprise"
    assert message == (
        "update 2 of S01: accepted, not seen yet: still shows 9. Of its batch: applied and "
        "verified 2: #1 S00, #3 S02; not applied 1: #2 S01; not written and handed back 7: #4 S03, "
        "#5 S04, #6 S05 and 4 more"
    )


async def test_a_batch_that_goes_well_ends_the_surprise_of_an_earlier_one(bench: Bench) -> None:
    await many_approved(bench, 5)
    bench.shop.ignores = {"S01"}
    await bench.apply()

    bench.approve(*(update.id for update in bench.updates() if update.status is Status.PROPOSED))
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

    assert [bench.update(correction_id).status for correction_id in ids] == [
        Status.VERIFIED, Status.FAILED, Status.VERIFIED,
    ]  # fmt: skip


async def test_a_limit_reached_between_two_halves_releases_what_was_not_sent(
    bench: Bench,
) -> None:
    ids = await many_approved(bench, 3)
    bench.shop.write_faults.extend([WriteRejected("too many"), None, Temporary("429")])

    await bench.apply()

    assert [bench.update(correction_id).status for correction_id in ids] == [
        Status.VERIFIED, Status.APPROVED, Status.APPROVED,
    ]  # fmt: skip


async def test_a_lost_half_keeps_the_other_half_from_being_sent(bench: Bench) -> None:
    ids = await many_approved(bench, 2)
    bench.shop.write_faults.extend([WriteRejected("too many"), WriteOutcomeUnknown("cut")])

    await bench.apply()

    assert [len(call) for call in bench.shop.written] == [2, 1]
    assert [bench.update(correction_id).status for correction_id in ids] == [
        Status.UNKNOWN,
        Status.PROPOSED,
    ]


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
    assert {update.status for update in bench.updates()} == {Status.VERIFIED}


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


def _fields(abilities: Abilities) -> dict[str, Any]:
    return {name: getattr(abilities, name) for name in Abilities.__slots__}


async def test_a_call_has_changes_of_one_address_only_and_reductions_go_first(
    bench: Bench,
) -> None:
    bench.shop.abilities = dataclasses.replace(bench.shop.abilities, by_address=True)
    shows = {"A1": 9, "B2": 1, "C1": 9, "D2": 9, "E1": 1}
    await bench.disagree(shows, {"A1": 4, "B2": 4, "C1": 5, "D2": 4, "E1": 4})
    bench.approve()
    bench.shop.looked.clear()

    await bench.apply()

    assert bench.shop.written == [
        [("A1", 4), ("C1", 5)], [("D2", 4)], [("B2", 4)], [("E1", 4)],
    ]  # fmt: skip
    assert {update.status for update in bench.updates()} == {Status.VERIFIED}
    assert bench.shop.looked == ["read", "read"] * 4
