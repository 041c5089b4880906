"""What lies inside of records, or behind them, and is not in the fields that were chosen. Pure.

A list of variants, a number for each place, ids of children that another address has: who looks at
the records alone would lose those listings without a sign.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sync.describing import names
from sync.describing.record_lists import RecordList, expression, is_field, is_quantity
from sync.describing.seen import (
    DEPTH_MAX,
    KEYS_MAX,
    NAME_LENGTH_MAX,
    Path,
    counted,
    lists_in,
    scan,
)
from sync.values import quoted

_CHILDREN = frozenset(
    ("variations", "variationids", "variants", "variantids", "children", "childids",
     "childproducts", "combinations", "combinationids", "skuids", "models", "associatedproducts")
)  # fmt: skip
_ADDRESSES = ("url", "href", "link")
_OF_A_POINTER = frozenset({"id", "uuid", "gid", "href", "url", "self", "link"})
_PARENTS = frozenset({"variable", "configurable", "parent", "combinations", "matrix"})
_PLACES_MAX = 50
_SHOWN = 8
_NOTES_MAX = 6


def lists_of(records: RecordList) -> list[str]:
    """Say what the lists inside of the records have: where no SKU or no quantity was found."""
    said = []
    for path, items in lists_in(records.records).items():
        places = [expression(place.path) for place in scan(items)]
        if places:
            said.append(
                f"a record has a list `{expression(path)}` of: {_some(places)} "
                f"({counted(len(items), 'item')}); to read them, write "
                f'each = {{ items = "{expression(path)}" }} and fields as item.{places[0]}, '
                "with a `url` in `each` if what is missing has an address of its own"
            )
    return said[:_NOTES_MAX]


def notes_of(records: RecordList) -> list[str]:
    """Say what a person should check: numbers by place, and children behind an address."""
    if records.each is not None:
        return []
    return [*_by_place(records), *_children(records.records)][:_NOTES_MAX]


def _by_place(records: RecordList) -> Iterator[str]:
    """Objects with a quantity for each place: `stock: {BER: 1, HAM: 2}`."""
    times: Counter[Path] = Counter()
    known: dict[Path, dict[str, str]] = {}
    for record in records.records:
        for path, value in _objects(record, ()):
            amount = _amount(path, value)
            if amount is not None:
                times[path] += 1
                known.setdefault(path, {}).update(dict.fromkeys(value, amount))
    sku = records.choice.fields.get("sku")
    parent = f"parent.{expression(sku.place.path)}" if sku is not None else "parent.…"
    for path, entries in known.items():
        if len(entries) <= _PLACES_MAX:
            where = expression(path)
            yield (
                f"`{where}` has an entry for each of {_some(list(map(quoted, entries)))}: if these "
                f'are places, write each = {{ keys = "{where}" }} with sku = "{parent}", '
                f'location = "item.key", available = "{next(iter(entries.values()))}" '
                f"(in {counted(times[path], 'record')})"
            )


def _amount(path: Path, value: Mapping[str, object]) -> str | None:
    """Where the number of each entry stands; None where the entries are not of places."""
    if not value or len(value) > _PLACES_MAX:
        return None
    if any(is_field(name) or is_quantity(name) for name in value):
        return None
    if all(type(entry) is int for entry in value.values()):
        return "item.value" if is_quantity(path[-1]) else None
    inner: list[str] = []
    for entry in value.values():
        found = [name for name in entry if is_quantity(name)] if isinstance(entry, dict) else []
        if not found:
            return None
        inner += found
    return f"item.value.{expression((inner[0],))}"


def _children(records: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Ids or addresses of children, and types of records that have some."""
    pointers: Counter[str] = Counter()
    types: Counter[tuple[str, str]] = Counter()
    for record in records:
        for name, value in list(record.items())[:KEYS_MAX]:
            if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
                continue
            if _points(name, value):
                pointers[name] += 1
            elif names.plain(name).endswith("type") and isinstance(value, str):
                types[name, value] += names.plain(value) in _PARENTS
    of = len(records)
    for name, count in pointers.items():
        yield (
            f"`{expression((name,))}` leads to children that are not in this answer (in {count:,} "
            f"of {of:,} records): this description does not read them. {_BY_EACH}"
        )
    for (name, value), count in types.items():
        if count and not pointers:
            yield (
                f"`{expression((name,))}` is {quoted(value)} in {count:,} of {of:,} records: these "
                f"may have children that are not in this answer. {_BY_EACH}"
            )


_BY_EACH = (
    'To read them, write each = { items = "@", url = "…/{parent.id}/variations" } with the address '
    "that has them, and `when` for which records"
)


def _points(name: str, value: object) -> bool:
    plain = names.plain(name)
    if isinstance(value, str):
        return any(
            plain.endswith(ending) and plain.removesuffix(ending) in _CHILDREN
            for ending in _ADDRESSES
        ) and bool(value)
    if plain not in _CHILDREN or not isinstance(value, list) or not value:
        return False
    return all(
        type(entry) in (int, str)
        or (isinstance(entry, dict) and bool(entry) and entry.keys() <= _OF_A_POINTER)
        for entry in value
    )


def _objects(
    record: Mapping[str, object], path: Path
) -> Iterator[tuple[Path, Mapping[str, object]]]:
    for name, value in list(record.items())[:KEYS_MAX]:
        if isinstance(value, dict) and name and len(name) <= NAME_LENGTH_MAX and name.isprintable():
            yield (*path, name), value
            if len(path) + 1 < DEPTH_MAX:
                yield from _objects(value, (*path, name))


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (", …" if len(texts) > _SHOWN else "")
