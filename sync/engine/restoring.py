"""Restore the cache from a backup: nothing of it is written to a channel without another look.

A backup is older than what was written since. So what stands in it as approved is proposed again,
and what stands in it as being written ends as unknown when the next engine starts.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from store.corrections import lifecycle
from store.database import lease
from store.database.connection import Database
from store.database.maintenance import restore
from sync.clock import Clock
from sync.engine.lease import LeaseHeld

if TYPE_CHECKING:
    from store.database.upgrade.slices import MigrationProgress

WHY = "the cache was restored from a backup: it may have been written since"
SPAN_MS = 60_000
BYTES_A_MS = 20_000
"""So much is restored in a millisecond at least: 20 MB a second."""


class Restored(msgspec.Struct, frozen=True):
    """What became of the cache."""

    backup: str
    cache: str
    as_it_was: str | None
    """A copy of the cache from before; None where there was none."""
    was_damaged: bool
    proposed_again: list[int]
    """Updates that were approved when the backup was made, by id."""


def restore_backup(
    path: Path,
    cache: Path,
    *,
    clock: Clock,
    holder: str,
    told: "Callable[[MigrationProgress], None] | None" = None,
) -> Restored:
    """Make the cache what the backup at `path` is, brought up to date; the other one is kept.

    Raises LeaseHeld where an engine runs on the cache, and StoreError; the cache is as it was then.
    """
    restore.check_backup(path)
    with restore.staged(path, cache) as beside:
        proposed_again = _made_ready(beside, clock, told)
        restore.check_made_ready(beside)
        token = secrets.token_hex(16)
        now = clock.now()
        # The engine must not start meanwhile. The lease is of no use to anybody afterwards: what is
        # restored has none.
        span_ms = SPAN_MS + (path.stat().st_size // BYTES_A_MS)
        held = restore.take_lease(cache, holder=holder, token=token, now=now, span_ms=span_ms)
        if held is not None and held.token != token:
            raise LeaseHeld(held, now)
        as_it_was: Path | None = None
        try:
            if held is not None:
                as_it_was = restore.keep_as_it_was(cache)
            elif cache.exists():
                as_it_was = restore.set_aside(cache)
            restore.put_back(beside, cache)
        except BaseException:
            if held is not None:
                restore.give_lease_back(cache, token=token)
                if as_it_was is not None:
                    # The cache is as it was; the disk may be full.
                    as_it_was.unlink(missing_ok=True)
            raise
    return Restored(
        backup=str(path),
        cache=str(cache),
        as_it_was=None if as_it_was is None else str(as_it_was),
        was_damaged=held is None and as_it_was is not None,
        proposed_again=proposed_again,
    )


def _made_ready(
    beside: Path, clock: Clock, told: "Callable[[MigrationProgress], None] | None"
) -> list[int]:
    """Bring the copy up to date, and take back what must not be written from it; return which."""
    with Database.open(beside, told=told) as database:
        if database.backup is not None:
            # The backup itself is one already.
            database.backup.unlink(missing_ok=True)
        database.write(lease.clear)
        approved = database.read(lifecycle.approved_ids)
        handed = database.write(lifecycle.hand_back, approved, now=clock.now(), why=WHY)
    return [correction.id for correction in handed]
