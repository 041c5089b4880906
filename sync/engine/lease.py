"""Holding the engine's lease: taken, kept with a heartbeat, and given up.

Two engines never poll or write for one cache: an engine works only while it has the lease. One
that was killed leaves its lease behind, and nobody can tell from a row whether it still runs. So a
holder also locks a file beside the cache, which its machine unlocks when the process ends, however
it ends: whoever gets that lock on the same machine need not wait for the lease to run out.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from pathlib import Path
from typing import Self

from store.database import lease
from store.database.connection import Database
from store.database.lease import Lease
from store.errors import LeaseLost, StoreError
from store.model import Millis
from sync.clock import Clock, rfc3339

SPAN_MS = 30_000
"""After this long without a heartbeat the lease may be taken over."""

HEARTBEAT_MS = 5_000

LOCK_SUFFIX = ".lock"
"""Of the file beside the cache that a holder locks."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class LeaseHeld(StoreError):
    """Another engine runs for this cache. Its text names it."""

    def __init__(self, held: Lease, now: Millis) -> None:
        silent_s = max(0, now - held.heartbeat_at) // 1000
        left_s = -(min(0, now - held.expires_at) // 1000)
        super().__init__(
            f"another engine runs for this cache: {held.holder}, since "
            f"{rfc3339(held.started_at)}, last heartbeat {silent_s} s ago; "
            f"if it is dead, this one can start in {left_s} s"
        )
        self.lease = held


class ProcessLock:
    """The lock of the file beside a cache; the machine gives it up when the process ends."""

    def __init__(self, descriptor: int, machine: str) -> None:
        self._descriptor: int | None = descriptor
        self.machine = machine
        """This machine since it was started, by the name that it gives itself."""

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Lock the file beside the cache at `path`; None where that is locked, or can't be."""
        try:
            import fcntl

            machine = _BOOT_ID.read_text(encoding="ascii").strip()
            descriptor = os.open(f"{path}{LOCK_SUFFIX}", os.O_CREAT | os.O_RDWR, 0o600)
        except (ImportError, OSError):
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return cls(descriptor, machine)

    def release(self) -> None:
        """Give it up, once or more often."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class HeldLease:
    """The lease, once `take` has returned. Nobody else has its token."""

    def __init__(self, database: Database, clock: Clock, holder: str) -> None:
        self._lock = ProcessLock.take(database.path)
        # Only who holds the lock says on which machine it does: who finds both knows it dead.
        machine = "" if self._lock is None else f"{self._lock.machine}."
        self.token = machine + secrets.token_hex(16)
        self.holder = holder
        self._database = database
        self._clock = clock

    async def take(self) -> Self:
        """Take the lease where it is free or its holder is dead. Raises LeaseHeld."""
        with contextlib.ExitStack() as undo:
            undo.callback(self.unlock)
            now = self._clock.now()
            before = await self._database.aread(lease.current, now=now)
            dead = before.token if before is not None and self._knows_dead(before) else None
            held = await self._database.awrite(
                lease.acquire, holder=self.holder, token=self.token, now=now, span_ms=SPAN_MS,
                dead=dead,
            )  # fmt: skip
            if held.token != self.token:
                raise LeaseHeld(held, now)
            undo.pop_all()
        return self

    def _knows_dead(self, held: Lease) -> bool:
        """Whether the process that has the lease had the lock that is ours now."""
        return self._lock is not None and held.token.startswith(f"{self._lock.machine}.")

    def unlock(self) -> None:
        """Let whoever comes next on this machine know that this holder has ended."""
        if self._lock is not None:
            self._lock.release()

    async def keep(self) -> None:
        """Renew it until cancelled. Raises LeaseLost where another engine has taken over.

        Raises CacheGone where the file is no longer at its path: nobody would see the lease.
        """
        renewed_at = self._clock.now()
        while True:
            await asyncio.sleep(HEARTBEAT_MS / 1000)
            self._database.check_file()
            now = self._clock.now()
            try:
                ours = await self._database.awrite(
                    lease.renew, token=self.token, now=now, span_ms=SPAN_MS
                )
            except StoreError as error:
                # A cache that is busy or full for a moment costs one heartbeat, and the span has
                # room for several. Only a whole span without one means that the lease is lost.
                if self._clock.now() - renewed_at < SPAN_MS:
                    continue
                raise LeaseLost(f"the lease could not be renewed in time: {error}") from error
            renewed_at = now
            if not ours:
                raise LeaseLost("another engine has taken over the lease")

    async def release(self) -> None:
        """Give it up, if it is still ours."""
        try:
            await self._database.awrite(lease.release, token=self.token)
        finally:
            self.unlock()


def name_of_this_process(what: str) -> str:
    """Name a holder for people: `daemon of ana on till-1, pid 4711`."""
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{what} of {user} on {socket.gethostname()}, pid {os.getpid()}"
