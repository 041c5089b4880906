"""The timeline by pages: the same entries as all at once, and quick whatever there is."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.history import timeline
from store.history.rewind import open_at
from store.history.timeline import TimelineCursor, TimelinePage
from store.model import Component, Terms
from store.queries.values import HistoryEntry
from tests.long_run import first
from tests.store.accounts.test_balance import report, sold
from tests.store.correction_steps import correct, oversold
from tests.store.cost_counter import ROOM, steps_to_read
from tests.store.world import MINUTE, START, World, channel, stock, terms, warehouse, world


def page(
    w: World, limit: int, cursor: TimelineCursor | None = None, sku: str = "A"
) -> TimelinePage:
    return w.database.read(timeline.page, sku, limit=limit, cursor=cursor)


def pages(w: World, limit: int, sku: str = "A") -> Iterator[TimelinePage]:
    found = page(w, limit, sku=sku)
    yield found
    while found.cursor is not None:
        found = page(w, limit, found.cursor, sku)
        yield found


def plain(entries: list[HistoryEntry]) -> Counter[str]:
    return Counter(repr(entry) for entry in entries)


KEPT = """SELECT sum(rows) FROM items i CROSS JOIN (
  SELECT l.item_id, (l.observed_at IS NOT NULL) + (l.target_since IS NOT NULL)
    + (SELECT count(*) FROM past_readings r WHERE r.listing_id = l.id)
    + (SELECT count(*) FROM past_targets t WHERE t.listing_id = l.id AND t.since_at IS NOT NULL)
    + (SELECT count(*) FROM disagreements d WHERE d.listing_id = l.id)
    + (SELECT count(*) FROM audit u JOIN corrections k ON k.id = u.correction_id
       WHERE k.listing_id = l.id) AS rows FROM listings l
  UNION ALL SELECT item_id, 1 FROM movements
  UNION ALL SELECT e.item_id, 1 FROM events e WHERE NOT EXISTS (SELECT 1 FROM movements v
    WHERE v.event_row = e.id AND v.item_id = e.item_id)) x ON x.item_id = i.id
WHERE i.sku = ?"""
"""How many rows the cache keeps of a SKU's past."""


def fill(connection: sqlite3.Connection, count: int) -> None:
    """Put so many readings of one listing before everything else."""
    connection.execute(
        """INSERT INTO former_readings (listing_id, present, available, observed_at, until_at)
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :count)
        SELECT (SELECT min(id) FROM listings), 1, n, :start - n * 10, :start - n * 10 + 10
        FROM n ORDER BY n DESC""",
        {"start": START, "count": count},
    )


def busy(w: World) -> None:
    """A SKU to which everything has happened that can."""
    made = terms(warehouse(), channel("shop"), channel("market"))
    bundles = (Component("SET", "A", 2),)
    w.reconfigure(Terms(made.authorities, made.channels, bundles=bundles))
    oversold(w)
    correct(w)
    w.poll("market", stock(A=3))
    w.poll("market", stock(A=5, SET=1))
    report(w, "shop", sold("1", w.now), sold("2", START), sold("3", w.now, sku="SET"))
    report(w, "market", sold("1", w.now, order="7"), sold("2", w.now + 1, order="7"))
    for quantity in (4, 3, 9, 4):
        w.poll("warehouse", stock(A=quantity))
        w.poll("shop", stock(A=quantity))


@pytest.mark.parametrize("limit", first(2, [2, 200, 1, 7]))
@pytest.mark.parametrize("sku", ["A", "SET"])
def test_the_pages_hold_each_entry_of_the_timeline_once_and_newest_first(
    tmp_path: Path, limit: int, sku: str
) -> None:
    with world(tmp_path) as w:
        busy(w)
        whole = w.database.read(timeline.history, sku)
        entries = [item for page in pages(w, limit, sku) for item in page.items]
        ((kept,),) = w.rows(KEPT, sku)

    assert len(whole) == kept > 3
    assert plain([item.entry for item in entries]) == plain(whole)
    keys = [item.key for item in entries]
    assert keys == sorted(set(keys), reverse=True)


