"""Time zones: the key `timezone`, for times that name none.

They are the machine's own, or those of the package `tzdata` where it has none.
"""

import functools
import re
from collections.abc import Set as AbstractSet
from datetime import UTC, tzinfo

from sync.values import quoted

_EXAMPLE = '"Europe/Berlin"'
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s*([+-])\s*(\d{1,2})(?::?(\d\d))?", re.ASCII | re.IGNORECASE)
_HOURS_MAX = 12


class TimeZone(str):
    """The name of a zone that is known, such as `Europe/Berlin`."""

    __slots__ = ()


def time_zone(value: object) -> TimeZone:
    """Read the name of a time zone. Raises ValueError with the remedy."""
    if not isinstance(value, str):
        raise ValueError(f"must be a time zone such as {_EXAMPLE}, not {quoted(value)}")  # noqa: TRY004
    if value in _known():
        return TimeZone(value)
    raise ValueError(f"{quoted(value)} is not a time zone: {_remedy(value)}")


def zone_of(name: TimeZone | None) -> tzinfo:
    """Load a zone; UTC where none is named."""
    if name is None:
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


@functools.cache
def _known() -> AbstractSet[str]:
    from zoneinfo import available_timezones

    return available_timezones()


def _remedy(value: str) -> str:
    offset = _OFFSET.fullmatch(value.strip())
    if offset is not None and not int(offset[3] or 0) and int(offset[2]) <= _HOURS_MAX:
        # The signs of these names are those of POSIX: west of Greenwich is plus.
        hours, sign = int(offset[2]), "-" if offset[1] == "+" else "+"
        fixed = f"Etc/GMT{sign}{hours}" if hours else "Etc/UTC"
        return f'write "{fixed}" for a clock that is never changed, else a place: {_EXAMPLE}'
    import difflib

    # By what follows the last slash too: "Berlin", "Germany/Berlin". Never one without a slash:
    # what comes nearest to "CEST" is "EST".
    lowered = {name.lower(): name for name in sorted(_known()) if "/" in name}
    places = {name.rpartition("/")[2]: name for name in lowered}
    wanted = value.strip().lower().replace(" ", "_")
    close = difflib.get_close_matches(wanted, lowered, n=1, cutoff=0.75)
    near = difflib.get_close_matches(wanted.rpartition("/")[2], places, n=1, cutoff=0.85)
    if close or near:
        return f'did you mean "{lowered[close[0] if close else places[near[0]]]}"?'
    return f'write a place, such as {_EXAMPLE} or "America/New_York"'
