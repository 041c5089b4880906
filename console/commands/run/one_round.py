"""An engine for one round, for `skew poll` and `skew apply`, and what its channels complain of."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.database.connection import Database
    from sync.engine.engine import Engine
    from sync.settings import Settings


def engine_for_one_round(
    settings: "Settings",
    database: "Database",
    name: str,
    complaints: dict[str, str] | None = None,
) -> "Engine":
    """Make an engine; by channel, what its channels complain of last is put into `complaints`."""
    from sync.clock import SystemClock
    from sync.engine.engine import Engine
    from sync.engine.lease import name_of_this_process
    from sync.polling.reporting.log import SILENT

    log = SILENT if complaints is None else _Complaints(complaints)
    holder = name_of_this_process(name)
    return Engine(settings, database, clock=SystemClock(), holder=holder, log=log)


class _Complaints:
    """A log that keeps each channel's last error, and prints nothing."""

    def __init__(self, kept: dict[str, str]) -> None:
        self._kept = kept

    def debug(self, event: str, **keys: object) -> None: ...

    def info(self, event: str, **keys: object) -> None: ...

    def warning(self, event: str, **keys: object) -> None:
        del event
        if "channel" in keys and "error" in keys:
            self._kept[str(keys["channel"])] = str(keys["error"])

    error = warning
