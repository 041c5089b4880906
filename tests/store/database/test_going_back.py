"""The way back from each migration: the backup is the old cache, for the old version too.

`old_caches` has a cache of each earlier schema, and the commit whose code made it. Where the
history has that commit, its code is run on the backup; a shallow clone compares the backup alone.
"""

import io
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.database import schema
from store.database.connection import Database
from store.database.upgrade import backup, migrating
from store.database.upgrade.slices import SlicedMigration
from tests.long_run import first
from tests.store.database.old_caches import kept

CHECKOUT = Path(__file__).parents[3]

ASKED = [
    ["diff"],
    ["updates"],
    ["updates", "--all"],
    ["status"],
    *(["history", sku] for sku in ("SKU-0001", "SKU-0006", "SKU-0014", "P-1", "BOX-1")),
]

OLD_CODE = """
import runpy, sys
code, ours, now = sys.argv[1:]
# Not ours: it would lend the old code the modules that it lacks.
others = [path for path in sys.path if path not in ("", ours)]
sys.path[:] = [code, *others, f"{ours}/tests/store/database"]
sys.argv = ["ask", now]
runpy.run_module("old_caches.ask", run_name="__main__")
"""


def rows(path: Path) -> tuple[int, list[str]]:
    """The number of its schema, and every statement that makes it what it is."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return schema.version(connection), list(connection.iterdump())


def backup_of(cache: Path) -> Path:
    """Bring the cache up to date; the backup that this left of it."""
    Database.open(cache).close()
    (made,) = backup.made(cache)
    return made


@pytest.mark.parametrize("name", first(2, kept.NAMES))
def test_the_backup_before_a_migration_is_the_old_cache_row_for_row(
    name: str, tmp_path: Path
) -> None:
    said = kept.lay_out(name, tmp_path)
    before = rows(tmp_path / "skew.db")

    made = backup_of(tmp_path / "skew.db")

    assert rows(made) == before
    assert before[0] == said["schema"]
    assert rows(tmp_path / "skew.db")[0] == len(schema.MIGRATIONS)


def code_of(commit: str, folder: Path) -> Path:
    """What the repository was at a commit; skips where it has no such history."""
    archived = subprocess.run(
        ["git", "-C", CHECKOUT, "archive", commit, "console", "sync", "store", "tests"],
        capture_output=True,
        check=False,
    )
    if archived.returncode != 0:
        pytest.skip(f"the history has no {commit}: {archived.stderr.decode()[:80]}")
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def said_by(code: Path, folder: Path, now: int, asked: list[list[str]]) -> list[dict[str, Any]]:
    ran = subprocess.run(
        [sys.executable, "-c", OLD_CODE, str(code), str(CHECKOUT), str(now)],
        cwd=folder, input=json.dumps(asked), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    answers: list[dict[str, Any]] = json.loads(ran.stdout)
    return answers


@pytest.mark.long
@pytest.mark.parametrize("name", kept.NAMES)
def test_the_backup_opens_in_the_version_that_made_it_and_says_what_it_said(
    name: str, tmp_path: Path
) -> None:
    """As docs/operations.md has it: the new cache moved away, the newest backup in its place."""
    said = kept.lay_out(name, tmp_path)
    code = code_of(said["commit"], tmp_path / "code")
    cache = tmp_path / "skew.db"
    made = backup_of(cache)
    asked = [answer for answer in said["answers"] if answer["arguments"] in ASKED]
    refused = said_by(code, tmp_path, said["now"], [["diff"]])
    assert refused[0]["code"] == 1, "the old version opened a cache that is newer than it"

    cache.unlink()
    made.rename(cache)
    answers = said_by(code, tmp_path, said["now"], [answer["arguments"] for answer in asked])

    assert len(asked) >= len(ASKED) - 1
    assert answers == asked
    # And forward again.
    assert rows(backup_of(cache))[0] == said["schema"]


KILLER = """
import os, signal, sqlite3, sys
from pathlib import Path
from store.database.connection import Database

connect = sqlite3.connect
for line in sys.stdin:
    path, number = line.split()
    left = int(number)

    def count(statement):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(*arguments, **more):
        connection = connect(*arguments, **more)
        connection.set_trace_callback(count)
        return connection

    process = os.fork()
    if process == 0:
        sqlite3.connect = watched
        code = 1
        try:
            Database.open(Path(path)).close()
            code = 0
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Opens caches, each in a process that is killed before the statement with this number."""


def numbers() -> Iterator[int]:
    """Before which statements to kill: ever further apart; a migration has some hundreds."""
    number = 1
    while True:
        yield number
        number += max(1, number // 5)


@pytest.mark.long
@pytest.mark.parametrize("name", ["v24", "v20", "v01"])
def test_killed_at_any_statement_the_old_cache_is_whole_and_the_next_start_goes_on(
    name: str, tmp_path: Path
) -> None:
    said = kept.lay_out(name, tmp_path)
    first_one, before = (tmp_path / "skew.db").read_bytes(), rows(tmp_path / "skew.db")
    newest, seen, kills = len(schema.MIGRATIONS), set(), 0
    sliced = [number for number, migration in enumerate(schema._loaded(schema.MIGRATIONS))
              if isinstance(migration, SlicedMigration)]  # fmt: skip
    whole = {newest, *sliced, *(number + 1 for number in sliced)}
    killer = subprocess.Popen(
        [sys.executable, "-c", KILLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with killer:
        assert killer.stdin is not None
        assert killer.stdout is not None
        for number in numbers():
            folder = tmp_path / str(number)
            folder.mkdir()
            cache = folder / "skew.db"
            cache.write_bytes(first_one)
            killer.stdin.write(f"{cache} {number}\n")
            killer.stdin.flush()
            code = int(killer.stdout.readline())
            if code == 0:
                break
            assert code == -signal.SIGKILL
            kills += 1
            version, found = rows(cache)
            seen.add(version)
            if version == said["schema"]:
                assert found == before[1], number
            else:
                # No version takes half of one for its own, and what it was lies beside it.
                assert version > migrating.HALFWAY or version in whole
                assert before in [rows(made) for made in backup.made(cache)]
            Database.open(cache).close()
            assert rows(cache)[0] == newest, number
            assert before in [rows(made) for made in backup.made(cache)]
            shutil.rmtree(folder)
        killer.stdin.close()
    assert kills > 10
    assert said["schema"] in seen
