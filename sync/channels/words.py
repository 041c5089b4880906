"""`[channels.NAME.words]`: what a channel says where a number belongs, and what it means. Pure.

Feeds say `not stocked`, `>100`, `unlimited` or `sold out` in a column of quantities. Each kind that
is described in the configuration reads them by this one table.
"""

import enum
import re
from collections.abc import Mapping
from typing import Any

from store.model import QUANTITY_MAX, Record, State
from sync import values

FIGURES = ("available", *values.AMOUNTS)
"""The fields that words can stand in."""

EXAMPLE = '"not stocked" = "absent"'
MEANINGS = '"absent", "uncounted", "at least 100", or a number such as "0"'

WordTable = dict[str, str | int]
"""The channel's word → its meaning, as it is written."""


class AtLeast(int):
    """A number of which the channel says only that there are at least so many."""

    __slots__ = ()


class Word(enum.Enum):
    """What a word means that stands for no number."""

    ABSENT = "absent"
    """The channel does not list the item: its record counts as if it had not come."""
    UNCOUNTED = "uncounted"


Meaning = Word | int
"""A number, an `AtLeast` or a `Word`."""

AT_LEAST = "at_least"
"""The key by which `plain` says that the number is a least."""

NULL = "null"
"""How a JSON null is written as a word."""

_NUMBER = re.compile(r"[+-]?\d[\d,. ]*", re.ASCII)
_NEVER_COUNTED = re.compile(r"-\d+|999+", re.ASCII)
"""Numbers that systems give where they count nothing: −1, or nothing but nines."""

_AT_LEAST = re.compile(r"at least (\d{1,13})", re.ASCII)
_WHOLE = re.compile(r"\d{1,13}", re.ASCII)
_WORD_LENGTH_MAX = 200


class NumberWords:
    """A channel's words for numbers. False where it has none.

    Upper and lower case are one, and so are spaces around a word and several in it.
    """

    def __init__(self, table: Mapping[str, str | int]) -> None:
        """Raises ValueError, beginning with `words`, for what is no word or no meaning."""
        self._meanings: dict[str, Meaning] = {}
        for word, written in table.items():
            known = _folded(word)
            meaning = _meaning(word, written)
            _refuse_number(word)
            if self._meanings.setdefault(known, meaning) != meaning:
                raise ValueError(f"words {values.quoted(word)} is there twice, with two meanings")

    def __bool__(self) -> bool:
        return bool(self._meanings)

    def of(self, value: object) -> Meaning | None:
        """Say what a value means by the table; None where the table doesn't have it.

        A JSON true, false or number counts as its text. Of a JSON null see `null`.
        """
        if isinstance(value, str):
            return self._meanings.get(_folded(value))
        if isinstance(value, int | float):
            whole = int(value) if isinstance(value, float) and value.is_integer() else value
            return self._meanings.get(values.quoted(whole))
        return None

    @property
    def null(self) -> Meaning | None:
        """What a null that stands there means; None where the table doesn't say."""
        return self._meanings.get(NULL)


NO_WORDS = NumberWords({})


def plain(found: Mapping[str, Any], counted_by: str) -> dict[str, Any]:
    """Put numbers for the meanings among a record's fields.

    `counted_by` is the field that says how many there are: where it is `Word.ABSENT` there is no
    record, and where it is not counted it is None. `at_least` says of it whether it is a least.
    Another figure without a number is not known. Raises ValueError where what is available can't
    be worked out.
    """
    whole = dict(found) | {AT_LEAST: isinstance(found.get(counted_by), AtLeast)}
    for name in FIGURES:
        said = found.get(name)
        if isinstance(said, Word):
            whole[name] = None
        elif isinstance(said, AtLeast):
            if counted_by == "on_hand" and name in _SUBTRACTED:
                raise ValueError(f"{name} is at least {int(said)}: what is available is not known")
            # More may be there than the least, so that of what is kept back it says nothing.
            whole[name] = None if name in _SUBTRACTED else int(said)
    return whole


_SUBTRACTED = ("committed", "unavailable", "threshold")


def _folded(word: str) -> str:
    return " ".join(word.split()).casefold()


def _meaning(word: str, written: str | int) -> Meaning:
    text = _folded(str(written))
    if text in {word.value for word in Word}:
        return Word(text)
    least, number = _AT_LEAST.fullmatch(text), _WHOLE.fullmatch(text)
    if number and int(text) <= QUANTITY_MAX:
        return int(text)
    if least and 1 <= int(least[1]) <= QUANTITY_MAX:
        return AtLeast(least[1])
    said = f"words {values.quoted(written)} is not what {values.quoted(word)} can mean"
    if text in set(State):
        raise ValueError(f"{said}: it is a state, which stands in `states`")
    raise ValueError(f"{said}: write {MEANINGS}")


def _refuse_number(word: str) -> None:
    if len(word) > _WORD_LENGTH_MAX:
        raise ValueError(f"words {values.quoted(word)} has more than {_WORD_LENGTH_MAX} characters")
    text = word.strip()
    if _NUMBER.fullmatch(text) and not _NEVER_COUNTED.fullmatch(text):
        raise ValueError(
            f"words {values.quoted(word)} is a number, which means itself; a word is text, such "
            f"as {EXAMPLE}, or a number that counts nothing: negative, or 999, 9999 …"
        )


def unknown_before(previous: Record) -> str | None:
    """Why a write that compares can't rest on this reading; None where it can.

    Of a least number nobody knows what it is, so nothing can be compared with it.
    """
    if not previous.at_least or previous.available is None:
        return None
    return (
        f"its previous number is only known as at least {previous.available:,}, "
        "which the write compares with"
    )
