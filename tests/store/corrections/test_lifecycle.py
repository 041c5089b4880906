"""A correction's life: every arrow of it, what voids it and what keeps it quiet."""

import sqlite3
from pathlib import Path

import pytest

from store.corrections import audit, lifecycle, propose
from store.corrections.guards.pushed import pushed_since
from store.database import lease
from store.database.connection import Database
from store.decision import Decision
from store.errors import LeaseLost
from store.history import timeline
from store.model import Authority, CorrectionStatus, Direction
from store.polling import merge
from store.polling.comparison import Comparison
from store.reasons import HeldBack, Reason
from tests.store.correction_steps import (
    EXPIRES_MS,
    HOLD_MS,
    approve,
    begin,
    finish,
    oversold,
    status,
    steps,
)
from tests.store.world import MINUTE, World, channel, record, stock, terms, warehouse, world


def test_from_proposed_to_verified_every_step_is_audited(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        assert (proposal.from_quantity, proposal.to_quantity, proposal.units) == (9, 4, -5)
        assert approve(w, proposal.id) == [Decision(proposal.id, ok=True)]
        assert w.database.write(lifecycle.due, now=w.now) == []
        assert begin(w, proposal.id) == []
        w.database.write(lifecycle.mark_applied, [proposal.id], now=w.now, result="200")
        finish(w, proposal.id, CorrectionStatus.VERIFIED)
        assert steps(w, proposal.id) == ["proposed", "approved", "applying", "applied", "verified"]
        seen = w.database.read(audit.rows, proposal.id)[1]
        assert (seen.who, seen.at) == ("ana", w.now - HOLD_MS)
        assert '"available":9' in seen.seen


def test_what_moves_supersedes_a_proposal_and_a_new_one_follows(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        w.poll("shop", stock(A=8))
        assert status(w, proposal.id) is CorrectionStatus.SUPERSEDED
        newest = w.updates()[0]
        assert (newest.status, newest.from_quantity) == (CorrectionStatus.PROPOSED, 8)


def test_an_approved_reduction_outlives_a_reading_that_is_still_too_high(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        w.poll("shop", stock(A=7))
        assert status(w, proposal.id) is CorrectionStatus.APPROVED
        (held,) = w.database.read(lifecycle.approved, [proposal.id], now=w.now)
        assert (held.valid, held.reading.available) == (True, 7)
        w.poll("shop", stock(A=4))
        assert status(w, proposal.id) is CorrectionStatus.SUPERSEDED


def test_an_approved_reduction_falls_with_its_target(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        w.poll("warehouse", stock(A=3))
        assert status(w, proposal.id) is CorrectionStatus.SUPERSEDED


def test_an_approved_raise_falls_with_any_movement(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9))
        w.twice("shop", stock(A=4))
        proposal = w.updates()[0]
        approve(w, proposal.id)
        w.poll("shop", stock(A=5))
        assert status(w, proposal.id) is CorrectionStatus.SUPERSEDED


def test_reductions_are_written_before_raises(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(UP=9, DOWN=1))
        w.poll("shop", stock(UP=2, DOWN=5))
        w.poll("shop", stock(UP=2, DOWN=5))
        ids = {correction.sku: correction.id for correction in w.updates()}
        approve(w, *ids.values())
        w.now += HOLD_MS
        due = w.database.write(lifecycle.due, now=w.now)
        assert [correction.sku for correction in due] == ["DOWN", "UP"]


def test_what_waits_for_another_channel_is_not_due_and_expires_all_the_same(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))
        w.poll("market", stock(A=9))
        ids = {correction.channel: correction.id for correction in w.updates()}
        approve(w, *ids.values())
        w.now += HOLD_MS
        for name, number in ids.items():
            due = w.database.write(lifecycle.due, now=w.now, channels=[name])
            assert [correction.id for correction in due] == [number]

        assert w.database.write(lifecycle.due, now=w.now, channels=[]) == []
        w.now += 60 * MINUTE
        assert w.database.write(lifecycle.due, now=w.now, channels=[]) == []
        assert status(w, ids["shop"]) is status(w, ids["market"]) is CorrectionStatus.EXPIRED


def test_many_that_wait_cost_one_statement_and_expire_in_as_many_as_a_few(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(**{f"S{number}": 4 for number in range(60)}))
        w.twice("shop", stock(**{f"S{number}": 9 for number in range(60)}))
        few, many = [update.id for update in w.updates()][:3], [u.id for u in w.updates()][3:]
        run: list[str] = []

        def due_at(now: int) -> int:
            def traced(connection: sqlite3.Connection) -> None:
                run.clear()
                connection.set_trace_callback(run.append)
                assert lifecycle.due(connection, now=now, channels=["shop"]) == []
                connection.set_trace_callback(None)

            w.database.write(traced)
            return len(run)

        approve(w, *few)
        assert due_at(w.now) == 1
        expired = due_at(w.now + HOLD_MS + EXPIRES_MS)
        approve(w, *many)
        assert due_at(w.now) == 1
        assert due_at(w.now + HOLD_MS + EXPIRES_MS) == expired
        assert {update.status for update in w.updates()} == {CorrectionStatus.EXPIRED}


def left_to_people(w: World) -> set[int]:
    return w.database.read(
        lambda connection: lifecycle.left_to_people(
            connection, lifecycle.proposals_for_rules(connection)
        )
    )


@pytest.mark.parametrize("ending", ["failed", "not_applied", "unknown"])
def test_after_a_bad_end_the_listing_is_quiet_and_no_rule_may_touch_it(
    tmp_path: Path, ending: str
) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        assert left_to_people(w) == set()
        approve(w, proposal.id)
        begin(w, proposal.id)
        finish(w, proposal.id, CorrectionStatus(ending))
        w.poll("shop", stock(A=9))
        assert len(w.updates()) == 1
        w.poll("shop", stock(A=8))
        again = w.updates()[0]
        assert left_to_people(w) == {again.id}
        approve(w, again.id)
        begin(w, again.id)
        finish(w, again.id, CorrectionStatus.VERIFIED)
        w.poll("shop", stock(A=7))
        assert w.database.read(lifecycle.proposals_for_rules)
        assert left_to_people(w) == set()


def test_what_a_dead_engine_left_half_way_is_unknown(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        begin(w, proposal.id)
    with world(tmp_path) as w:
        assert w.database.write(lifecycle.recover, now=w.now) == 1
        assert status(w, proposal.id) is CorrectionStatus.UNKNOWN


def test_what_was_certainly_not_sent_is_approved_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        begin(w, proposal.id)
        w.database.write(lifecycle.release, [proposal.id], now=w.now, why="refused connection")
        assert status(w, proposal.id) is CorrectionStatus.APPROVED
        assert [correction.id for correction in w.database.write(lifecycle.due, now=w.now)] == [
            proposal.id
        ]


def test_a_holder_that_slept_and_woke_cannot_begin_a_write(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        w.database.write(lease.acquire, holder="old", token="old", now=w.now, span_ms=1000)
        w.now += HOLD_MS
        w.database.write(lease.acquire, holder="new", token="new", now=w.now, span_ms=MINUTE)
        with pytest.raises(LeaseLost, match="held by new"):
            w.database.write(lifecycle.begin_applying, [proposal.id], token="old", now=w.now)
        assert status(w, proposal.id) is CorrectionStatus.APPROVED


def test_quantity_and_state_go_in_one_correction(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [record("A", 4, state="disabled")])
        w.twice("shop", [record("A", 9, state="active")])
        (proposal,) = w.updates()
        assert (proposal.from_quantity, proposal.to_quantity) == (9, 4)
        assert (proposal.from_state, proposal.to_state) == ("active", "disabled")


def test_a_state_alone_leaves_the_quantity(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [record("A", 4, state="disabled")])
        w.twice("shop", [record("A", 4, state="active")])
        (proposal,) = w.updates()
        assert (proposal.units, proposal.to_state) == (0, "disabled")


def test_a_channel_that_cannot_write_states_gets_no_proposal_for_one(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", writes=("quantity",))) as w:
        w.poll("warehouse", [record("A", 4, state="disabled")])
        w.twice("shop", [record("A", 4, state="active")])
        assert w.updates() == []
        assert w.only().kind == "state"


def test_what_was_pushed_within_the_hour_is_counted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        begin(w, proposal.id)
        pushed = w.database.read(pushed_since, w.now - 60 * MINUTE)
        assert (pushed.skus, pushed.units, pushed.to_zero) == (1, 5, 0)
        assert pushed.money_minor == 0
        assert w.database.read(pushed_since, w.now).skus == 0


def test_what_was_pushed_counts_as_a_batch_is_measured(tmp_path: Path) -> None:
    """A SKU on two channels once; its units on each, and on each of its listings; their worth."""
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", [record("A", 0, price_minor=250)])
        for name in ("shop", "market"):
            w.twice(name, [record("A", 5)])
        ids = [update.id for update in w.updates()]
        w.database.write(lambda connection: connection.execute("UPDATE corrections SET listings=2"))
        for correction_id in ids:
            approve(w, correction_id)
            begin(w, correction_id)
        pushed = w.database.read(pushed_since, w.now - 60 * MINUTE)
        assert (pushed.skus, pushed.units, pushed.to_zero) == (1, 20, 2)
        assert pushed.money_minor == 5_000


def test_a_withdrawn_write_ends_what_is_no_longer_disagreed_about(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        w.reconfigure(terms(warehouse(), channel("shop", writes=())))
        assert w.only().correction_id == proposal.id
        w.poll("warehouse", stock(A=9))
        assert status(w, proposal.id) is CorrectionStatus.SUPERSEDED


def test_the_timeline_has_readings_targets_disagreements_and_steps(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        w.database.write(
            merge.record_fresh, "shop", stock(A=4), (), [("A", "")], w.comparison,
            now=w.now + 1, own=True,
        )  # fmt: skip
        entries = [(entry.kind, entry.channel) for entry in w.database.read(timeline.history, "A")]
        assert entries[0] == ("reading", "warehouse")
        assert entries.count(("reading", "shop")) == 2
        assert ("disagreement", "shop") in entries
        assert ("target", "shop") in entries
        assert [entry for entry in entries if entry[0] == "correction"] == [
            ("correction", "shop")
        ] * 3
        times = [entry.at for entry in w.database.read(timeline.history, "A")]
        assert times == sorted(times)


def test_a_correction_waits_for_the_authority_of_what_it_changes(tmp_path: Path) -> None:
    authorities = [Authority("*", "warehouse", "erp")]
    channels = (warehouse(stale_after_ms=4 * MINUTE), channel("erp", writes=()), channel("shop"))
    with Database.open(tmp_path / "skew.db") as database:
        w = World(database, Comparison(terms(*channels, authorities=authorities)))
        w.poll("erp", [record("A", 1, state="active")])
        w.poll("warehouse", stock(A=4))
        w.twice("shop", [record("A", 9, state="active")])
        (proposal,) = w.updates()
        w.poll("erp", [record("A", 1, state="disabled")])
        w.now += 2 * MINUTE

        (decision,) = approve(w, proposal.id)

        stale = HeldBack(Reason.AUTHORITY_STALE)
        assert decision == Decision(proposal.id, ok=False, why="not now", held_back=stale)


def test_a_channel_that_is_pushed_from_now_on_gets_its_proposals(tmp_path: Path) -> None:
    observed = channel("shop", direction=Direction.OBSERVE, writes=())
    with world(tmp_path, observed) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        w.reconfigure(terms(warehouse(), channel("shop")))
        assert [correction.status for correction in w.updates()] == ["proposed"]

        (proposal,) = w.updates()
        approve(w, proposal.id, expires_ms=MINUTE)
        w.reconfigure(terms(warehouse(), observed))
        w.now += 2 * MINUTE
        w.database.write(lifecycle.due, now=w.now)
        w.database.write(propose.propose, now=w.now)
        assert [correction.status for correction in w.updates()] == ["expired"]


def test_an_ended_quantity_proposes_no_state_that_the_channel_cannot_write(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop", writes=("quantity",))) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", [record("A", 9, state="disabled")])
        (proposal,) = w.updates()
        approve(w, proposal.id)
        begin(w, proposal.id)
        w.database.write(
            merge.record_fresh, "shop", [record("A", 4, state="disabled")], (), [("A", "")],
            w.comparison, now=w.now, own=True,
        )  # fmt: skip
        finish(w, proposal.id, CorrectionStatus.VERIFIED)
        w.poll("shop", [record("A", 4, state="disabled")])
        w.database.write(propose.propose, now=w.now)
        assert [correction.status for correction in w.updates()] == ["verified"]


def test_what_another_engine_called_unknown_does_not_turn_applied(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        begin(w, proposal.id)
        w.database.write(lifecycle.recover, now=w.now)
        w.database.write(lifecycle.mark_applied, [proposal.id], now=w.now, result="accepted")
        assert status(w, proposal.id) is CorrectionStatus.UNKNOWN


@pytest.mark.parametrize(("before", "target", "after"), [(9, 4, 3), (4, 9, 8)])
def test_what_was_sold_right_after_a_write_is_the_channels_own_fall(
    tmp_path: Path, before: int, target: int, after: int
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=target))
        w.twice("shop", stock(A=before))
        (proposal,) = w.updates()
        approve(w, proposal.id)
        begin(w, proposal.id)
        w.database.write(
            merge.record_fresh, "shop", stock(A=after), (), [("A", "")], w.comparison,
            now=w.now, own=True,
        )  # fmt: skip
        finish(w, proposal.id, CorrectionStatus.VERIFIED)
        w.poll("shop", stock(A=after))
        assert w.only().reason == Reason.AUTHORITY_BEHIND


def test_a_state_is_not_proposed_alone_while_the_number_is_negative(tmp_path: Path) -> None:
    """A write sets a quantity too, never below zero: it would sell the shortage again."""
    with world(tmp_path, channel("shop", settle_raise_ms=0)) as w:
        w.poll("warehouse", [record("A", 5, state="disabled")])
        w.poll("shop", [record("A", -3, state="active")])
        assert w.updates() == []
        w.poll("shop", [record("A", -3, state="active")])
        (proposal,) = w.updates()
        assert (proposal.to_quantity, proposal.to_state) == (5, "disabled")


def test_what_ended_badly_stays_quiet_while_only_other_channels_move(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market", writes=())) as w:
        w.poll("market", stock(A=4))
        proposal = oversold(w)
        approve(w, proposal.id)
        w.poll("shop", stock(A=7))
        begin(w, proposal.id)
        finish(w, proposal.id, CorrectionStatus.NOT_APPLIED)
        w.reconfigure(terms(warehouse(), channel("shop"), channel("market", writes=())))
        w.poll("warehouse", [record("A", 4, state="active", on_hand=6)])
        w.poll("market", stock(A=5))
        w.database.write(propose.propose, now=w.now)
        assert [correction.status for correction in w.updates()] == ["not_applied"]
        w.poll("shop", stock(A=6))
        assert sorted(correction.status for correction in w.updates()) == [
            "not_applied",
            "proposed",
        ]
