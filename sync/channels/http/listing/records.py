"""JSON records of any shape → ours, by a JMESPath expression per field."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from itertools import repeat
from typing import Any

from store.model import Record, Refused, State
from sync import values
from sync.channels.api import expressions
from sync.channels.base import FreshReadings
from sync.channels.http import refs
from sync.channels.http.listing.columns import ColumnDecoder, FieldReader
from sync.channels.http.listing.doubts.nulls import is_null
from sync.channels.http.listing.table import QUANTITIES
from sync.channels.words import AT_LEAST, FIGURES, NO_WORDS, Meaning, NumberWords, Word, plain
from sync.columns import Column
from sync.errors import ContractBroken

FIELDS = values.RECORD_FIELDS

REFUSED_MAX = 10_000
"""Of one page. A body of nothing but bad records would cost a hundred times its size."""


class RecordDecoder:
    """Turns a page's items into records; a bad one is refused alone, too many are an error."""

    def __init__(
        self,
        fields: Mapping[str, str],
        states: Mapping[str, State],
        words: NumberWords = NO_WORDS,
        *,
        zone: tzinfo = UTC,
        ids: Mapping[str, str] = {},
        keeps_type: bool = False,
    ) -> None:
        """`keeps_type`: a `ref` that is a number is kept as one, for a body."""
        self._words, self._has_words = words, bool(words)
        self._states = {
            word: state.value for word, state in (states or {s.value: s for s in State}).items()
        }
        self._plan = [
            FieldReader(field, expression, expressions.search(expression), _taking(field, zone))
            for field, expression in fields.items()
        ]
        own = {refs.REF: fields[refs.REF]} if refs.REF in fields and (ids or keeps_type) else {}
        self._ids = [
            (name, expressions.search(expression)) for name, expression in {**own, **ids}.items()
        ]
        self._counted_by = next(field for field in QUANTITIES if field in fields)
        self._columns = ColumnDecoder(
            [
                replace(reader, take=self._state) if reader.field == "state" else reader
                for reader in self._plan
            ],
            self._counted_by,
            self._states,
            words,
            self._identity if self._ids else None,
        )

    def all(self, items: Sequence[object], place: str, first: int = 1) -> FreshReadings:
        """Decode a list. A refused record's place is `place` and its number, from `first`.

        What the channel's words call absent is neither among the records nor refused.
        Raises ContractBroken for more than `REFUSED_MAX` bad records.
        """
        usual, others = self._columns.decode(items)
        if not others:
            return FreshReadings(usual)
        known = (None if at in others else Record(*row) for at, row in enumerate(usual.rows()))
        return self._all(items, place, first, known)

    def some(self, items: Sequence[object], names: Collection[str]) -> Mapping[str, Column] | None:
        """Read a few fields of a page whose records are known, by their names in Record.

        None where only decoding the page can say them.
        """
        return self._columns.some(items, names)

    def one_by_one(self, items: Sequence[object], place: str, first: int = 1) -> FreshReadings:
        """Do the same as `all`, with the same answer, by looking at each record alone."""
        return self._all(items, place, first, repeat(None))

    def _all(
        self, items: Sequence[object], place: str, first: int, known: Iterable[Record | None]
    ) -> FreshReadings:
        """Decode the items whose record is not known."""
        records: list[Record] = []
        refused: list[Refused] = []
        for number, (item, usual) in enumerate(zip(items, known, strict=False), first):
            if usual is not None:
                records.append(usual)
                continue
            found: dict[str, Any] = {}
            try:
                record = self._decode(item, found)
                if record is not None:
                    records.append(record)
            except ValueError as error:
                where = f"{place}record {number}"
                sku, location = found.get("sku"), found.get("location", "")
                refused.append(Refused(where, str(error), sku, location))
                if len(refused) > REFUSED_MAX:
                    words = f"more than {REFUSED_MAX:,} records of a page can't be read"
                    raise ContractBroken(f"{error}; {words}", path=where) from None
        return FreshReadings(records, refused)

    def _decode(self, item: object, found: dict[str, Any]) -> Record | None:
        """Decode one item, leaving in `found` what could be read of it before trouble came.

        None where the channel says that it does not list it.
        """
        if not isinstance(item, dict):
            raise ValueError(f"{values.quoted(item)} is not a record")  # noqa: TRY004
        nothing, trouble, words = "", "", self._has_words
        # All fields are read even after a bad one: the SKU and the location may come later, and
        # they say whose listing is unreadable. Without them the last reading would look current.
        for reader in self._plan:
            field, expression = reader.field, reader.expression
            value: object = None
            try:
                value = reader.look(item)
                meaning = self._meaning(field, expression, value, item) if words else None
                if meaning is not None:
                    found[field] = meaning
                elif field == self._counted_by and values.is_uncounted(value):
                    found[field] = None
                    if value is None and not is_null(expression, item):
                        nothing = expression
                else:
                    found[field] = reader.take(value)
            except (ValueError, expressions.ERROR) as error:
                trouble = trouble or _reason(expression, value, item, error)
        trouble = trouble or (_found_nothing(nothing, item) if nothing else "")
        if found.get(self._counted_by) is Word.ABSENT:
            return None
        if trouble:
            raise ValueError(trouble)
        if self._ids:
            found["ref"] = self._identity(item)
        return self._record(plain(found, self._counted_by) if words else found)

    def _identity(self, item: object) -> str:
        """All ids of a record as one text. Raises ValueError."""
        found: dict[str, str | int] = {}
        for name, look in self._ids:
            try:
                value = look(item)
            except expressions.ERROR as error:
                raise ValueError(f"ids.{name}: {' '.join(str(error).split())}") from None
            if type(value) is int or (isinstance(value, str) and values.location(value)):
                found[name] = value
            elif value not in (None, "", False):
                raise ValueError(f"ids.{name}: {values.quoted(value)} is not an id")
        return refs.packed(found.pop(refs.REF, ""), found)

    def _meaning(self, field: str, expression: str, value: object, item: object) -> Meaning | None:
        if field not in FIGURES:
            return None
        if value is None and self._words.null is not None and is_null(expression, item):
            return self._words.null
        return self._words.of(value)

    def _record(self, found: Mapping[str, Any]) -> Record:
        amounts = values.amounts(found)
        state = self._state(found.get("state"))
        available: int | None = None
        if found[self._counted_by] is None:
            state = values.state_of_uncounted(state)
        else:
            available = found["available"] if "available" in found else amounts.available()
        return Record(
            sku=found["sku"],
            available=available,
            location=found.get("location", ""),
            state=state,
            on_hand=amounts.on_hand,
            committed=amounts.committed,
            unavailable=amounts.unavailable,
            incoming=amounts.incoming,
            threshold=amounts.threshold,
            price_minor=found.get("price"),
            title=found.get("title"),
            source_at=found.get("updated_at"),
            ref=found.get("ref", ""),
            at_least=found.get(AT_LEAST, False),
        )

    def _state(self, word: object) -> str | None:
        if word is None:
            return None
        if isinstance(word, bool | int):
            # TOML keys are text, so `true = "active"` in [states] is how a JSON true is written.
            word = values.quoted(word)
        if not isinstance(word, str) or word not in self._states:
            known = ", ".join(self._states)
            raise ValueError(f"{values.quoted(word)} is not a state; known: {known}")
        return self._states[word]


def _taking(field: str, zone: tzinfo) -> Callable[[object], object]:
    if field == "updated_at":
        return lambda value: values.instant(value, zone)
    return FIELDS[field]


def _reason(expression: str, value: object, item: Mapping[str, object], error: Exception) -> str:
    if value is None and not isinstance(error, expressions.ERROR):
        return _found_nothing(expression, item)
    return f"`{expression}`: {' '.join(str(error).split())}"


def _found_nothing(expression: str, item: Mapping[str, object]) -> str:
    names = dict.fromkeys(names_of(item))
    return f"`{expression}` found nothing; the record has {values.key_names(names)}"


def names_of(item: object) -> list[str]:
    """The names that a record has; with `each`, behind which of both they are."""
    if not isinstance(item, dict):
        return []
    if item.keys() != {"parent", "item"}:
        return list(item)
    return [
        f"{part}.{name}"
        for part in ("item", "parent")
        if isinstance(item[part], dict)
        for name in item[part]
    ]
