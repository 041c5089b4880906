"""The units of `skew.toml`: durations and percentages, read exactly and written back.

Also `Flow`, which way an attribute flows: it needs more than a type to be read.
"""

import re
from datetime import date, datetime
from decimal import Decimal

PPM = 1_000_000
"""All of it. Shares are kept in parts per million, so that no float is ever in the arithmetic."""

PERIOD_MS_MIN = 100
PORT_MAX = 65_535
DURATION_MS_MAX = 36_525 * 86_400_000

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
# Compiled where they are first used: `skew status` uses none of them.
_DURATION = r"(?a)(\d{1,13}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)"
_DAY = r"(?a)\d{4}-\d{2}-\d{2}"
_PERCENTAGE = r"(?a)(\d{1,3}(?:\.\d{1,4})?)\s*%"


class Duration(int):
    """Milliseconds, written in the file as `"30s"`."""

    __slots__ = ()


class Period(Duration):
    """A duration of at least `PERIOD_MS_MIN`: zero would be a busy loop."""

    __slots__ = ()


class Portion(int):
    """Parts per million from 0 to 1,000,000, written in the file as `"50%"`."""

    __slots__ = ()


class Day(int):
    """The beginning of a day in UTC, milliseconds since 1970; in the file `"2027-03-01"`."""

    __slots__ = ()


class Flow(str):
    """Which way an attribute flows: `"in"` from the channel or `"out"` to it."""

    __slots__ = ()


class ListenAddress(str):
    """Where to listen, written in the file as `"127.0.0.1:9464"`; `host` is an IP address."""

    __slots__ = ()

    @property
    def host(self) -> str:
        return self.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.rpartition(":")[2])


def duration(value: object) -> Duration:
    """Read `"500ms"`, `"30s"`, `"5m"`, `"2h"` or `"7d"`. Raises ValueError with the remedy."""
    match = re.fullmatch(_DURATION, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            f"{_quoted(value)} is not a duration: write a number and a unit in quotes, "
            f'such as "500ms", "30s", "5m", "2h" or "7d"'
        )
    span_ms = Duration(Decimal(match[1]) * _UNITS_MS[match[2]])
    if span_ms > DURATION_MS_MAX:
        raise ValueError("must be at most a hundred years")
    return span_ms


def period(value: object) -> Period:
    """Read a duration of at least `PERIOD_MS_MIN`. Raises ValueError with the remedy."""
    span_ms = duration(value)
    if span_ms < PERIOD_MS_MIN:
        raise ValueError(f"must be at least {duration_text(PERIOD_MS_MIN)}")
    return Period(span_ms)


def portion(value: object) -> Portion:
    """Read `"0%"` to `"100%"`. Raises ValueError with the remedy."""
    match = re.fullmatch(_PERCENTAGE, value.strip()) if isinstance(value, str) else None
    # Decimal, because 0.57 % as a float comes to 5699.999… parts per million and would lose one.
    ppm = int(Decimal(match[1]) * (PPM // 100)) if match else -1
    if not 0 <= ppm <= PPM:
        raise ValueError(
            f'{_quoted(value)} is not a percentage: write "0%" to "100%" in quotes, such as "50%"'
        )
    return Portion(ppm)


def day(value: object) -> Day:
    """Read `"2027-03-01"`, as a text or as a date of TOML. Raises ValueError with the remedy."""
    written = value.isoformat()[:10] if isinstance(value, date) else value
    try:
        if not isinstance(written, str) or not re.fullmatch(_DAY, written.strip()):
            raise ValueError(written)  # noqa: TRY301 - put in words below.
        found = datetime.fromisoformat(f"{written.strip()}T00:00+00:00")
    except ValueError:
        raise ValueError(f'{_quoted(value)} is not a day: write "2027-03-01"') from None
    return Day(round(found.timestamp() * 1000))


def flow(value: object) -> Flow:
    """Read `"in"` or `"out"`. Raises ValueError with the remedy."""
    if isinstance(value, str) and value in ("in", "out"):
        return Flow(value)
    raise ValueError(
        f'{_quoted(value)} is not "in" or "out": the same attribute can\'t flow both ways'
    )


def listen_address(value: object) -> ListenAddress:
    """Read `"127.0.0.1:9464"`, `"[::1]:9464"` or `"localhost:9464"`. Raises ValueError."""
    import ipaddress  # Few configurations have an address, and each command reads one.

    written = value.strip() if isinstance(value, str) else ""
    host, _, port = written.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host
    try:
        bare = host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host
        is_version_6 = ipaddress.ip_address(bare).version == 6  # noqa: PLR2004 - its number.
        is_right = is_version_6 == (bare != host) and port.isascii() and port.isdigit()
    except ValueError:
        is_right = False
    if not is_right or not 0 < int(port) <= PORT_MAX:
        raise ValueError(
            f'{_quoted(value)} is not an address to listen at: write "127.0.0.1:9464", or the '
            "address of one of this machine's networks"
        )
    return ListenAddress(f"{host}:{int(port)}")


def duration_text(span_ms: int) -> str:
    """Write a duration in the largest unit that holds it whole: 90,000 → `90s`."""
    for unit in ("d", "h", "m", "s"):
        if span_ms and span_ms % _UNITS_MS[unit] == 0:
            return f"{span_ms // _UNITS_MS[unit]}{unit}"
    return f"{span_ms}ms" if span_ms else "0s"


def portion_text(ppm: int) -> str:
    """Write a percentage without needless zeros: 500,000 → `50%`."""
    return f"{Decimal(ppm) * 100 / PPM:f}%"


def _quoted(value: object) -> str:
    return f'"{value[:40]}"' if isinstance(value, str) else str(value)[:40]
