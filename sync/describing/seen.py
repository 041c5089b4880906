"""What a sample of records has: each place in them, how often, with which values. Pure.

Whatever is in the sample is data of a stranger: it is bounded here, and quoted where it is shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.values import quoted

SAMPLE_MAX = 1_000
"""Records that are looked at."""
DEPTH_MAX = 4
PATHS_MAX = 400
KEYS_MAX = 200
NAME_LENGTH_MAX = 100
_SHOWN = 3

Path = tuple[str, ...]


@dataclass(slots=True)
class SeenPlace:
    """One place in the records, such as `stock.qty`."""

    path: Path
    of: int
    """Records of the sample."""
    found: int = 0
    """Records that have it, null included."""
    values: list[object] = field(default_factory=list)
    """Those that are not null."""

    @property
    def nulls(self) -> int:
        return self.found - len(self.values)

    def words(self) -> str:
        """Say how often it was found, and some of what stands there."""
        shown = list(dict.fromkeys(quoted(value) for value in self.values))
        some = ", ".join(shown[:_SHOWN]) + (", …" if len(shown) > _SHOWN else "")
        nulls = f", null in {self.nulls:,}" if self.nulls else ""
        return f"found in {self.found:,} of {self.of:,}{nulls}{': ' if some else ''}{some}"


def counted(count: int, noun: str) -> str:
    """Write so many of something: 1 row, 1,200 rows."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def scan(records: Sequence[Mapping[str, object]]) -> list[SeenPlace]:
    """Find every place in the records that has a plain value, in the order of its first sight."""
    places: dict[Path, SeenPlace] = {}
    for record in records[:SAMPLE_MAX]:
        for path, value in _plain_values(record, ()):
            place = places.get(path)
            if place is None:
                if len(places) >= PATHS_MAX:
                    continue
                place = places[path] = SeenPlace(path, min(len(records), SAMPLE_MAX))
            place.found += 1
            if value is not None:
                place.values.append(value)
    return list(places.values())


def lists_in(records: Sequence[Mapping[str, object]]) -> dict[Path, list[Mapping[str, object]]]:
    """Find the lists of records inside of records, each with all of its items together."""
    found: dict[Path, list[Mapping[str, object]]] = {}
    for record in records[:SAMPLE_MAX]:
        for path, value in _lists(record, ()):
            inside = [item for item in value[:SAMPLE_MAX] if isinstance(item, dict)]
            if inside and (path in found or len(found) < PATHS_MAX):
                found.setdefault(path, []).extend(inside)
    return {path: inside[:SAMPLE_MAX] for path, inside in found.items()}


def _plain_values(record: Mapping[str, object], path: Path) -> Iterator[tuple[Path, object]]:
    for name, value in _entries(record):
        if isinstance(value, dict):
            if len(path) + 1 < DEPTH_MAX:
                yield from _plain_values(value, (*path, name))
        elif not isinstance(value, list):
            yield (*path, name), value


def _lists(record: Mapping[str, object], path: Path) -> Iterator[tuple[Path, list[object]]]:
    for name, value in _entries(record):
        if isinstance(value, list):
            yield (*path, name), value
        elif isinstance(value, dict) and len(path) + 1 < DEPTH_MAX:
            yield from _lists(value, (*path, name))


def _entries(record: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for number, (name, value) in enumerate(record.items()):
        if number >= KEYS_MAX:
            return
        # A name that no TOML file can hold can't be described.
        if name and len(name) <= NAME_LENGTH_MAX and name.isprintable():
            yield name, value
