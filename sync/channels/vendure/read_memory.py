"""Whose movements have been read already: what has not moved since is not asked for again.

Each reading of a shop's events looks back a little, for what was committed late. After a bulk
change that is thousands of variants, again and again; their stock levels and orders say whether
anything has moved since. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from store.model import Millis

SETTLED_MS = 5_000
"""So long after its time was seen first, whatever moved at that time can be read.

Some databases keep whole seconds: what moves again within the second leaves the time as it is.
"""

Moved = tuple[str, str]
"""`variant` or `order`, and its id: something that has a time at which it last moved."""


@dataclass(slots=True)
class _Time:
    """When it last moved, as the shop writes it, and when we saw that first and read it last."""

    moved_at: str
    seen_at: Millis
    read_at: Millis | None = None

    @property
    def is_settled(self) -> bool:
        return self.read_at is not None and self.read_at >= self.seen_at + SETTLED_MS


class ReadMemory:
    """What one reader has read. It counts only once its events were kept, which the cursor tells.

    Every page has a cursor of its own: the next reading is given that of the last page whose events
    were recorded. With any other cursor nothing is taken for read.
    """

    def __init__(self) -> None:
        self._times: dict[Moved, _Time] = {}
        self._read_by: dict[Millis, list[tuple[Moved, str]]] = {}
        """By the cursor of a page, what had been read with it, and which time it had then."""
        self._began: Millis = 0

    def begin(self, cursor: Millis | None, now: Millis) -> list[tuple[Moved, str]] | None:
        """Begin a reading; answer what of the last one was kept, None where that is not known."""
        kept: list[tuple[Moved, str]] | None = None
        if cursor is not None and cursor in self._read_by:
            kept = [read for at, page in self._read_by.items() if at <= cursor for read in page]
            for moved, time in kept:
                known = self._times.get(moved)
                if known is not None and known.moved_at == time:
                    known.read_at = self._began
        else:
            self._times.clear()
        self._read_by.clear()
        self._began = now
        return kept

    def forget_before(self, time: str) -> None:
        """Forget what moved before this: no reading looks back so far."""
        self._times = {
            moved: known for moved, known in self._times.items() if known.moved_at >= time
        }

    def saw(self, moved: Moved, time: str, now: Millis) -> bool:
        """Note when it last moved; whether its movements have to be read."""
        known = self._times.get(moved)
        if known is None or known.moved_at != time:
            known = self._times[moved] = _Time(time, now)
        return not known.is_settled

    def was_read(self, moved: Moved) -> bool:
        """Whether it was read since it last moved, be it too soon to be sure of all."""
        known = self._times.get(moved)
        return known is not None and known.read_at is not None

    def mark(self, cursor: Millis, read: Iterable[Moved]) -> None:
        """Note what was read with the page of this cursor."""
        self._read_by[cursor] = [
            (moved, self._times[moved].moved_at) for moved in read if moved in self._times
        ]
