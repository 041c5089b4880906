"""Sees which channels people pause, and ends what has run out. The engine asks every second or so.

A pause of a person keeps the schedule and the writes from the channel (`sync.engine.fleet` asks the
cache before each), and nothing else: what somebody asks for by name is read all the same.
"""

from collections.abc import Mapping

from store.channels import pauses
from store.channels.pauses import Pause
from store.model import Millis
from sync.polling.recovery import Gear


class PauseWatch:
    """Remembers which channels were paused when it last looked."""

    def __init__(self, gear: Gear) -> None:
        self._gear = gear
        self._known: Mapping[str, Pause] | None = None

    async def look(self) -> list[str]:
        """End the pauses of people that have run out; answer their channels.

        Whoever resumes one asks for a poll with it (`store.channels.pauses`).
        """
        now, database = self._gear.clock.now(), self._gear.database
        found = await database.aread(pauses.standing)
        passed = [name for name, one in found.items() if _has_passed(one, now)]
        if passed:
            await database.awrite(pauses.end_passed, now=now)
        before, self._known = self._known, {n: found[n] for n in found if n not in passed}
        if before is not None:
            self._tell(before, self._known)
        return passed

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
