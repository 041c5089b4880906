"""Cron expressions of five fields, as cron reads them, for the calendar of APScheduler."""

import re
from datetime import tzinfo

from apscheduler.triggers.cron import CronTrigger

_FIELDS = 5
_RANGE = re.compile(r"(\d+)(?:-(\d+))?(?:/(\d+))?", re.ASCII)
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def trigger_of(cron: str, zone: tzinfo) -> CronTrigger:
    """Read a cron expression of five fields. Raises ValueError with the remedy."""
    fields = cron.split()
    if len(fields) != _FIELDS:
        raise ValueError(
            f"{len(fields)} fields: write minute, hour, day of month, month and weekday, such as "
            '"0 22 * * mon-fri"'
        )
    *others, weekdays = fields
    if fields[2] != "*" and weekdays != "*":
        # cron takes either, APScheduler both: nobody should have to know.
        raise ValueError("give a day of the month or a weekday, not both: two windows say either")
    return CronTrigger.from_crontab(" ".join((*others, _named(weekdays))), timezone=zone)


def _named(weekdays: str) -> str:
    """The weekdays by name: to cron 1 is Monday, and to APScheduler Tuesday."""
    return ",".join(name for part in weekdays.split(",") for name in _part(part))


def _part(part: str) -> list[str]:
    match = _RANGE.fullmatch(part)
    if match is None:
        return [part]  # A name, a range of names, or what from_crontab refuses.
    first, last, step = (int(found) if found else None for found in match.groups())
    assert first is not None
    end = first if last is None and step is None else 6 if last is None else last
    if first > 7 or end > 7 or end < first or step == 0:  # noqa: PLR2004 - 0 and 7 are Sunday.
        raise ValueError(f'"{part}" is not a weekday: 0 to 7, both of which are Sunday, or mon')
    return [_DAYS[number % 7] for number in range(first, end + 1, step or 1)]
