"""The log that polls and writes are told to: structlog's, or none."""

from typing import Protocol


class Log(Protocol):
    """A constant event and its keys. structlog's loggers are such logs."""

    def debug(self, event: str, **keys: object) -> object:
        """Note what only whoever looks for a fault wants to know."""
        ...

    def info(self, event: str, **keys: object) -> object:
        """Note what went as it should."""
        ...

    def warning(self, event: str, **keys: object) -> object:
        """Note trouble of a channel or of the cache."""
        ...

    def error(self, event: str, **keys: object) -> object:
        """Note what somebody must mend."""
        ...


class _Silent:
    """Logs nothing. structlog, which could do so too, takes 100 ms to import."""

    def debug(self, event: str, **keys: object) -> None: ...

    def info(self, event: str, **keys: object) -> None: ...

    def warning(self, event: str, **keys: object) -> None: ...

    def error(self, event: str, **keys: object) -> None: ...


SILENT: Log = _Silent()
"""Logs nothing, for the console's screen and for a command's results."""
