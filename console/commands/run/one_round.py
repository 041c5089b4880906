"""An engine for one round, for `skew poll` and `skew apply`, and what its channels complain of."""

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import FilteringBoundLogger

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
    from sync.engine.engine import SILENT, Engine
    from sync.engine.lease import name_of_this_process

    log = SILENT if complaints is None else _listener(complaints)
    holder = name_of_this_process(name)
    return Engine(settings, database, clock=SystemClock(), holder=holder, log=log)


def _listener(complaints: dict[str, str]) -> "FilteringBoundLogger":
    """Make a log that keeps each channel's last error, and prints nothing."""
    import logging

    import structlog

    def keep(_logger: object, _method: str, event: "MutableMapping[str, Any]") -> NoReturn:
        if "channel" in event and "error" in event:
            complaints[event["channel"]] = event["error"]
        raise structlog.DropEvent

    logger: FilteringBoundLogger = structlog.wrap_logger(
        None,
        processors=[keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    return logger
