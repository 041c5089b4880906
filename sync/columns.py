"""All values of one field at once, read as `sync.values` reads them one by one.

Those of a page are nearly always of one type, and as they should be. Where a few calls for all of
them show that, they are kept; otherwise each is read by its function of `values`, which alone says
what a value may be.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from store.model import QUANTITY_MAX, SKU_LENGTH_MAX
from sync import values

Column = list[Any]

Types = Collection[type]
"""The types that a column's values have."""

_NONE = type(None)
_CENTS = 3
"""How far before its end a price such as 12.50 has its dot."""
_PRICE_LENGTHS = range(_CENTS + 1, 16)


def read(field: str, found: Column, take: Callable[[Any], Any], unread: set[int]) -> Column:
    """Read the values of a record's field; `take` reads one and raises ValueError.

    The places of those that it can't read go into `unread`; None stands in their stead.
    """
    there, types = found, set(map(type, found))
    if _NONE in types:
        there = [value for value in found if value is not None]
        types.remove(_NONE)
    plain = _PLAIN.get(field)
    known = None if plain is None or not there else plain(there, types)
    if known is None:
        return each(found, take, unread)
    return known if there is found else _with_nones(found, known, take, unread)


def _with_nones(
    found: Column, known: Column, take: Callable[[Any], Any], unread: set[int]
) -> Column:
    """Put what None means between the others, which are known."""
    rest = iter(known)
    try:
        nothing = take(None)
    except ValueError:
        unread.update(at for at, value in enumerate(found) if value is None)
        nothing = None
    return [nothing if value is None else next(rest) for value in found]


def each(found: Column, take: Callable[[Any], Any], unread: set[int]) -> Column:
    """Read the values one by one, with the same answers as `read`."""
    made: list[Any] = []
    for place, value in enumerate(found):
        try:
            made.append(take(value))
        except ValueError:
            unread.add(place)
            made.append(None)
    return made


def meanings(found: Column, known: Mapping[str, Any]) -> Column | None:
    """What each text means, and None for None; None where one is not known, or no text."""
    if not set(map(type, found)) <= {str, _NONE}:
        return None
    try:
        return [None if value is None else known[value] for value in found]
    except KeyError:
        return None


def _skus(found: Column, types: Types) -> Column | None:
    if types != {str} or not all(found) or not "".join(found).isprintable():
        return None
    return found if max(map(len, found)) <= SKU_LENGTH_MAX else None


def _names(found: Column, types: Types) -> Column | None:
    """Of `values.location`: names or numbers."""
    if types == {int}:
        return list(map(str, found))
    if types != {str} or not "".join(found).isprintable():
        return None
    return found if max(map(len, found)) <= SKU_LENGTH_MAX else None


def _quantities(found: Column, types: Types) -> Column | None:
    if types != {int} or max(found) > QUANTITY_MAX or min(found) < -QUANTITY_MAX:
        return None
    return found


def _prices(found: Column, types: Types) -> Column | None:
    if types == {float}:
        return _of_floats(found)
    if types == {int}:
        is_plain = min(found) >= 0 and max(found) < values.PRICE_MAX
        return [100 * price for price in found] if is_plain else None
    return _of_texts(found) if types == {str} else None


def _of_floats(found: Column) -> Column | None:
    try:
        hundredths = [round(price * 100) for price in found]
    except (ValueError, OverflowError):  # NaN or infinite
        return None
    if min(found) < 0 or max(found) >= values.PRICE_MAX:
        return None
    return hundredths if [number / 100 for number in hundredths] == found else None


def _of_texts(found: Column) -> Column | None:
    """Of such as 12.50 only."""
    text = "".join(found)
    lengths = set(map(len, found))
    if (
        {price[-_CENTS:][:1] for price in found} != {"."}
        or text.count(".") != len(found)
        or not text.isascii()
        or not text.replace(".", "").isdigit()
        or not all(length in _PRICE_LENGTHS for length in lengths)
    ):
        return None
    return [int(price[:-_CENTS] + price[1 - _CENTS :]) for price in found]


def _titles(found: Column, types: Types) -> Column | None:
    if types != {str} or not all(found) or max(map(len, found)) > values.TITLE_LENGTH_MAX:
        return None
    try:
        "".join(found).encode()
    except UnicodeEncodeError:
        return None
    return found


_PLAIN: Mapping[str, Callable[[Column, Types], Column | None]] = {
    "sku": _skus,
    "ref": _names,
    "location": _names,
    "available": _quantities,
    **dict.fromkeys(values.AMOUNTS, _quantities),
    "price": _prices,
    "title": _titles,
}
"""By field, what shows that all its values are plain, and what they are, or answers None.

There is one value at least, and none of them is None.
"""
