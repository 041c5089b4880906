"""Turning a verified batch back: the values from before, without what has moved since."""

from store.corrections import lifecycle, reverts
from store.corrections.guards import obstacles
from store.corrections.reverts import Revert
from store.model import Correction
from store.model import CorrectionStatus as Status
from store.reasons import Reason
from tests.sync.approved_corrections import many_approved, one_approved
from tests.sync.scripted_channel import Bench


def turn_back(bench: Bench, number: int, who: str = "ana") -> Revert:
    found = bench.database.write(reverts.revert_batch, number, who=who, now=bench.clock.now())
    assert found is not None
    return found


async def written(bench: Bench, shown: int = 31, target: int = 14) -> int:
    """One verified correction, after which everybody was read again."""
    number = await one_approved(bench, shown, target)
    await bench.apply()
    assert bench.update(number).status is Status.VERIFIED
    await read_again(bench)
    return number


async def read_again(bench: Bench) -> None:
    bench.clock.at += 600_000
    await bench.poll("warehouse")
    await bench.poll()
    await bench.poll()


def held(bench: Bench, update: Correction) -> Reason | None:
    found = bench.database.read(obstacles.of, update, now=bench.clock.now())
    return None if found is None else found.reason


async def test_what_was_verified_is_proposed_with_the_values_from_before(bench: Bench) -> None:
    number = await written(bench)

    found = turn_back(bench, number)

    [update] = found.proposed
    assert (update.from_quantity, update.to_quantity, update.reverts) == (14, 31, number)
    assert update.status is Status.PROPOSED
    assert bench.audit(update.id) == ["proposed"]
    assert found.left_out == []


async def test_it_is_written_and_then_stands_until_something_moves(bench: Bench) -> None:
    number = await written(bench)
    [update] = turn_back(bench, number).proposed
    bench.approve(update.id)
    await bench.apply()
    await read_again(bench)

    assert bench.shop.written == [[("A", 14)], [("A", 31)]]
    assert bench.update(update.id).status is Status.VERIFIED
    [disagreement] = bench.disagreements()
    assert disagreement.reason is Reason.DECIDED
    assert disagreement.correction_id is None

    bench.warehouse.shows(A=20)
    await read_again(bench)
    [proposed] = [row for row in bench.updates() if row.status is Status.PROPOSED]
    assert (proposed.to_quantity, proposed.reverts) == (20, None)


async def test_a_revert_is_turned_back_too(bench: Bench) -> None:
    number = await written(bench)
    [update] = turn_back(bench, number).proposed
    bench.approve(update.id)
    await bench.apply()
    await read_again(bench)

    [again] = turn_back(bench, update.id).proposed
    bench.approve(again.id)
    await bench.apply()

    assert bench.shop.written[-1] == [("A", 14)]
    assert bench.update(again.id).status is Status.VERIFIED
    assert bench.disagreements() == []


async def test_what_has_moved_since_is_left_out_and_named(bench: Bench) -> None:
    ids = await many_approved(bench, 5)
    await bench.apply(*ids)
    await read_again(bench)
    bench.shop.shows(S00=3)
    bench.warehouse.shows(S01=7)
    await read_again(bench)

    found = turn_back(bench, ids[0])

    why = {bench.update(left.id).sku: left.why for left in found.left_out}
    assert {update.sku for update in found.proposed} == {"S02", "S03", "S04"}
    assert why["S00"] == "it has moved since: shows 3, and was set to 4"
    assert why["S01"] == "its target has moved since: 4 to 7"


async def test_it_is_superseded_once_its_target_or_its_reading_moves(bench: Bench) -> None:
    number = await written(bench)
    [update] = turn_back(bench, number).proposed
    bench.warehouse.shows(A=12)
    await bench.poll("warehouse")
    assert bench.update(update.id).status is Status.SUPERSEDED


async def test_it_is_not_written_where_the_fresh_reading_has_moved(bench: Bench) -> None:
    number = await written(bench)
    [update] = turn_back(bench, number).proposed
    bench.approve(update.id)
    bench.shop.shows(A=13)
    await bench.apply()
    assert bench.update(update.id).status is Status.SUPERSEDED
    assert bench.shop.written == [[("A", 14)]]


async def test_a_raise_back_waits_as_every_raise_does(bench: Bench) -> None:
    number = await one_approved(bench)
    await bench.apply()

    [update] = turn_back(bench, number).proposed

    # The authority was not read since the shop fell to what was written.
    assert held(bench, update) in (Reason.AUTHORITY_BEHIND, Reason.SECOND_READING)
    await read_again(bench)
    assert held(bench, bench.update(update.id)) is None


async def test_nothing_is_turned_back_on_what_cant_be_seen(bench: Bench) -> None:
    number = await written(bench)
    [update] = turn_back(bench, number).proposed
    bench.clock.at += 86_400_000
    assert held(bench, update) in (Reason.CHANNEL_STALE, Reason.AUTHORITY_STALE)


async def test_no_rule_approves_it(bench: Bench) -> None:
    number = await written(bench, shown=3, target=9)
    [update] = turn_back(bench, number).proposed
    assert update.id not in bench.database.read(lifecycle.proposals_for_rules)


async def test_only_what_was_verified_is_turned_back(bench: Bench) -> None:
    number = await one_approved(bench)
    found = turn_back(bench, number)
    assert found.proposed == []
    assert "only what was verified" in found.left_out[0].why


async def test_twice_proposes_once(bench: Bench) -> None:
    number = await written(bench)
    [update] = turn_back(bench, number).proposed
    again = turn_back(bench, number)
    assert again.proposed == []
    assert again.left_out[0].why == f"a later update exists: #{update.id}"
