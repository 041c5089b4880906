"""A folder's full lists and its files of changes, told apart by their names. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from sync.channels.csv.sequence import is_among

_FULL = frozenset(
    ("full", "all", "complete", "whole", "snapshot", "komplett", "voll", "gesamt", "vollständig")
)
_CHANGES = frozenset(
    ("change", "changes", "changed", "delta", "deltas", "diff", "diffs", "update", "updates",
     "incremental", "incr", "partial", "änderung", "änderungen", "aenderung", "aenderungen",
     "cambios")
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_WILD = re.compile(r"[*?\[\]]")


@dataclass(frozen=True, slots=True)
class FileFamilies:
    """The two kinds of file in a folder; the patterns are those of `full` and `changes`."""

    full: str
    changes: str
    full_names: Sequence[str]
    change_names: Sequence[str]
    others: Sequence[str]


def says_changes(name: str) -> bool:
    """Whether a file's name says that it holds only what changed."""
    words = [word.lower() for word in _WORD.findall(name)]
    return any(word in _CHANGES for word in words) and not _FULL & set(words)


def of(file_names: Sequence[str]) -> FileFamilies | None:
    """Tell them apart; None where there are not both, or no pattern parts them."""
    usable = sorted(name for name in file_names if name.isprintable() and not _WILD.search(name))
    changes = [name for name in usable if says_changes(name)]
    rest = [name for name in usable if not says_changes(name)]
    full = [name for name in rest if _FULL & {word.lower() for word in _WORD.findall(name)}]
    if not full and changes and rest:
        # stock-1.csv beside stock-delta-1.csv; products.csv is another list.
        start = _start(_common(rest), rest).partition(".")[0].rstrip("-_ ")
        full = rest if start and all(name.startswith(start) for name in changes) else []
    if not full or not changes:
        return None
    found = FileFamilies(
        _pattern(full), _pattern(changes), full, changes,
        [name for name in usable if name not in full and name not in changes],
    )  # fmt: skip
    parts = (
        says_changes(found.changes)
        and not says_changes(found.full)
        and all(
            is_among(name, found.full, found.changes) == kind
            for kind, names in (("full", full), ("changes", changes), ("", found.others))
            for name in names
        )
    )
    return found if parts else None


def _pattern(file_names: Sequence[str]) -> str:
    """Write what the names have in common: what counts them up, or dates them, is left open."""
    stem, ending = _parted(file_names[0])
    start = _start(_common(file_names), file_names)
    reversed_names = [name[::-1] for name in file_names]
    end = _common(reversed_names)[::-1]
    digits = list(_DIGIT.finditer(end))
    end = end[digits[-1].end() :] if digits else end
    cut = re.search(r"[\W_]", end)
    end = end[cut.start() :] if cut else ""
    if not end and all(_parted(name)[1].startswith(ending) for name in file_names):
        # The same file, packed and not: full-1.csv and full-2.csv.gz.
        end = f"{ending}*"
    if len(start) + len(end) > min(map(len, file_names)):
        # A name without a number: full.csv.
        start, end = _common([start, stem]), ending
    return f"{start}*{end}"


def _start(common: str, file_names: Sequence[str]) -> str:
    digit = _DIGIT.search(common)
    start = common[: digit.start()] if digit else common
    is_cut = any(name[len(start) : len(start) + 1].isalpha() for name in file_names)
    if is_cut and start[-1:].isalpha():
        # full-march and full-may have "full-" in common.
        return start[: max((found.end() for found in re.finditer(r"[\W_]", start)), default=0)]
    return start


def _common(texts: Sequence[str]) -> str:
    """What they all begin with."""
    alike = takewhile(lambda characters: len(set(characters)) == 1, zip(*texts, strict=False))
    return "".join(characters[0] for characters in alike)


def _parted(name: str) -> tuple[str, str]:
    """A name, and its ending without what says how it is packed."""
    whole = re.sub(r"\.(gz|zip)$", "", name, flags=re.IGNORECASE)
    stem, dot, ending = whole.rpartition(".")
    return (stem, dot + ending) if dot else (whole, name[len(whole) :])
