"""Lines of a text, counted in its bytes only where somebody asks: for the place of a bad row."""

import re
from typing import BinaryIO

from sync.channels.csv.unpacking.content import Opener

_CHUNK_BYTES = 2**20
_END = re.compile(rb"\r\n?|\n")


class LineCounter:
    """Says which line ends at a place of a text. It reads on from the place that it said last."""

    def __init__(self, opens: Opener) -> None:
        self._opens = opens
        self._offset = self._lines = 0

    def at(self, offset: int) -> int:
        """How many lines end in the first `offset` bytes. Raises OSError."""
        if offset < self._offset:
            self._offset = self._lines = 0
        with self._opens() as file:
            file.seek(self._offset)
            left, before = offset - self._offset, b""
            while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
                left -= len(chunk)
                # A \r\n that two chunks share is one end.
                both = before + chunk
                self._lines += _ends(both) - _ends(before)
                before = both[-1:] if both.endswith(b"\r") else b""
        self._offset = offset
        return self._lines


def _ends(content: bytes) -> int:
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")


def offset_below(file: BinaryIO, lines: int) -> int:
    """Where the text begins under so many lines, in bytes."""
    file.seek(0)
    content, offset, is_all = b"", 0, False
    while lines:
        found = _END.search(content, offset)
        if found is not None and (found.end() < len(content) or is_all):
            offset, lines = found.end(), lines - 1
            continue
        if is_all:
            return len(content)
        more = file.read(_CHUNK_BYTES)
        content, is_all = content + more, not more
    return offset
