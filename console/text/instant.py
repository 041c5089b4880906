"""A time as an operator writes it: RFC 3339, or how long ago."""

import click

from store.model import Millis
from sync import units
from sync.clock import from_rfc3339

LAST = from_rfc3339("9999-01-01T00:00:00Z")


def instant(text: str, now: Millis, option: str) -> Millis:
    """Read `2026-11-23T14:00:00Z`, `2026-11-23`, `2h` or `2h ago`.

    Raises BadParameter, which names the option and says what would be right.
    """
    try:
        return now - units.duration(text.strip().removesuffix("ago"))
    except ValueError:
        pass
    try:
        at = from_rfc3339(text)
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < LAST:
        raise click.BadParameter(
            f"{text[:40]!r} is no time: write 2026-11-23T14:00:00Z, or how long ago, such as 2h",
            param_hint=f"--{option}",
        )
    return at
