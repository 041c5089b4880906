"""What a poll is compared with, and what becomes of one that others have ended or outrun."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.channels import polls
from store.database.connection import Database
from store.errors import Overtaken
from store.model import Kind
from store.polling import merge, quarantine
from store.polling.comparison import Comparison
from tests.store.world import World, channel, record, stock, world


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=3, B=4))
        yield w


def forget_polls(database: Database) -> None:
    database.write(
        lambda connection: (
            connection.execute("UPDATE channels SET good_poll_id = NULL, listings = 0"),
            connection.execute("DELETE FROM polls WHERE channel_id = 2"),
        )
    )


def test_listings_are_known_whatever_has_become_of_the_polls_that_read_them(w: World) -> None:
    w.poll("shop", stock(A=3, B=4))
    forget_polls(w.database)
    w.memories.clear()

    w.poll("shop", stock(A=3, B=4))
    w.poll("shop", stock(A=3, B=4))

    assert w.diff(kinds=(Kind.MISSING, Kind.DUPLICATE)) == []
    assert w.counted is not None
    assert (w.counted.added, w.counted.gone) == (0, 0)


def test_a_listing_that_is_read_by_itself_during_the_first_poll_is_no_second_one(w: World) -> None:
    sweep = w.sweep("shop", stock(A=3, B=4))
    with Database.open(w.database.path) as other:
        other.write(
            merge.record_fresh,
            "shop",
            stock(A=3),
            (),
            [("A", "")],
            Comparison(w.comparison.terms),
            now=w.now,
            own=False,
        )
    w.database.write(merge.merge, sweep, w.comparison, now=w.now, as_of=None)
    w.poll("shop", stock(A=3, B=4))

    assert w.diff() == []


def test_of_a_small_channel_it_is_counted_how_many_had_stock(w: World) -> None:
    w.poll("shop", stock(A=3, B=0, C=4))
    w.sweep("shop", stock(A=0, B=0, C=0))

    assert w.counted is not None
    assert (w.counted.stocked, w.counted.zeroed) == (2, 2)


def test_numbers_that_are_far_from_what_they_were_are_counted(w: World) -> None:
    w.poll("shop", stock(A=3, B=40, C=12_000, D=500, E=7, F=900))
    w.sweep("shop", stock(A=199, B=801, C=12, D=0, E=201, F=46))
    # From 3 to 199 and from 900 to 46 is not 20 times; a sell-out is counted as such.
    assert w.counted is not None
    assert (w.counted.jumped, w.counted.changed, w.counted.zeroed) == (3, 6, 1)


def test_a_zero_that_reported_sales_explain_is_not_counted(w: World) -> None:
    w.poll("shop", stock(A=3, B=4))
    w.database.write(
        lambda connection: connection.execute(
            "INSERT INTO unseen_sums SELECT id, -3, -3, 0 FROM items WHERE sku = 'A'"
        )
    )
    w.sweep("shop", stock(A=0, B=0))

    assert w.counted is not None
    assert w.counted.zeroed == 1


@pytest.mark.parametrize("end", ["removed", "ended"])
def test_a_poll_that_another_engine_has_ended_is_overtaken_and_writes_nothing(
    w: World, end: str
) -> None:
    w.poll("shop", stock(A=3, B=4))
    sweep = w.sweep("shop", stock(A=0, B=0))
    if end == "ended":
        w.database.write(polls.abandon)
    else:
        w.database.write(merge.drop, "shop")
    before = w.diff()

    with pytest.raises(Overtaken):
        w.database.write(merge.merge, sweep, w.comparison, now=w.now, as_of=None)
    with pytest.raises(Overtaken):
        w.database.write(quarantine.quarantine_poll, sweep, "zeros", now=w.now, as_of=None)
    assert w.diff() == before


def test_the_first_to_show_a_title_or_a_price_fills_its_item_and_keeps_none_of_its_own(
    w: World,
) -> None:
    """Also of items that the same poll brings, and of two records of one SKU."""
    w.poll("shop", [
        record("A", 3, price_minor=250),
        record("B", 4, price_minor=300),
        record("B", 4, price_minor=350, title="Cup"),
        record("NEW", 1, title="Mug"),
        record("NEW", 1, price_minor=100),
    ])  # fmt: skip
    w.poll("market", [
        record("A", 3, price_minor=275, title="Lamp"),
        record("B", 4, price_minor=300, title="Bowl"),
    ])  # fmt: skip

    assert w.rows("SELECT sku, title, price_minor FROM items ORDER BY id") == [
        ("A", "Lamp", 250), ("B", "Cup", 300), ("NEW", "Mug", 100),
    ]  # fmt: skip
    own = """SELECT c.name, i.sku, d.price_minor FROM cell_details d JOIN items i
      ON i.id = d.id & 268435455 JOIN channels c ON c.id = d.id >> 28 ORDER BY d.id"""
    assert w.rows(own) == [("shop", "B", 350), ("market", "A", 275)]
