"""What systemd is told of the daemon: that it is ready, that it lives, and what it does.

Nothing is said where no systemd started it. docs/operations.md has the unit.
"""

import asyncio
import contextlib
import socket
import time
from typing import TYPE_CHECKING

from systemd_watchdog.systemd_watchdog import WatchDog

from console.text.format import clean

if TYPE_CHECKING:
    from sync.engine.engine import Engine

LOOK_EVERY_S = 0.5
STUCK_S = 60.0
"""An engine whose loop has not come round for so long is not vouched for any more."""


class ServiceManager:
    """The way to systemd's notify socket; silent where there is none."""

    def __init__(self) -> None:
        # Never waited for: a manager that does not read must not hold the daemon up.
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._systemd = WatchDog(sock=self._socket)

    def close(self) -> None:
        self._socket.close()

    def status(self, words: str) -> None:
        """Show a line in `systemctl status`."""
        if self._systemd.is_enabled:
            with contextlib.suppress(OSError):
                self._systemd.status(clean(words))

    async def watch(self, engine: "Engine") -> None:
        """Say that the engine is ready once it is, and that it lives while its loop comes round.

        Until it is cancelled.
        """
        if not self._systemd.is_enabled:
            return
        every_s = min(self._systemd.timeout_td.total_seconds() / 4, STUCK_S)
        is_ready = False
        while True:
            with contextlib.suppress(OSError):
                if engine.holding and not is_ready:
                    self._systemd.ready()
                    is_ready = True
                if time.monotonic() - engine.looked_at < STUCK_S:
                    self._systemd.notify()
            await asyncio.sleep(every_s if is_ready else LOOK_EVERY_S)
