"""Functions for expressions beside those of JMESPath: arithmetic and text that shops need.

Each takes null for nothing found and answers null then, so that a number that is not there stays
unreadable instead of becoming 0. A number may come as text. docs/describe-an-api.md lists them.
"""

import contextlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from jmespath import exceptions
from jmespath.functions import Functions, signature

if TYPE_CHECKING:
    from jmespath.functions import _Signature

Number = int | float

TEXT_MAX = 100_000
"""Characters of a text that a function makes, at most."""

_BITS_MAX = 1024
"""Of a whole number that is worked with: as far as Python's other numbers reach."""

_ANY: "_Signature" = {"types": []}
_TEXT: "_Signature" = {"types": ["string", "null"]}
_PLAIN_TEXT: "_Signature" = {"types": ["string"]}
_TEXTS: "_Signature" = {"types": ["array-string"]}


class ShopFunctions(Functions):
    """What an expression can call: JMESPath's own functions, and these."""

    @signature(_ANY, _ANY)
    def _func_add(self, one: object, other: object) -> Number | None:
        return _worked_out("add", one, other, lambda a, b: a + b)

    @signature(_ANY, _ANY)
    def _func_subtract(self, one: object, other: object) -> Number | None:
        return _worked_out("subtract", one, other, lambda a, b: a - b)

    @signature(_ANY, _ANY)
    def _func_multiply(self, one: object, other: object) -> Number | None:
        return _worked_out("multiply", one, other, lambda a, b: a * b)

    @signature(_ANY, _ANY)
    def _func_divide(self, one: object, other: object) -> Number | None:
        return _worked_out("divide", one, other, _quotient)

    @signature(_TEXT, _PLAIN_TEXT)
    def _func_split(self, text: str | None, separator: str) -> list[str] | None:
        if text is None:
            return None
        return text.split(separator) if separator else list(text)

    @signature(_TEXT)
    def _func_last_segment(self, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            path = urlsplit(text).path.rstrip("/")
        except ValueError:
            return None
        return unquote(path.rpartition("/")[2]) or None

    @signature(_TEXT, _PLAIN_TEXT, _PLAIN_TEXT)
    def _func_replace(self, text: str | None, old: str, new: str) -> str | None:
        if text is None or not old:
            return text
        # Counted before it is made: a text put into itself fills the memory.
        _check_length("replace", len(text) + text.count(old) * (len(new) - len(old)))
        return text.replace(old, new)

    @signature(_PLAIN_TEXT, _TEXTS)
    def _func_join(self, separator: str, texts: list[str]) -> str:
        _check_length("join", sum(map(len, texts)) + len(separator) * (len(texts) - 1))
        return separator.join(texts)

    @signature(_TEXT)
    def _func_lower(self, text: str | None) -> str | None:
        return None if text is None else text.lower()

    @signature(_TEXT)
    def _func_trim(self, text: str | None) -> str | None:
        return None if text is None else text.strip()


OWN = tuple(
    sorted(name for name in ShopFunctions.FUNCTION_TABLE if name not in Functions.FUNCTION_TABLE)
)
"""The names of those that JMESPath lacks."""


def _check_length(name: str, length: int) -> None:
    if length > TEXT_MAX:
        raise exceptions.JMESPathError(f"{name}() makes a text of over {TEXT_MAX:,} characters")


def _worked_out(
    name: str, one: object, other: object, way: Callable[[Number, Number], Number]
) -> Number | None:
    first, second = _number(name, one), _number(name, other)
    if first is None or second is None:
        return None
    found = way(first, second)
    return int(found) if isinstance(found, float) and found.is_integer() else found


def _quotient(one: Number, other: Number) -> Number:
    if other == 0:
        raise exceptions.JMESPathError("divide() by 0")
    return one / other if one % other else one // other


def _number(name: str, value: object) -> Number | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > _BITS_MAX:
            raise exceptions.JMESPathError(f"{name}() can't work with a number as large as this")
        return value
    number = math.nan
    # Python alone takes "1_000" for a number.
    if isinstance(value, float) or (isinstance(value, str) and "_" not in value):
        with contextlib.suppress(ValueError):
            number = float(value)
    if not math.isfinite(number):
        raise exceptions.JMESPathTypeError(name, value, type(value).__name__, ["number"])
    return int(number) if number.is_integer() else number
