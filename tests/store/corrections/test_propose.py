"""What is open and can be corrected has an update, or a reason why it has none."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.corrections import propose
from store.model import CorrectionStatus, Direction, Kind, Status
from store.reasons import STANDING, Reason
from tests.long_run import examples
from tests.store.correction_steps import approve, begin, finish
from tests.store.random_life import Life, channels, first_polls
from tests.store.world import World, channel, record, stock, world


def proposed(w: World) -> list[tuple[int | None, int | None]]:
    return [
        (correction.from_quantity, correction.to_quantity)
        for correction in w.updates()
        if correction.status is CorrectionStatus.PROPOSED
    ]


@pytest.mark.parametrize("target", [0, 4])
def test_a_negative_number_that_was_read_before_the_authority_gets_an_update(
    tmp_path: Path, target: int
) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=-3))
        assert w.only(kinds=(Kind.NEGATIVE,)).reason is Reason.NO_TARGET
        w.poll("warehouse", stock(A=target))
        w.poll("shop", stock(A=-3))
        w.poll("warehouse", stock(A=target))
        assert proposed(w) == [(-3, target)]


def test_a_channel_that_begins_to_be_written_has_its_updates(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", direction=Direction.OBSERVE, writes=())) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        assert w.only().reason is Reason.OBSERVED
        assert w.only().status is Status.OPEN
        w.reconfigure(type(w.comparison.terms)(
            w.comparison.terms.authorities, (w.comparison.terms.channels[0], channel("shop")),
        ))  # fmt: skip
        assert proposed(w) == [(9, 4)]


def test_what_cannot_be_written_there_says_so(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", writes=("quantity",))) as w:
        w.poll("warehouse", [record("A", 4, state="disabled")])
        w.twice("shop", [record("A", 4, state="active")])
        assert w.only(kinds=(Kind.STATE,)).reason is Reason.NOT_WRITTEN


def test_a_state_waits_for_a_negative_number_without_a_target(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [record("A", 4, state="disabled")])
        w.twice("shop", [record("A", -2, state="active")])
        found = {disagreement.kind: disagreement for disagreement in w.diff()}
        assert found[Kind.NEGATIVE].reason is not Reason.NEGATIVE_FIRST
        assert proposed(w) == [(-2, 4)]


@pytest.mark.parametrize("end", [CorrectionStatus.FAILED, CorrectionStatus.NOT_APPLIED])
def test_after_an_update_that_ended_badly_the_disagreement_says_why_nothing_comes(
    tmp_path: Path, end: CorrectionStatus
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        (first,) = w.updates()
        approve(w, first.id)
        begin(w, first.id)
        finish(w, first.id, end)
        assert w.only().reason is Reason.DECIDED
        assert w.only().status is Status.OPEN
        w.poll("shop", stock(A=8))
        assert w.only().reason is None
        assert proposed(w) == [(8, 4)]


def test_a_listing_that_is_frozen_says_so_and_not_that_it_settles(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", settle_reduce_ms=60 * 60_000)) as w:
        w.poll("warehouse", stock(A=9))
        w.twice("shop", stock(A=9))
        w.poll("warehouse", stock(A=4))
        assert w.only().status is Status.SETTLING
        w.database.write(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO cell_oddities (id, frozen_at, frozen_why) "
                "SELECT l.id, ?, 'a fight' FROM listings l JOIN channels c ON c.id = l.channel_id "
                "WHERE c.name = 'shop'", (w.now,),
            )
        )  # fmt: skip
        w.database.write(lambda connection: connection.execute("UPDATE cells SET marked = 1"))
        assert (w.only().status, w.only().reason) == (Status.OPEN, Reason.FROZEN)


def one_reason_or_update(w: World) -> None:
    writes = {terms.name: terms.writes for terms in w.comparison.terms.channels}
    silenced = {
        listing_id
        for (listing_id,) in w.rows("SELECT listing_id FROM corrections WHERE silences = 1")
    }
    for found in w.diff():
        if not found.is_correctable or found.status is not Status.OPEN:
            continue
        if found.correction_id is None:
            assert found.reason in STANDING, found
        attribute = "state" if found.kind is Kind.STATE else "quantity"
        if found.reason is Reason.NOT_WRITTEN:
            assert attribute not in writes[found.channel]
        if found.reason is Reason.DECIDED:
            assert found.listing_id in silenced


@pytest.mark.long
@settings(max_examples=examples(60))
@given(data=st.data())
def test_no_open_disagreement_is_without_an_update_or_a_reason(data: st.DataObject) -> None:
    observed = channel("outlet", direction=Direction.OBSERVE, writes=())
    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder), *channels(), observed) as w,
    ):
        life = Life(w, lambda below: data.draw(st.integers(0, below - 1)))
        if data.draw(st.booleans()):
            first_polls(life)
        for _ in range(data.draw(st.integers(1, 25))):
            life.live(1)
            w.database.write(propose.propose, now=w.now)
            one_reason_or_update(w)
