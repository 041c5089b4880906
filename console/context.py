"""What a command works with: the configuration, the open cache, and stderr for its notes."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.text.format import clean

if TYPE_CHECKING:
    from store.database.connection import Database
    from sync.settings import Settings


def login_name() -> str:
    """The user's name on this machine, for the audit."""
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
    from store.database.connection import Database
    from sync.clock import SystemClock
    from sync.targets import terms

    now = SystemClock().now()
    with Database.open(settings.database) as database:
        if database.backup is not None:
            note(f"the cache is migrated; as it was before: {database.backup}")
        # A running engine keeps the cache in line with the configuration that it was started
        # with. This command's may be newer: two that differ would undo each other all the time.
        if database.read(lease.current, now=now) is None:
            database.write(terms.comparison(settings).configure, now=now)
        yield database


def note(line: str) -> None:
    """Print something that is not the result: on stderr."""
    click.echo(f"skew: {clean(line)}", err=True)
