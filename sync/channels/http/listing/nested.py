"""`each`: what is described is inside the list's records, and knows the record that it is in."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from store.model import Refused
from sync import values
from sync.channels.api import expressions
from sync.channels.http.client import ApiClient
from sync.channels.http.listing import formats, paging
from sync.channels.http.listing.doubts.nulls import is_null
from sync.channels.http.listing.pages import PageReader, PageRequest
from sync.channels.http.listing.table import OF_A_HEADER, EachTable, ListTable
from sync.channels.http.listing.walk import ListWalk, ParentOfList
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary

ASKED_AT_ONCE = 8
"""Parents. The transport sends fewer at a time; the rest wait for their turn there."""

CHILDREN_MAX = 1_000_000
"""In one parent, as far as anybody can say who can't read it."""

FAILED_MAX = 20
"""Parents of one reading whose children can't be read; more are no accident of some."""

FAILED_IN_A_ROW_MAX = 3
"""After so many that a server can't answer just now, it is left alone."""

_PARENT = re.compile(r"\{(parent\.[A-Za-z0-9_.-]+)\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Children:
    """The items in some parents."""

    items: Sequence[Mapping[str, object]]
    """Each has its `parent` and the `item` itself."""
    refused: Sequence[Refused] = ()
    """A parent whose children can't be read may have any of the listings that did not come."""
    doubt: str = ""
    """Why there may be more."""


class ChildReader:
    """Finds what is inside a list's records. One reading each: it counts what fails."""

    def __init__(
        self, name: str, client: ApiClient, table: ListTable, *, is_strict: bool = False
    ) -> None:
        """`is_strict`: a parent whose own list can't be read ends the reading."""
        self._is_strict = is_strict
        each = table.each
        assert each is not None
        self._name = name
        self._client = client
        self._each: EachTable = each
        self._expression = each.items if each.items is not None else str(each.keys)
        self._is_xml = table.format == "xml"
        self._look = expressions.search(self._expression)
        self._when = None if each.when is None else expressions.search(each.when)
        self._table = _child_table(table, each)
        self._pages = None if self._table is None else PageReader(name, client, self._table)
        self._failed = 0
        self._in_a_row = 0
        self._asked_of = 0
        self._parents = 0
        self._only = OnlyChildren(each)
        self._when_found = False
        self._names: dict[str, None] = {}
        self._doubt = ""
        """Why the first such list of a parent's own may be cut."""

    async def of(self, parents: Sequence[object], place: str, first: int = 1) -> Children:
        """Find the items in some parents, of which the first has this number.

        Raises what keeps all of them from being read.
        """
        if self._pages is None:
            return self._inside(parents, place, first)
        items: list[Mapping[str, object]] = []
        refused: list[Refused] = []
        for start in range(0, len(parents), ASKED_AT_ONCE):
            some = parents[start : start + ASKED_AT_ONCE]
            found = await asyncio.gather(
                *(
                    self._asked(parent, f"{place}record {first + start + number}")
                    for number, parent in enumerate(some)
                ),
                return_exceptions=True,
            )
            for part in found:
                if isinstance(part, BaseException):
                    raise part
                items += part.items
                refused += part.refused
                self._doubt = self._doubt or part.doubt
        return Children(items, refused)

    def warnings(self) -> list[str]:
        """What of `each` has found nothing in any parent, or looks cut, a sentence each."""
        doubts = [self._doubt] if self._doubt else []
        if self._when is None or self._when_found or not self._parents:
            return doubts
        has = values.key_names(self._names)
        words = (
            f"`{self._each.when}` found nothing in {self._parents:,} records; a record has {has}"
        )
        return [f"each.when: {words}", *doubts]

    def _inside(self, parents: Sequence[object], place: str, first: int) -> Children:
        items: list[Mapping[str, object]] = []
        refused: list[Refused] = []
        for number, parent in enumerate(parents, first):
            try:
                if not self._has_children(parent):
                    items.append({"parent": parent, "item": parent})
                    continue
                items += self._only.of(parent, self._in(parent))
            except ValueError as error:
                words = f"its children can't be read: {error}"
                refused.append(self._refused(f"{place}record {number}", words))
        return Children(items, refused)

    async def _asked(self, parent: object, place: str) -> Children:
        try:
            if not self._has_children(parent):
                return Children([{"parent": parent, "item": parent}])
            url, whose = self._url(parent)
        except ValueError as error:
            words = f"its children can't be read: {error}"
            return Children((), [self._refused(place, words)])
        if self._has_failed():
            words = f"the children of {self._failed:,} records can't be read"
            raise Temporary(f"{self._name}: {place}: {words}")
        try:
            own = ParentOfList(parent, f"{place}, {whose}")
            listed, doubt = await self._listed(url, own)
            found = self._only.of(parent, listed)
        except NeedsOperator:
            raise
        except (Temporary, ContractBroken, ValueError) as error:
            self._failed += 1
            self._in_a_row += isinstance(error, Temporary)
            if (
                self._is_strict
                or self._failed > FAILED_MAX
                or self._in_a_row >= FAILED_IN_A_ROW_MAX
            ):
                raise _as_channel_error(error, own.place, self._name) from error
            reason = str(error).removeprefix(f"{self._name}: {own.place}: ")
            return Children((), [self._refused(place, f"{whose} can't be read: {reason}")])
        self._in_a_row = 0
        return Children(found, doubt=doubt)

    def _has_failed(self) -> bool:
        """Whether so many fail that it is no matter of some parents."""
        return self._failed > FAILED_MAX or self._in_a_row >= FAILED_IN_A_ROW_MAX

    async def _listed(self, url: str, parent: ParentOfList) -> tuple[Sequence[object], str]:
        """All items of one parent's own list, and why there may be more."""
        assert self._pages is not None
        assert self._table is not None
        pager = paging.pager(self._table, url, is_of_parent=True)
        walk = ListWalk(self._name, self._table, self._pages, pager, parent)
        items: list[object] = []
        request: PageRequest | None = pager.first()
        place = parent.place
        while request is not None:
            page = await self._pages.page(request, place)
            items += walk.take(page)
            request = walk.following
            place = f"{parent.place}: page {walk.pages + 1}"
        if words := walk.cut_short():
            raise ValueError(words)
        doubt = ""
        if count := walk.looks_cut():
            doubt = (
                f"each.url: {parent.place}: exactly {count:,} came, and page 2 is page 1 once "
                "more: there may be more"
            )
        elif warnings := walk.warnings():
            doubt = f"each.url: {parent.place}: {self._client.text('; '.join(warnings))}"
        if self._each.keys is None:
            return items, doubt
        keys = self._each.keys
        return [entry for found in items for entry in children(found, keys, by_key=True)], doubt

    def _has_children(self, parent: object) -> bool:
        self._parents += 1
        if self._when is None:
            return True
        if not self._when_found:
            looks = expressions.roots(str(self._each.when))
            self._when_found = any(expressions.has_path(steps, parent) for steps in looks)
            if not self._when_found and isinstance(parent, dict) and len(self._names) < 50:  # noqa: PLR2004
                self._names |= dict.fromkeys(parent)
        try:
            return bool(self._when(parent))
        except expressions.ERROR as error:
            raise ValueError(
                f"each.when: `{self._each.when}`: {' '.join(str(error).split())}"
            ) from None

    def _in(self, parent: object) -> Sequence[object]:
        """The children that stand inside a parent. Raises ValueError where they can't be found."""
        try:
            found = self._look(parent)
        except expressions.ERROR as error:
            words = " ".join(str(error).split())
            raise ValueError(f"`{self._expression}`: {words}") from None
        if self._is_xml and self._each.keys is None:
            found = formats.one_or_more(found, self._expression, parent)
        if found is None:
            if is_null(self._expression, parent):
                return ()
            has = values.key_names(parent) if isinstance(parent, dict) else values.quoted(parent)
            raise ValueError(f"`{self._expression}` found nothing; the record has {has}")
        return children(found, self._expression, by_key=self._each.keys is not None)

    def _url(self, parent: object) -> tuple[str, str]:
        """Fill in what is asked for a parent, and say whose children it is for.

        Raises ValueError where it lacks something.
        """
        lacking: list[str] = []
        asked: dict[str, str] = {}

        def part(found: re.Match[str]) -> str:
            value = expressions.search(found[1])({"parent": parent})
            text = str(value) if isinstance(value, str | int) else ""
            if not text or isinstance(value, bool) or text in {".", ".."}:
                lacking.append(found[1])
            asked[found[1]] = values.quoted(value)
            return quote(text, safe="")

        url = _PARENT.sub(part, str(self._each.url))
        if lacking:
            raise ValueError(f"each.url: `{lacking[0]}` found nothing to ask with")
        whose = ", ".join(f"{name} {value}" for name, value in asked.items())
        address = urljoin(str(self._table.url if self._table else ""), url)
        return address, f"children of {whose}" if whose else "its children"

    def _refused(self, place: str, reason: str) -> Refused:
        return Refused(place, self._client.text(reason), may_be=CHILDREN_MAX)


class OnlyChildren:
    """Which of a parent's children are listings, by `each.only`."""

    def __init__(self, each: EachTable) -> None:
        self._expression = each.only
        self._look = None if each.only is None else expressions.search(each.only)

    def of(self, parent: object, found: Sequence[object]) -> list[Mapping[str, object]]:
        """The listings, each with its `parent` and its `item`.

        Raises ValueError where `only` can't say.
        """
        items: list[Mapping[str, object]] = [{"parent": parent, "item": item} for item in found]
        if self._look is None:
            return items
        try:
            return [item for item in items if self._look(item)]
        except expressions.ERROR as error:
            words = " ".join(str(error).split())
            raise ValueError(f"each.only: `{self._expression}`: {words}") from None


def children(found: object, expression: str, *, by_key: bool) -> Sequence[object]:
    """The items that were found, as a list. Raises ValueError where they are none."""
    if not by_key:
        if isinstance(found, list):
            return found
        raise ValueError(f"`{expression}` found {values.quoted(found)}, not a list")
    if isinstance(found, dict):
        return [{"key": key, "value": value} for key, value in found.items()]
    # PHP writes an object without entries as an empty list.
    if found == []:
        return ()
    raise ValueError(f"`{expression}` found {values.quoted(found)}, not an object")


def _child_table(table: ListTable, each: EachTable) -> ListTable | None:
    """How a parent's own list is read: as the list itself, but for where its items are."""
    if each.url is None:
        return None
    way = table.paging
    if way is not None and way.by != "link" and way.param is None:
        way = None
    # An answer that is one item has no total of items; what is called so in it is stock.
    items = each.items if each.items is not None else f"[{each.keys}]"
    is_header = table.total is not None and table.total.startswith(OF_A_HEADER)
    total = table.total if is_header or not expressions.is_one(items) else None
    return ListTable(
        url=each.url,
        items=items,
        fields=table.fields if each.keys is None else {},
        format=table.format,
        next=table.next,
        paging=way,
        total=total,
    )


def _as_channel_error(error: Exception, place: str, name: str) -> ChannelError:
    if isinstance(error, ChannelError):
        return error
    return ContractBroken(str(error), path=place, subject=name)
