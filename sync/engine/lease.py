"""Holding the engine's lease: taken, kept with a heartbeat, and given up.

Two engines never poll or write for one cache: an engine works only while it has the lease.
"""

import asyncio
import os
import secrets
import socket
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


class HeldLease:
    """The lease, once `take` has returned. Nobody else has its token."""

    def __init__(self, database: Database, clock: Clock, holder: str) -> None:
        self.token = secrets.token_hex(16)
        self.holder = holder
        self._database = database
        self._clock = clock

    async def take(self) -> Self:
        """Take the lease where it is free or its holder is dead. Raises LeaseHeld."""
        now = self._clock.now()
        held = await self._database.awrite(
            lease.acquire, holder=self.holder, token=self.token, now=now, span_ms=SPAN_MS
        )
        if held.token != self.token:
            raise LeaseHeld(held, now)
        return self

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
        await self._database.awrite(lease.release, token=self.token)


def name_of_this_process(what: str) -> str:
    """Name a holder for people: `daemon of ana on till-1, pid 4711`."""
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{what} of {user} on {socket.gethostname()}, pid {os.getpid()}"
