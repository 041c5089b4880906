"""Decisions out of bytes, so that a fuzzer that changes a byte changes one decision."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_WIDE = 256


class FuzzDraw:
    """Draws from bytes, in order. Where they are at their end, it draws the first of everything."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def number(self, below: int) -> int:
        """A number from 0 on, below this one."""
        width = 1 if below <= _WIDE else 2
        drawn = int.from_bytes(self.some(width), "little")
        return drawn % below

    def choice(self, seq: Sequence[T], /) -> T:
        """One of these."""
        return seq[self.number(len(seq))]

    def random(self) -> float:
        """A number from 0 to below 1."""
        return self.number(_WIDE) / _WIDE

    def some(self, count: int) -> bytes:
        """The next bytes, at most so many."""
        found = self._content[self._at : self._at + count]
        self._at += len(found)
        return found

    def text(self) -> str:
        """A text of at most 255 bytes, lone halves of surrogate pairs included."""
        return decoded(self.some(self.number(_WIDE)))

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._content)


def decoded(content: bytes) -> str:
    """Bytes as text, lone halves of surrogate pairs included where there are nothing worse."""
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "replace")
