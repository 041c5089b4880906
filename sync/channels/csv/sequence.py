"""In which order files of changes count, which count at all, and whether one is missing. Pure."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise

import msgspec

from store.model import Millis
from store.polling.changes.sequence import FileSequence, FileTaken

TAKEN_MAX = 2_000
"""So many files of changes are kept in mind, the newest."""

_WILD = re.compile(r"[*?\[]")
_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])", re.ASCII
)
_TIME = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\d{3})?)?", re.ASCII)
"""HHMM, HHMMSS, and with milliseconds."""
_FIRST = 60
"""Below it, digits are of the first hour or minute of a day, or of a counter that began."""
_EPOCH_DIGITS = (10, 13)


class FoundFile(msgspec.Struct, frozen=True):
    """A file of changes that is there now."""

    name: str
    size: int
    modified_ns: int
    at: Millis
    """From when it is: never later than our first sight of it."""
    digest: str

    def taken(self) -> FileTaken:
        return FileTaken(self.name, self.size, self.modified_ns, self.digest)


class Plan(msgspec.Struct, frozen=True):
    """What a poll reads."""

    changes: Sequence[FoundFile]
    """In the order in which they count."""
    taken: tuple[FileTaken, ...]
    """What is kept in mind after the poll; those of `changes` are among them."""
    whole: bool
    """The full list is read, and the changes on it."""
    gap: str = ""


def is_among(name: str, full: str, changes: str | None) -> str:
    """Say whether a file's name is that of a "full" list or of "changes"; empty: of neither."""
    fits = {
        kind: len(_WILD.sub("", pattern))
        for kind, pattern in (("full", full), ("changes", changes))
        if pattern is not None and fnmatchcase(name, pattern)
    }
    # "full*.csv" and "*.csv": the one that says more is meant.
    return max(fits, key=fits.__getitem__, default="")


class _Digits(msgspec.Struct, frozen=True):
    """The last digits in a name that may count."""

    before: str
    text: str
    family: str = ""
    """Of those behind a date: the name without that date."""


class Numbering:
    """What counts files up, judged by all their names: one may not tell 00:03 from number 3."""

    def __init__(self, pattern: str, names: Iterable[str]) -> None:
        """`names`: of all files that are there or are known."""
        start = _WILD.search(pattern)
        last = _WILD.split(pattern)[-1]
        self._start = None if start is None else start.start()
        self._end = len(last.partition("]")[2] or last)
        self._digits = {name: self._found(name) for name in names}
        families: dict[tuple[str, int], list[_Digits]] = {}
        for digits in self._digits.values():
            if digits is not None and digits.family:
                families.setdefault(_family(digits), []).append(digits)
        self._times = {family for family, members in families.items() if _are_times(members)}

    def of(self, name: str) -> tuple[str, int] | None:
        """Find the number that counts the files up, and what stands before it; None without one.

        It is the last in what the pattern leaves open. A date, a time of day and seconds since 1970
        are no such numbers: what lies between two of them is not missing.
        """
        digits = self._digits[name]
        if digits is None or (digits.family and _family(digits) in self._times):
            return None
        return digits.before, int(digits.text)

    def in_order(self, files: Iterable[FoundFile]) -> list[FoundFile]:
        """Order files by their numbers where they have some, else by their times."""
        return sorted(files, key=self._key)

    def _key(self, file: FoundFile) -> tuple[object, ...]:
        number = self.of(file.name)
        if number is None:
            return (1, file.at, 0, file.name)
        before, count = number
        return (0, _natural(before), count, file.name)

    def _found(self, name: str) -> _Digits | None:
        if self._start is None:
            return None
        text = name[self._start : len(name) - self._end]
        date = _DATE.search(text)
        behind = 0 if date is None else date.end()
        runs = list(re.finditer(r"\d+", text[behind:], re.ASCII))
        if not runs or (date is not None and len(runs) > 1):
            return None
        before, digits = text[: behind + runs[-1].start()], runs[-1][0]
        if date is not None:
            return _Digits(before, digits, f"{before[: date.start()]}*{before[behind:]}")
        if len(digits) in _EPOCH_DIGITS and digits[0] == "1":
            return None
        return _Digits(before, digits)


def _family(digits: _Digits) -> tuple[str, int]:
    return digits.family, len(digits.text)


def _are_times(members: Sequence[_Digits]) -> bool:
    """Whether digits behind dates are times of day: valid ones, and no sign of a counter.

    In doubt a sign is believed: a gap that is none only keeps stock from being raised, and one that
    is not seen loses changes.
    """
    if not all(_TIME.fullmatch(digits.text) for digits in members):
        return False
    numbers = {(digits.before, int(digits.text)) for digits in members}
    if all(number < _FIRST for _, number in numbers):
        # 00:05, 00:10 at most; a counter begins with such numbers, each day perhaps.
        return all(number % 5 == 0 for _, number in numbers)
    steps = [
        (number, other)
        for (day, number), (other_day, other) in pairwise(sorted(numbers))
        if day == other_day
    ]
    # Minute by minute, 14:59 leads to 15:00; a counter goes on with 1460.
    if any(other == number + 41 and other % 100 == 0 for number, other in steps):
        return True
    counted = sum(other == number + 1 for number, other in steps)
    return not counted or 2 * counted < len(steps)


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    parts = re.findall(r"\d+|\D+", text, re.ASCII)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def plan_whole(
    known: FileSequence | None, found: Sequence[FoundFile], full_at: Millis, pattern: str
) -> Plan:
    """Plan to read a full list: the changes that are from before it are in it already."""
    before = [] if known is None else list(known.changes)
    is_new = known is None or full_at != known.full_at
    after = [file for file in found if file.at >= full_at]
    if is_new:
        taken = _taken_before(before, after)
        after = [file for file in after if not _is(file, taken.get(file.name))]
    numbering = Numbering(pattern, _names(before, found))
    after = numbering.in_order(after)
    names = {file.name for file in after}
    older = {file.name: file for file in before if file.name not in names}
    older |= {file.name: file.taken() for file in found if file.name not in names | older.keys()}
    past = [msgspec.structs.replace(file, is_current=False) for file in older.values()]
    ordered = [file.name for file in after]
    gap = _first_gap([*_highest(past, numbering), *ordered], numbering, restarts=True)
    return Plan(after, _kept([*past, *(file.taken() for file in after)]), True, gap)


