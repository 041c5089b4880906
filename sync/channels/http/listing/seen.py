"""What the pages of the last good poll said: an answer with the same bytes is not decoded again.

What an API says beside its records is kept of each page, and its records are decoded only if
somebody looks at them; of a page that has changed, too, where only some of its records have. That
is exact only where the rest of the description looks beside the records; where it looks into them,
nothing is kept and all is decoded.
"""

import contextlib
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, overload

import msgspec

from store.polling.recognition.pages import UNMARKED, digest_of
from sync import values
from sync.channels.api import expressions
from sync.channels.http.listing.table import OF_A_HEADER, ListTable

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])

_BESIDE_BYTES_MAX = 4096
"""Of what a page says beside its records. What says more is not kept."""


class SeenPage(NamedTuple):
    """One page of which the bytes are known."""

    content: object
    """What it says, but without its records."""
    records: int
    """How many these are."""


class LaterItems(Sequence[object]):
    """The records of a page. Each is decoded when it is looked at, as far as they can be parted."""

    def __init__(
        self,
        body: bytes,
        path: Sequence[str],
        decode: Callable[[], Sequence[object]],
        count: int | None = None,
    ) -> None:
        """`path`: where they stand in the body. `decode` decodes them all; `count`: how many."""
        self._body, self._path = body, path
        self._decode = decode
        self._count = count
        self._all: Sequence[object] | None = None

    @cached_property
    def raws(self) -> Sequence[msgspec.Raw] | None:
        """Each as it is written; None where they can't be parted."""
        found: bytes | msgspec.Raw = self._body
        try:
            for name in self._path:
                found = _OBJECT.decode(found)[name]
            return _LIST.decode(found)
        except (msgspec.DecodeError, RecursionError, KeyError):
            return None

    @cached_property
    def digests(self) -> "array[int] | None":
        """The digest of each as it is written."""
        return None if self.raws is None else array("Q", map(digest_of, self.raws))

    def some(self, places: Sequence[int]) -> Sequence[object]:
        """Those at some places."""
        if self._all is None and self.raws is not None:
            written = b",".join(self.raws[at] for at in places)
            with contextlib.suppress(ValueError):  # To decode them all says what is wrong.
                found = values.json_value(b"[" + written + b"]")
                if isinstance(found, list) and len(found) == len(places):
                    return found
        every = self.all()
        return [every[at] for at in places]

    def all(self) -> Sequence[object]:
        """All of them."""
        if self._all is None:
            self._all = self._decode()
        return self._all

    def place(self, items: "LaterItems", start: int) -> int:
        """Where the first of other records stands here, from a place on. Raises ValueError."""
        if self.digests is None or items.digests is None:
            return list(self).index(items[0], start)
        return self.digests.index(items.digests[0], start)

    def __len__(self) -> int:
        if self._count is None:
            self._count = len(self.all() if self.raws is None else self.raws)
        return self._count

    @overload
    def __getitem__(self, at: int) -> object: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[object]: ...

    def __getitem__(self, at: int | slice) -> object:
        found = self.some(range(len(self))[at] if isinstance(at, slice) else [range(len(self))[at]])
        return found if isinstance(at, slice) else found[0]

    def __iter__(self) -> Iterator[object]:
        return iter(self.all())

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        if isinstance(other, LaterItems) and None not in (self.digests, other.digests):
            return self.digests == other.digests
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class _Saved(msgspec.Struct, array_like=True):
    """What is noted of a reading for the next one."""

    pages: list[tuple[bytes, object, int]]
    apart: list[tuple[int, ...]]
    """By their places among `pages`."""


class SeenPages:
    """The pages of the last reading of a list, and of the one that goes on."""

    def __init__(self, table: ListTable, noted: bytes = b"", *, parts: bool = False) -> None:
        """`noted`: what `noted` answered at the end of the last reading.

        `parts`: a page that is not known is parted into its records, too.
        """
        self._parts = parts
        self._path = _path_of_items(table)
        self._before: dict[bytes, SeenPage] = {}
        self._apart_before: set[tuple[bytes, ...]] = set()
        self._now: dict[bytes, SeenPage] = {}
        self._apart: set[tuple[bytes, ...]] = set()
        if noted and self._path is not None:
            self._recall(noted)

    def later(
        self, body: bytes, decode: Callable[[], Sequence[object]], count: int | None = None
    ) -> LaterItems:
        """The records of a page with this body. Only where `beside` answers, or it was found."""
        return LaterItems(body, self._path or (), decode, count)

    def beside(self, body: bytes) -> object:
        """What an unknown page says beside its records; None where it is to be decoded whole."""
        return _beside(body, self._path) if self._parts and self._path is not None else None

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


def _beside(body: bytes | msgspec.Raw, path: Sequence[str]) -> object:
    """The content with an empty list for its records, which are not decoded; None: undecided."""
    name, *rest = path
    try:
        found = _OBJECT.decode(body)
        if name not in found:
            return None
        inside = _beside(found[name], rest) if rest else []
        content = {
            key: inside if key == name else msgspec.json.decode(value)
            for key, value in found.items()
        }
    except (msgspec.DecodeError, RecursionError):
        return None
    return None if inside is None else content


def _without(content: object, path: Sequence[str]) -> object:
    """The content with an empty list for its records; None where they are not there."""
    name, *rest = path
    if not isinstance(content, Mapping) or name not in content:
        return None
    inside = _without(content[name], rest) if rest else []
    return None if inside is None else {**content, name: inside}
