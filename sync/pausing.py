"""Sees which channels people pause, and ends what has run out. The engine asks every second or so.

A pause of a person keeps the schedule and the writes from the channel (`sync.fleet` asks the cache
before each), and nothing else: what somebody asks for by name is read all the same.
"""

from collections.abc import Mapping

from store import pauses
from store.model import Millis
from store.pauses import Pause
from sync.trouble import Gear


class PauseWatch:
    """Remembers which channels were paused when it last looked."""

    def __init__(self, gear: Gear) -> None:
        self._gear = gear
        self._known: Mapping[str, Pause] | None = None

    async def look(self) -> list[Pause]:
        """End the pauses that have run out; answer all that are over since the last look."""
        now, database = self._gear.clock.now(), self._gear.database
        found = await database.aread(pauses.standing)
        if any(_has_passed(one, now) for one in found.values()):
            await database.awrite(pauses.end_passed, now=now)
            found = {name: one for name, one in found.items() if not _has_passed(one, now)}
        before, self._known = self._known, found
        if before is None:
            return []
        self._tell(before, found)
        return [one for name, one in before.items() if name not in found]

    def _tell(self, before: Mapping[str, Pause], found: Mapping[str, Pause]) -> None:
        """Log what people have begun and ended; the engine's own is logged as trouble."""
        log = self._gear.log
        for name in before.keys() | found.keys():
            old, new = before.get(name), found.get(name)
            if new is not None and new.by is not None and new != old:
                log.info("channel paused", channel=name, by=new.by, reason=new.reason)
            elif new is None and old is not None and old.by is not None:
                log.info("channel resumed", channel=name)


def _has_passed(one: Pause, now: Millis) -> bool:
    return one.by is not None and one.until is not None and one.until <= now
