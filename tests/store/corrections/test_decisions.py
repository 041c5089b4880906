"""What a person decides of a correction: yes, no, later, back; two names; what can't be decided."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from store.corrections import audit, decisions, lifecycle
from store.decision import Decision
from store.model import CorrectionStatus, Direction
from store.queries.ranking_values import Severity
from store.reasons import HeldBack, Reason
from tests.store.correction_steps import EXPIRES_MS, HOLD_MS, approve, begin, oversold, status
from tests.store.world import MINUTE, World, channel, stock, world


def test_an_approval_of_what_has_moved_since_it_was_seen_is_void(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id, who="ben")
        w.database.write(decisions.undo, [(proposal.id, None)], who="ben", now=w.now)
        (decision,) = w.database.write(
            decisions.approve, [(proposal.id, proposal.version)], who="ana", now=w.now,
            hold_ms=HOLD_MS, expires_ms=EXPIRES_MS,
        )  # fmt: skip
        assert not decision.ok
        assert "ben took its approval back at" in decision.why


def test_an_unknown_update_is_named_as_such(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert approve(w, 77) == [Decision(77, ok=False, why="not found")]


def test_a_rejected_listing_is_quiet_until_it_moves_even_there_and_back(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        w.database.write(
            decisions.reject, [(proposal.id, None)], who="ana", now=w.now, reason="stocktake"
        )
        w.poll("shop", stock(A=9))
        assert w.updates()[0].status is CorrectionStatus.REJECTED
        assert w.updates()[0].note == "stocktake"
        w.poll("shop", stock(A=4))
        w.twice("shop", stock(A=9))
        assert w.updates()[0].status is CorrectionStatus.PROPOSED


def test_a_snoozed_update_comes_back_by_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        until = w.now + 90_000
        w.database.write(decisions.snooze, [(proposal.id, None)], who="ana", now=w.now, until=until)
        w.poll("shop", stock(A=9))
        assert status(w, proposal.id) is CorrectionStatus.SNOOZED
        w.poll("shop", stock(A=9))
        assert status(w, proposal.id) is CorrectionStatus.PROPOSED


def rejected(w: World) -> int:
    proposal = oversold(w)
    w.database.write(decisions.reject, [(proposal.id, None)], who="ana", now=w.now, reason="why")
    return proposal.id


def undo(w: World, number: int, who: str = "ben") -> Decision:
    (decision,) = w.database.write(decisions.undo, [(number, None)], who=who, now=w.now)
    return decision


def test_a_rejection_that_is_undone_is_proposed_again_as_it_was(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        number = rejected(w)
        seen = w.only()
        assert (seen.rejected_id, seen.rejected_by) == (number, "ana")
        assert seen.severity == Severity.SNOOZED_OR_REJECTED
        assert w.overview().snoozed_or_rejected == 1

        assert undo(w, number).ok
        (update,) = w.updates()
        assert (update.id, update.status, update.note) == (number, "proposed", None)
        assert update.ended_at is None
        assert w.only().rejected_id is None
        assert w.overview().snoozed_or_rejected == 0
        last = w.database.read(audit.rows, number)[-1]
        assert (last.who, last.step) == ("ben", decisions.REJECTION_UNDONE)
        approve(w, number)
        assert status(w, number) is CorrectionStatus.APPROVED


def test_a_rejection_holds_no_more_once_something_moved(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        number = rejected(w)
        w.poll("shop", stock(A=8))
        decision = undo(w, number)
        assert not decision.ok
        assert "moved since" in decision.why


def test_undo_ends_a_snooze(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        until = w.now + 90_000
        w.database.write(decisions.snooze, [(proposal.id, None)], who="ana", now=w.now, until=until)
        assert w.only().snoozed_until == until
        assert w.only().severity == Severity.SNOOZED_OR_REJECTED
        assert (w.overview().pending, w.overview().snoozed) == (1, 1)

        assert undo(w, proposal.id).ok
        assert status(w, proposal.id) is CorrectionStatus.PROPOSED
        assert w.only().snoozed_until is None
        assert w.overview().snoozed == 0


def test_undo_ends_with_the_hold(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        w.now += HOLD_MS
        (late,) = w.database.write(decisions.undo, [(proposal.id, None)], who="ana", now=w.now)
        assert not late.ok
        assert late.why.startswith("its hold has passed: reject it to stop it")


def test_an_approval_that_cannot_be_written_yet_can_be_rejected(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id)
        w.now += 2 * HOLD_MS
        seen = [(proposal.id, None)]
        rejected = w.database.write(
            decisions.reject, seen, who="ben", now=w.now, reason="counted again"
        )
        assert rejected == [Decision(proposal.id, ok=True)]
        assert begin(w, proposal.id) == [proposal.id]
        assert w.database.read(audit.rows, proposal.id)[-1].note == "counted again"


def test_above_the_threshold_two_names_are_needed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        first = approve(w, proposal.id, second_person_above=4)[0]
        assert (first.ok, "second person" in first.why) == (True, True)
        assert status(w, proposal.id) is CorrectionStatus.PROPOSED
        again = approve(w, proposal.id, second_person_above=4)[0]
        assert (again.ok, "not ana again" in again.why) == (False, True)
        for written in ("Ana", "ana ", "ana\u200b"):
            same = approve(w, proposal.id, who=written, second_person_above=4)[0]
            assert (same.ok, "need a second person" in same.why) == (False, True)
        approve(w, proposal.id, who="ben", second_person_above=4)
        (done,) = w.database.read(lifecycle.by_id, [proposal.id])
        assert (done.status, done.decided_by, done.second_by) == ("approved", "ana", "ben")


def test_what_cannot_be_trusted_cannot_be_approved(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        w.now += 11 * MINUTE
        (decision,) = approve(w, proposal.id)
        stale = HeldBack(Reason.CHANNEL_STALE)
        assert decision == Decision(proposal.id, ok=False, why="not now", held_back=stale)


def test_an_approval_expires_and_is_proposed_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id, expires_ms=MINUTE)
        w.now += MINUTE + HOLD_MS
        assert w.database.write(lifecycle.due, now=w.now) == []
        assert status(w, proposal.id) is CorrectionStatus.EXPIRED
        w.poll("shop", stock(A=9))
        assert w.updates()[0].status is CorrectionStatus.PROPOSED


def test_what_others_did_is_listed_act_by_act(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=4))
        w.twice("shop", stock(A=9, B=9))
        before = w.database.read(audit.newest_step)
        ids = sorted(correction.id for correction in w.updates())
        approve(w, *ids, who="ben")
        w.now += 1
        w.database.write(decisions.undo, [(ids[0], None)], who="ana", now=w.now)
        w.database.write(
            decisions.reject, [(ids[1], None)], who="ben", now=w.now, reason="stocktake"
        )
        acts = w.database.read(audit.acts_since, before, except_by=("ana", "skew"))

        assert [(act.who, act.step, act.count, act.correction_id, act.note) for act in acts] == [
            ("ben", "approved", 2, ids[0], None),
            ("ben", "rejected", 1, ids[1], "stocktake"),
        ]
        assert (
            w.database.read(audit.acts_since, w.database.read(audit.newest_step), except_by=())
            == []
        )


def test_each_disagreement_is_found_by_the_states_that_it_is_shown_in(tmp_path: Path) -> None:
    seen = channel("seen", direction=Direction.OBSERVE, writes=())
    with world(tmp_path, channel("shop"), seen) as w:
        w.poll("warehouse", stock(A=5, B=5, C=5, D=5))
        w.poll("seen", stock(A=9, B=5, C=5, D=5))
        w.twice("shop", stock(A=9, B=9, C=9, D=1))
        first, second, *_ = sorted(update.id for update in w.updates())
        w.database.write(
            decisions.snooze, [(first, None)], who="ana", now=w.now, until=w.now + MINUTE
        )
        w.database.write(decisions.reject, [(second, None)], who="ana", now=w.now, reason="no")
        found = w.diff()
        assert {Reason.OBSERVED, Reason.DECIDED} <= {shown.reason for shown in found}
        for shown in found:
            assert shown in w.diff(statuses=(shown.status,))
            assert shown in w.diff(severities=(Severity(shown.severity),))
            assert shown not in w.diff(severities=(Severity.ACKNOWLEDGED,))
            if shown.reason is not None:
                assert {same.reason for same in w.diff(reasons=(shown.reason,))} == {shown.reason}
        assert [shown.correction_id for shown in w.diff(updates=(CorrectionStatus.SNOOZED,))] == [
            first
        ]
        assert [shown.rejected_id for shown in w.diff(updates=(CorrectionStatus.REJECTED,))] == [
            second
        ]
        either = w.diff(reasons=(Reason.OBSERVED,), updates=(CorrectionStatus.REJECTED,))
        assert len(either) == 2


def test_each_of_a_batch_is_judged_by_itself_and_in_order(tmp_path: Path) -> None:
    """What is approved, noted, refused, unknown or named twice stands where it was asked for."""
    skus = stock(A=9, B=9, C=9, D=900)
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=4, C=4, D=4))
        w.twice("shop", skus)
        a, b, c, d = sorted(update.id for update in w.updates())
        w.database.write(decisions.reject, [(b, None)], who="ben", now=w.now, reason="no")
        seen = [(d, None), (77, 3), (a, 1), (b, None), (c, 9), (a, None), (c, None)]
        found = w.database.write(
            decisions.approve, seen, who="ana", now=w.now,
            hold_ms=HOLD_MS, expires_ms=EXPIRES_MS, second_person_above=100,
        )  # fmt: skip

        assert [(decision.id, decision.ok, decision.why) for decision in found] == [
            (d, True, "noted: a second person must approve it too"),
            (77, False, "not found"),
            (a, True, ""),
            (b, False, "it is rejected"),
            (c, False, "it has changed since you saw it"),
            (a, False, "it is approved"),
            (c, True, ""),
        ]
        assert [status(w, update) for update in (a, b, c, d)] == [
            CorrectionStatus.APPROVED,
            CorrectionStatus.REJECTED,
            CorrectionStatus.APPROVED,
            CorrectionStatus.PROPOSED,
        ]
        steps = [w.database.read(audit.rows, update)[-1].step for update in (a, b, c, d)]
        assert steps == ["approved", "rejected", "approved", "first approval"]


@pytest.mark.parametrize(
    ("act", "terms"),
    [
        (decisions.approve, {"hold_ms": HOLD_MS, "expires_ms": EXPIRES_MS}),
        (decisions.reject, {"reason": "no"}),
        (decisions.snooze, {"until": 10**13}),
    ],
)
def test_to_decide_many_at_once_takes_as_many_statements_as_for_a_few(
    tmp_path: Path, act: Callable[..., list[Decision]], terms: Mapping[str, object]
) -> None:
    """100,000 are held in one transaction, for which everybody else who writes has to wait."""
    with world(tmp_path) as w:
        w.poll("warehouse", stock(**{f"S{number}": 4 for number in range(60)}))
        w.twice("shop", stock(**{f"S{number}": 9 for number in range(60)}))
        ids = [update.id for update in w.updates()]

        def statements(some: list[int]) -> int:
            run: list[str] = []

            def traced(connection: sqlite3.Connection) -> list[Decision]:
                connection.set_trace_callback(run.append)
                try:
                    return act(
                        connection, [(update, 1) for update in some], who="ana", now=w.now, **terms
                    )
                finally:
                    connection.set_trace_callback(None)

            assert all(decision.ok for decision in w.database.write(traced))
            return len(run)

        assert statements(ids[:3]) == statements(ids[3:]) > 0
