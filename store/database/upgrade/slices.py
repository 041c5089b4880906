"""A migration that copies many rows, a slice at a time: what it consists of.

It makes its new tables beside the old ones, under names that no version reads, copies into them
slice by slice, and at its end drops the old ones and gives the new ones their names, in one
transaction. `store.database.upgrade.migrating` runs it on a cache, so that it can be killed at any
moment.
"""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

ROWS_A_SLICE = 20_000
"""Some 0.1 s, and a few megabytes of the log beside the cache."""


class SlicedCopy(NamedTuple):
    """The rows of one table, to be copied in the order of their key."""

    what: str
    """What they are, in words that a person reads: "listings"."""
    table: str
    copy: Callable[[sqlite3.Connection, int, int], None]
    """Copies the rows whose key is above the first number and at most the second."""
    key: str = "id"
    """A whole number that no two rows share, and an index or the table itself is in its order."""
    rows: int = ROWS_A_SLICE

    def size(self, connection: sqlite3.Connection) -> int:
        """How many rows there are."""
        (count,) = connection.execute(f"SELECT count(*) FROM {self.table}").fetchone()
        return int(count)

    def slice(self, connection: sqlite3.Connection, after: int | None) -> "Copied | None":
        """Copy the next rows, after this key; None where there are no more."""
        upto, count = connection.execute(
            f"""SELECT max({self.key}), count(*) FROM (SELECT {self.key} FROM {self.table}
            WHERE {self.key} > ? ORDER BY {self.key} LIMIT ?)""",
            (_BELOW_ALL if after is None else after, self.rows),
        ).fetchone()
        if upto is None:
            return None
        self.copy(connection, _BELOW_ALL if after is None else after, upto)
        return Copied(upto, count)


_BELOW_ALL = -(2**63)


class Copied(NamedTuple):
    """One slice: the last key, and how many rows it had."""

    upto: int
    rows: int


class SlicedMigration(NamedTuple):
    """A migration in slices.

    Between `begin` and `end` nobody can write to the tables that were there before, so that what
    has been copied stays true; `copies` write to the new ones only. Foreign keys are not enforced
    meanwhile: dropping a table that others refer to would look through all of them.
    """

    begin: Callable[[sqlite3.Connection], None]
    """Makes the new tables, with their first few rows if need be."""
    copies: tuple[SlicedCopy, ...]
    end: Callable[[sqlite3.Connection], None]
    """Drops the old tables and what hangs on them, and gives the new ones their names."""

    def __call__(self, database: "SqliteUtils") -> None:
        """Do all of it in the caller's transaction, as any other migration."""
        connection = database.conn
        assert connection is not None
        self.begin(connection)
        for copy in self.copies:
            copied = copy.slice(connection, None)
            while copied is not None:
                copied = copy.slice(connection, copied.upto)
        self.end(connection)


class MigrationProgress(NamedTuple):
    """How far a migration has come."""

    what: str
    done: int
    total: int
