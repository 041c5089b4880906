"""The cache's schema, by ordered migrations.

`PRAGMA user_version` counts the migrations that a file has had. A file with more than this
program knows was written by a newer Skew and is refused before anything is touched.
"""

import contextlib
import functools
import importlib
import itertools
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from store.database.upgrade import backup, disk, migrating
from store.database.upgrade.migrating import Told, schema_number
from store.database.upgrade.slices import SlicedMigration
from store.errors import CacheMigrating, NewerDatabase, OlderDatabase

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

    Migration = Callable[[SqliteUtils], None] | SlicedMigration


class ImportedLater(NamedTuple):
    """A migration by its name: nearly every open finds all of them done, and imports none."""

    module: str
    """Within `store.database.migrations`."""
    name: str = "run"

    def load(self) -> "Migration":
        """The migration itself."""
        module = importlib.import_module(f"store.database.migrations.{self.module}")
        found: Migration = getattr(module, self.name)
        return found

    def __call__(self, database: "SqliteUtils") -> None:
        """Do all of it in the caller's transaction."""
        self.load()(database)


MIGRATIONS: "tuple[Migration | ImportedLater, ...]" = (
    ImportedLater("v1_core"),
    ImportedLater("v2_events"),
    ImportedLater("v3_unexplained"),
    ImportedLater("v4_v25_people"),
    ImportedLater("v5_v27_events", "make_counted"),
    ImportedLater("v6_v7_pauses", "make_write_pauses"),
    ImportedLater("v6_v7_pauses", "make_list_lag"),
    ImportedLater("v8_v9_answers", "make_warnings"),
    ImportedLater("v8_v9_answers", "make_bad_records"),
    ImportedLater("v10_v15_listings", "make_uncounted"),
    ImportedLater("v11_v24_updates", "make_writes"),
    ImportedLater("v12_future_times"),
    ImportedLater("v11_v24_updates", "make_approved_refs"),
    ImportedLater("v10_v15_listings", "forget_skeletons"),
    ImportedLater("v10_v15_listings", "make_copies"),
    ImportedLater("v16_at_least"),
    ImportedLater("v17_v20_polls", "make_file_sequence"),
    ImportedLater("v17_v20_polls", "make_sweeps"),
    ImportedLater("v17_v20_polls", "make_allowance_unit"),
    ImportedLater("v17_v20_polls", "make_memories"),
    ImportedLater("v21.cells", "MIGRATION"),
    ImportedLater("v22_v23_v26_history", "narrow_history"),
    ImportedLater("v22_v23_v26_history", "make_told"),
    ImportedLater("v11_v24_updates", "make_reverts"),
    ImportedLater("v4_v25_people", "make_ignore_rules"),
    ImportedLater("v22_v23_v26_history", "MAKE_READING_ENDS"),
    ImportedLater("v5_v27_events", "make_unseen_sums"),
)
"""In order, each once, never edited after a release: a change of mind is a new one."""


def _loaded(migrations: "tuple[Migration | ImportedLater, ...]") -> "tuple[Migration, ...]":
    return tuple(
        migration.load() if isinstance(migration, ImportedLater) else migration
        for migration in migrations
    )


def migrate(connection: sqlite3.Connection, told: Told = lambda _: None) -> Path | None:
    """Bring the file to this program's version; answer the backup of it as it was before.

    None where nothing was to be done, or the file is new. All of it is done in one transaction, but
    for a migration in slices, of which `told` hears after each. Raises NewerDatabase, DatabaseBusy,
    NoRoom and NoBackup before anything is touched.
    """
    check_version(connection)
    saved: Path | None = None
    while version(connection) != len(MIGRATIONS):
        number, half = schema_number(connection)
        if half:
            migrating.wait_for_other(connection, told)
            number, half = schema_number(connection)
        if half:
            saved = _in_slices(connection, number, told) or saved
        else:
            saved = _at_once(connection, saved)
    if saved is not None:
        backup.prune(connection)
    return saved


def _at_once(connection: sqlite3.Connection, saved: Path | None) -> Path | None:
    """Run the next migrations in one transaction, up to one in slices, or begin that one."""
    connection.execute("PRAGMA foreign_keys = ON")
    made: Path | None = None
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated while this one waited for the lock.
        before, half = schema_number(connection)
        waiting = () if half else _loaded(MIGRATIONS[before:])
        if waiting and before and saved is None:
            if any(isinstance(migration, SlicedMigration) for migration in waiting):
                migrating.check_unused(connection)
                disk.check_room(connection)
            saved = made = backup.make(connection, before)
        if waiting:
            _run(connection, before, waiting, saved)
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has ended the transaction already; a commit that failed has not.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if made is not None:
            made.unlink(missing_ok=True)
        raise
    return saved


