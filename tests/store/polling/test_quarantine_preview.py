"""What accepting a quarantined poll would change, held against what accepting it does change."""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.database.connection import Database
from store.database.worklist import Merge
from store.model import (
    Authority,
    Component,
    Policy,
    Pool,
    Record,
    Refused,
    State,
    Terms,
)
from store.polling import quarantine
from store.polling.preview import quarantine_preview
from store.polling.preview.quarantine_effect import ChannelEffect, QuarantineEffect
from tests.long_run import examples
from tests.store.world import World, channel, record, stock, terms, warehouse, world


def quarantine_records(world: World, name: str, *pages: Sequence[Record], refused: Any = ()) -> int:
    """Set a poll aside, whatever it says."""
    sweep = world.sweep(name, *pages, refused=refused)
    world.database.write(
        quarantine.quarantine_poll, sweep, "implausible", now=world.now, as_of=None
    )
    return sweep.poll_id


def preview_of(world: World, name: str, **more: Any) -> QuarantineEffect:
    found = world.database.read(
        quarantine_preview.preview_accepting, name, world.comparison, **more
    )
    assert found is not None
    return found


def accept(world: World, name: str) -> Merge:
    return world.database.write(quarantine.accept, name, world.comparison, who="ana", now=world.now)


def contents(database: Database) -> dict[str, list[Any]]:
    """All rows of all tables."""

    def ask(connection: sqlite3.Connection) -> dict[str, list[Any]]:
        names = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}

    return database.read(ask)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    """Ten of A at 2.50 and three of B in both, C only in the warehouse."""
    with world(tmp_path, channel("shop"), channel("market", states=())) as made:
        priced = [record("A", 10, state="active", price_minor=250, title="Lamp")]
        for name in ("warehouse", "shop", "market"):
            made.twice(name, [*priced, *stock(B=3)])
        yield made


def test_there_is_no_effect_where_nothing_is_quarantined(shop: World) -> None:
    assert shop.database.read(quarantine_preview.preview_accepting, "shop", shop.comparison) is None


def test_a_feed_of_zeros_is_previewed_with_its_units_its_money_and_what_it_would_open(
    shop: World,
) -> None:
    poll_id = quarantine_records(shop, "shop", stock(A=0, B=0))

    preview = preview_of(shop, "shop")

    assert (preview.channel, preview.poll_id, preview.reason) == ("shop", poll_id, "implausible")
    assert (preview.counts.known, preview.counts.seen, preview.counts.zeroed) == (2, 2, 2)
    assert (preview.moved, preview.units_up, preview.units_down, preview.to_zero) == (2, 0, 13, 2)
    assert (preview.money_down, preview.unpriced) == (25.0, 1)
    assert preview.channels == (ChannelEffect("shop", opened=2, closed=0, targets_to_zero=0),)
    first, second = preview.rows
    assert (first.sku, first.title, first.before, first.after) == ("A", "Lamp", 10, 0)
    assert (first.target, first.disagrees, first.disagreed, first.delta) == (10, "quantity", "", 10)
    assert (second.sku, second.elsewhere) == ("B", 0)


def test_an_authoritys_zeros_are_previewed_with_what_they_would_do_to_every_channel(
    shop: World,
) -> None:
    quarantine_records(shop, "warehouse", stock(A=0, B=3))

    preview = preview_of(shop, "warehouse")

    assert [
        (effect.channel, effect.opened, effect.targets_to_zero) for effect in preview.channels
    ] == [
        ("shop", 1, 1),
        ("market", 1, 1),
    ]
    (row,) = preview.rows
    assert (row.sku, row.before, row.after, row.target, row.elsewhere) == ("A", 10, 0, None, 2)


def test_what_is_gone_and_what_is_new_is_previewed(shop: World) -> None:
    quarantine_records(shop, "warehouse", stock(B=3, NEW=7))

    preview = preview_of(shop, "warehouse")

    assert (preview.counts.gone, preview.counts.added, preview.to_zero) == (1, 1, 1)
    assert [(row.sku, row.before, row.after) for row in preview.rows] == [
        ("A", 10, None),
        ("NEW", None, 7),
    ]
    # A is in no warehouse any more, and NEW in no shop yet.
    assert [(effect.channel, effect.opened) for effect in preview.channels] == [
        ("shop", 2),
        ("market", 2),
    ]


