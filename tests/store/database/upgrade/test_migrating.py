"""A migration in slices: killed at any moment, it goes on, and nothing is lost or seen half."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from store.database import schema
from store.database.connection import Database
from store.database.upgrade import backup, migrating
from store.database.upgrade.slices import MigrationProgress, SlicedCopy, SlicedMigration
from store.errors import CacheMigrating, DatabaseBusy, NewerDatabase, NoRoom
from tests.long_run import is_long
from tests.store.database.upgrade.test_backup import names

ROWS = 30_000
PER_SLICE = 500

CHANNEL = """INSERT INTO channels (name, kind, direction, roles, every_ms, stale_after_ms, lag_ms,
    settle_reduce_ms, settle_raise_ms) VALUES ('x', 'csv', 'push', '', 1, 1, 1, 1, 1)"""


def begin(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE small_next (id INTEGER PRIMARY KEY, number INTEGER)")
    connection.execute("CREATE TABLE words_next (id INTEGER PRIMARY KEY, word TEXT)")


def copy_numbers(connection: sqlite3.Connection, after: int, upto: int) -> None:
    connection.execute(
        "INSERT INTO small_next SELECT id << 40, number FROM large WHERE id > ? AND id <= ?",
        (after, upto),
    )


def copy_words(connection: sqlite3.Connection, after: int, upto: int) -> None:
    connection.execute(
        "INSERT INTO words_next SELECT id, word FROM large WHERE word <> '' AND id > ? AND id <= ?",
        (after, upto),
    )


def end(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE large")
    connection.execute("ALTER TABLE small_next RENAME TO small")
    connection.execute("ALTER TABLE words_next RENAME TO words")


MIGRATION = SlicedMigration(
    begin,
    (
        SlicedCopy("numbers", "large", copy_numbers, rows=PER_SLICE),
        SlicedCopy("words", "large", copy_words, rows=PER_SLICE),
    ),
    end,
)


def widen(database: object) -> None:
    """One more migration, that needs no slices."""
    connection: sqlite3.Connection = database.conn  # type: ignore[attr-defined]
    connection.execute("CREATE TABLE IF NOT EXISTS after_all (id INTEGER PRIMARY KEY)")


def before_it(database: object) -> None:
    connection: sqlite3.Connection = database.conn  # type: ignore[attr-defined]
    connection.execute("CREATE TABLE IF NOT EXISTS large (id INTEGER PRIMARY KEY, number, word)")


ALL = (*schema.MIGRATIONS, before_it, MIGRATION, widen)
OLD = len(schema.MIGRATIONS) + 1
"""The schema that the large table is of."""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that needs the migration, in a program that has it."""
    path = tmp_path / "skew.db"
    make_old(path)
    monkeypatch.setattr(schema, "MIGRATIONS", ALL)
    monkeypatch.setattr(migrating, "STANDS_STILL_S", 0.2)
    monkeypatch.setattr(migrating, "WATCH_EVERY_S", 0.01)
    return path


def make_old(path: Path, rows: int = ROWS) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", ALL[:OLD])
        Database.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Every third key is left out, and some lie apart.
        connection.execute(
            """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            INSERT INTO large SELECT i + (i % 2) + (i > 20000) * 1000000 - 50, i * 7,
              CASE WHEN i % 5 THEN '' ELSE 'word ' || i END FROM n WHERE i % 2 AND i <= ?""",
            (rows, rows),
        )


def expected(rows: int = ROWS) -> tuple[list[tuple[int, int]], list[tuple[int, str]]]:
    ids = {i: i + i % 2 + (i > 20000) * 1_000_000 - 50 for i in range(1, rows + 1) if i % 2}
    return (
        sorted((key << 40, i * 7) for i, key in ids.items()),
        sorted((key, f"word {i}") for i, key in ids.items() if i % 5 == 0),
    )


def check_is_done(path: Path, rows: int = ROWS) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert schema.version(connection) == len(ALL)
        numbers, words = expected(rows)
        assert connection.execute("SELECT * FROM small ORDER BY id").fetchall() == numbers
        assert connection.execute("SELECT * FROM words ORDER BY id").fetchall() == words
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        left = connection.execute(
            """SELECT name FROM sqlite_master WHERE name IN ('large', 'migrating')
            OR name LIKE '%next' OR name LIKE 'skew_is%'"""
        ).fetchall()
        assert left == []
        # It can be written to again.
        connection.execute(CHANNEL)


def test_it_moves_everything_and_tells_how_far_it_has_come(old: Path) -> None:
    told: list[MigrationProgress] = []

    with Database.open(old, told=told.append) as database:
        assert database.backup == old.with_name(f"skew.db.backup-1-of-schema-{OLD}")

    check_is_done(old)
    assert told[0] == ("numbers", PER_SLICE, ROWS // 2)
    assert ("numbers", ROWS // 2, ROWS // 2) in told
    assert told[-2] == ("words", ROWS // 2, ROWS // 2)
    with closing(sqlite3.connect(database.backup)) as connection:
        assert connection.execute("SELECT count(*) FROM large").fetchone() == (ROWS // 2,)


def test_a_new_cache_and_one_that_had_it_are_the_same(old: Path, tmp_path: Path) -> None:
    Database.open(old).close()
    Database.open(tmp_path / "new.db").close()

    def tables(path: Path) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT type, name FROM sqlite_master ORDER BY 2").fetchall()

    assert tables(old) == tables(tmp_path / "new.db")


def test_an_old_cache_without_rows_has_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(tmp_path / "skew.db", 0)
    monkeypatch.setattr(schema, "MIGRATIONS", ALL)
    Database.open(tmp_path / "skew.db").close()
    check_is_done(tmp_path / "skew.db", 0)


class BrokenOffError(Exception):
    """What a test breaks a migration off with."""


def break_off_after(count: int) -> Callable[[MigrationProgress], None]:
    left = iter(range(count))

    def told(_: MigrationProgress) -> None:
        if next(left, None) is None:
            raise BrokenOffError

    return told


def broken_off(path: Path, count: int = 3) -> None:
    with pytest.raises(BrokenOffError):
        Database.open(path, told=break_off_after(count))


def test_broken_off_it_goes_on_where_it_stood(old: Path) -> None:
    made = set()
    for _ in range(4):
        broken_off(old, 5)
        made.update(backup.made(old))
    told: list[MigrationProgress] = []

    with Database.open(old, told=told.append) as database:
        assert database.backup in made

    assert told[0].done > 20 * PER_SLICE
    assert len(made) == 1
    check_is_done(old)


def test_half_way_nobody_reads_it_or_writes_to_it(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process that had it open before.
    with closing(sqlite3.connect(old, isolation_level=None)) as earlier:
        earlier.execute("SELECT count(*) FROM large").fetchone()
        broken_off(old)

        for statement in (
            "UPDATE large SET number = 1",
            "DELETE FROM large",
            "INSERT INTO large (number) VALUES (1)",
            "INSERT INTO engine VALUES (1, 'a', 'b', 1, 1, 1)",
            CHANNEL,
        ):
            with pytest.raises(sqlite3.IntegrityError, match="brought up to date by a newer Skew"):
                earlier.execute(statement)
    with pytest.raises(CacheMigrating, match=rf"of {ROWS // 2:,} numbers"):
        Database.open(old, read_only=True)
    # The version before it, and an older one.
    for count in (OLD, 3):
        monkeypatch.setattr(schema, "MIGRATIONS", ALL[:count])
        for read_only in (False, True):
            with pytest.raises(NewerDatabase, match="upgrade Skew"):
                Database.open(old, read_only=read_only)
    monkeypatch.setattr(schema, "MIGRATIONS", ALL)
    Database.open(old).close()
    check_is_done(old)


def test_an_engine_that_runs_keeps_it_from_beginning(old: Path) -> None:
    soon = int(time.time() * 1000) + 60_000
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute(
            "INSERT INTO engine VALUES (1, 'skew daemon on host (7)', 't', 1, 1, ?)", (soon,)
        )
    with pytest.raises(DatabaseBusy, match=r"skew daemon on host \(7\) .*stop that one first"):
        Database.open(old)
    assert names(old.parent) == ["skew.db"]
    with closing(sqlite3.connect(old)) as connection, connection:
        assert schema.version(connection) == OLD
        connection.execute("UPDATE engine SET expires_at = 5")
    Database.open(old).close()
    check_is_done(old)


def test_without_room_it_does_not_begin(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(old.stat().st_size))
    with pytest.raises(NoRoom, match=r"needs [\d,]+ MB of free space .*the cache was not touched"):
        Database.open(old)
    assert names(old.parent) == ["skew.db"]
    monkeypatch.undo()


def test_what_fails_at_the_end_leaves_it_to_be_gone_on_with(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        end(connection)
        connection.execute("DROP TABLE large")

    monkeypatch.setattr(schema, "MIGRATIONS", (*ALL[:OLD], MIGRATION._replace(end=broken), ALL[-1]))
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="large"):
            Database.open(old)
    assert len(backup.made(old)) == 1
    monkeypatch.setattr(schema, "MIGRATIONS", ALL)
    Database.open(old).close()
    check_is_done(old)


PROGRAM = """
import sys, time
from pathlib import Path
from store.database import schema
from store.database.upgrade import migrating
from store.database.connection import Database
from tests.store.database.upgrade import test_migrating

schema.MIGRATIONS = test_migrating.ALL
slow = float(sys.argv[2])

def told(progress):
    print(progress.done, flush=True)
    time.sleep(slow)

print("opening", flush=True)
with Database.open(Path(sys.argv[1]), told=told):
    print("done", flush=True)
"""


def started(path: Path, slow_s: float = 0.0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path), str(slow_s)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def process_killer() -> Iterator[list["subprocess.Popen[str]"]]:
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.long
def test_two_processes_at_once_bring_it_to_one_end(
    old: Path, process_killer: list["subprocess.Popen[str]"]
) -> None:
    process_killer += [started(old, 0.002) for _ in range(2)]
    for process in process_killer:
        out, err = process.communicate(timeout=60)
        assert out.splitlines()[-1] == "done", err
    check_is_done(old)
    assert len(backup.made(old)) == 1


@pytest.mark.long
def test_one_that_stands_still_is_overtaken_and_writes_nothing_when_it_wakes(
    old: Path, process_killer: list["subprocess.Popen[str]"]
) -> None:
    process = started(old, 0.05)
    process_killer.append(process)
    assert process.stdout is not None
    while process.stdout.readline().strip() not in ("1000", ""):
        pass
    process.send_signal(signal.SIGSTOP)
    Database.open(old).close()
    check_is_done(old)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert out.splitlines()[-1] == "done", err
    check_is_done(old)


KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from store.database import schema
from store.database.upgrade import migrating
from store.database.connection import Database
from tests.store.database.upgrade import test_migrating

schema.MIGRATIONS = test_migrating.ALL
for line in sys.stdin:
    path, wait_s = line.split()
    process = os.fork()
    if process == 0:
        try:
            Database.open(Path(path)).close()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    time.sleep(float(wait_s))
    os.kill(process, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


@pytest.mark.long
def test_killed_again_and_again_it_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At random moments: in the backup, in a slice, between two, at the end."""
    drawn = random.Random(7)
    first = tmp_path / "first.db"
    make_old(first)
    killer = subprocess.Popen(
        [sys.executable, "-c", KILLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    kills, numbers = 0, set()
    with killer:
        assert killer.stdin is not None
        assert killer.stdout is not None
        while kills < (1_000 if is_long() else 20):
            folder = tmp_path / str(kills)
            folder.mkdir()
            path = folder / "skew.db"
            shutil.copy(first, path)
            code = -1
            while code != 0:
                wait_s = drawn.choice((0.03, 0.1, 0.3)) * drawn.random()
                killer.stdin.write(f"{path} {wait_s}\n")
                killer.stdin.flush()
                code = int(killer.stdout.readline())
                assert code in (0, -signal.SIGKILL)
                kills += code != 0
                numbers.add(check_is_not_used_half(path, monkeypatch))
            check_is_done(path)
            assert [made.name for made in folder.iterdir() if ".part" in made.name] == []
            check_backups(path)
            shutil.rmtree(folder)
        killer.stdin.close()
    assert {OLD, OLD + migrating.HALFWAY, len(ALL)} <= numbers


def check_backups(path: Path) -> None:
    """All are whole, of before the migration or of after it; there is one of before."""
    numbers = []
    for made in backup.made(path):
        with closing(sqlite3.connect(made)) as connection:
            numbers.append(schema.version(connection))
            table = "large" if numbers[-1] == OLD else "small"
            (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert count == ROWS // 2
    assert OLD in numbers
    assert set(numbers) <= {OLD, OLD + 1}


def check_is_not_used_half(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The version before it reads all that there was, or refuses the cache; its number."""
    with closing(sqlite3.connect(path)) as connection:
        number = schema.version(connection)
        if number == OLD:
            count = connection.execute("SELECT count(*) FROM large").fetchone()
            assert count == (ROWS // 2,)
            return number
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", ALL[:OLD])
        with pytest.raises(NewerDatabase):
            Database.open(path)
    return number
