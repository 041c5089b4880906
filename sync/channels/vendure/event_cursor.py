"""How far a shop's events have been read, in the shop's own time. Pure."""

from typing import NamedTuple

from store.model import Millis

OVERLAP_MS = 5 * 60_000
"""So far before the cursor a reading begins: what was committed late is found, too."""

BEGIN_MS = 3_600_000
"""How far back the first reading goes: longer than any authority should lag."""

STEP_MS_MAX = OVERLAP_MS // 2
"""How far the cursor follows our own clock in one reading: less than it looks back, so that a clock
that jumps leaves nothing out."""


class _Position(NamedTuple):
    """A cursor, and an instant of our own clock at which the shop's was not before it."""

    cursor: Millis
    at: Millis


class EventCursor:
    """Moves on with the shop's newest time, and in a quiet shop with the time that passes.

    The shop's clock is not asked, for its times are its database's. But that goes on as ours does,
    so that what was read is not read for ever where nothing happens any more.
    """

    def __init__(self) -> None:
        self._position: _Position | None = None

    def forget(self) -> None:
        """Begin anew: what the reading before answered was not kept."""
        self._position = None

    def after(
        self, newest: Millis, at_least: Millis, *, began: Millis, now: Millis, is_whole: bool
    ) -> Millis:
        """The cursor after a reading that began and ends at these instants of our clock.

        Where it was not whole the cursor stays, for as long as a first reading looks back.
        """
        newest = min(newest, now + OVERLAP_MS)
        if not is_whole:
            self._position = None
            return max(at_least, newest - BEGIN_MS)
        passed = 0
        if self._position is not None:
            step = min(max(0, began - self._position.at), STEP_MS_MAX)
            passed = self._position.cursor + step
        cursor = max(newest, passed, at_least)
        self._position = _Position(cursor, now if cursor == newest else began)
        return cursor
