"""An export of a bulk operation → whole items: its lines stand in no order that can be relied on.

Each line is an object; one of a nested connection says in `__parentId` to which item it belongs,
and without `groupObjects` it may stand anywhere (shopify.dev, bulk operations, 2026-11). So lines
go into files by their item, and each file is joined by itself: the memory holds one file's items,
however large the shop is.
"""

import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import msgspec

from sync import values
from sync.channels.shopify.reading import ShopifyReadItem
from sync.channels.shopify.shapes import ShopifyItem
from sync.errors import ContractBroken, Temporary

LINE_BYTES_MAX = 4 * 1024 * 1024
FILES_MAX = 100
"""Some systems let a program have no more than 256 open."""
GROUP_ITEMS = 500
_ITEMS_A_FILE = 2_000
_IN_MEMORY_BYTES = 256 * 1024


class _Line(msgspec.Struct, frozen=True):
    id: str | None = None
    parent_id: str | None = msgspec.field(name="__parentId", default=None)


@dataclass(frozen=True, slots=True)
class ShopifyBadNode:
    """A line that is not even an item."""

    node: object
    place: str
    error: Exception


class ShopifyJoiner:
    """Takes an export's pieces, and gives its items. Whoever makes one closes it."""

    def __init__(self, name: str, expected_items: int) -> None:
        self._name = name
        self._held = ExitStack()
        count = max(1, min(FILES_MAX, expected_items // _ITEMS_A_FILE))
        self._files: Sequence[IO[bytes]] = [self._new_file() for _ in range(count)]
        self._rest = b""
        self.lines = self.items = self.bytes = 0

    def add(self, piece: bytes) -> None:
        """Take the next piece. Raises ContractBroken for a line that is none."""
        self.bytes += len(piece)
        *whole, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LINE_BYTES_MAX:
            raise self._broken("is too long")
        for line in whole:
            self._keep(line)

    def end(self) -> None:
        """Take the last line, which may have no line feed. Raises Temporary where it is cut."""
        rest, self._rest = self._rest, b""
        try:
            self._keep(rest)
        except ContractBroken as error:
            raise Temporary(f"{self._name}: the export is cut short: {error}") from error

    def groups(self) -> Iterator[Sequence[ShopifyReadItem | ShopifyBadNode]]:
        """The items, whole, some at a time, in an order that is the same for the same items.

        Raises Temporary where a line belongs to an item that is not there.
        """
        for file in self._files:
            file.seek(0)
            joined = self._joined(file)
            for start in range(0, len(joined) or 1, GROUP_ITEMS):
                yield joined[start : start + GROUP_ITEMS]

    def close(self) -> None:
        """Let go of the files. May be called twice."""
        self._held.close()

    def _new_file(self) -> IO[bytes]:
        return self._held.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))

    def _keep(self, line: bytes) -> None:
        if not line.strip():
            return
        self.lines += 1
        try:
            found = msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._broken(f"is not an object with an id: {error}") from error
        root = found.parent_id or found.id
        if root is None:
            raise self._broken("has no id")
        self.items += found.parent_id is None
        file = self._files[zlib.crc32(root.encode("utf-8", "replace")) % len(self._files)]
        file.write(line + b"\n")

    def _joined(self, file: IO[bytes]) -> Sequence[ShopifyReadItem | ShopifyBadNode]:
        items: dict[str, Any] = {}
        children: dict[str, tuple[list[Any], list[Any]]] = {}
        for line in file:
            content: Any = values.json_value(line)
            parent = content.get("__parentId")
            if parent is None:
                items[content["id"]] = content
                continue
            levels, variants = children.setdefault(parent, ([], []))
            is_level = content.get("__typename") == "InventoryLevel" or "quantities" in content
            (levels if is_level else variants).append(content)
        if lost := children.keys() - items.keys():
            words = f"{self._name}: the export lacks {len(lost)} items of which it has parts"
            raise Temporary(words)
        for parts in children.values():
            for some in parts:
                some.sort(key=lambda part: _by_id(str(part.get("id"))))
        return [
            _item(content, children.get(item_id, ([], [])))
            for item_id, content in sorted(items.items(), key=lambda entry: _by_id(entry[0]))
        ]

    def _broken(self, words: str) -> ContractBroken:
        return ContractBroken(words, path=f"export, line {self.lines}", subject=self._name)


def _item(
    content: dict[str, Any], parts: tuple[list[object], list[object]]
) -> ShopifyReadItem | ShopifyBadNode:
    place = f"export, {content['id']}"
    levels, variants = parts
    try:
        item = msgspec.convert(content, ShopifyItem)
    except msgspec.ValidationError as error:
        return ShopifyBadNode(content, place, error)
    if item.inventory_level is not None:
        levels = [item.inventory_level]
    return ShopifyReadItem(item, levels, variants, place)


def _by_id(text: str) -> tuple[int, str]:
    return (len(text), text)  # They end in numbers. By length first, 9 is before 10.
