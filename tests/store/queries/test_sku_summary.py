"""All there is to know of one SKU, in one snapshot."""

from pathlib import Path

import msgspec

from store.model import Component, CorrectionStatus, Freshness, Pool
from store.queries import sku_summary
from store.queries.sku_summary import SkuSummary
from tests.store.accounts.test_balance import report, sold
from tests.store.correction_steps import correct, oversold
from tests.store.targets.test_bundles import at
from tests.store.world import MINUTE, World, channel, stock, terms, warehouse, world

KIT = (Component("KIT", "A", 2), Component("KIT", "B", 1))


def read(w: World, sku: str = "A") -> SkuSummary:
    found = w.database.read(sku_summary.read, sku, now=w.now)
    assert found is not None
    return found


def test_all_channels_and_all_places_of_a_sku_are_in_it(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", at("north", A=5) + at("south", A=3))
        w.poll("shop", at("north", A=9) + at("south", A=3))
        w.poll("market", at("south", A=1))
        found = read(w)

    assert [(cell.location, cell.channel, cell.available) for cell in found.cells] == [
        ("north", "warehouse", 5),
        ("north", "shop", 9),
        ("north", "market", None),
        ("south", "warehouse", 3),
        ("south", "shop", 3),
        ("south", "market", 1),
    ]
    assert {
        (disagreement.channel, disagreement.location, str(disagreement.kind))
        for disagreement in found.open
    } == {
        ("shop", "north", "quantity"),
        ("market", "north", "missing"),
        ("market", "south", "quantity"),
    }


def test_the_newest_update_of_each_listing_is_in_it_with_its_audit(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        oversold(w)
        correct(w)
        w.twice("shop", stock(A=8))
        found = read(w)

    (newest,) = found.updates
    assert newest.status is CorrectionStatus.PROPOSED
    assert newest.from_quantity == 8
    assert [row.step for row in found.audits[newest.id]] == ["proposed"]


def test_a_bundle_shows_what_it_rests_on_and_each_part_how_many_it_allows(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.reconfigure(msgspec.structs.replace(terms(warehouse(), channel("shop")), bundles=KIT))
        w.poll("warehouse", stock(A=9, B=3))
        w.poll("shop", stock(A=9, B=3, KIT=3))
        report(w, "shop", sold("1", w.now, 5))
        kit, part = read(w, "KIT"), read(w, "A")
        w.now += 60 * MINUTE
        later = read(w, "KIT")

    assert [
        (component.sku, component.quantity, component.available, component.makes)
        for component in kit.parts
    ] == [
        ("A", 2, 4, 2),
        ("B", 1, 3, 3),
    ]
    assert {(component.how, component.channel, component.freshness) for component in kit.parts} == {
        ("bundle", "warehouse", Freshness.FRESH)
    }
    assert {component.freshness for component in later.parts} == {Freshness.STALE}
    assert [(bundle.sku, bundle.quantity) for bundle in part.bundles] == [("KIT", 2)]
    assert kit.bundles == ()


def test_a_pool_shows_its_places(tmp_path: Path) -> None:
    made = terms(warehouse(), channel("market", places=("both",)))
    with world(tmp_path, channel("market", places=("both",))) as w:
        w.reconfigure(msgspec.structs.replace(made, pools=(Pool("both", ("north", "south")),)))
        w.poll("warehouse", at("north", A=5) + at("south", A=3))
        w.poll("market", at("both", A=8))
        found = read(w)

    assert [
        (component.location, component.how, component.part_location, component.available)
        for component in found.parts
    ] == [
        ("both", "pool", "north", 5),
        ("both", "pool", "south", 3),
    ]


def test_a_component_that_nobody_has_allows_nothing_that_is_known(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.reconfigure(msgspec.structs.replace(terms(warehouse(), channel("shop")), bundles=KIT))
        w.poll("warehouse", stock(A=9))
        found = read(w, "KIT")

    assert [(component.sku, component.makes) for component in found.parts] == [
        ("A", 4),
        ("B", None),
    ]


def test_it_says_since_when_anything_was_read_whatever_a_file_says_of_its_time(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9), as_of=w.now - 500 * MINUTE)
        first = w.now
        w.poll("shop", stock(A=9))
        assert read(w).first_read_at == first


def test_an_unknown_sku_has_none(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=1))
        assert w.database.read(sku_summary.read, "a", now=w.now) is None
