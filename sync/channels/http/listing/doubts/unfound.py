"""Which of what is described no record of a list has had."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from sync import values
from sync.channels.api import expressions
from sync.channels.http.listing.records import names_of


class UnfoundFields:
    """Which of the fields that a record may lack no record of a list has had yet."""

    def __init__(self, fields: Mapping[str, str], ids: Mapping[str, str] = {}) -> None:
        self._left = {field: path for field, path in fields.items() if field in _MAY_LACK}
        self._ids = {name: (path, expressions.search(path)) for name, path in ids.items()}
        self._names: dict[str, None] = {}
        self._records = 0

    @property
    def left(self) -> frozenset[str]:
        """What no record has had yet, as it is called in a Record."""
        return frozenset(_MAY_LACK[field] for field in self._left)

    def look(
        self, count: int, column: Callable[[str], Iterable[object]], items: Sequence[object]
    ) -> None:
        """Take a page of so many records; `column` gives their values of a field.

        `items` are what they come from.
        """
        self._records += count
        # A field that is there is nearly always in the first record, so this costs nothing; one
        # that is in none is looked for in each.
        for field in list(self._left):
            if any(value not in (None, "") for value in column(_MAY_LACK[field])):
                del self._left[field]
        for name, (_, look) in list(self._ids.items()):
            if any(look(item) is not None for item in items):
                del self._ids[name]
        if (self._left or self._ids) and len(self._names) <= _NAMES_MAX:
            for item in items[:_SAMPLE]:
                self._names |= dict.fromkeys(names_of(item))

    def absent(self) -> list[str]:
        """The fields whose expression found nothing in any record, a sentence each."""
        has = values.key_names(self._names)
        sought = {f"fields.{field}": expression for field, expression in self._left.items()}
        sought |= {f"ids.{name}": expression for name, (expression, _) in self._ids.items()}
        return [
            f"{key}: `{expression}` found in 0 of {self._records:,} records; a record has {has}"
            for key, expression in sought.items()
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
