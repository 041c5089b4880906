"""Where the records are in an answer: lists, lists inside of records, objects by SKU. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sync.describing import names
from sync.describing.fields import FieldChoice, choose
from sync.describing.seen import (
    DEPTH_MAX,
    KEYS_MAX,
    NAME_LENGTH_MAX,
    SAMPLE_MAX,
    Path,
    lists_in,
    scan,
)

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LISTS_MAX = 40
_CHILDREN_MAX = 8


@dataclass(frozen=True, slots=True)
class RecordList:
    """A list that the records may be in, and what of them would be which field."""

    items: str
    """JMESPath to the list."""
    count: int
    """Records of the answer, as the list has them."""
    choice: FieldChoice
    each: Mapping[str, str] | None = None
    """`each`, where what is described is in each of them."""
    inside: int = 0
    """Items of `each` that were looked at."""
    records: Sequence[Mapping[str, object]] = ()
    """Those that were looked at, without `each`."""

    @property
    def points(self) -> float:
        """How much it looks like the listings."""
        fields = self.choice.fields
        sure = sum(10 for name in ("sku", "available", "on_hand")
                   if name in fields and fields[name].is_sure)  # fmt: skip
        whole = 100 if self.choice.is_enough else 20 * ("sku" in fields)
        return whole + sure + min(self.count, 50) / 10 + len(fields) - (5 if self.each else 0)


def expression(path: Path) -> str:
    """Write a place as JMESPath; the whole is `@`."""
    return ".".join(map(_step, path)) or "@"


def best(content: object) -> RecordList | None:
    """Find the list that looks most like the listings; None where nothing looks like records."""
    found = list(candidates(content))
    return max(found, key=lambda records: records.points) if found else None


def of_expression(content: object, items: str) -> RecordList | None:
    """Take the list that an expression finds; None where it finds none.

    Raises ValueError where it can't be read.
    """
    from sync.channels.api import expressions

    try:
        value = expressions.search(items)(content)
    except expressions.ERROR as error:
        raise ValueError(" ".join(str(error).split())) from None
    if not isinstance(value, list):
        return None
    return max(_of_list(items, value), key=lambda records: records.points, default=None)


def empty(content: object) -> list[str]:
    """Find the lists that have nothing in them, each as JMESPath."""
    found = islice(_values(content, ()), _LISTS_MAX)
    return [expression(path) for path, value in found if value == []]


def candidates(content: object) -> Iterator[RecordList]:
    """Every list and every object by SKU that could be it."""
    for number, (path, value) in enumerate(_values(content, ())):
        if number >= _LISTS_MAX:
            return
        if isinstance(value, list):
            yield from _of_list(expression(path), value)
        elif isinstance(value, dict) and _is_keyed(value):
            yield from _of_keys(path, value)


def _of_list(items: str, value: Sequence[object]) -> Iterator[RecordList]:
    records = [record for record in value[:SAMPLE_MAX] if isinstance(record, dict)]
    if not records:
        return
    choice = choose(scan(records), expression)
    yield RecordList(items, len(value), choice, records=records)
    for number, path in enumerate(lists_in(records)):
        if number >= _CHILDREN_MAX:
            return
        pairs = [
            {"item": child, "parent": _without(record, path)}
            for record in records
            for child in _at(record, path)
            if isinstance(child, dict)
        ][:SAMPLE_MAX]
        inner = choose(scan(pairs), expression)
        fields = inner.fields
        quantity = fields.get("available") or fields.get("on_hand")
        # What the parents have of themselves needs no `each`.
        if quantity is not None and quantity.place.path[0] == "item":
            each = {"items": expression(path)}
            yield RecordList(items, len(value), inner, each, len(pairs), records)


def _of_keys(path: Path, value: Mapping[str, object]) -> Iterator[RecordList]:
    entries = [{"key": key, "value": entry} for key, entry in list(value.items())[:SAMPLE_MAX]]
    choice = choose(scan([{"item": entry} for entry in entries]), expression)
    yield RecordList("[@]", 1, choice, {"keys": expression(path)}, len(value))


def _values(content: object, path: Path) -> Iterator[tuple[Path, object]]:
    if isinstance(content, list):
        yield path, content
    elif isinstance(content, dict):
        yield path, content
        if len(path) < DEPTH_MAX:
            for name, value in list(content.items())[:KEYS_MAX]:
                if name and len(name) <= NAME_LENGTH_MAX and name.isprintable():
                    yield from _values(value, (*path, name))


def _is_keyed(value: Mapping[str, object]) -> bool:
    """Whether an object has an entry for each SKU rather than fields of its own."""
    if not value or any(is_field(name) for name in list(value)[:KEYS_MAX]):
        return False
    entries = list(value.values())[:KEYS_MAX]
    if all(type(entry) is int for entry in entries):
        return sum(any(c.isdigit() for c in name) for name in value) * 2 >= len(value)
    return all(isinstance(entry, dict) and any(map(is_quantity, entry)) for entry in entries)


def is_field(name: str) -> bool:
    """Whether a name is clearly that of one of our fields."""
    plain = names.plain(name)
    return any(plain in known for known in names.SURE.values())


def is_quantity(name: str) -> bool:
    """Whether a name may be that of a quantity."""
    plain = names.plain(name)
    known = (names.SURE["available"], names.SURE["on_hand"], names.GUESS["available"])
    return any(plain in words for words in known)


def _at(record: Mapping[str, object], path: Path) -> Sequence[object]:
    value: object = record
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _without(record: Mapping[str, object], path: Path) -> Mapping[str, object]:
    return {name: value for name, value in record.items() if name != path[0]}


def _step(name: str) -> str:
    if _BARE.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
