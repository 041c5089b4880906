"""Numbers as files write them. Which sign is the decimal one, a whole column decides.

`1.000` is one or a thousand: a number that can be read in two ways is never guessed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from sync import values

FIGURES = ("available", "on_hand", "committed", "unavailable", "incoming", "threshold", "price")
"""The columns that hold numbers."""

_SIGNS = {".": ",", ",": "."}
"""A decimal sign → the other, which groups thousands."""

DIGITS_MAX = 12
"""Of a number that needs no second look: it is within `QUANTITY_MAX`."""

_PLAIN_PRICE = re.compile(r"\d{1,12}(?:\.\d{1,2})?", re.ASCII)

_ALIKE = str.maketrans(
    {**dict.fromkeys("\u00a0\u2007\u2009\u202f", " "), "\u2019": "'", "\u2212": "-"}
)
"""The blanks, apostrophes and minus signs that programs write beside those of ASCII."""


def _written(sign: str) -> re.Pattern[str]:
    """How a number is written where `sign` is the decimal one, without its plus or minus."""
    # Groups are of three; of two before the last three, as in India, where they are several.
    group = re.escape(_SIGNS[sign])
    thousands = rf"[1-9]\d{{0,2}}(?:([{group}' ])\d{{3}})(?:\2\d{{3}})*"
    lakhs = rf"[1-9]\d?(?:{group}\d\d)+{group}\d{{3}}"
    return re.compile(
        rf"(?=.)(\d{{0,19}}|{thousands}|{lakhs})(?:{re.escape(sign)}(\d{{1,20}}))?", re.ASCII
    )


_WRITTEN = {sign: _written(sign) for sign in _SIGNS}
_SIGNED = re.compile(r"([+-]?) ?([\d.,' ]{1,60}?)(-?)", re.ASCII)


def readings(text: str) -> dict[str, Decimal]:
    """What a number can mean, by the decimal sign that it would be written with; empty: nothing.

    A minus may stand behind it. A number without a decimal sign means the same with either.
    """
    match = _SIGNED.fullmatch(text.strip().translate(_ALIKE))
    if match is None or (match[1] and match[3]):
        return {}
    found: dict[str, Decimal] = {}
    for sign, written in _WRITTEN.items():
        parts = written.fullmatch(match[2])
        if parts is not None:
            whole = re.sub(r"\D", "", parts[1]) or "0"
            number = Decimal(f"{whole}.{parts[3] or 0}")
            found[sign] = -number if "-" in (match[1], match[3]) else number
    return found


def decimal_signs(columns: Mapping[str, int], rows: Iterable[list[str]]) -> dict[str, str]:
    """Say for each column (its name → its place in a row) which decimal sign its numbers prove.

    A column that proves neither, or both, is left out.
    """
    proven: dict[str, set[str]] = {name: set() for name in columns}
    for fields in rows:
        for name, at in columns.items():
            if at < len(fields) and not fields[at].isdigit():
                found = readings(fields[at])
                if len(found) == 1:
                    proven[name].update(found)
    return {name: next(iter(signs)) for name, signs in proven.items() if len(signs) == 1}


class ColumnNumbers:
    """Reads the numbers of one file, each column as it proves to be written, or as configured.

    `judge` says which decimal sign each column proves (`decimal_signs`). It is asked once, when the
    first number comes that can be read in two ways: most files have none. Every method raises
    ValueError with a reason that can follow the place.
    """

    def __init__(self, decimal: str | None, judge: Callable[[], Mapping[str, str]]) -> None:
        self._decimal = decimal
        self._judge = judge
        self._proven: Mapping[str, str] | None = None

    @property
    def is_free(self) -> bool:
        """Whether each column may be written in its own way."""
        return self._decimal is None

    @property
    def was_judged(self) -> bool:
        """Whether the other numbers of a column decided what some number means."""
        return self._proven is not None

    def quantity(self, column: str, text: str) -> int:
        """Take a whole number of units: 12, -3, 12.0 or 1,200."""
        # Nearly every number is plain digits, and there may be a million.
        if text.isdigit() and text.isascii() and len(text) <= DIGITS_MAX:
            return int(text)
        exact = self._number(column, text, "a whole number")
        if exact != exact.to_integral_value():
            raise ValueError(f"{values.quoted(text)} is not a whole number")
        return values.quantity(int(exact))

    def quantity_or_none(self, column: str, text: str) -> int | None:
        """Take a quantity that the file may leave out."""
        return self.quantity(column, text) if text else None

    def price_minor(self, text: str) -> int | None:
        """Take a price in whole units of money, and keep it in hundredths."""
        if not text:
            return None
        if self._decimal is None and _PLAIN_PRICE.fullmatch(text):
            return values.price_minor(text)
        return values.price_minor(format(self._number("price", text, "a price such as 12.50"), "f"))

    def either(self, text: str) -> set[Decimal]:
        """Say all that a number can mean; nothing where it is none."""
        found = readings(text)
        return {found[self._decimal]} if self._decimal in found else set(found.values())

    def _number(self, column: str, text: str, what: str) -> Decimal:
        found = readings(text)
        if not found:
            raise ValueError(f"{values.quoted(text)} is not {what}")
        if self._decimal is not None:
            if self._decimal not in found:
                words = f'is not {what} where decimal = "{self._decimal}"'
                raise ValueError(f"{values.quoted(text)} {words}")
            return found[self._decimal]
        meant = set(found.values())
        if len(meant) == 1:
            return meant.pop()
        if self._proven is None:
            self._proven = self._judge()
        if column in self._proven:
            return found[self._proven[column]]
        either = " or ".join(f"{reading.normalize():,f}" for reading in sorted(meant))
        raise ValueError(
            f'{values.quoted(text)} can be {either}: set decimal = "." or decimal = ","'
        )
