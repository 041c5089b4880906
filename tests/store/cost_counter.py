"""What work costs, counted: SQLite's own steps and statements, with no clock."""

import itertools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from store.model import Record
from tests.store.world import World, world

FEW, MANY = 40, 1500
"""What there is beside the change, in two worlds."""

STEPS_AT_ONCE = 50
ROOM = 1.5
"""Trees are deeper where there is more."""


def steps(w: World, work: Callable[[], object]) -> int:
    """How much SQLite's machine does on the writer during some work."""
    count = itertools.count()

    def watch(connection: sqlite3.Connection, counted: Callable[[], int] | None) -> None:
        connection.set_progress_handler(counted and (lambda: 0 * next(count)), STEPS_AT_ONCE)

    w.database.write(watch, lambda: 0)
    work()
    w.database.write(watch, None)
    return next(count) * STEPS_AT_ONCE


class Counting(sqlite3.Connection):
    """A connection that counts the statements it is given: each costs, however little it does."""

    statements = 0

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        self.statements += 1
        return super().execute(sql, values)


def statements(w: World, work: Callable[[sqlite3.Connection], object]) -> int:
    """How many statements some work takes, in a transaction of its own."""
    counting = sqlite3.connect(w.database.path, factory=Counting, isolation_level=None)
    with closing(counting):
        counting.execute("BEGIN IMMEDIATE")
        work(counting)
        counting.execute("COMMIT")
        return counting.statements


def in_both(
    tmp_path: Path, work: Callable[[World, int], int], *, few: int = FEW
) -> tuple[int, int]:
    """Do the same beside a few and beside many; answer what it cost."""
    found = []
    for count in (few, MANY):
        folder = tmp_path / str(count)
        folder.mkdir()
        with world(folder) as w:
            found.append(work(w, count))
    return found[0], found[1]


def steps_to_read(w: World, work: Callable[[sqlite3.Connection], object]) -> int:
    """How much SQLite's machine does to read something."""
    count = itertools.count()

    def watched(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(lambda: 0 * next(count), STEPS_AT_ONCE)
        work(connection)
        connection.set_progress_handler(None, STEPS_AT_ONCE)

    w.database.read(watched)
    return next(count) * STEPS_AT_ONCE


def cells(count: int) -> list[Record]:
    return [Record(f"B{number}", 100, state="active") for number in range(count)]
