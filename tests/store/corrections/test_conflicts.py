"""What a stale act answers: who changed what since it was seen."""

from pathlib import Path

from store.corrections import audit, decisions, lifecycle
from store.model import CorrectionStatus
from tests.store.correction_steps import approve, begin, finish, oversold
from tests.store.world import MINUTE, World, stock, world


def stale(w: World, correction_id: int, version: int) -> str:
    """Approve what was seen at that version; answer why it is void."""
    (decision,) = w.database.write(
        decisions.approve, [(correction_id, version)], who="ana", now=w.now, hold_ms=0,
        expires_ms=MINUTE,
    )  # fmt: skip
    assert not decision.ok
    return decision.why.removeprefix("it has changed since you saw it: ")


def test_it_says_who_rejected_it_when_and_why(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        seen = oversold(w)
        w.database.write(
            decisions.reject, [(seen.id, None)], who="ben", now=w.now, reason="stocktake"
        )
        assert stale(w, seen.id, seen.version) == (
            "ben rejected it at 2023-11-14T22:16:20.000Z (stocktake)"
        )


def test_it_says_who_approved_it_and_what_came_of_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        seen = oversold(w)
        approve(w, seen.id, who="ben")
        alone = stale(w, seen.id, seen.version)
        begin(w, seen.id)
        writing = stale(w, seen.id, seen.version)
        finish(w, seen.id, CorrectionStatus.FAILED)
        failed = stale(w, seen.id, seen.version)

    assert alone == "ben approved it at 2023-11-14T22:16:20.000Z"
    assert writing == f"{alone}; at 2023-11-14T22:16:25.000Z its write began"
    assert failed == f"{alone}; at 2023-11-14T22:16:25.000Z it failed: as it went"


def test_a_reading_that_changed_is_named_with_both_numbers_and_the_new_update(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        seen = oversold(w)
        w.twice("shop", stock(A=25))
        why = stale(w, seen.id, seen.version)

    assert why == ("at 2023-11-14T22:17:20.000Z shop showed 25, was 9; #2 is proposed instead")


def test_a_target_that_changed_is_named_with_both_numbers(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        seen = oversold(w)
        w.poll("warehouse", stock(A=6))
        why = stale(w, seen.id, seen.version)

    assert why == "at 2023-11-14T22:17:20.000Z its target became 6, was 4; #2 is proposed instead"


def test_a_listing_that_agrees_by_itself_has_no_new_update_to_name(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        seen = oversold(w)
        w.poll("shop", stock(A=4))
        why = stale(w, seen.id, seen.version)

    assert why == "at 2023-11-14T22:17:20.000Z shop showed 4, was 9"


def test_the_first_of_two_approvals_is_shown_to_the_second_person(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        seen = oversold(w)
        approve(w, seen.id, who="ben", second_person_above=4)
        why = stale(w, seen.id, seen.version)

    assert why == "ben gave it the first of two approvals at 2023-11-14T22:16:20.000Z"


def test_what_was_handed_back_says_why(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        seen = oversold(w)
        approve(w, seen.id, who="ben")
        w.database.write(lifecycle.hand_back, [seen.id], now=w.now, why="its batch stopped")
        why = stale(w, seen.id, seen.version)

    assert why.endswith("at 2023-11-14T22:16:20.000Z it was handed back: its batch stopped")


def test_a_version_that_never_was_is_no_reason_to_invent_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        seen = oversold(w)
        assert stale(w, seen.id, seen.version + 5) == "it has changed since you saw it"
        assert len(w.database.read(audit.rows, seen.id)) == 1
