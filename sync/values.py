"""One value of a channel's record, as it came → as we keep it.

Every function raises ValueError with a reason that can follow the place: `line 812: "twelve" is not
a whole number`. Nothing is guessed: a number that could be read in two ways is refused.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from itertools import islice
from typing import NamedTuple

import msgspec

from store.model import NOT_FOR_SALE, QUANTITY_MAX, SKU_LENGTH_MAX, UNCOUNTED, Millis
from sync.clock import from_rfc3339

TITLE_LENGTH_MAX = 500
_WHOLE = re.compile(r"[+-]?\d{1,19}(\.0{1,20})?", re.ASCII)
_PRICE = re.compile(r"(\d{1,12})(?:\.(\d{1,20}))?", re.ASCII)
_DECIMALS = 2
PRICE_MAX = 10**12
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d{1,9})?", re.ASCII)
_DAY_FIRST = re.compile(
    r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?[ T]+(\d{1,2})(:\d\d(?::\d\d(?:\.\d{1,9})?)?))?", re.ASCII
)
"""Day, month and year with dots, which nobody writes in another order: 29.11.2026 21:15:03."""
_WITH_SLASHES = re.compile(r"\d{1,2}/\d{1,2}/\d", re.ASCII)
NO_CHARACTER = "\uffff"
"""What half of a surrogate pair in JSON becomes."""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE = re.compile("[\ud800-\udfff]")
_QUOTE_LENGTH_MAX = 40
_DIGITS_MAX = 300
_BITS_MAX = 2048
_KEYS_SHOWN = 8


def json_value(body: bytes) -> object:
    """Decode JSON, whatever is in it.

    Raises ValueError where it is not JSON.
    """
    # msgspec is quick, but refuses a whole page for one number that is out of range. The standard
    # library reads that number as infinite, so that only its record is refused, further on.
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        reason = str(error)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    import json  # Rarely needed, and a millisecond of each start.

    try:
        content = json.loads(body)
        return _whole_characters(content) if _HALF.search(body) else content
    except (ValueError, RecursionError):
        raise ValueError(reason) from None


def _whole_characters(content: object) -> object:
    """Put `NO_CHARACTER` for each half of a surrogate pair in decoded JSON.

    No URL, file or cache takes such a half, and neither does `msgspec.convert`. What must be
    printable, such as a SKU, is refused for either.
    """
    import json

    text = json.dumps(content, ensure_ascii=False)
    return json.loads(_LONE.sub(NO_CHARACTER, text))


def sku(value: object) -> str:
    """Take a SKU exactly as it is: spaces at its ends and its case are part of it."""
    if not isinstance(value, str):
        raise ValueError(f"the SKU is {quoted(value)}, not text")  # noqa: TRY004
    if not value:
        raise ValueError("the SKU is empty")
    if len(value) > SKU_LENGTH_MAX:
        raise ValueError(f"the SKU has {len(value):,} characters, more than {SKU_LENGTH_MAX}")
    if not value.isprintable():
        raise ValueError("the SKU has control or invisible characters")
    return value


def sku_or_none(value: object) -> str | None:
    """Take the SKU of a record that is refused for something else, if it has a good one."""
    try:
        return sku(value)
    except ValueError:
        return None


def location(value: object) -> str:
    """Take a location's name or number; none is the channel's only one."""
    if value is None or value == "":
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or len(value) > SKU_LENGTH_MAX or not value.isprintable():
        raise ValueError(
            f"the location is {quoted(value)}, not text of at most {SKU_LENGTH_MAX} characters"
        )
    return value


def quantity(value: object) -> int:
    """Take a whole number of units: 12, -3, 12.0, "12" or "12.0". Negative numbers stay."""
    if type(value) is int:
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        digits = value.strip().partition(".")[0]
        # Python refuses to read thousands of digits, in words that are for its programmers.
        number = int(digits) if len(digits) <= _DIGITS_MAX else QUANTITY_MAX + 1
    else:
        raise ValueError(f"{quoted(value)} is not a whole number")
    if abs(number) > QUANTITY_MAX:
        raise ValueError(f"{quoted(value)} is too large: at most {QUANTITY_MAX:,}")
    return number


_UNCOUNTED_WORDS = frozenset({"uncounted", "unlimited", "untracked"})


def is_uncounted(value: object) -> bool:
    """Whether it stands for no number, because the item is not counted: null, blank, a word."""
    if isinstance(value, str):
        return not value.strip() or value.strip().lower() in _UNCOUNTED_WORDS
    return value is None


def state_of_uncounted(state: str | None) -> str:
    """Say the state of a listing without a number: uncounted, unless it is not for sale."""
    return state if state in NOT_FOR_SALE and state is not None else UNCOUNTED


def quantity_or_none(value: object) -> int | None:
    """Take a quantity that the channel may leave out."""
    return None if value is None or value == "" else quantity(value)


AMOUNTS = ("on_hand", "committed", "unavailable", "incoming", "threshold")


class Amounts(NamedTuple):
    """The stock figures that a channel may give beside what is available, or instead of it."""

    on_hand: int | None
    committed: int | None
    unavailable: int | None
    incoming: int | None
    threshold: int | None

    def available(self) -> int:
        """Work out what is available: on hand less all that is not for sale.

        Rule 11, docs/architecture.md. Raises ValueError where on hand is not given.
        """
        if self.on_hand is None:
            raise ValueError("no on_hand given")
        kept = (self.committed or 0) + (self.unavailable or 0) + (self.threshold or 0)
        return self.on_hand - kept


def amounts(found: Mapping[str, object]) -> Amounts:
    """Take those of the figures that are given, by their names."""
    return Amounts(*(quantity_or_none(found.get(name)) for name in AMOUNTS))


def price_minor(value: object) -> int | None:
    """Take a price as 12.5, 12 or "12.50" in whole units of money, and keep it in hundredths."""
    if value is None or value == "":
        return None
    if type(value) is float and 0 <= value < PRICE_MAX:
        # It is the nearest to whole hundredths where those, divided, give it again.
        hundredths = round(value * 100)
        if hundredths / 100 == value:
            return hundredths
    text = str(value).strip() if isinstance(value, int | float | str) else ""
    found = None if isinstance(value, bool) else _PRICE.fullmatch(text)
    if found is None:
        raise ValueError(f"the price is {quoted(value)}, not a number such as 12.50")
    whole, part = found[1], found[2] or ""
    # A float price such as 12.1 is not exactly 12.1; its text is, so the text is read.
    hundredths, rest = int(whole + part[:_DECIMALS].ljust(_DECIMALS, "0")), part[_DECIMALS:]
    # Half of a hundredth goes to the even one, as money is rounded everywhere here.
    half = rest[:1] == "5" and not rest[1:].strip("0")
    return hundredths + (hundredths % 2 if half else rest[:1] >= "5")


def title(value: object) -> str | None:
    """Take a title, cut where it is absurdly long; something that is not text is none.

    JSON can say half of a surrogate pair, which the cache cannot keep: it is replaced.
    """
    if not isinstance(value, str) or not value:
        return None
    return value[:TITLE_LENGTH_MAX].encode("utf-8", "replace").decode()


def instant(value: object, zone: tzinfo = UTC, *, until: Millis | None = None) -> Millis | None:
    """Take a time: RFC 3339, where one without an offset is of `zone`, or seconds since 1970.

    With dots the day comes first: 29.11.2026, 29.11.2026 21:15 or 29.11.2026 21:15:03.

    A number of ten digits is seconds, one of thirteen is milliseconds: of 2001 to 2286. `until`:
    as for `from_rfc3339`.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str) and _EPOCH.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(value)
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not a time")  # noqa: TRY004
    try:
        return from_rfc3339(_year_first(value), zone, until=until)
    except (ValueError, OverflowError):
        raise ValueError(f"{quoted(value)} {_what_is_a_time(value)}") from None


