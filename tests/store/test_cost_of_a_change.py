"""What a change costs, counted in SQLite's own steps: it follows the change, not what there is."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from store.checklist import measure
from store.event_kinds import Event, EventKind
from store.history import retention
from store.model import Authority, Component, Policy, Pool, Record
from store.polling import merge, staging
from store.polling.changes import deltas
from store.polling.events import EventOrigin
from tests.store.correction_steps import correct
from tests.store.cost_counter import FEW, MANY, ROOM, cells, in_both, steps
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, START, World, channel, stock, terms, warehouse

DAY = 24 * 60 * MINUTE


def sales(w: World, count: int, sku: str = "B{}") -> list[Event]:
    """One sale of each of so many SKUs, a millisecond apart."""
    w.now += 1
    return [
        Event(f"{w.now}-{n}", EventKind.ORDERED, sku.format(n), 1, w.now, order=f"{w.now}-{n}")
        for n in range(count)
    ]


def report(w: World, name: str, batch: Sequence[Event]) -> None:
    w.now += 1
    w.database.write(record_events, EventOrigin(name, w.now), batch, w.comparison)


def one_sale(w: World) -> int:
    batch = sales(w, 1)
    return steps(w, lambda: report(w, "shop", batch))


def test_an_event_costs_the_same_in_a_large_catalogue(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        one_sale(w)
        return one_sale(w)

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


@pytest.mark.long
@pytest.mark.parametrize("reporter", ["shop", "warehouse"])
def test_an_event_costs_the_same_whatever_was_reported_before(
    tmp_path: Path, reporter: str
) -> None:
    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        report(w, reporter, sales(w, count))
        w.poll("warehouse", cells(count))
        one_sale(w)
        return one_sale(w)

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


@pytest.mark.long
def test_an_event_costs_the_same_whatever_the_authority_has_yet_to_see(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        report(w, "shop", sales(w, count))
        return one_sale(w)

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


def test_a_sale_costs_the_same_however_often_the_sku_was_sold_before(tmp_path: Path) -> None:
    """No reading includes it yet, so that nothing of the SKU is to be counted again."""

    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(1))
        w.poll("shop", cells(1))
        report(w, "shop", sales(w, count, "B0"))
        w.poll("shop", cells(1))
        w.poll("warehouse", cells(1))
        one_sale(w)
        return one_sale(w)

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


@pytest.mark.long
def test_a_batch_of_events_costs_what_it_has_and_not_its_square(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        batch = sales(w, count)
        return steps(w, lambda: report(w, "shop", batch))

    few, many = in_both(tmp_path, work)
    assert many / MANY < few / FEW * ROOM


def test_a_batch_of_events_of_one_sku_costs_what_it_has_and_not_its_square(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(1))
        w.poll("shop", cells(1))
        batch = sales(w, count, "B0")
        return steps(w, lambda: report(w, "shop", batch))

    few, many = in_both(tmp_path, work)
    assert many / MANY < few / FEW * ROOM


@pytest.mark.long
def test_a_reading_after_a_write_costs_the_same_whatever_was_reported_before(
    tmp_path: Path,
) -> None:
    """Whether a second writer changed it back is asked of the SKU's own events."""

    def work(w: World, count: int) -> int:
        shelf = cells(count)
        w.twice("warehouse", [*stock(A=9), *shelf])
        w.twice("shop", [*stock(A=12), *shelf])
        correct(w)
        report(w, "shop", sales(w, count))
        w.poll("warehouse", [*stock(A=9), *shelf])
        return steps(w, lambda: w.poll("shop", [*stock(A=12), *shelf]))

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


@pytest.mark.long
def test_an_authority_pays_for_no_other_one_that_is_far_back(tmp_path: Path) -> None:
    """What one authority has seen is not looked at again because another is of last year."""

    def work(w: World, count: int) -> int:
        supplier = channel("supplier", writes=(), roles=("quantity authority",))
        narrower = [Authority("DS-*", "supplier", "supplier")]
        w.reconfigure(terms(warehouse(), supplier, channel("shop"), authorities=narrower))
        w.poll("supplier", [Record("DS-1", 5, state="active")], as_of=START - 300 * DAY)
        w.poll("warehouse", cells(count))
        w.poll("shop", [*cells(count), Record("DS-1", 5, state="active")])
        report(w, "shop", sales(w, count))
        w.poll("warehouse", cells(count))
        moved = cells(count)
        moved[0] = Record("B0", 101, state="active")
        return steps(w, lambda: w.poll("warehouse", moved))

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


