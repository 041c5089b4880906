"""Retrying what ended badly: who may, for what, and what comes of it."""

from pathlib import Path

import pytest

from store.corrections import audit, decisions, freeze, late, lifecycle
from store.decision import Decision
from store.model import Correction, CorrectionStatus
from store.reasons import HeldBack, Reason
from tests.store.correction_steps import approve, begin, finish, oversold, status, steps
from tests.store.world import MINUTE, World, stock, world

Status = CorrectionStatus


def ended(w: World, how: CorrectionStatus) -> Correction:
    """An oversold shop whose update was written and ended like that."""
    proposal = oversold(w)
    approve(w, proposal.id)
    begin(w, proposal.id)
    finish(w, proposal.id, how)
    (found,) = w.database.read(lifecycle.by_id, [proposal.id])
    return found


def retry(w: World, correction_id: int, version: int | None = None) -> Decision:
    seen = [(correction_id, version)]
    (decision,) = w.database.write(
        decisions.retry, seen, who="ana", now=w.now, note="the token is renewed"
    )
    return decision


@pytest.mark.parametrize("how", [Status.FAILED, Status.NOT_APPLIED])
def test_what_failed_is_proposed_again_at_once_when_a_person_asks(
    tmp_path: Path, how: CorrectionStatus
) -> None:
    with world(tmp_path) as w:
        failed = ended(w, how)
        w.poll("shop", stock(A=9))
        assert [correction.id for correction in w.updates()] == [failed.id]

        decision = retry(w, failed.id, failed.version)

        assert decision == Decision(failed.id, ok=True, why="noted: #2 is proposed in its place")
        assert (w.updates()[0].id, w.updates()[0].status) == (2, Status.PROPOSED)
        last = w.database.read(audit.rows, failed.id)[-1]
        assert (last.who, last.step, last.note) == ("ana", "asked anew", "the token is renewed")


def test_a_lost_outcome_is_retried_only_after_a_reading(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        lost = ended(w, Status.UNKNOWN)
        early = retry(w, lost.id)
        w.poll("shop", stock(A=9))
        late = retry(w, lost.id)

        assert (early.ok, early.why) == (
            False,
            "its outcome is unknown and it has not been read since",
        )
        assert late.ok
        assert w.updates()[0].status is Status.PROPOSED


def test_what_agrees_by_now_is_not_retried(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        lost = ended(w, Status.UNKNOWN)
        w.poll("shop", stock(A=4))
        w.database.write(late.verify_late, "shop", now=w.now)
        proven = retry(w, lost.id)

    assert not proven.ok
    assert proven.why.startswith("it is verified")


def test_a_listing_that_agrees_again_by_itself_has_nothing_to_try(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        failed = ended(w, Status.FAILED)
        w.poll("shop", stock(A=4))
        decision = retry(w, failed.id)

    assert decision == Decision(failed.id, ok=False, why="nothing to correct there now")


def test_the_second_of_two_who_retry_sees_who_was_first(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        failed = ended(w, Status.FAILED)
        retry(w, failed.id, failed.version)
        second = retry(w, failed.id, failed.version)

    assert not second.ok
    assert "ana retried it at 20" in second.why


def test_only_the_last_update_of_a_listing_is_retried(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        failed = ended(w, Status.FAILED)
        w.twice("shop", stock(A=7))
        decision = retry(w, failed.id)

    assert (decision.ok, decision.why) == (False, "a later update exists: #2 is proposed")


def test_what_cannot_be_judged_yet_is_proposed_once_it_can(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        failed = ended(w, Status.FAILED)
        w.now += 11 * MINUTE
        decision = retry(w, failed.id)
        still = len(w.updates())
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))

        assert decision.ok
        assert decision.why == "noted: it will be proposed; it waits"
        assert decision.held_back == HeldBack(Reason.CHANNEL_STALE)
        assert still == 1
        assert w.updates()[0].status is Status.PROPOSED


def test_a_frozen_listing_is_never_retried(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = ended(w, Status.FAILED)
        w.database.write(freeze._freeze, [proposal.listing_id], "two writers", now=w.now)
        decision = retry(w, proposal.id)

    assert not decision.ok
    assert decision.why == "it is frozen"


@pytest.mark.parametrize("how", [Status.VERIFIED, Status.SUPERSEDED])
def test_what_ended_otherwise_is_not_retried(tmp_path: Path, how: CorrectionStatus) -> None:
    with world(tmp_path) as w:
        over = ended(w, how)
        decision = retry(w, over.id)

    assert (decision.ok, decision.why) == (False, f"it is {how}: as it went")


def test_no_rule_approves_what_a_person_retried(tmp_path: Path) -> None:
    """After a bad end a listing is for people, until one of its updates has been verified."""
    with world(tmp_path) as w:
        failed = ended(w, Status.FAILED)
        retry(w, failed.id)
        proposed = w.database.read(lifecycle.proposals_for_rules)

        assert proposed == [2]
        assert w.database.read(lifecycle.left_to_people, proposed) == {2}


def test_an_expired_approval_is_retried(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        approve(w, proposal.id, expires_ms=MINUTE)
        w.now += 2 * MINUTE
        w.database.write(lifecycle.due, now=w.now)
        decision = retry(w, proposal.id)

        assert status(w, proposal.id) is Status.EXPIRED
        assert decision.why == "noted: #2 is proposed in its place"
        assert steps(w, proposal.id)[-1] == "asked anew"
