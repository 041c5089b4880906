"""The course of a SKU's stock: few numbers for many readings, and nothing that was not known."""

import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.database import schema
from store.history import series
from store.history.series import ListingSeries, Sample, StockSeries, Window
from store.model import Millis
from store.queries import views
from tests.store.accounts.test_balance import report, sold
from tests.store.correction_steps import correct, oversold
from tests.store.world import MINUTE, START, World, channel, stock, warehouse, world

CELL = (1 << 28) + 1


def ids(w: World, sku: str = "A") -> list[int]:
    return [cell.listing_id for cell in w.database.read(views.shown, [sku], now=w.now)[sku]]


def look(w: World, columns: int = 10, *, since: Millis = START, step: int = MINUTE) -> StockSeries:
    return w.database.read(series.course, ids(w), Window(since, step, columns))


def line(found: StockSeries, name: str) -> ListingSeries:
    return next(line for line in found.lines if line.channel == name)


def lasts(samples: tuple[Sample | None, ...]) -> list[int | None]:
    return [None if sample is None else sample.last for sample in samples]


def test_a_value_stands_until_the_next_one_and_begins_with_the_first_reading(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9))  # In column 1.
        w.poll("shop", stock(A=9))
        w.poll("shop", stock(A=7))  # In column 3.
        found = line(look(w, 5), "shop")

    assert lasts(found.shown) == [None, 9, 9, 7, 7]
    assert found.shown[3] == Sample(7, 9, 7)
    assert found.shown[4] == Sample(7, 7, 7)


def test_many_readings_of_one_column_are_its_least_its_greatest_and_its_last(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        for quantity in (9, 2, 30, 5):
            w.poll("shop", stock(A=quantity))
        found = line(look(w, 2, step=10 * MINUTE), "shop")

    assert found.shown[0] == Sample(2, 30, 5)


def test_the_target_has_a_course_of_its_own(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9))
        w.poll("warehouse", stock(A=9))
        w.poll("warehouse", stock(A=4))
        found = line(look(w, 5), "shop")

    assert lasts(found.target) == [None, None, 9, 4, 4]
    assert found.differs == (False, False, False, True, True)


def test_a_listing_that_has_gone_leaves_a_gap_and_comes_back(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9, B=1))
        w.poll("shop", stock(B=1))
        w.poll("shop", stock(B=1))
        w.poll("shop", stock(A=8, B=1))
        found = line(look(w, 6), "shop")

    assert lasts(found.shown) == [None, 9, None, None, 8, 8]
    assert found.shown[2] == Sample(9, 9, None)
    assert found.shown[3] is None