@pytest.mark.long
def test_thinning_costs_the_rows_that_go(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        old = sales(w, FEW)
        report(w, "shop", old)
        w.poll("warehouse", cells(count))
        before = w.now
        w.now += DAY
        report(w, "shop", sales(w, count))
        w.poll("warehouse", cells(count))

        def thin() -> None:
            place: retention.ThinningProgress | None = retention.ThinningProgress()
            while place is not None:
                place = w.database.write(retention.thin, place, before=before)

        return steps(w, thin)

    few, many = in_both(tmp_path, work)
    assert many < few * 2  # In each table it looks at the next rows, up to `STEP`.


@pytest.mark.long
def test_measuring_costs_nothing_for_events_before_its_window(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(FEW))
        w.poll("shop", cells(FEW))
        for _ in range(count // FEW):
            report(w, "shop", sales(w, FEW))
        w.poll("warehouse", cells(FEW))
        w.now += 30 * DAY
        return steps(
            w, lambda: w.database.write(measure.measure, now=w.now, unseen_after_ms=MINUTE)
        )

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


def test_a_reading_outside_the_polls_costs_the_same_in_a_large_catalogue(tmp_path: Path) -> None:
    """Before each write and after it, one listing is read."""

    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        moved = [Record("B0", 90, state="active")]

        def read() -> None:
            w.database.write(
                merge.record_fresh, "shop", moved, (), [("B0", "")], w.comparison,
                now=w.now, own=True,
            )  # fmt: skip

        return steps(w, read)

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


def test_a_component_moves_its_bundle_and_no_other_one(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        parts = tuple(Component(f"KIT{n}", f"B{n}", 1) for n in range(count))
        plain = terms(warehouse(), channel("shop"))
        w.reconfigure(msgspec.structs.replace(plain, bundles=parts))
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        moved = cells(count)
        moved[0] = Record("B0", 101, state="active")
        return steps(w, lambda: w.poll("warehouse", moved))

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


def test_a_location_moves_its_pools_cell_and_no_other_one(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        plain = terms(warehouse(), channel("shop", places=("eu",)))
        w.reconfigure(msgspec.structs.replace(plain, pools=(Pool("eu", ("a", "b")),)))
        shelf = [Record(f"B{n}", 5, place) for n in range(count) for place in ("a", "b")]
        w.poll("warehouse", shelf)
        w.poll("shop", [Record(f"B{n}", 10, "eu") for n in range(count)])
        moved = [Record("B0", 6, "a"), *shelf[1:]]
        return steps(w, lambda: w.poll("warehouse", moved))

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


def test_a_policy_costs_the_listings_of_its_own_channel(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        others = [channel(f"other-{number}") for number in range(count // FEW // 4)]
        w.reconfigure(terms(warehouse(), channel("shop"), *others))
        w.poll("warehouse", cells(FEW))
        w.poll("shop", cells(FEW))
        for other in others:
            w.poll(other.name, cells(FEW))
        kept_back = channel("shop", policies=(Policy("*", buffer=3),))
        spent = steps(w, lambda: w.reconfigure(terms(warehouse(), kept_back, *others)))
        assert w.targets("shop") == {f"B{number}": 97 for number in range(FEW)}
        assert w.database.write(w.comparison.recompute, now=w.now)[:2] == (0, 0)
        return spent

    few, many = in_both(tmp_path, work)
    assert many < few * 2  # Every channel's row is kept up, and the listings are gone through once.


def test_a_poll_of_only_what_changed_costs_the_same_in_a_large_catalogue(tmp_path: Path) -> None:
    def delta(w: World, available: int) -> None:
        w.now += MINUTE
        w.database.read(deltas.basis, "shop", now=w.now)
        sweep = w.database.write(staging.begin, "shop", w.memories["shop"], now=w.now)
        w.database.write(deltas.begin, sweep, w.now)
        [changed] = cells(1)
        page = [msgspec.structs.replace(changed, available=available)]
        w.database.write(staging.stage, sweep, page)
        w.database.write(deltas.contradicted, sweep)
        w.database.write(merge.merge, sweep, w.comparison, now=w.now, as_of=None)

    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        delta(w, 71)
        return steps(w, lambda: delta(w, 72))

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM
