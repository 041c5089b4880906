"""A migration in slices: killed at any moment, it goes on, and nothing is lost or seen half."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from store.database import schema
from store.database.connection import Database
from store.database.upgrade import backup
from store.database.upgrade.slices import MigrationProgress
from store.errors import CacheMigrating, DatabaseBusy, NewerDatabase, NoRoom
from tests.store.database.upgrade.sliced import (
    ALL,
    CHANNEL,
    MIGRATION,
    OLD,
    PER_SLICE,
    ROWS,
    check_is_done,
    end,
    make_old,
)
from tests.store.database.upgrade.test_backup import names


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