def test_an_entry_is_known_by_the_same_key_in_every_page(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        busy(w)
        by_key = {item.key: item.entry for item in page(w, 500).items}
        again = {item.key: item.entry for page in pages(w, 3) for item in page.items}

    assert again == by_key


def test_what_comes_while_one_pages_back_takes_nothing_from_the_older_pages(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        busy(w)
        before = [item.entry for item in page(w, 500).items]
        first = page(w, 5)
        w.poll("shop", stock(A=77))
        entries = [item.entry for item in first.items]
        found = first
        while found.cursor is not None:
            found = page(w, 5, found.cursor)
            entries += [item.entry for item in found.items]

    # A disagreement may have closed meanwhile, and says so.
    assert [(entry.known_at, entry.kind) for entry in entries] == [
        (e.known_at, e.kind) for e in before
    ]


def test_nothing_is_known_of_an_unknown_sku(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert page(w, 5, sku="NO SUCH") == TimelinePage((), None)


@pytest.mark.parametrize("days", [0, 1])
def test_what_reads_one_sku_is_not_prepared_anew_for_the_next(tmp_path: Path, days: int) -> None:
    shops = [channel(f"shop {number}") for number in range(4)]
    with world(tmp_path, warehouse(), *shops) as w:
        for _ in range(3):
            for name in ["warehouse", *(shop.name for shop in shops)]:
                w.poll(name, stock(A=w.now % 7, B=w.now % 5))
        now = w.now
        w.now += days * 24 * 60 * MINUTE
        w.poll("warehouse", stock(A=50, B=60))
        with open_at(w.database.path, now) if days else w.database.snapshot() as then:
            assert len(then.read(timeline.history, "B")) > 5
            first_sku, second_sku = then.read(prepared, "A", "B")
            assert second_sku == 0 < first_sku


def prepared(connection: sqlite3.Connection, *skus: str) -> list[int]:
    """How often SQLite asks what may be read, for each SKU's timeline: not of what is prepared."""
    asked = 0

    def count(*_: object) -> int:
        nonlocal asked
        asked += 1
        return sqlite3.SQLITE_OK

    connection.set_authorizer(count)
    counts = []
    for sku in skus:
        asked = 0
        timeline.history(connection, sku)
        counts.append(asked)
    connection.set_authorizer(None)
    return counts


@pytest.mark.parametrize("limit", [1, 10, 200])
def test_the_newest_entries_are_the_end_of_the_timeline(tmp_path: Path, limit: int) -> None:
    with world(tmp_path) as w:
        busy(w)
        whole = w.database.read(timeline.history, "A")
        assert w.database.read(timeline.history, "A", limit=limit) == whole[-limit:]
        late = whole[len(whole) // 2].known_at
        since = w.database.read(timeline.history, "A", since=late, limit=limit)
        assert since == [entry for entry in whole if entry.known_at >= late][-limit:]


def test_ten_entries_beside_twenty_thousand_readings_cost_what_they_do_beside_few(
    tmp_path: Path,
) -> None:
    """The preview asks for them on every move of the cursor."""
    with world(tmp_path) as w:
        busy(w)

        def ten(connection: sqlite3.Connection) -> None:
            assert len(timeline.history(connection, "A", limit=10)) == 10

        few = steps_to_read(w, ten)
        w.database.write(fill, 20_000)
        assert steps_to_read(w, ten) < few * ROOM


def test_a_page_of_a_hundred_thousand_readings_costs_what_a_page_of_few_does(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        busy(w)
        few = _took(w, page(w, 100).cursor)

        w.database.write(fill, 100_000)
        first = page(w, 100)
        deep = first
        for _ in range(20):
            assert deep.cursor is not None
            deep = page(w, 100, deep.cursor)

        assert _took(w, None) < 10 * few + 0.01
        assert _took(w, deep.cursor) < 10 * few + 0.01


def _took(w: World, cursor: TimelineCursor | None) -> float:
    best = 1.0
    for _ in range(3):
        began = time.process_time()
        page(w, 100, cursor)
        best = min(best, time.process_time() - began)
    return best
