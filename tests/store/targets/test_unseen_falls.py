"""What a channel has just sold is never offered again on an older reading of the authority."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from store.model import Authority, Component, Direction, Pool, Record, Terms
from store.polling import quarantine
from store.reasons import Reason
from tests.store.targets.test_pending_events import pending, report, sold
from tests.store.world import MINUTE, World, channel, record, stock, terms, warehouse, world

HOUR = 60 * MINUTE


def of_two_authorities(*, places: tuple[str, ...] = ()) -> Terms:
    """A kit of A from the warehouse and B from a supplier, sold by a shop."""
    supplier = channel("supplier", direction=Direction.OBSERVE, writes=(), stale_after_ms=2 * HOUR)
    made = terms(
        warehouse(stale_after_ms=2 * HOUR), supplier, channel("shop", places=places),
        authorities=[Authority("B", "supplier", "supplier")],
    )  # fmt: skip
    kit = (Component("KIT", "A", 1), Component("KIT", "B", 1))
    pools = (Pool("all", ("n", "s")),) if places else ()
    return msgspec.structs.replace(made, bundles=kit, pools=pools)


def at_places(sku: str) -> list[Record]:
    return [record(sku, 5, state="active", location=place) for place in ("n", "s")]


def falls(w: World, *readings: Sequence[Record]) -> None:
    """Agree twice, then fall and stay there."""
    before, after = readings
    w.twice("shop", before)
    w.twice("shop", after)


def test_a_file_that_nobody_has_written_since_the_fall_raises_nothing_however_often_it_is_read(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        night = w.now
        w.poll("warehouse", stock(A=5), as_of=night)
        falls(w, stock(A=5), stock(A=3))
        for _ in range(70):
            w.poll("warehouse", stock(A=5), as_of=night)
            w.poll("shop", stock(A=3))
        assert w.updates() == []
        assert w.only().reason == Reason.AUTHORITY_BEHIND

        w.poll("warehouse", stock(A=5), as_of=w.now)
        w.poll("shop", stock(A=3))
        assert [correction.to_quantity for correction in w.updates()] == [5]


def test_a_listing_that_has_not_moved_for_long_is_not_going_to(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        old = [record("A", 5, state="active", source_at=w.now)]
        w.poll("warehouse", old)
        falls(w, stock(A=5), stock(A=3))
        for _ in range(25):
            w.poll("warehouse", old)
            w.poll("shop", stock(A=3))
        assert w.updates() == []
        for _ in range(10):
            w.poll("warehouse", old)
            w.poll("shop", stock(A=3))
        assert [correction.to_quantity for correction in w.updates()] == [5]


def test_a_row_of_a_file_is_of_no_later_time_than_the_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        written = w.now
        # Its clock shows the time of another zone.
        ahead = [record("A", 5, state="active", source_at=written + HOUR)]
        w.poll("warehouse", ahead, as_of=written)
        w.twice("shop", stock(A=4))
        report(w, "shop", sold("1", w.now))
        w.poll("warehouse", ahead, as_of=written)
        assert pending(w) == -1
        assert w.targets("shop") == {"A": 4}


def test_each_part_of_a_bundle_must_have_been_read_since_it_fell(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.reconfigure(of_two_authorities())
        w.poll("warehouse", stock(A=5))
        w.poll("supplier", stock(B=5))
        falls(w, stock(KIT=5), stock(KIT=3))
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(KIT=3))
        assert w.updates() == []

        w.poll("supplier", stock(B=5))
        w.poll("shop", stock(KIT=3))
        assert [correction.to_quantity for correction in w.updates()] == [5]


def test_a_pool_of_bundles_rests_on_the_components_of_each(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.reconfigure(of_two_authorities(places=("all",)))
        w.poll("warehouse", at_places("A"))
        w.poll("supplier", at_places("B"))
        w.database.write(
            quarantine.quarantine_poll, w.sweep("supplier"), "empty", now=w.now, as_of=None
        )
        w.twice("warehouse", at_places("A"))
        w.twice("shop", [record("KIT", 12, state="active", location="all")])
        assert w.updates() == []
        assert {disagreement.reason for disagreement in w.diff(kinds=("quantity",))} == {
            Reason.AUTHORITY_STALE
        }
