"""Paints the console in a terminal, and lets it end where that is gone."""

import contextlib
from typing import TextIO

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Textual's, whose thread that writes dies with the terminal: then nobody empties its queue.

    Whoever writes to a full queue waits for ever, so that neither a signal nor a key would end the
    program, and its engine would keep the lease.
    """

    def start_application_mode(self) -> None:
        """Take the terminal over."""
        self._file: TextIO = Lenient(self._file)  # type: ignore[assignment]
        super().start_application_mode()  # type: ignore[no-untyped-call]


class Lenient:
    """The terminal's file, to which nothing is written once it is gone."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()