def plan_changes(
    known: FileSequence, found: Sequence[FoundFile], full_at: Millis, pattern: str
) -> Plan:
    """Plan to read what is new among the changes. See `late` for those that can't be put in place.

    Each file counts once: what was sent again with the same content changes nothing.
    """
    current = [file for file in known.changes if file.is_current]
    numbering = Numbering(pattern, _names(known.changes, found))
    ordered = numbering.in_order(_new(known, found, full_at))
    names = {file.name for file in ordered}
    kept = [file for file in known.changes if file.name not in names]
    before = [current[-1].name] if current else _highest(kept, numbering)
    gap = known.gap or _first_gap(
        [*before, *(file.name for file in ordered)], numbering, restarts=not current
    )
    return Plan(ordered, _kept([*kept, *(file.taken() for file in ordered)]), False, gap)


def late(
    known: FileSequence, found: Sequence[FoundFile], full_at: Millis, pattern: str
) -> list[FoundFile]:
    """Find the new files that belong before one that has counted, or in its place."""
    current = [file for file in known.changes if file.is_current]
    numbering = Numbering(pattern, _names(known.changes, found))
    return [file for file in _new(known, found, full_at) if _comes_late(file, current, numbering)]


def all_there(known: FileSequence, found: Sequence[FoundFile]) -> bool:
    """Whether every file of changes on the full list is still there, so that all can be read."""
    names = {file.name for file in found}
    return all(file.name in names for file in known.changes if file.is_current)


def _names(known: Sequence[FileTaken], found: Sequence[FoundFile]) -> list[str]:
    return [*(file.name for file in known), *(file.name for file in found)]


def _new(known: FileSequence, found: Sequence[FoundFile], full_at: Millis) -> list[FoundFile]:
    """Find the files that have not counted yet."""
    after = [file for file in found if file.at >= full_at]
    taken = _taken_before(known.changes, after)
    return [file for file in after if not _is(file, taken.get(file.name))]


def _taken_before(before: Iterable[FileTaken], after: Sequence[FoundFile]) -> dict[str, FileTaken]:
    """Say which files have counted by their names: a sequence may begin anew with a full list.

    It has where one of its files has the name of an older one and other content.
    """
    taken = {file.name: file for file in before}
    others = [
        file
        for file in after
        if (old := taken.get(file.name)) and not old.is_current and not _is(file, old)
    ]
    if not others:
        return taken
    return {name: file for name, file in taken.items() if file.is_current}


def _is(file: FoundFile, taken: FileTaken | None) -> bool:
    """Whether a file is the one that was taken: as it was, or sent again with the same content."""
    return taken is not None and (
        taken.digest == file.digest
        or (taken.size, taken.modified_ns) == (file.size, file.modified_ns)
    )


def _comes_late(file: FoundFile, current: Sequence[FileTaken], numbering: Numbering) -> bool:
    """Whether a file belongs before one that has counted already, or is one with other content."""
    number = numbering.of(file.name)
    if number is None:
        return any(file.modified_ns < other.modified_ns for other in current)
    before, count = number
    return any(
        found is not None and (_natural(found[0]), found[1]) >= (_natural(before), count)
        for found in (numbering.of(other.name) for other in current)
    )


def _highest(files: Sequence[FileTaken], numbering: Numbering) -> list[str]:
    """The name of the file with the highest number among these; none where none has a number."""
    counted = [(number, file.name) for file in files if (number := numbering.of(file.name))]
    ordered = sorted(counted, key=lambda pair: (_natural(pair[0][0]), pair[0][1]))
    return [ordered[-1][1]] if ordered else []


def _first_gap(names: Sequence[str], numbering: Numbering, *, restarts: bool) -> str:
    """Say between which two files a number is missing; empty where none is.

    `restarts`: the first two may be of two sequences, because a full list lies between them.
    """
    for place, (name, following) in enumerate(pairwise(names)):
        one, other = numbering.of(name), numbering.of(following)
        if one is None or other is None or one[0] != other[0]:
            continue
        begins_anew = restarts and place == 0 and other[1] <= 1
        if other[1] != one[1] + 1 and not begins_anew:
            return f"a file of changes is missing between {name} and {following}"
    return ""


def _kept(files: Sequence[FileTaken]) -> tuple[FileTaken, ...]:
    return tuple(files[-TAKEN_MAX:])
