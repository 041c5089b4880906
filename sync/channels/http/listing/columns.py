"""A page's records read field by field, all records at once.

Most values are as they should be: a text for a SKU, a whole number for a quantity. Such records are
read here at full speed; of any other it is only said where it stands, for `RecordDecoder` reads it
alone and says what is wrong with it. What both can read they read alike.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from store.record_columns import RecordColumns
from sync import columns
from sync.channels.api import expressions
from sync.channels.words import FIGURES, NumberWords
from sync.columns import Column

_NAMES = {"price": "price_minor", "updated_at": "source_at"}
"""What a field is called in a Record, where that is something else."""

_SUBTRACTED = ("committed", "unavailable", "threshold")
_OF_AVAILABLE = ("on_hand", *_SUBTRACTED)


@dataclass(frozen=True, slots=True)
class FieldReader:
    """One field of a description."""

    field: str
    expression: str
    look: expressions.Look
    take: Callable[[object], object]
    """Reads what was found; raises ValueError."""


@dataclass(frozen=True, slots=True)
class ColumnDecoder:
    """Reads the usual records of one description."""

    plan: Sequence[FieldReader]
    counted_by: str
    """The field that says how many there are."""
    states: Mapping[str, str]
    words: NumberWords
    identity: Callable[[object], str] | None
    """Finds all ids of a record; raises ValueError."""

    def decode(self, items: Sequence[object]) -> tuple[RecordColumns, Collection[int]]:
        """Read a page; answers its records and the places of those that are not read.

        At such a place there are values of no meaning.
        """
        unread: set[int] = set()
        found = list(items)
        if set(map(type, found)) - {dict}:
            unread.update(at for at, item in enumerate(found) if not isinstance(item, dict))
            found = [{} if at in unread else item for at, item in enumerate(found)]
        read = {
            _NAMES.get(reader.field, reader.field): self._read(reader, found, unread)
            for reader in self.plan
        }
        if self.identity is not None:
            read["ref"] = columns.each(found, self.identity, unread)
        counted = read[self.counted_by]
        if None in counted:
            unread.update(at for at, number in enumerate(counted) if number is None)
        if self.counted_by != "available":
            read["available"] = _available(read)
        return RecordColumns(read), unread

    def some(self, items: Sequence[object], names: Collection[str]) -> Mapping[str, Column] | None:
        """Read a few fields only, by their names in Record, of a page whose records are known.

        None where one of the records is not read here.
        """
        if self.identity is not None and "ref" in names:
            return None
        unread: set[int] = set()
        wanted = {*names, self.counted_by, *(_OF_AVAILABLE if "available" in names else ())}
        read = {
            name: self._read(reader, list(items), unread)
            for reader in self.plan
            if (name := _NAMES.get(reader.field, reader.field)) in wanted
        }
        if unread or None in read[self.counted_by]:
            return None
        if "available" in names and self.counted_by != "available":
            read["available"] = _available(read)
        return read

    def _read(self, reader: FieldReader, items: Column, unread: set[int]) -> Column:
        found = _look(reader, items, unread)
        if reader.field == "state":
            known = columns.meanings(found, self.states)
            if known is not None:
                return known
        elif reader.field in FIGURES and self.words:
            return columns.each(found, self._without_words(reader.take), unread)
        return columns.read(reader.field, found, reader.take, unread)

    def _without_words(self, take: Callable[[object], object]) -> Callable[[object], object]:
        """Read a number that is none of the channel's words."""
        words = self.words

        def number(value: object) -> object:
            if words.of(value) is not None or (value is None and words.null is not None):
                raise ValueError("a word")
            return take(value)

        return number


def _look(reader: FieldReader, items: Column, unread: set[int]) -> Column:
    """What the field's expression finds in each item."""
    steps = expressions.path(reader.expression)
    if steps and all(isinstance(step, str) for step in steps):
        # Objects in objects: a failure is rarer than a look, so none is foreseen.
        found = items
        try:
            for name in steps:
                found = [item[name] for item in found]
        except (KeyError, TypeError, IndexError):
            pass
        else:
            return found
    if steps is not None:
        return list(map(reader.look, items))
    return columns.each(items, _evaluated(reader.look), unread)


def _evaluated(look: expressions.Look) -> expressions.Look:
    def found(item: object) -> object:
        try:
            return look(item)
        except expressions.ERROR as error:
            raise ValueError(str(error)) from None

    return found


def _available(read: Mapping[str, Column]) -> Column:
    """On hand, less all that is not for sale (rule 11, docs/architecture.md)."""
    available = [number or 0 for number in read["on_hand"]]
    for name in _SUBTRACTED:
        if name in read:
            available = [
                left - (number or 0) for left, number in zip(available, read[name], strict=True)
            ]
    return available
