"""How long it is doubted whether the authority's reading includes an event."""

from pathlib import Path

from tests.store.targets.test_pending_events import SECOND, pending, report, sold
from tests.store.world import MINUTE, START, channel, record, stock, terms, warehouse, world


def test_a_source_time_of_the_last_movement_ends_the_doubt_once_the_lag_has_passed(
    tmp_path: Path,
) -> None:
    """The warehouse booked the sale at once, and has not moved since."""
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.reconfigure(terms(warehouse(lag_ms=5 * MINUTE), channel("shop"), channel("market")))
        w.poll("warehouse", [record("A", 10, source_at=START)])
        w.poll("market", stock(A=10))
        w.poll("shop", stock(A=9))
        sale = w.now
        report(w, "shop", sold("1", sale))
        booked = [record("A", 9, source_at=sale + SECOND)]
        w.poll("warehouse", booked)
        assert pending(w) == -1, "within the lag it may be somebody else's movement"
        while w.now < sale + 4 * MINUTE:
            w.poll("warehouse", booked)
            assert pending(w) == -1
        w.poll("warehouse", booked)
        w.poll("warehouse", booked)
        assert pending(w) == 0
        assert w.targets("market") == {"A": 9}


def test_an_event_after_the_last_movement_stays_unseen_however_long(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(terms(warehouse(lag_ms=MINUTE), channel("shop")))
        w.poll("warehouse", [record("A", 10, source_at=START)])
        w.poll("shop", stock(A=9))
        report(w, "shop", sold("1", w.now))
        for _ in range(5):
            w.poll("warehouse", [record("A", 10, source_at=START)])
        assert pending(w) == -1


def test_a_file_of_old_does_not_include_more_by_being_read_again(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(terms(warehouse(lag_ms=5 * MINUTE), channel("shop")))
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        written = w.now
        report(w, "shop", sold("1", written - MINUTE))
        for _ in range(9):
            w.poll("warehouse", stock(A=10), as_of=written)
        assert pending(w) == -1
