"""The cache's schema, by ordered migrations.

`PRAGMA user_version` counts the migrations that a file has had. A file with more than this
program knows was written by a newer Skew and is refused before anything is touched.
"""

import contextlib
import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from store.database import backup
from store.database.migrations import (
    v1_core,
    v2_events,
    v3_unexplained,
    v4_acknowledgements,
    v5_counted_events,
    v6_write_pauses,
    v7_list_lag,
    v8_v9_answers,
    v10_v15_listings,
    v11_v13_updates,
    v12_future_times,
    v14_sku_skeletons,
    v16_at_least,
    v17_v20_polls,
)
from store.errors import NewerDatabase, OlderDatabase

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

MIGRATIONS: "tuple[Callable[[SqliteUtils], None], ...]" = (
    v1_core.run,
    v2_events.run,
    v3_unexplained.run,
    v4_acknowledgements.run,
    v5_counted_events.run,
    v6_write_pauses.run,
    v7_list_lag.run,
    v8_v9_answers.make_warnings,
    v8_v9_answers.make_bad_records,
    v10_v15_listings.make_uncounted,
    v11_v13_updates.make_writes,
    v12_future_times.run,
    v11_v13_updates.make_approved_refs,
    v14_sku_skeletons.run,
    v10_v15_listings.make_copies,
    v16_at_least.run,
    v17_v20_polls.make_file_sequence,
    v17_v20_polls.make_sweeps,
    v17_v20_polls.make_allowance_unit,
    v17_v20_polls.make_memories,
)
"""In order, each once, never edited after a release: a change of mind is a new one."""


def migrate(connection: sqlite3.Connection) -> Path | None:
    """Bring the file to this program's version in one transaction; answer the backup of it before.

    None where nothing was to be done, or the file is new. Raises NewerDatabase and NoBackup before
    anything is touched.
    """
    check_version(connection)
    if version(connection) == len(MIGRATIONS):
        return None
    # Imported here, for it is slow to load and nearly every open finds all migrations done.
    from sqlite_utils import Database as SqliteUtils

    connection.execute("BEGIN IMMEDIATE")
    saved: Path | None = None
    try:
        # Another process may have migrated while this one waited for the lock.
        before = version(connection)
        waiting = MIGRATIONS[before:]
        saved = backup.make(connection, before) if waiting and before else None
        if before:
            for migration in waiting:
                migration(SqliteUtils(connection))
        else:
            for statement in _newest(MIGRATIONS):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has ended the transaction already; a commit that failed has not.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if saved is not None:
            saved.unlink(missing_ok=True)
        raise
    backup.prune(connection)
    return saved


@functools.cache
def _newest(migrations: "tuple[Callable[[SqliteUtils], None], ...]") -> tuple[str, ...]:
    """The statements that make the newest schema, as the migrations leave it.

    They are run once in a process, in memory. Whoever makes many new files, as `skew simulate` does
    for each of its worlds, pays a sixth of them for each.
    """
    from sqlite_utils import Database as SqliteUtils

    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        for migration in migrations:
            migration(SqliteUtils(memory))
        # What SQLite makes by itself, such as the index of a UNIQUE, has no statement.
        made = memory.execute(
            """SELECT sql FROM sqlite_master
            WHERE sql IS NOT NULL AND substr(name, 1, 7) != 'sqlite_' ORDER BY rowid"""
        )
        return tuple(sql for (sql,) in made)


def version(connection: sqlite3.Connection) -> int:
    """How many migrations the file has had."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection) -> None:
    """Refuse a file that a newer Skew wrote."""
    if version(connection) > len(MIGRATIONS):
        raise NewerDatabase(
            f"the cache has schema {version(connection)}, this Skew knows {len(MIGRATIONS)}: "
            "upgrade Skew, or name another file as [skew] database; nothing was touched"
        )


def check_is_newest(connection: sqlite3.Connection) -> None:
    """Refuse a file that another version wrote: nothing may be changed in it here."""
    check_version(connection)
    if version(connection) < len(MIGRATIONS):
        raise OlderDatabase(
            f"the cache has schema {version(connection)}, this Skew needs {len(MIGRATIONS)}: "
            "`skew status` brings it up to date"
        )