def _year_first(text: str) -> str:
    found = _DAY_FIRST.fullmatch(text.strip())
    if found is None:
        return text
    day, month, year, hour, rest = found.groups()
    date = f"{year}-{month:0>2}-{day:0>2}"
    return date if hour is None else f"{date}T{hour:0>2}{rest}"


def _what_is_a_time(text: str) -> str:
    if _WITH_SLASHES.match(text.strip()):
        return (
            "can begin with the day or with the month: have it written as 2026-11-23 14:02:11 or "
            "23.11.2026 14:02:11"
        )
    return "is not a time such as 2026-11-23T14:02:11Z (RFC 3339) or 23.11.2026 14:02:11"


def _since_1970(number: float) -> Millis:
    # Fewer or more digits are something else: a day such as 20261129, a count, microseconds.
    for unit_ms, least in ((1000, 10**9), (1, 10**12)):
        if least <= number < 10 * least:
            return round(number * unit_ms)
    raise ValueError(
        f"{quoted(number)} is not a time: seconds since 1970 have 10 digits, milliseconds 13"
    )


def key_names(item: Mapping[str, object]) -> str:
    """Name an object's first keys for a reason: `id, code, qty`."""
    names = [quoted(str(name)).strip('"') for name in islice(item, _KEYS_SHOWN)]
    return ", ".join([*names, *(["…"] if len(item) > _KEYS_SHOWN else [])]) or "nothing"


def quoted(value: object) -> str:
    """Quote a value for a reason: short, and with its control characters made harmless."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and value.bit_length() > _BITS_MAX:
        return "a number of hundreds of digits"
    text = str(value)[: _QUOTE_LENGTH_MAX + 1]
    if len(text) > _QUOTE_LENGTH_MAX:
        text = text[: _QUOTE_LENGTH_MAX - 1] + "…"
    text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return f'"{text}"' if isinstance(value, str) else text


RECORD_FIELDS: Mapping[str, Callable[[object], object]] = {
    "sku": sku,
    "ref": location,
    "location": location,
    "available": quantity,
    "on_hand": quantity_or_none,
    "committed": quantity_or_none,
    "unavailable": quantity_or_none,
    "incoming": quantity_or_none,
    "threshold": quantity_or_none,
    "state": lambda word: word,
    "price": price_minor,
    "title": title,
    "updated_at": instant,
}
"""How each field of a described record is read. Each raises ValueError for what it can't be."""
