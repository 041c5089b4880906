"""JSON records of any shape → ours, by a JMESPath expression per field."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jmespath
import jmespath.exceptions

from store.model import Record, Refused, State
from sync import values
from sync.channels.base import FreshReadings
from sync.errors import ContractBroken

QUANTITIES = ("available", "on_hand")
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

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class RecordDecoder:
    """Turns a page's items into records; a bad one is refused alone, too many are an error."""

    def __init__(self, fields: Mapping[str, str], states: Mapping[str, State]) -> None:
        self._plan = [
            (field, expression, search(expression), FIELDS[field])
            for field, expression in fields.items()
        ]
        self._states = states or {state.value: state for state in State}

    def all(self, items: Sequence[object], place: str) -> FreshReadings:
        """Decode a list. A refused record's place is `place` and its number, from 1.

        Raises ContractBroken for more than `REFUSED_MAX` bad records.
        """
        records: list[Record] = []
        refused: list[Refused] = []
        for number, item in enumerate(items, 1):
            found: dict[str, Any] = {}
            try:
                records.append(self._decode(item, found))
            except ValueError as error:
                where = f"{place}record {number}"
                sku, location = found.get("sku"), found.get("location", "")
                refused.append(Refused(where, str(error), sku, location))
                if len(refused) > REFUSED_MAX:
                    words = f"more than {REFUSED_MAX:,} records of a page can't be read"
                    raise ContractBroken(f"{error}; {words}", path=where) from None
        return FreshReadings(records, refused)

    def _decode(self, item: object, found: dict[str, Any]) -> Record:
        """Decode one item, leaving in `found` what could be read of it before trouble came."""
        if not isinstance(item, dict):
            raise ValueError(f"{values.quoted(item)} is not a record")  # noqa: TRY004
        trouble = ""
        # All fields are read even after a bad one: the SKU and the location may come later, and
        # they say whose listing is unreadable. Without them the last reading would look current.
        for field, expression, look, take in self._plan:
            value: object = None
            try:
                value = look(item)
                found[field] = take(value)
            except (ValueError, jmespath.exceptions.JMESPathError) as error:
                trouble = trouble or _reason(expression, value, item, error)
        if trouble:
            raise ValueError(trouble)
        return self._record(found)

    def _record(self, found: Mapping[str, Any]) -> Record:
        amounts = values.amounts(found)
        available = found["available"] if "available" in found else amounts.available()
        state = self._state(found.get("state"))
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


def _reason(expression: str, value: object, item: Mapping[str, object], error: Exception) -> str:
    if value is None and isinstance(error, ValueError):
        return f"`{expression}` found nothing; the record has {values.key_names(item)}"
    return f"`{expression}`: {' '.join(str(error).split())}"


def search(expression: str) -> Callable[[object], object]:
    """Compile a JMESPath expression to a function from an item to what it finds, or None."""
    # JMESPath is interpreted in Python and costs microseconds for each of a hundred thousand
    # records. A plain name, the usual case, is a dictionary look-up instead.
    if _PLAIN.fullmatch(expression):
        return lambda item: item.get(expression) if isinstance(item, dict) else None
    found: Callable[[object], object] = jmespath.compile(expression).search
    return found
