"""Stdout for a report of any length: whoever reads it slowly holds nothing up.

A report is written while its snapshot of the cache is open, and SQLite keeps all that is written
meanwhile in the WAL. `skew diff | less` may stand for hours. So a report waits for its reader for
`PATIENCE_S` in all; what the reader does not take then goes into a temporary file without a name,
the snapshot ends as soon as all is read, and the rest is handed over afterwards.
"""

import io
import os
import select
import stat
import sys
import time
from typing import IO, Self, TextIO

PATIENCE_S = 2.0
"""How long a report waits for its reader while the snapshot is open, all waits together."""

_PIECE = 4096
"""What fits into a pipe that has any room at all (PIPE_BUF on Linux): writing it never waits."""

_COPIED = 1 << 16


class Outlet:
    """What a report is written to. On an error or Ctrl-C, `unfinished` is its last line.

    Use it as a context manager around the snapshot: on the way out it hands over what is left.
    """

    def __init__(self, stream: TextIO | None = None, *, unfinished: str = "") -> None:
        self._stream = sys.stdout if stream is None else stream
        self._unfinished = unfinished
        self._handle = _waits_for_a_reader(self._stream)
        self._patience_s = PATIENCE_S
        self._kept: IO[bytes] | None = None
        self._handed_over = 0
        """How much of what is kept the reader has."""

    def __enter__(self) -> Self:
        self._stream.flush()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._finish()
            elif self._unfinished and not issubclass(kind, BrokenPipeError):
                self._mark_unfinished()
        finally:
            if self._kept is not None:
                self._kept.close()

    def write(self, text: str) -> None:
        """Hand a part over, or keep it. Raises BrokenPipeError where nobody reads any more."""
        if self._handle is None:
            self._stream.write(text)
            return
        data = memoryview(text.encode(self._stream.encoding, self._stream.errors or "strict"))
        if self._kept is not None:
            self._hand_over_kept()
        if self._kept is None:
            data = data[self._hand_over(data) :]
            if not data:
                return
            # In the folder for temporary files, without a name: gone however the process ends.
            import tempfile  # It brings three ways to pack files, and few readers are slow.

            self._kept = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the outlet.
        self._kept.seek(0, os.SEEK_END)
        self._kept.write(data)

    def _hand_over(self, data: memoryview) -> int:
        """Give the reader what it takes while the patience lasts; return how many bytes."""
        assert self._handle is not None
        taken = 0
        while taken < len(data):
            before = time.monotonic()
            _, ready, _ = select.select([], [self._handle], [], max(0.0, self._patience_s))
            self._patience_s -= time.monotonic() - before
            if not ready:
                break
            taken += os.write(self._handle, data[taken : taken + _PIECE])
        return taken

    def _hand_over_kept(self) -> None:
        assert self._kept is not None
        while True:
            self._kept.seek(self._handed_over)
            data = self._kept.read(_COPIED)
            taken = self._hand_over(memoryview(data))
            self._handed_over += taken
            if not data:
                self._kept.close()
                self._kept, self._handed_over = None, 0
                return
            if taken < len(data):
                return

    def _finish(self) -> None:
        """Wait for the reader: by now nothing waits for the report."""
        if self._kept is not None:
            assert self._handle is not None
            self._kept.seek(self._handed_over)
            while data := memoryview(self._kept.read(_COPIED)):
                while data:
                    data = data[os.write(self._handle, data) :]
        self._stream.flush()

    def _mark_unfinished(self) -> None:
        """End with a line that no program takes for a part of the report. It waits for nobody."""
        if self._handle is None:
            self._stream.write(self._unfinished)
            self._stream.flush()
            return
        _, ready, _ = select.select([], [self._handle], [], 0)
        if ready:
            os.write(self._handle, self._unfinished.encode())


def _waits_for_a_reader(stream: TextIO) -> int | None:
    """The handle of a pipe or a terminal; None for a file, and where there is no way to ask."""
    try:
        handle = stream.fileno()
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        select.select([], [handle], [], 0)
    except (OSError, ValueError, io.UnsupportedOperation):
        return None
    return handle
