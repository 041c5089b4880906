"""JSON records of any shape → ours, by a JMESPath expression per field."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jmespath.exceptions

from store.model import Record, Refused, State
from sync import values
from sync.channels.base import FreshReadings
from sync.channels.http.expressions import search
from sync.channels.http.listing.nulls import is_null
from sync.channels.words import FIGURES, NO_WORDS, Meaning, NumberWords, Word, plain
from sync.errors import ContractBroken

QUANTITIES = ("available", "on_hand")
"""A record of which the first that is described is null is not counted."""

FIELDS: Mapping[str, Callable[[object], object]] = {
    "sku": values.sku,
    "ref": values.location,
    "location": values.location,
    "available": values.quantity,
    "on_hand": values.quantity_or_none,
    "committed": values.quantity_or_none,
    "unavailable": values.quantity_or_none,
    "incoming": values.quantity_or_none,
    "threshold": values.quantity_or_none,
    "state": lambda word: word,
    "price": values.price_minor,
    "title": values.title,
    "updated_at": values.instant,
}

REFUSED_MAX = 10_000
"""Of one page. A body of nothing but bad records would cost a hundred times its size."""


class RecordDecoder:
    """Turns a page's items into records; a bad one is refused alone, too many are an error."""

    def __init__(
        self,
        fields: Mapping[str, str],
        states: Mapping[str, State],
        words: NumberWords = NO_WORDS,
    ) -> None:
        self._words, self._has_words = words, bool(words)
        self._plan = [
            (field, expression, search(expression), FIELDS[field])
            for field, expression in fields.items()
        ]
        self._counted_by = next(field for field in QUANTITIES if field in fields)
        self._states = states or {state.value: state for state in State}

    def all(self, items: Sequence[object], place: str, first: int = 1) -> FreshReadings:
        """Decode a list. A refused record's place is `place` and its number, from `first`.

        What the channel's words call absent is neither among the records nor refused.
        Raises ContractBroken for more than `REFUSED_MAX` bad records.
        """
        records: list[Record] = []
        refused: list[Refused] = []
        for number, item in enumerate(items, first):
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
        for field, expression, look, take in self._plan:
            value: object = None
            try:
                value = look(item)
                meaning = self._meaning(field, expression, value, item) if words else None
                if meaning is not None:
                    found[field] = meaning
                elif field == self._counted_by and values.is_uncounted(value):
                    found[field] = None
                    if value is None and not is_null(expression, item):
                        nothing = expression
                else:
                    found[field] = take(value)
            except (ValueError, jmespath.exceptions.JMESPathError) as error:
                trouble = trouble or _reason(expression, value, item, error)
        trouble = trouble or (_found_nothing(nothing, item) if nothing else "")
        if found.get(self._counted_by) is Word.ABSENT:
            return None
        if trouble:
            raise ValueError(trouble)
        return self._record(plain(found, self._counted_by) if words else found)

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


class UnfoundFields:
    """Which of the fields that a record may lack no record of a list has had yet."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._left = {field: path for field, path in fields.items() if field in _MAY_LACK}
        self._names: dict[str, None] = {}
        self._records = 0

    def look(self, records: Sequence[Record], items: Sequence[object]) -> None:
        """Take a page's records, and the items that they come from."""
        self._records += len(records)
        # A field that is there is nearly always in the first record, so this costs nothing; one
        # that is in none is looked for in each.
        for field in list(self._left):
            name = _MAY_LACK[field]
            if any(getattr(record, name) not in (None, "") for record in records):
                del self._left[field]
        if self._left and len(self._names) <= _NAMES_MAX:
            for item in items[:_SAMPLE]:
                self._names |= dict.fromkeys(item if isinstance(item, dict) else ())

    def absent(self) -> list[str]:
        """The fields whose expression found nothing in any record, a sentence each."""
        has = values.key_names(self._names)
        return [
            f"fields.{field}: `{expression}` found in 0 of {self._records:,} records; "
            f"a record has {has}"
            for field, expression in self._left.items()
            if self._records and expression not in self._names
        ]

    def empty(self) -> list[str]:
        """The fields that the records have and that say nothing in any of them."""
        return [
            f"fields.{field}: `{expression}` is empty in all {self._records:,} records"
            for field, expression in self._left.items()
            if self._records and expression in self._names
        ]


_SAMPLE = 30
_NAMES_MAX = 200
_MAY_LACK: Mapping[str, str] = {
    name: name
    for name in ("location", "on_hand", "committed", "unavailable", "incoming", "threshold",
                 "state", "title", "ref")
} | {"price": "price_minor", "updated_at": "source_at"}  # fmt: skip
"""A field that a record may lack → what it is in a Record."""


def _reason(expression: str, value: object, item: Mapping[str, object], error: Exception) -> str:
    if value is None and isinstance(error, ValueError):
        return _found_nothing(expression, item)
    return f"`{expression}`: {' '.join(str(error).split())}"


def _found_nothing(expression: str, item: Mapping[str, object]) -> str:
    return f"`{expression}` found nothing; the record has {values.key_names(item)}"
