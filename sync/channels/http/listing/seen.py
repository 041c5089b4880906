"""What the pages of the last good poll said: an answer with the same bytes is not decoded again.

What an API says beside its records is kept of each page, and its records are decoded only if
somebody looks at them. That is exact only where the rest of the description looks beside the
records; where it looks into them, nothing is kept.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, overload

import msgspec

from store.polling.recognition.pages import UNMARKED
from sync.channels.api import expressions
from sync.channels.http.listing.table import OF_A_HEADER, ListTable

_BESIDE_BYTES_MAX = 4096
"""Of what a page says beside its records. What says more is not kept."""


class SeenPage(NamedTuple):
    """One page of which the bytes are known."""

    content: object
    """What it says, but without its records."""
    records: int
    """How many these are."""


class LaterItems(Sequence[object]):
    """The records of a page, which is decoded when the first of them is looked at."""

    def __init__(self, count: int, decode: Callable[[], Sequence[object]]) -> None:
        self._count = count
        self._decode = decode
        self._items: Sequence[object] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> object: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[object]: ...

    def __getitem__(self, at: int | slice) -> object:
        return self._all()[at]

    def __iter__(self) -> Iterator[object]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Sequence) and len(other) == self._count and (
            list(self) == list(other)
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]

    def _all(self) -> Sequence[object]:
        if self._items is None:
            self._items = self._decode()
        return self._items


class _Saved(msgspec.Struct, array_like=True):
    """What is noted of a reading for the next one."""

    pages: list[tuple[bytes, object, int]]
    apart: list[tuple[int, ...]]
    """By their places among `pages`."""


class SeenPages:
    """The pages of the last reading of a list, and of the one that goes on."""

    def __init__(self, table: ListTable, noted: bytes = b"") -> None:
        """`noted`: what `noted` answered at the end of the last reading."""
        self._path = _path_of_items(table)
        self._before: dict[bytes, SeenPage] = {}
        self._apart_before: set[tuple[bytes, ...]] = set()
        self._now: dict[bytes, SeenPage] = {}
        self._apart: set[tuple[bytes, ...]] = set()
        if noted and self._path is not None:
            self._recall(noted)

    def find(self, mark: bytes) -> SeenPage | None:
        """The page with these bytes; None where it is not known."""
        found = self._now.get(mark) or self._before.get(mark)
        if found is not None:
            self._now[mark] = found
        return found

    def keep(self, mark: bytes, content: object, items: Sequence[object]) -> None:
        """Keep what a page said that was decoded and complained of nothing."""
        if self._path is None or mark == UNMARKED:
            return
        beside = _without(content, self._path)
        try:
            is_little = beside is not None and len(_encode(beside)) <= _BESIDE_BYTES_MAX
        except (TypeError, ValueError, OverflowError, RecursionError):
            return
        if is_little:
            self._now[mark] = SeenPage(beside, len(items))

    def are_apart(self, pages: tuple[bytes, ...]) -> bool:
        """Whether it is known of pages with these bytes that they share no records."""
        if pages not in self._apart_before and pages not in self._apart:
            return False
        self._apart.add(pages)
        return True

    def keep_apart(self, pages: tuple[bytes, ...]) -> None:
        """Keep of pages that they share no records."""
        if self._path is not None and UNMARKED not in pages:
            self._apart.add(pages)

    def noted(self) -> bytes:
        """What this reading had, for the next one."""
        places = {mark: place for place, mark in enumerate(self._now)}
        apart = [
            tuple(places[mark] for mark in pages)
            for pages in self._apart
            if all(mark in places for mark in pages)
        ]
        pages = [(mark, page.content, page.records) for mark, page in self._now.items()]
        return zlib.compress(_encode(_Saved(pages, sorted(apart))), 1)

    def _recall(self, noted: bytes) -> None:
        try:
            saved = msgspec.msgpack.decode(zlib.decompress(noted), type=_Saved)
            marks = [mark for mark, _, _ in saved.pages]
            self._apart_before = {tuple(marks[at] for at in places) for places in saved.apart}
        except (zlib.error, msgspec.DecodeError, IndexError):
            return
        self._before = {mark: SeenPage(content, count) for mark, content, count in saved.pages}


_encode = msgspec.msgpack.Encoder().encode


def _path_of_items(table: ListTable) -> Sequence[str] | None:
    """Where the records stand; None where another expression may look into them."""
    steps = expressions.path(table.items) if table.format == "json" and table.items else None
    if not steps or not _are_names(steps) or _plain(str(steps[-1])) == "links":
        return None
    others = [table.next]
    if table.total is not None and not table.total.startswith(OF_A_HEADER):
        others.append(table.total)
    if table.paging is not None:
        others += [table.paging.cursor, table.paging.more]
    for expression in filter(None, others):
        other = expressions.path(expression)
        if not other or not _are_names(other):
            return None
        shared = min(len(other), len(steps))
        if other[:shared] == steps[:shared]:
            return None
    return [str(step) for step in steps]


def _are_names(steps: Sequence[object]) -> bool:
    return all(isinstance(step, str) for step in steps)


def _plain(name: str) -> str:
    return name.strip("_$@-").lower()


def _without(content: object, path: Sequence[str]) -> object:
    """The content with an empty list for its records; None where they are not there."""
    name, *rest = path
    if not isinstance(content, Mapping) or name not in content:
        return None
    inside = _without(content[name], rest) if rest else []
    return None if inside is None else {**content, name: inside}