def _run(
    connection: sqlite3.Connection,
    before: int,
    waiting: "tuple[Migration, ...]",
    saved: Path | None,
) -> None:
    # Imported here, for it is slow to load and nearly every open finds all migrations done.
    from sqlite_utils import Database as SqliteUtils

    if not before:
        for statement in _newest(waiting):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        return
    first = waiting[0]
    if isinstance(first, SlicedMigration):
        migrating.begin(connection, first, done=before, backup=saved)
        return
    whole = list(
        itertools.takewhile(lambda migration: not isinstance(migration, SlicedMigration), waiting)
    )
    for migration in whole:
        migration(SqliteUtils(connection))
    connection.execute(f"PRAGMA user_version = {before + len(whole)}")


def _in_slices(connection: sqlite3.Connection, number: int, told: Told) -> Path | None:
    """Go on with the migration in slices after so many; answer the backup from before it."""
    (migration,) = _loaded(MIGRATIONS[number : number + 1])
    assert isinstance(migration, SlicedMigration)
    # Dropping a table that others refer to would look through all of those. What is dropped is not
    # overwritten with zeros, which some builds of SQLite do: all of it would go through the log.
    connection.execute("PRAGMA foreign_keys = OFF")
    (erases,) = connection.execute("PRAGMA secure_delete").fetchone()
    connection.execute("PRAGMA secure_delete = OFF")
    try:
        return migrating.go_on(connection, migration, number, told)
    finally:
        connection.execute(f"PRAGMA secure_delete = {erases}")
        connection.execute("PRAGMA foreign_keys = ON")


@functools.cache
def _newest(migrations: "tuple[Migration, ...]") -> tuple[str, ...]:
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


def strange(connection: sqlite3.Connection) -> str | None:
    """What acts by itself in the file and no Skew makes, by its name: a trigger, or a view.

    The views of an older schema, and what is half way, are not looked at: ask again once it is up
    to date.
    """
    number, half = schema_number(connection)
    if half:
        return None
    made = set(_newest(_loaded(MIGRATIONS[:number])))
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')"
    )
    for kind, name, sql in found:
        if sql not in made and (kind == "trigger" or number == len(MIGRATIONS)):
            return f"the {kind} {name}"
    return None


def newest_columns() -> Mapping[str, Mapping[str, str]]:
    """By the tables that a cache of this version has, their columns and how each is declared."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        for statement in _newest(_loaded(MIGRATIONS)):
            memory.execute(statement)
        return columns(memory)


def columns(connection: sqlite3.Connection) -> Mapping[str, Mapping[str, str]]:
    """By the tables that a file has, their columns and how each is declared."""
    found: dict[str, dict[str, str]] = {}
    for table, column, declared in connection.execute(
        """SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"""
    ):
        found.setdefault(table, {})[column] = declared
    return found


def version(connection: sqlite3.Connection) -> int:
    """The number of the file's schema: how many migrations it has had.

    Above `migrating.HALFWAY` while one in slices is under way.
    """
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection) -> None:
    """Refuse a file that a newer Skew wrote."""
    number, half = schema_number(connection)
    if number + half > len(MIGRATIONS):
        raise NewerDatabase(
            f"the cache has schema {number + half}, this Skew knows {len(MIGRATIONS)}: "
            "upgrade Skew, or name another file as [skew] database; nothing was touched"
        )


def check_is_whole(connection: sqlite3.Connection) -> None:
    """Refuse a file that a newer Skew wrote, and one whose migration is under way."""
    check_version(connection)
    if schema_number(connection).half:
        raise CacheMigrating(
            f"the cache is being brought up to date ({migrating.words(connection)}): try again "
            "once that is done; where it was broken off, `skew status` goes on with it"
        )


def check_is_newest(connection: sqlite3.Connection) -> None:
    """Refuse a file that another version wrote: nothing may be changed in it here."""
    check_is_whole(connection)
    if version(connection) < len(MIGRATIONS):
        raise OlderDatabase(
            f"the cache has schema {version(connection)}, this Skew needs {len(MIGRATIONS)}: "
            "`skew status` brings it up to date"
        )
