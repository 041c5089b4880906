"""Records that are as records usually are, at full speed; of any other it says nothing.

Most values are as they should be: a text for a SKU, a whole number for a quantity. `QuickDecoder`
takes those and leaves everything else to `RecordDecoder`, which says what is wrong with it. What
both can read they read alike.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo

from store.model import QUANTITY_MAX, SKU_LENGTH_MAX, Record, State
from sync import values
from sync.channels.api import expressions

_Take = Callable[[object], object]

_ATTRIBUTES = {"price": "price_minor", "updated_at": "source_at"}
"""What a field is called in a Record, where that is something else."""

_SUBTRACTED = ("committed", "unavailable", "threshold")


class UnusualValueError(Exception):
    """The record is for the other decoder."""


class QuickDecoder:
    """Decodes usual records of one description."""

    def __init__(
        self,
        fields: Mapping[str, str],
        states: Mapping[str, State],
        zone: tzinfo,
        takes: Mapping[str, _Take],
        identity: Callable[[object], str] | None = None,
    ) -> None:
        """`takes` is how each field's value is read; `identity` finds all ids of a record."""
        self._identity = identity
        own: dict[str, _Take] = {
            "sku": _sku,
            "location": _name,
            "ref": _name,
            "state": lambda word: _state(word, states),
            "updated_at": lambda value: values.instant(value, zone),
        }
        figures = ("available", *values.AMOUNTS)
        plan = [
            (
                _ATTRIBUTES.get(field, field),
                expression,
                _quantity if field in figures else own.get(field, takes[field]),
            )
            for field, expression in fields.items()
        ]
        # The usual expression is one name, which a record is asked for without a call between.
        paths = {expression: expressions.path(expression) for _, expression, _ in plan}
        names = {path: steps[0] for path, steps in paths.items() if steps and len(steps) == 1}
        self._by_name = [
            (name, names[path], take)
            for name, path, take in plan
            if isinstance(names.get(path), str)
        ]
        self._by_look = [
            (name, expressions.search(path), take)
            for name, path, take in plan
            if not isinstance(names.get(path), str)
        ]
        self._counted_by = "available" if "available" in fields else "on_hand"

    def decode(self, item: object) -> Record | None:
        """Make a record; None where something in it is not as usual."""
        if type(item) is not dict:
            return None
        found: dict[str, object] = {}
        get = item.get
        try:
            for name, key, take in self._by_name:
                value = get(key)
                if value is not None:
                    found[name] = take(value)
            for name, look, take in self._by_look:
                value = look(item)
                if value is not None:
                    found[name] = take(value)
            if self._identity is not None:
                found["ref"] = self._identity(item)
        except (UnusualValueError, ValueError, expressions.ERROR):
            return None
        if "sku" not in found or self._counted_by not in found:
            return None
        if self._counted_by == "on_hand":
            found["available"] = _available(found)
        return Record(**found)  # type: ignore[arg-type]


def _available(found: Mapping[str, object]) -> object:
    """On hand, less all that is not for sale (rule 11, docs/architecture.md)."""
    available = found["on_hand"]
    for name in _SUBTRACTED:
        available -= found.get(name, 0)  # type: ignore[operator]
    return available


def _sku(value: object) -> str:
    if type(value) is str and 0 < len(value) <= SKU_LENGTH_MAX and value.isprintable():
        return value
    raise UnusualValueError


def _name(value: object) -> str:
    if type(value) is int:
        return str(value)
    if type(value) is str and len(value) <= SKU_LENGTH_MAX and value.isprintable():
        return value
    raise UnusualValueError


def _quantity(value: object) -> int:
    if type(value) is int and -QUANTITY_MAX <= value <= QUANTITY_MAX:
        return value
    # "5" is a number, and " ", "unlimited" and "" are none.
    if type(value) is str and value[:1].isdigit():
        return values.quantity(value)
    raise UnusualValueError


def _state(word: object, states: Mapping[str, State]) -> State:
    if type(word) is str and word in states:
        return states[word]
    raise UnusualValueError