def test_the_largest_are_listed_and_all_are_counted(shop: World) -> None:
    many = {f"S{number:03}": number for number in range(50)}
    quarantine_records(shop, "shop", stock(A=10, B=3, **many))

    preview = preview_of(shop, "shop", rows_max=3)

    assert (preview.moved, preview.units_up) == (50, sum(range(50)))
    assert [row.sku for row in preview.rows] == ["S049", "S048", "S047"]


def test_a_preview_touches_nothing_and_waits_for_no_writer(shop: World) -> None:
    quarantine_records(shop, "warehouse", stock(A=0))
    before = contents(shop.database)

    def preview_while_writing(connection: sqlite3.Connection) -> QuarantineEffect:
        connection.execute("UPDATE channels SET last_error = 'half done'")
        with ThreadPoolExecutor(1) as another:
            return another.submit(preview_of, shop, "warehouse").result()

    preview = shop.database.write(preview_while_writing)
    again = preview_of(shop, "warehouse")

    assert preview == again
    after = contents(shop.database)
    del before["channels"], after["channels"]
    assert after == before
    with Database.open(shop.database.path, read_only=True) as looking:
        assert (
            looking.read(quarantine_preview.preview_accepting, "warehouse", shop.comparison)
            == again
        )


BAD = (Refused("line 1", "no number", "A"), Refused("line 2", "the SKU is empty"))
SKUS = ("A", "B", "C", "DS-1", "SET")
LOCATIONS = ("", "BER", "HAM")


@st.composite
def polls(draw: st.DrawFn) -> list[Record]:
    """What one poll says: some SKUs at some places, seldom one of them twice."""
    keys = draw(st.lists(st.tuples(st.sampled_from(SKUS), st.sampled_from(LOCATIONS)), max_size=8))
    return [
        Record(
            sku, draw(st.integers(-2, 9)), location,
            state=draw(st.sampled_from(("active", "disabled", "hold", None))),
            on_hand=draw(st.one_of(st.none(), st.integers(0, 12))),
            incoming=draw(st.one_of(st.none(), st.integers(0, 5))),
            price_minor=draw(st.one_of(st.none(), st.integers(0, 500))),
        )
        for sku, location in keys
    ]  # fmt: skip


def plain() -> Terms:
    return terms(warehouse(), channel("shop"), channel("market", states=()))


def with_policies() -> Terms:
    """Boxes of three, shares, a second authority, one that need not list all, and rules."""
    boxes = (Policy("DS-*", sold=False), Policy("*", buffer=1, share_ppm=500_000, cap=3))
    return terms(
        warehouse(policies=(Policy("*", units=3),)),
        channel("shop", policies=boxes),
        channel("market", states=(), report_missing=False, hides=(State.HOLD, State.DISABLED)),
        channel("supplier", policies=(Policy("*", when_out=State.DISABLED),)),
        authorities=[Authority("DS-*", "supplier", "shop")],
    )


def with_bundles() -> Terms:
    made = terms(
        warehouse(),
        channel("shop", places=("BER", "")),
        channel("market", places=("both",), states=()),
    )
    return Terms(
        made.authorities,
        made.channels,
        bundles=(Component("SET", "A", 2), Component("SET", "B", 1)),
        pools=(Pool("both", ("BER", "HAM")),),
    )


def two_way() -> Terms:
    """The shop's quantity flows to the warehouse."""
    return terms(
        warehouse(direction="push", writes=("quantity",)),
        channel("shop", inflow=("quantity",), writes=("state",)),
        channel("market", states=()),
    )


@contextmanager
def on(made: Terms) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "a.db") as database:
        from store.polling.comparison import Comparison

        yield World(database, Comparison(made))


