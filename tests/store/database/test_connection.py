"""The file itself: its mode, its version, its transactions, and what kill -9 leaves."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlite_utils

from store.database import schema
from store.database.connection import Database
from store.database.opening import read_once
from store.database.schema import MIGRATIONS
from store.errors import CacheGone, NewerDatabase, NotADatabase, StoreError
from store.queries import status_counts, views
from tests.store.world import stock, world


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
        for path in tmp_path.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_newer_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "skew.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE later (x)")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    words = f"schema 99, this Skew knows {len(MIGRATIONS)}: upgrade"
    with pytest.raises(NewerDatabase, match=words):
        Database.open(path)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["skew.db"]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "skew.db"
    path.write_text("sku,available\n" * 100)
    with pytest.raises(NotADatabase, match=r"skew\.db is not a cache"):
        Database.open(path)
    assert path.read_text().startswith("sku,available")


@pytest.mark.parametrize("threads", ["the same", "another"])
async def test_a_file_that_was_cut_to_nothing_while_open_is_named(
    tmp_path: Path, threads: str
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
        for connection in w.database._opened:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA shrink_memory")
        w.database.path.write_bytes(b"")
        another = threads == "another"
        with pytest.raises(NotADatabase, match=r"skew\.db is (empty|not a cache)"):
            _ = (
                await w.database.aread(status_counts.channels, now=w.now)
                if another
                else w.database.read(status_counts.channels, now=w.now)
            )


def test_a_word_for_a_table_that_is_misspelt_stays_a_bug(tmp_path: Path) -> None:
    with world(tmp_path) as w, pytest.raises(sqlite3.OperationalError, match="no such table"):
        w.database.read(lambda connection: connection.execute("SELECT * FROM chanels"))


def test_a_missing_file_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        Database.open(tmp_path / "skew.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_migrations_run_once_and_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(database: sqlite_utils.Database) -> None:
        database.execute("CREATE TABLE half (x)")
        database.execute("CREATE TABLE half (x)")

    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    with pytest.raises(sqlite3.OperationalError, match="half"):
        Database.open(tmp_path / "skew.db")
    monkeypatch.undo()
    with Database.open(tmp_path / "skew.db") as database:
        assert database.read(status_counts.channels, now=0)[0].listings == 1


def test_a_new_file_is_what_the_migrations_make_of_an_empty_one(tmp_path: Path) -> None:
    migrated = sqlite3.connect(":memory:", isolation_level=None)
    for migration in schema.MIGRATIONS:
        migration(sqlite_utils.Database(migrated))
    Database.open(tmp_path / "skew.db").close()
    made = sqlite3.connect(tmp_path / "skew.db")

    assert list(made.iterdump()) == list(migrated.iterdump())
    assert schema.version(made) == len(schema.MIGRATIONS)
    made.close()
    migrated.close()


def test_a_raise_inside_a_write_leaves_nothing(tmp_path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM channels")
        raise RuntimeError

    with world(tmp_path) as w:
        with pytest.raises(RuntimeError):
            w.database.write(half)
        assert len(w.database.read(status_counts.channels, now=0)) == 2


async def test_a_cancelled_write_commits_whole_or_not_at_all(tmp_path: Path) -> None:
    def slow(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM channels WHERE name = 'shop'")
        connection.execute(
            "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
            "SELECT count(*) FROM n"
        ).fetchone()
        connection.execute("DELETE FROM channels WHERE name = 'warehouse'")

    with world(tmp_path) as w:
        task = asyncio.create_task(w.database.awrite(slow))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert w.database.write(status_counts.channels, now=0) == ()


def test_the_data_version_changes_with_other_connections_commits(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        before = w.database.data_version()
        assert w.database.data_version() == before
        w.poll("warehouse", stock(A=1))
        assert w.database.data_version() != before


def test_the_cache_reads_well_in_sqlite_utils(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
        w.twice("shop", stock(A=3))
    opened = sqlite_utils.Database(tmp_path / "skew.db")
    (row,) = opened["disagreements_now"].rows
    assert (row["sku"], row["channel"], row["available"], row["delta"]) == ("A", "shop", 3, -2)
    assert row["first_seen"].endswith("Z")
    (update,) = opened["corrections_now"].rows
    assert (update["status"], update["to_quantity"]) == ("proposed", 1)
    assert {"readings_now", "polls_done"} <= set(opened.view_names())
    opened.close()


def test_a_query_that_was_saved_for_an_older_cache_finds_the_open_ones_and_the_closed(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1, B=4))
        w.twice("shop", stock(A=3, B=5))
        w.twice("shop", stock(A=3, B=4))
    opened = sqlite_utils.Database(tmp_path / "skew.db")
    saved = "SELECT kind, available, target_quantity FROM disagreements WHERE closed_at IS {}"
    assert list(opened.query(saved.format("NULL"))) == [
        {"kind": "quantity", "available": 3, "target_quantity": 1}
    ]
    assert list(opened.query(saved.format("NOT NULL"))) == [
        {"kind": "quantity", "available": 5, "target_quantity": 4}
    ]
    shown = opened.query("SELECT available, target_quantity FROM listings ORDER BY channel_id, id")
    assert [tuple(row.values()) for row in shown] == [(1, None), (4, None), (3, 1), (4, 4)]
    opened.close()


@pytest.mark.long
def test_killed_between_any_two_pages_no_commit_is_lost_or_torn(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from tests.store.world import stock, world
        with world(Path(sys.argv[1])) as w:
            for turn in range(1, 100000):
                w.poll("warehouse", stock(A=turn, B=turn))
                print(turn, flush=True)
        """
    )
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
        assert process.stdout is not None
        last = 0
        for _ in range(25):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        last = max([last, *map(int, process.stdout.read().split())])
        process.wait()
        process.stdout.close()
        with world(tmp_path) as w:
            cells = w.database.read(views.shown, ["A", "B"], now=w.now)
            a, b = cells["A"][0].available, cells["B"][0].available
            assert a == b
            assert a is not None
            assert a >= last
            check = w.database.read(lambda c: c.execute("PRAGMA integrity_check").fetchone())
            assert check == ("ok",)


