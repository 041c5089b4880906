"""What a poll records, what it leaves alone and what it refuses to touch."""

from pathlib import Path

import pytest

from store.channels import polls
from store.errors import NoSuchThing, Overtaken
from store.history import timeline
from store.model import Freshness, Kind, Record, Refused, Status
from store.polling import merge, quarantine
from store.queries import status_counts, views
from store.reasons import Reason
from tests.store.world import MINUTE, record, stock, world


def test_an_unchanged_poll_touches_no_listing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        before = w.database.data_version()
        merged = w.poll("warehouse", stock(A=3, B=4))
        assert merged.changed == 0
        assert w.database.data_version() != before  # Its poll record is the heartbeat.
        assert w.database.read(status_counts.channels, now=w.now)[0].age_ms == 0


def test_a_poll_counts_what_it_would_change(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4, C=5, D=6))
        w.sweep("warehouse", stock(A=3, B=0, C=7, E=1))
        counted = w.counted
        assert counted is not None
        assert (counted.known, counted.seen) == (4, 4)
        assert (counted.changed, counted.zeroed, counted.gone, counted.added) == (2, 1, 1, 1)


def test_reaching_the_target_is_no_change_for_the_guard(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=0, B=9))
        w.poll("shop", stock(A=5, B=9))
        w.sweep("shop", stock(A=0, B=8))
        assert w.counted is not None
        assert (w.counted.changed, w.counted.zeroed) == (1, 0)


def test_a_failed_poll_records_nothing_as_missing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        w.poll("shop", stock(A=3, B=4))
        sweep = w.sweep("shop", stock(A=3))
        w.database.write(merge.fail, sweep, "the connection broke", now=w.now)
        assert w.diff() == []
        health = w.database.read(status_counts.channels, now=w.now)[1]
        assert health.freshness is Freshness.FAILING
        assert health.last_error == "the connection broke"
        assert health.listings == 2


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_listing_that_is_not_there_any_more_is_missing(
    tmp_path: Path, *, forgetful: bool
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4, C=5))
        w.twice("shop", stock(A=3, B=4, C=5))
        if forgetful:
            w.memories.clear()
        w.poll("shop", stock(A=3, C=5))
        missing = w.only()
        assert (missing.sku, missing.kind, missing.delta) == ("B", Kind.MISSING, None)
        w.poll("shop", stock(A=3, B=4, C=5))
        assert w.diff() == []
        assert w.database.read(status_counts.channels, now=w.now)[1].listings == 3


def test_moving_records_between_pages_and_places_changes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4), stock(C=5, D=6))
        w.poll("warehouse", stock(A=3, B=4), stock(C=5, D=6))
        merged = w.poll("warehouse", stock(D=6, A=3, C=5), stock(B=4))
        assert (merged.changed, w.counted and w.counted.gone) == (0, 0)


def test_a_new_listing_is_recognised_from_the_second_poll_on(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.twice("warehouse", stock(A=3))
        assert w.poll("warehouse", stock(A=3, N=1)).changed == 1
        assert w.poll("warehouse", stock(A=3, N=1)).changed == 0
        assert w.poll("warehouse", stock(A=3, N=2)).changed == 1


def test_what_a_fresh_reading_moved_is_compared_again_by_the_next_poll(tmp_path: Path) -> None:
    """The memory of the last poll must not hide that a channel went back on a write."""
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3))
        w.twice("shop", stock(A=9))
        w.database.write(
            merge.record_fresh, "shop", stock(A=3), (), [("A", "")], w.comparison,
            now=w.now + 1, own=True,
        )  # fmt: skip
        assert w.diff() == []
        w.poll("shop", stock(A=9))
        assert w.only().available == 9


