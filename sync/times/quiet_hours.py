"""Hours in which only what cannot wait is sent: `quiet = "22:00-07:00 Europe/Berlin"`. Pure."""

import re
from datetime import UTC, datetime, timedelta

from store.model import Millis
from sync.times.time_zones import TimeZone, time_zone, zone_of

_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)(?:\s+(\S+))?")


class QuietHours(str):
    """From a time of day to another, each day, as they are written."""

    __slots__ = ("begin_min", "end_min", "zone")

    begin_min: int
    """Minutes after midnight."""
    end_min: int
    zone: TimeZone | None
    """None: UTC."""

    def end_of(self, now: Millis) -> Millis | None:
        """When they end, where they last at an instant; None where they do not."""
        local = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone_of(self.zone))
        minute = local.hour * 60 + local.minute
        over_midnight = self.end_min <= self.begin_min
        if over_midnight:
            lasts = minute >= self.begin_min or minute < self.end_min
        else:
            lasts = self.begin_min <= minute < self.end_min
        if not lasts:
            return None
        end = local.replace(
            hour=self.end_min // 60, minute=self.end_min % 60, second=0, microsecond=0
        )
        if over_midnight and minute >= self.begin_min:
            end += timedelta(days=1)
        return round(end.timestamp() * 1000)


def quiet_hours(value: object) -> QuietHours:
    """Read them. Raises ValueError with the remedy."""
    match = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('write "22:00-07:00", or "22:00-07:00 Europe/Berlin"')
    first, second, third, fourth, zone = match.groups()
    found = QuietHours(match[0])
    found.begin_min = int(first) * 60 + int(second)
    found.end_min = int(third) * 60 + int(fourth)
    found.zone = None if zone is None else time_zone(zone)
    if found.begin_min == found.end_min:
        raise ValueError("begin and end are the same: that would be quiet always")
    return found