def test_where_a_channel_was_stale_there_is_a_gap(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", stale_after_ms=2 * MINUTE)) as w:
        w.poll("shop", stock(A=9))
        w.now += 5 * MINUTE
        w.poll("shop", stock(A=9))
        found = line(look(w, 10), "shop")

    # Read in minutes 1 and 7; what was read in minute 1 was good until minute 3.
    known = [sample is not None for sample in found.shown]
    assert known == [False, True, True, False, False, False, False, True, True, False]


def test_between_two_good_polls_of_one_column_there_is_no_gap(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", stale_after_ms=2 * MINUTE)) as w:
        w.poll("shop", stock(A=9))
        w.now += 5 * MINUTE
        w.poll("shop", stock(A=9))
        found = line(look(w, 3, step=10 * MINUTE), "shop")

    assert lasts(found.shown) == [9, None, None]


def test_writes_and_events_are_counted_in_the_column_in_which_they_happened(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        oversold(w)
        report(w, "shop", sold("1", START + 90_000), sold("2", START + 91_000))
        assert w.now == START + 3 * MINUTE + 1_000
        correct(w)
        found = look(w, 6)

    assert found.events == (0, 2, 0, 0, 0, 0)
    assert line(found, "shop").written == (0, 0, 0, 1, 0, 0)
    assert line(found, "warehouse").written == (0,) * 6


@pytest.mark.long
@given(
    readings=st.lists(st.integers(-5, 50), min_size=1, max_size=40),
    columns=st.integers(1, 30),
    step=st.integers(1, 5 * MINUTE),
)
def test_the_columns_are_those_that_a_walk_through_all_readings_gives(
    readings: list[int], columns: int, step: int
) -> None:
    within = Window(START + 3 * MINUTE, step, columns)
    changes = [(START, readings[0])]
    for number, value in enumerate(readings[1:], 1):
        if value != changes[-1][1]:
            changes.append((START + number * MINUTE, value))
    connection = _filled(changes)

    (found,) = series.course(connection, [CELL], within).lines

    ends = [at for at, _ in changes[1:]] + [2**62]
    for column, sample in enumerate(found.shown):
        start = within.since + column * step
        known = [
            value
            for (at, value), end in zip(changes, ends, strict=True)
            if at < start + step and end > start
        ]
        assert sample is not None
        assert sample.last == known[-1]
        if column:
            # A value that ended with the first instant of a column stood at its start.
            before = [v for (at, v), end in zip(changes, ends, strict=True) if at < start <= end]
            known += before
        assert (sample.low, sample.high) == (min(known), max(known))


@pytest.mark.long
def test_a_hundred_thousand_readings_are_brought_together_by_the_database(tmp_path: Path) -> None:
    count = 100_000
    connection = _filled([(START + n * 1_000, n % 977) for n in range(count)])
    within = Window(START, count * 1_000 // 120, 120)

    began = time.process_time()
    (found,) = series.course(connection, [CELL], within).lines
    took = time.process_time() - began

    (plain,) = _timed(connection)
    assert len(found.shown) == 120
    assert found.shown[60] == Sample(0, 976, found.shown[60].last if found.shown[60] else None)
    # As a ratio to one look at each of the rows: the machine's speed falls out.
    assert took < 12 * plain + 0.05


def test_the_stamp_changes_with_each_thing_that_the_plot_shows(tmp_path: Path) -> None:
    with world(tmp_path, warehouse(), channel("shop")) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9))
        stamps = [w.database.read(series.stamp, ids(w))]
        w.poll("shop", stock(A=9))
        assert w.database.read(series.stamp, ids(w)) == stamps[0]
        w.poll("shop", stock(A=8))
        stamps.append(w.database.read(series.stamp, ids(w)))
        w.poll("warehouse", stock(A=8))
        stamps.append(w.database.read(series.stamp, ids(w)))
        report(w, "shop", sold("1", w.now))
        stamps.append(w.database.read(series.stamp, ids(w)))

    assert len(set(stamps)) == len(stamps)


def test_a_window_goes_on_by_whole_columns() -> None:
    first = series.window(START, 60 * MINUTE, 60)
    later = series.window(START + MINUTE, 60 * MINUTE, 60)

    assert first.since <= START - 59 * MINUTE
    assert first.until > START
    assert later.since - first.since == MINUTE
    assert series.window(START + 1, 60 * MINUTE, 60) == series.window(START, 60 * MINUTE, 60)


def _filled(changes: list[tuple[Millis, int]]) -> sqlite3.Connection:
    """A cache in memory with one listing that changed so, always read."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    connection.execute("INSERT INTO items (id, sku) VALUES (1, 'A')")
    connection.execute(
        """INSERT INTO channels (id, name, kind, direction, roles, every_ms, stale_after_ms, lag_ms,
          settle_reduce_ms, settle_raise_ms) VALUES (1, 'shop', '', '', '', 1, ?, 0, 0, 0)""",
        (2**61,),
    )
    connection.execute(
        "INSERT INTO polls (channel_id, started_at, finished_at, outcome) "
        "VALUES (1, ?1, ?1, 'good')",
        (START,),
    )
    last_at, last = changes[-1]
    connection.execute(
        "INSERT INTO cells (id, available, observed_kept) VALUES (?, ?, ?)",
        (CELL, last, last_at),
    )
    connection.executemany(
        "INSERT INTO former_readings (listing_id, present, available, observed_at, until_at) "
        "VALUES (?, 1, ?, ?, ?)",
        [(CELL, value, at, changes[n + 1][0]) for n, (at, value) in enumerate(changes[:-1])],
    )
    return connection


def _timed(connection: sqlite3.Connection) -> tuple[float]:
    began = time.process_time()
    connection.execute("SELECT min(available), max(available) FROM past_readings").fetchone()
    return (time.process_time() - began,)
