"""Text on its way to a person: cleaned, measured and formatted.

What comes from a channel is hostile: a title may hold an escape sequence that repaints the
terminal, or a bidi control that turns a number round. `clean` is the one gate that such text
passes, in the screens, the reports, the CSV and the logs alike.
"""

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache

from store.model import UNCOUNTED, Disagreement, Kind, Millis
from sync.clock import from_rfc3339
from sync.units import duration

NONE = "–"
"""What stands where there is no value."""

LEAST = "≥"
MINUS = "−"

_BLANK = "\u2420"

_RFC3339 = r"(?a)(?P<day>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d:\d\d)\.\d{3}Z"

_SECOND_MS = 1000
_MINUTE_MS = 60 * _SECOND_MS
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS

_REPLACEMENT = 0xFFFD
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_LINE_SEPARATORS = (0x2028, 0x2029)
# What takes no room, and so lets two different texts look alike, or says to a machine what no
# person sees. The two joiners of scripts and emoji (U+200C, U+200D) are none of these.
_INVISIBLE = (
    0xAD, 0x115F, 0x1160, *range(0x180B, 0x1810), 0x200B, *range(0x2060, 0x2066),
    *range(0x206A, 0x2070), 0x3164, 0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFC),
    *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000),
)  # fmt: skip
# A lone surrogate can't be encoded: printing it would raise, far from where it came in.
_SURROGATES = range(0xD800, 0xE000)
_VISIBLE = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | dict.fromkeys(
        (*range(0x80, 0xA0), *_BIDI, *_LINE_SEPARATORS, *_INVISIBLE, *_SURROGATES),
        _REPLACEMENT,
    )
)


def clean(text: str, width: int | None = None) -> str:
    """Make what controls or hides in `text` visible, and cut it to `width` cells if given."""
    if not (text.isascii() and text.isprintable()):
        text = text.translate(_VISIBLE)
    return text if width is None else cut(text, width)


def show_blanks(name: str) -> str:
    """Make the blanks at a name's ends visible: `A-1 ` and `A-1` are two SKUs."""
    core = name.strip()
    if core == name:
        return name
    before, _, after = name.partition(core) if core else (name, "", "")
    return _BLANK * len(before) + core + _BLANK * len(after)


def cells(text: str) -> int:
    """How many cells of a terminal `text` takes: 2 for a wide character, 0 for a combining one."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(character) for character in text)


def cut(text: str, width: int) -> str:
    """Shorten `text` to at most `width` cells; a cut one ends in `…`."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    taken, used = [], 1  # The first cell is for the ellipsis.
    for character in text:
        used += _cells_of(character)
        if used > width:
            break
        taken.append(character)
    return "".join(taken) + "…"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Cut or pad `text` to exactly `width` cells."""
    used = cells(text)
    if used > width:
        text = cut(text, width)
        used = cells(text)
    space = " " * (width - used)
    return space + text if right else text + space


def age(span_ms: int | None) -> str:
    """Write an age as `0:42`, `41:03`, `3h 12m` or `5d`."""
    if span_ms is None:
        return NONE
    span_ms = max(0, span_ms)
    if span_ms < _HOUR_MS:
        minutes, seconds = divmod(span_ms // _SECOND_MS, 60)
        return f"{minutes}:{seconds:02}"
    if span_ms < _DAY_MS:
        hours, minutes = divmod(span_ms // _MINUTE_MS, 60)
        return f"{hours}h {minutes:02}m"
    return f"{span_ms // _DAY_MS}d"


def units(number: int | None, *, at_least: bool = False) -> str:
    """Write a quantity with thousands set apart and a real minus: `12,408`, `−3`, `≥100`."""
    if number is None:
        return NONE
    return f"{LEAST if at_least else ''}{number:,}".replace("-", MINUS)


def shown(quantity: int | None, state: str | None, *, at_least: bool = False) -> str:
    """Write what a listing shows: its number, else its state, which says that it is not counted."""
    return units(quantity, at_least=at_least) if quantity is not None else state or NONE


def value(
    quantity: int | None, state: str | None, *, of_state: bool, at_least: bool = False
) -> str:
    """Write a figure of a listing: its state where that is what it is about, else its quantity."""
    if of_state and state is not None:
        return state
    return units(quantity, at_least=at_least)


def copies_of(twins: str | None) -> list[dict[str, object]]:
    """What each of a SKU's listings on one channel shows: their ref, number and state."""
    names = ("ref", "available", "state")
    import json  # Few listings have twins.

    return [dict(zip(names, shown, strict=False)) for shown in json.loads(twins or "[]")]