@pytest.mark.parametrize("made", [plain, with_policies, with_bundles, two_way])
@settings(max_examples=examples(25))
@given(data=st.data())
def test_what_is_foreseen_is_what_accepting_does(made: Any, data: st.DataObject) -> None:
    with on(made()) as shop:
        names = [channel.name for channel in shop.comparison.terms.channels]
        for name in names + data.draw(st.lists(st.sampled_from(names), max_size=2)):
            if data.draw(st.booleans()) or name == names[0]:
                shop.poll(name, data.draw(polls()))
        name = data.draw(st.sampled_from(names))
        refused = data.draw(st.sampled_from([(), BAD[:1], BAD[1:], BAD]))
        quarantine_records(shop, name, data.draw(polls()), data.draw(polls()), refused=refused)

        preview = preview_of(shop, name)
        before = standing(shop)
        merged = accept(shop, name)
        after = standing(shop)

        assert (preview.opened, preview.closed) == (merged.opened, merged.closed)
        assert preview.moved == len(preview.rows)
        for row in preview.rows:
            key = (row.sku, row.location, name)
            assert row.before == before.get(key, (None, None, ""))[0]
            shown, target, kinds = after[key]
            assert row.after == shown
            assert row.target == target
            assert row.disagrees in (kinds or "").split(",") or (not kinds and not row.disagrees)
        units = [(row.after or 0) - (row.before or 0) for row in preview.rows]
        assert preview.units_up == sum(unit for unit in units if unit > 0)
        assert preview.units_down == -sum(unit for unit in units if unit < 0)
        by_channel: dict[str, int] = {}
        for key, (_, target, _) in after.items():
            was = before.get(key, (None, None, ""))[1]
            if was is not None and was > 0 and target == 0:
                by_channel[key[2]] = by_channel.get(key[2], 0) + 1
        assert {
            effect.channel: effect.targets_to_zero
            for effect in preview.channels
            if effect.targets_to_zero
        } == by_channel


def standing(world: World) -> dict[tuple[str, str, str], tuple[int | None, int | None, str]]:
    """What each listing shows, what it should, and how it disagrees."""
    rows = world.rows(
        """SELECT i.sku, i.location, c.name, CASE WHEN l.present = 1 THEN l.available END,
          l.target_quantity, (SELECT group_concat(d.kind) FROM open_disagreements d
            WHERE d.listing_id = l.id)
        FROM listings l JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id"""
    )
    return {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in rows}


def test_a_bundles_own_state_is_foreseen() -> None:
    with on(with_bundles()) as shop:
        shop.poll("warehouse", [*stock(A=4, B=4), record("SET", 0, state="active")])
        shop.poll("shop", [*stock(A=4, B=4), record("SET", 2, state="active")])
        quarantine_records(
            shop, "warehouse", [*stock(A=4, B=4), record("SET", 0, state="disabled")]
        )

        preview = preview_of(shop, "warehouse")

        assert [(effect.channel, effect.opened) for effect in preview.channels] == [("shop", 1)]
        assert accept(shop, "warehouse").opened == 1


def test_a_listing_that_comes_to_be_unreadable_is_foreseen() -> None:
    with on(two_way()) as shop:
        shop.poll("shop", stock(A=3))
        quarantine_records(shop, "warehouse", [], refused=(Refused("line 1", "no number", "A"),))

        preview = preview_of(shop, "warehouse")

        # It is missing there, and the shop has what its authority, read by now, does not.
        effects = [(effect.channel, effect.opened) for effect in preview.channels]
        assert effects == [("warehouse", 1), ("shop", 1)]
        assert accept(shop, "warehouse").opened == preview.opened


def test_a_bundle_is_foreseen_where_nothing_of_it_is_listed_yet() -> None:
    with on(with_bundles()) as shop:
        shop.poll("warehouse", [])
        shop.poll("shop", [])
        quarantine_records(shop, "warehouse", stock(A=0, B=0))

        preview = preview_of(shop, "warehouse")

        assert preview.opened == accept(shop, "warehouse").opened == 3
