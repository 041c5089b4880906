"""What a command works with: the configuration, the open cache, and stderr for its notes."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from console.text.format import clean

if TYPE_CHECKING:
    from store.database.connection import Database
    from store.database.upgrade.slices import MigrationProgress
    from sync.settings import Settings

SERVED = "SKEW_SERVED"
"""Set in the environment of a console that somebody sees in a browser, on another machine."""

BROWSER_DRIVER = "console.tui.browser_driver:BrowserDriver"
"""What paints such a console; set in its environment, too, where Textual looks for it."""

QUIET_S = 1.0
"""What is done sooner needs no progress."""


def login_name() -> str:
    """The user's name on this machine, for the audit."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def load(config: Path, *, secrets: bool) -> "Settings":
    """Load the configuration and print its warnings; with `secrets`, each must be found.

    Raises ConfigErrors.
    """
    from sync.config.load import load as load_settings

    settings = load_settings(config, os.environ if secrets else None)
    for warning in settings.warnings:
        note(f"{config}: {warning}")
    return settings


@contextmanager
def open_cache(settings: "Settings") -> Iterator["Database"]:
    """Open the cache, and bring it in line with the configuration."""
    from store.database import lease
    from store.queries.standing import standing as look_up_standing
    from sync.clock import SystemClock
    from sync.config import receipts
    from sync.targets import terms

    now = SystemClock().now()
    with open_database(settings.database) as database:
        # A running engine keeps the cache in line with the configuration that it was started
        # with. This command's may be newer: two that differ would undo each other all the time.
        if database.read(lease.current, now=now) is None:
            comparison = terms.comparison(settings)
            # What stands there is read in the same transaction: another command may have another
            # configuration for the same cache.
            _, standing = database.write(
                lambda connection: (
                    comparison.configure(connection, now=now),
                    look_up_standing(connection),
                )
            )
            receipts.keep(settings, standing)
        yield database


def open_database(path: Path) -> "Database":
    """Open the cache; where that takes long because it is migrated, say how far it has come."""
    from store.database.connection import Database

    line = MigrationLine()
    try:
        database = Database.open(path, told=line)
    finally:
        line.end()
    if database.backup is not None:
        note(f"the cache is migrated; as it was before: {database.backup}")
    return database


class MigrationLine:
    """The progress of a migration on stderr: in a terminal a line that moves, else said once."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._width = 0
        self._is_said = False

    def __call__(self, progress: "MigrationProgress") -> None:
        """Say how far it has come, once it has taken a while."""
        if time.monotonic() - self._since < QUIET_S:
            return
        if sys.stderr.isatty():
            import click

            count = f"{progress.done:,} of {progress.total:,} {progress.what}"
            line = f"skew: bringing the cache up to date: {count}"
            # Blanks wipe out what is left of a longer line.
            click.echo("\r" + line.ljust(self._width), err=True, nl=False)
            self._width = len(line)
        elif not self._is_said:
            note(f"bringing the cache up to date: {progress.total:,} {progress.what}, and more")
        self._is_said = True

    def end(self) -> None:
        """Leave the line that moved."""
        if self._width:
            import click

            click.echo(err=True)
            self._width = 0


def note(line: str) -> None:
    """Print something that is not the result: on stderr."""
    import click

    click.echo(f"skew: {clean(line)}", err=True)