def test_a_full_disk_is_named_and_the_next_write_gets_through(tmp_path: Path) -> None:
    with Database.open(tmp_path / "skew.db") as database:
        database.write(lambda c: c.execute("CREATE TABLE t (x)"))
        database.write(
            lambda c: c.execute(
                f"PRAGMA max_page_count = {c.execute('PRAGMA page_count').fetchone()[0]}"
            )
        )

        with pytest.raises(StoreError, match="full"):
            database.write(lambda c: c.execute("INSERT INTO t VALUES (zeroblob(100000))"))

        assert database.write(lambda c: c.execute("SELECT count(*) FROM t").fetchone()) == (0,)


def test_a_commit_that_fails_leaves_no_transaction_open(tmp_path: Path) -> None:
    def orphan(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO audit VALUES (1, 99, 0, 'ana', 'step', '{}', NULL, NULL)")

    with Database.open(tmp_path / "skew.db") as database:
        for _ in range(2):
            with pytest.raises(sqlite3.IntegrityError):
                database.write(orphan)

        assert database.write(lambda c: c.execute("SELECT count(*) FROM audit").fetchone()) == (0,)


@pytest.mark.parametrize("again", [False, True])
def test_a_file_that_was_removed_or_replaced_while_open_is_noticed(
    tmp_path: Path, *, again: bool
) -> None:
    path = tmp_path / "skew.db"
    with Database.open(path) as database:
        database.check_file()
        path.rename(tmp_path / "old.db")
        if again:
            Database.open(path).close()

        with pytest.raises(CacheGone, match="removed or replaced"):
            database.check_file()


@pytest.mark.parametrize("again", [False, True])
async def test_a_reader_that_comes_late_says_that_the_file_has_gone_and_reads_no_other(
    tmp_path: Path, *, again: bool
) -> None:
    path = tmp_path / "skew.db"
    with Database.open(path) as database:
        path.rename(tmp_path / "old.db")
        if again:
            Database.open(path).close()

        with pytest.raises(CacheGone, match="removed or replaced"):
            await database.aread(status_counts.channels, now=0)


@pytest.mark.parametrize("name", ["a?mode=rwc", "100%20", "nr#1", "a b", "ü", "\udcff"])
def test_a_name_is_never_read_as_more_than_a_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "skew.db"
    with Database.open(path):
        assert path.is_file()
    assert read_once(str(path), schema.version) == len(MIGRATIONS)
