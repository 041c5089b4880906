"""When readings ended is noted once for all of a step, and is of those and no others."""

import json
import lzma
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from store.database.connection import Database
from store.database.migrations.v22_v23_v26_history import MAKE_READING_ENDS, READING_ENDS
from store.history import change_points
from store.polling import merge, quarantine
from tests.store.database import old_caches
from tests.store.history.test_retention import DAY, thin
from tests.store.world import MINUTE, World, stock, world

# By reading, when it ended, and when each row that tells of it says so.
TOLD = """SELECT r.id, r.until_at, (SELECT json_group_array(e.at) FROM reading_ends e
  WHERE r.id > e.after AND r.id <= e.upto) FROM former_readings r ORDER BY r.id"""


def check(rows: Iterable[tuple[int, int, str]]) -> int:
    """Each reading has one row, which says when it ended; answer how many readings."""
    found = list(rows)
    for _, until_at, told in found:
        assert json.loads(told) == [until_at]
    return len(found)


def moved(w: World) -> None:
    """Readings end by polls, by fresh readings, and by a poll that is accepted later."""
    for available in (9, 7):
        w.poll("warehouse", stock(A=available, B=available))
        w.poll("shop", stock(A=available, B=4))
    sweep = w.sweep("shop", stock(A=0, B=0))
    w.database.write(quarantine.quarantine_poll, sweep, "empty", now=w.now, as_of=None)
    w.now += MINUTE
    w.database.write(
        merge.record_fresh, "shop", stock(A=5), (), [("A", "")], w.comparison, now=w.now, own=False
    )
    w.now += MINUTE
    w.database.write(quarantine.accept, "shop", w.comparison, who="ana", now=w.now)


def test_each_reading_is_told_of_once_also_of_a_poll_that_was_accepted_late(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        moved(w)
        assert check(w.rows(TOLD)) == 6
        ends = [at for (at,) in w.rows("SELECT until_at FROM former_readings ORDER BY id")]
        assert ends != sorted(ends), "the accepted poll's are older than what came before them"


def test_the_next_change_is_when_readings_ended(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9))
        before = w.now
        w.now += MINUTE
        w.poll("shop", stock(A=9))
        w.now += MINUTE
        w.poll("shop", stock(A=7))
        found = w.database.read(change_points.following, before, until=w.now)
        assert found == w.now


def test_nothing_is_told_of_readings_that_are_thinned_out(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        moved(w)
        w.now += 9 * DAY
        w.poll("shop", stock(A=6, B=6))
        thin(w, w.now - DAY)
        assert check(w.rows(TOLD)) == 2
        assert len(w.rows("SELECT 1 FROM reading_ends")) == 1

        # The ids of readings begin anew.
        thin(w, w.now + DAY)
        w.poll("shop", stock(A=8, B=8))
        assert check(w.rows(TOLD)) == 2
        assert w.rows("SELECT after FROM reading_ends") == [(0,)]


@pytest.mark.parametrize("name", ["v25", "v25-plain"])
def test_an_older_cache_is_told_of_too(name: str, tmp_path: Path) -> None:
    path = tmp_path / "skew.db"
    packed = Path(old_caches.__file__).with_name(f"{name}.db.xz")
    path.write_bytes(lzma.decompress(packed.read_bytes()))
    with closing(sqlite3.connect(path)) as before:
        rows = before.execute("SELECT count(*) FROM former_readings").fetchone()
    Database.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert (check(connection.execute(TOLD)),) == rows


def test_where_the_slices_of_the_migration_end_does_not_matter() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(READING_ENDS)
        connection.execute(
            "CREATE TABLE former_readings (id INTEGER PRIMARY KEY, until_at INTEGER)"
        )
        connection.executemany(
            "INSERT INTO former_readings (until_at) VALUES (?)", ((n // 5,) for n in range(40))
        )
        (copy,) = MAKE_READING_ENDS.copies
        copy = copy._replace(rows=7)
        copied = copy.slice(connection, None)
        while copied is not None:
            copied = copy.slice(connection, copied.upto)
        assert check(connection.execute(TOLD)) == 40
