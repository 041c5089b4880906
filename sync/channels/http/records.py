"""JSON records of any shape → ours, by a JMESPath expression per field. Used by the `http` kind."""

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
    """Turns a page's items into records; one that cannot be believed is refused alone.

    Too many of them are a broken contract.
    """

    def __init__(self, fields: Mapping[str, str], states: Mapping[str, State]) -> None:
        self._plan = [
            (field, expression, search(expression), FIELDS[field])
            for field, expression in fields.items()
        ]
        self._states = states or {state.value: state for state in State}

    def all(self, items: Sequence[object], place: str) -> FreshReadings:
        """Decode a list that stands at `place` of its page, which `Refused.place` begins with."""
        records: list[Record] = []
        refused: list[Refused] = []
        for number, item in enumerate(items):
            found: dict[str, Any] = {}
            try:
                records.append(self._decode(item, found))
            except _Unreadable as error:
                where = f"{place}[{number}]{error.expression}"
                sku, location = found.get("sku"), found.get("location", "")
                refused.append(Refused(where, error.reason, sku, location))
                if len(refused) > REFUSED_MAX:
                    words = f"more than {REFUSED_MAX:,} records of a page can't be read"
                    raise ContractBroken(f"{words}; the last: {error.reason}", path=where) from None
        return FreshReadings(records, refused)

    def _decode(self, item: object, found: dict[str, Any]) -> Record:
        """Decode one item, leaving in `found` what could be read of it before trouble came."""
        if not isinstance(item, dict):
            raise _Unreadable("", f"{values.quoted(item)} is no record")
        trouble: _Unreadable | None = None
        for field, expression, look, take in self._plan:
            try:
                found[field] = take(look(item))
            except (ValueError, jmespath.exceptions.JMESPathError) as error:
                trouble = trouble or _Unreadable(f".{expression}", str(error))
        if trouble is not None:
            raise trouble
        return self._record(found)

    def _record(self, found: Mapping[str, Any]) -> Record:
        amounts = values.amounts(found)
        try:
            available = found["available"] if "available" in found else amounts.available()
            state = self._state(found.get("state"))
        except ValueError as error:
            raise _Unreadable("", str(error)) from None
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
            # TOML keys are text: `true = "active"` in [states] is meant by a JSON true.
            word = values.quoted(word)
        if not isinstance(word, str) or word not in self._states:
            known = ", ".join(self._states)
            raise ValueError(f"{values.quoted(word)} is no known state: known are {known}")
        return self._states[word]


class _Unreadable(Exception):
    """Why one record is refused; `expression` is where in it, with its dot."""

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(reason)
        self.expression = expression
        self.reason = reason


def search(expression: str) -> Callable[[object], object]:
    """Compile an expression; a plain name is looked up without the interpreter's cost."""
    if _PLAIN.fullmatch(expression):
        return lambda item: item.get(expression) if isinstance(item, dict) else None
    found: Callable[[object], object] = jmespath.compile(expression).search
    return found
