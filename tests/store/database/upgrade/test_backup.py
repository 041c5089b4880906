"""Before each migration the cache is copied beside itself: whole, private, and the newest kept."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from store.database import schema
from store.database.connection import Database
from store.database.upgrade import backup
from store.queries import status_counts
from tests.long_run import first
from tests.store.world import stock, world

NEWEST = len(schema.MIGRATIONS)

OPEN = """
import os, resource, sys
from pathlib import Path
import sqlite_utils
from store.database.connection import Database
from store.errors import StoreError

# What the open imports: the other user may not be able to read where Python is.
import concurrent.futures.thread, ctypes, shutil, sqlite_utils, store.database.schema

path, bytes_max, user = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if bytes_max:
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
if user:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
try:
    Database.open(path).close()
except StoreError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""
NOBODY = 65534


def made_by(path: Path, number: int, *, rows: int = 0) -> str:
    """A cache as the version with so many migrations makes it, in use; its schema as text."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for migration in schema.MIGRATIONS[:number]:
        migration(sqlite_utils.Database(connection))
    connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, text TEXT)")
    connection.execute("DELETE FROM kept")
    connection.execute(
        """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        INSERT INTO kept (text) SELECT hex(randomblob(500)) FROM n""",
        (max(1, rows),),
    )
    text = _schema(connection)
    connection.close()
    path.chmod(0o600)
    return text


def _schema(connection: sqlite3.Connection) -> str:
    rows = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    return "\n".join(f"{name} {sql}" for name, sql in rows)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def one_more(monkeypatch: pytest.MonkeyPatch, count: int = 1) -> None:
    steps: list[Callable[[sqlite_utils.Database], None]] = [lambda _: None] * count
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, *steps))


@pytest.mark.parametrize("number", first(2, range(1, NEWEST)))
def test_it_is_the_cache_as_the_version_that_made_it_knows_it(tmp_path: Path, number: int) -> None:
    path = tmp_path / "skew.db"
    before = made_by(path, number, rows=10)

    with Database.open(path) as database:
        saved = database.backup

    assert saved == tmp_path / f"skew.db.backup-1-of-schema-{number}"
    assert saved.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(saved)) as connection:
        assert schema.version(connection) == number
        assert _schema(connection) == before
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (10,)


def test_what_only_the_log_beside_the_cache_holds_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
        one_more(monkeypatch)
        with Database.open(w.database.path) as database:
            saved = database.backup

        assert saved is not None
        monkeypatch.undo()
        with Database.open(saved) as restored:
            assert restored.backup is None
            assert restored.read(status_counts.channels, now=w.now)[0].listings == 1


def test_a_new_cache_and_one_that_needs_nothing_make_none(tmp_path: Path) -> None:
    for _ in range(2):
        with Database.open(tmp_path / "skew.db") as database:
            assert database.backup is None
    assert names(tmp_path) == ["skew.db"]


def test_the_last_three_are_kept_and_nothing_else_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "skew.db"
    made_by(path, 1)
    others = ["skew.db.backup-1-of-schema-1.txt", "other.db.backup-1-of-schema-1", "skew.db.bak"]
    for name in others:
        (tmp_path / name).touch()
    for _ in range(12):
        Database.open(path).close()
        one_more(monkeypatch)

    left = [name for name in names(tmp_path) if name not in (*others, "skew.db")]
    assert [name[: len("skew.db.backup-10")] for name in sorted(left)] == [
        "skew.db.backup-10",
        "skew.db.backup-11",
        "skew.db.backup-12",
    ]
    assert set(others) < set(names(tmp_path))


def test_a_migration_that_fails_leaves_the_backups_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "skew.db"
    made_by(path, 1)
    Database.open(path).close()
    before = names(tmp_path)

    def broken(database: sqlite_utils.Database) -> None:
        database.execute("CREATE TABLE half (x)")
        database.execute("CREATE TABLE half (x)")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    for _ in range(4):
        with pytest.raises(sqlite3.OperationalError, match="half"):
            Database.open(path)

    assert names(tmp_path) == before


def opening(path: Path, *, bytes_max: int = 0, user: int = 0) -> list[str]:
    """The program that opens the cache, also as another user or with no room for so large files."""
    return [sys.executable, "-c", OPEN, str(path), str(bytes_max), str(user)]


def opened(path: Path, *, bytes_max: int = 0, user: int = 0) -> "subprocess.CompletedProcess[str]":
    program = opening(path, bytes_max=bytes_max, user=user)
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.long
def test_without_room_for_it_the_migration_does_not_run_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "skew.db"
    made_by(path, 2, rows=2_000)

    # No file may grow beyond half of the cache: what a full disk does to the copy.
    ran = opened(path, bytes_max=path.stat().st_size // 2)

    assert ran.returncode == 1
    assert ran.stderr.startswith("NoBackup: ")
    assert f"{path} must be migrated, and no backup of it could be made first" in ran.stderr
    assert "the cache was not touched" in ran.stderr
    assert names(tmp_path) == ["skew.db"]
    with closing(sqlite3.connect(path)) as connection:
        assert schema.version(connection) == 2


@pytest.fixture
def folder_of_its_own() -> Iterator[Path]:
    """A folder that another user can reach: those of a run lie in one that is root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="has no users")
def test_in_a_folder_that_can_not_be_written_to_it_does_not_run_and_says_so(
    folder_of_its_own: Path,
) -> None:
    path = folder_of_its_own / "skew.db"
    made_by(path, 2)
    # The log beside the cache stands already and is writable: only the copy has no place.
    holder = sqlite3.connect(path)
    holder.execute("SELECT count(*) FROM sqlite_master").fetchone()
    user = 0
    if os.geteuid() == 0:
        # To the superuser every folder is open, so another user tries it.
        for file in (folder_of_its_own, *folder_of_its_own.iterdir()):
            os.chown(file, NOBODY, NOBODY)
        user = NOBODY
    folder_of_its_own.chmod(0o500)
    try:
        ran = opened(path, user=user)
    finally:
        folder_of_its_own.chmod(0o700)
        holder.close()

    assert ran.returncode == 1
    assert ran.stderr.startswith("NoBackup: ")
    assert "Permission denied; make " in ran.stderr
    with closing(sqlite3.connect(path)) as connection:
        assert schema.version(connection) == 2


@pytest.mark.long
@pytest.mark.parametrize("after_bytes", first(1, [1, 0, 4_000_000]))
def test_one_that_is_killed_in_it_leaves_no_half_file_that_counts(
    tmp_path: Path, after_bytes: int
) -> None:
    path = tmp_path / "skew.db"
    made_by(path, 2, rows=40_000)
    process = subprocess.Popen(opening(path))
    part = tmp_path / "skew.db.backup-1-of-schema-2.part"
    while process.poll() is None and not (part.exists() and part.stat().st_size >= after_bytes):
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.wait()

    whole = backup.made(path)
    with Database.open(path) as database:
        saved = database.backup or whole[0]
    assert not part.exists()
    assert [re.sub(r"-\d+-", "-N-", made.name) for made in {*whole, saved}] == [
        "skew.db.backup-N-of-schema-2"
    ] * len({*whole, saved})
    for made in backup.made(path):
        with closing(sqlite3.connect(made)) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (40_000,)
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