def shows_text(disagreement: Disagreement) -> str:
    """Write what a listing shows; of several of one SKU every number: `9 + 9`."""
    if disagreement.twins is not None and disagreement.kind is not Kind.STATE:
        numbers = [copy["available"] for copy in copies_of(disagreement.twins)]
        return " + ".join(
            units(number) if isinstance(number, int) else UNCOUNTED for number in numbers
        )
    of_state = disagreement.kind is Kind.STATE
    return value(
        disagreement.available,
        disagreement.state,
        of_state=of_state,
        at_least=disagreement.at_least,
    )


def target_text(disagreement: Disagreement) -> str:
    """Write what a listing should show. One that is not counted should have none to sell."""
    if disagreement.is_uncounted and disagreement.target == 0:
        return units(0)
    of_state = disagreement.kind is Kind.STATE
    return value(disagreement.target, disagreement.target_state, of_state=of_state)


def signed(number: int | None) -> str:
    """Write what must be added: `+14`, `−17`, `0`."""
    if number is None:
        return NONE
    return f"{number:+,}".replace("-", MINUS) if number else "0"


def money(amount: float | None) -> str:
    """Write an amount in the channel's own currency: to the cent below 100, whole above."""
    if amount is None:
        return NONE
    shape = ",.2f" if abs(amount) < 100 else ",.0f"  # noqa: PLR2004 (the docstring names it)
    return format(amount, shape).replace("-", MINUS)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Count things in words: `1 channel`, `1,200 channels`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def megabytes(size: int) -> str:
    """Write a size: `0.4 MB`, `53 MB`."""
    return f"{size / 1_000_000:{'.1f' if size < 10_000_000 else ',.0f'}} MB"  # noqa: PLR2004


def time_of_day(at: Millis | None) -> str:
    """Write an instant as `14:02:11Z`."""
    return NONE if at is None else _utc(at).strftime("%H:%M:%SZ")


def day_and_time(at: Millis | None) -> str:
    """Write an instant as `2026-11-23 14:02:11Z`."""
    return NONE if at is None else _utc(at).strftime("%Y-%m-%d %H:%M:%SZ")


def until_text(at: Millis, now: Millis) -> str:
    """Write until when: `14:02Z`, with the day where it is a day away or more."""
    text = day_and_time(at)[:16] if at - now >= _DAY_MS else time_of_day(at)[:5]
    return f"{text}Z"


def _utc(at: Millis) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


@lru_cache(4096)
def _cells_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def plain_times(text: str, now: Millis) -> str:
    """Shorten the RFC 3339 times in a sentence: of today only the time, else day and time."""
    today = day_and_time(now)[:10]

    def short(match: re.Match[str]) -> str:
        day, time = match["day"], match["time"]
        return f"{time}Z" if day == today else f"{day} {time[:5]}Z"

    # Caches of before 0.4 hold sentences that name a command.
    ours = text.replace("until `skew unfreeze`", "until a person unfreezes it")
    return re.sub(_RFC3339, short, ours)


def wrap(text: str, width: int) -> list[str]:
    """Break a text at its spaces; a longer word is cut."""
    rows = [""]
    for word in text.split():
        fitted = cut(word, width)
        if cells(rows[-1]) + 1 + cells(fitted) <= width:
            rows[-1] = f"{rows[-1]} {fitted}".lstrip()
        else:
            rows.append(fitted)
    return rows if rows[0] else rows[1:] or [""]


LAST = from_rfc3339("9999-01-01T00:00:00Z")


def instant(text: str, now: Millis, option: str) -> Millis:
    """Read `2026-11-23T14:00:00Z`, `2026-11-23`, `2h` or `2h ago`.

    Raises BadParameter, which names the option and says what would be right.
    """
    try:
        return now - duration(text.strip().removesuffix("ago"))
    except ValueError:
        pass
    try:
        at = from_rfc3339(text)
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < LAST:
        import click

        raise click.BadParameter(
            f"{text[:40]!r} is not a time: write 2026-11-23T14:00:00Z, or how long ago, such as 2h",
            param_hint=f"--{option}",
        )
    return at