@pytest.mark.parametrize("pages", [1, 2])
def test_a_sku_that_stands_twice_is_a_duplicate_and_neither_counts(
    tmp_path: Path, pages: int
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        w.twice("shop", stock(A=3, B=4))
        rows = [*stock(A=3, B=4), record("A", 8, state="active")]
        for _ in range(3):
            w.poll("shop", *([rows] if pages == 1 else [rows[:2], rows[2:]]))
            found = w.only()
            assert (found.sku, found.kind, found.correction_id) == ("A", Kind.DUPLICATE, None)
        w.poll("shop", stock(A=3, B=4))
        assert w.diff() == []


def test_a_new_sku_that_stands_twice_is_a_duplicate_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3))
        w.poll("shop", [*stock(A=3), *stock(A=5)])
        assert w.only().kind is Kind.DUPLICATE
        assert w.database.read(status_counts.channels, now=w.now)[1].listings == 1


def test_an_unreadable_record_blinds_its_own_cell(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        w.twice("shop", stock(A=9, B=9))
        refused = [Refused("page 1, items[0].available", "not a number: 'twelve'", "A")]
        w.poll("shop", stock(B=9), refused=refused)
        blind, other = sorted(w.diff(), key=lambda disagreement: disagreement.sku)
        assert (blind.status, blind.reason) == (Status.UNKNOWN, Reason.UNREADABLE)
        assert other.status is Status.OPEN
        incident = w.database.read(status_counts.status, now=w.now).incidents[0]
        place = "page 1, items[0].available (SKU A)"
        assert incident.message == f"{place}: not a number: 'twelve'"
        w.poll("shop", stock(A=9, B=9))
        assert {disagreement.status for disagreement in w.diff()} == {Status.OPEN}
        assert w.database.read(status_counts.status, now=w.now).incidents == ()


def test_a_record_without_a_readable_sku_makes_nothing_missing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        w.twice("shop", stock(A=3, B=4))
        w.poll("shop", stock(B=4), refused=[Refused("page 1, items[0].sku", "not text: 7")])
        assert w.diff() == []
        cell = w.database.read(views.shown, ["A"], now=w.now)["A"][1]
        assert (cell.trusted, cell.present) == (False, True)


def test_a_quarantined_poll_leaves_the_last_good_readings_in_force(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        w.twice("shop", stock(A=5, B=4))
        sweep = w.sweep("shop", stock(A=0, B=0))
        w.database.write(quarantine.quarantine_poll, sweep, "all at zero", now=w.now, as_of=None)
        found = w.only()
        assert (found.available, found.status) == (5, Status.UNKNOWN)
        assert found.reason is Reason.QUARANTINED
        assert (
            w.database.read(status_counts.channels, now=w.now)[1].freshness is Freshness.QUARANTINED
        )
        w.poll("shop", stock(A=5, B=4))
        assert w.only().status is Status.OPEN
        assert w.database.read(status_counts.status, now=w.now).incidents == ()


def test_an_accepted_poll_counts_as_read_when_it_was_read(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4, C=1))
        w.twice("shop", stock(A=3, B=4, C=1))
        sweep = w.sweep("shop", stock(A=0, N=2), refused=[Refused("line 3", "half", "C")])
        w.database.write(quarantine.quarantine_poll, sweep, "all at zero", now=w.now, as_of=None)
        read_at = w.now
        waiting = w.database.read(quarantine.waiting, "shop")
        assert waiting is not None
        with pytest.raises(NoSuchThing, match="look again"):
            w.database.write(
                quarantine.accept, "shop", w.comparison, who="ana", now=w.now, poll_id=1
            )
        w.now += MINUTE
        w.database.write(
            quarantine.accept, "shop", w.comparison, who="ana", now=w.now, poll_id=waiting[0]
        )
        kinds = {(disagreement.sku, disagreement.kind) for disagreement in w.diff()}
        assert kinds == {("A", Kind.QUANTITY), ("B", Kind.MISSING), ("N", Kind.UNLISTED)}
        assert w.database.read(status_counts.channels, now=w.now)[1].last_success_at == read_at
        assert w.database.read(quarantine.waiting, "shop") is None
        # The engine's memory is of an older poll than the accepted one: it must not be trusted.
        w.poll("shop", stock(A=3, B=4, C=1))
        assert [disagreement.sku for disagreement in w.diff()] == ["N"] * 0


def test_a_wanted_listing_that_nobody_answers_for_is_gone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        w.twice("shop", stock(A=3, B=4))
        w.database.write(
            merge.record_fresh, "shop", stock(A=3), (), [("A", ""), ("B", "")], w.comparison,
            now=w.now + 1, own=False,
        )  # fmt: skip
        assert (w.only().sku, w.only().kind) == ("B", Kind.MISSING)


def test_two_channels_may_be_half_way_through_a_poll_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        first = w.sweep("warehouse", stock(A=3))
        second = w.sweep("shop", stock(A=5, B=1))
        w.database.write(merge.merge, first, w.comparison, now=w.now, as_of=None)
        w.database.write(merge.merge, second, w.comparison, now=w.now, as_of=None)
        assert {disagreement.sku: disagreement.kind for disagreement in w.diff()} == {
            "A": Kind.QUANTITY,
            "B": Kind.UNLISTED,
        }


def test_hostile_text_is_data(tmp_path: Path) -> None:
    sku = "'); DROP TABLE listings; --\x1b[2J%s{0}"
    with world(tmp_path) as w:
        w.poll("warehouse", [Record(sku, 1, title="\x1b]0;x\x07", ref="../../etc")])
        w.poll("shop", [Record(sku, 2)])
        assert w.only().sku == sku
        assert w.database.read(timeline.history, sku)[0].channel == "warehouse"


def test_a_poll_that_a_dead_engine_left_running_is_ended(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.sweep("shop", stock(A=1))
        assert w.database.write(polls.abandon) == 1
        assert w.database.write(polls.abandon) == 0
        assert w.database.read(status_counts.channels, now=w.now)[1].recent_ms == (0,)


def test_one_unit_more_sold_short_is_seen(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=-1))
        w.poll("shop", stock(A=-1))
        assert w.poll("shop", stock(A=-2)).changed == 1
        assert w.only().available == -2


def test_what_comes_back_after_an_empty_poll_was_accepted_is_read_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        w.poll("shop")
        assert {disagreement.kind for disagreement in w.diff()} == {Kind.MISSING}
        w.poll("shop", stock(A=3, B=4))
        assert w.diff() == []


def test_a_new_sku_that_the_authority_lists_during_the_poll_is_not_missing(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=3))
        sweep = w.sweep("shop", stock(A=3, B=4))
        sweep.counted, sweep.numbers = False, None
        w.poll("warehouse", stock(A=3, B=4))
        w.database.write(merge.merge, sweep, w.comparison, now=w.now, as_of=None)
        assert w.diff() == []


def test_an_unreadable_listing_that_is_gone_from_the_channel_is_missing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, B=4))
        w.poll("shop", stock(A=3), refused=[Refused("line 2", "is no number", "B")])
        w.poll("shop", stock(A=3))
        assert (w.only().kind, w.only().status) == (Kind.MISSING, Status.OPEN)


def test_readings_that_moved_under_a_poll_make_it_count_for_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=3))
        sweep = w.sweep("shop", stock(A=3))
        w.memories.clear()
        w.poll("shop", stock(A=0))
        with pytest.raises(Overtaken):
            w.database.write(merge.merge, sweep, w.comparison, now=w.now, as_of=None)
        with pytest.raises(Overtaken):
            w.database.write(quarantine.quarantine_poll, sweep, "odd", now=w.now, as_of=None)


def test_a_poll_that_was_stopped_just_after_its_end_stays_on_record(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=3))
        sweep = w.sweep("shop")
        w.database.write(quarantine.quarantine_poll, sweep, "empty", now=w.now, as_of=None)
        w.database.write(merge.drop, "shop")
        assert w.database.read(quarantine.waiting, "shop") is not None
