"""A migration in slices in processes that meet, stand still or are killed: nothing is lost."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store.database import schema
from store.database.connection import Database
from store.database.upgrade import backup, migrating
from store.errors import NewerDatabase
from tests.long_run import is_long
from tests.store.database.upgrade.sliced import (
    ALL,
    OLD,
    ROWS,
    check_is_done,
    make_old,
)

PROGRAM = """
import sys, time
from pathlib import Path
from store.database import schema
from store.database.upgrade import migrating
from store.database.connection import Database
from tests.store.database.upgrade import sliced

schema.MIGRATIONS = sliced.ALL
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
from tests.store.database.upgrade import sliced

schema.MIGRATIONS = sliced.ALL
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
            code, wait_max_s = -1, 0.3
            while code != 0:
                wait_s = wait_max_s * drawn.choice((0.1, 0.3, 1.0)) * drawn.random()
                # On a busy machine 0.3 s may be too short for even one slice, each time anew.
                wait_max_s *= 1.02
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
