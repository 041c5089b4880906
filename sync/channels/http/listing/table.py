"""The keys that say how a list is read: of the listings, and in `events` of what moved."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from sync.channels.api import expressions
from sync.channels.csv.layout import FIELDS as CSV_FIELDS
from sync.channels.http import placeholders
from sync.values import quoted

Format = Literal["json", "csv", "xml"]

QUANTITIES = ("available", "on_hand")
"""A record of which the first that is described is null is not counted."""

OF_A_HEADER = "header:"
"""`total = "header:X-WP-Total"` looks in the answer's headers instead of its body."""

By = Literal["page", "offset", "link", "cursor"]

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)


class SizeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many records a page has at most."""

    value: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    param: str | None = None
    """The query parameter that asks for it; None where the address or the body does."""


class PagingTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`paging`: how the pages of a list are asked for."""

    by: By
    param: str | None = None
    """The query parameter of the page, the offset or the cursor."""
    first: int | str | None = None
    """The first page's; by default 1 for a page, 0 for an offset, none for a cursor."""
    size: SizeTable | None = None
    cursor: str | None = None
    """JMESPath to what the next page is asked with."""
    more: str | None = None
    """JMESPath to whether another page follows."""


class EachTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`each`: the records of the list are parents, and what is described is in each of them."""

    items: str | None = None
    """JMESPath to a parent's list; with `url`, to the list in the answer."""
    keys: str | None = None
    """JMESPath to an object: each of its entries is an item of `key` and `value`."""
    url: str | None = None
    """Asked for each parent. `{parent.id}` is what `parent.id` finds."""
    when: str | None = None
    """For which parents. Any other is an item itself."""
    only: str | None = None
    """Which children are listings: it looks in `parent` and `item`."""


class ListTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What both tables have that describe a list."""

    url: str
    fields: dict[str, str]
    items: str = ""
    """JMESPath to the records; required but of a CSV answer, whose rows they are."""
    format: Format = "json"
    """Of its answers. Of CSV each of `fields` is the title of a column."""
    method: Literal["GET", "POST"] = "GET"
    body: dict[str, object] | list[object] | None = None
    """Sent with each page's request, as JSON."""
    next: str | None = None
    """JMESPath to the next page's URL; null or absent on the last page."""
    paging: PagingTable | None = None
    total: str | None = None
    """JMESPath to how many records the list has, or `header:NAME`."""
    each: EachTable | None = None

    def list_expressions(self) -> Iterator[tuple[str, str | None]]:
        """Every JMESPath of the list, by its key."""
        if self.format == "csv":
            return
        yield "items", self.items
        yield "next", self.next
        if self.total is not None and not self.total.startswith(OF_A_HEADER):
            yield "total", self.total
        if self.paging is not None:
            yield "paging.cursor", self.paging.cursor
            yield "paging.more", self.paging.more
        if self.each is not None:
            yield "each.items", self.each.items
            yield "each.keys", self.each.keys
            yield "each.when", self.each.when
            yield "each.only", self.each.only
        for field, expression in self.fields.items():
            yield f"fields.{field}", expression


def check(table: ListTable, *, prefix: str = "", in_body: Mapping[str, str] | None = None) -> None:
    """Raise ValueError, beginning with the key, for what does not belong together.

    `prefix` stands before each key; `in_body`: what the body may hold beside what `paging` fills
    in, each with what it is.
    """
    try:
        _check_format(table)
        for name, expression in table.list_expressions():
            expressions.check(name, expression)
        _check_body(table, dict(in_body or {}))
        _check_total(table.total)
        if table.paging is not None:
            _check_paging(table, table.paging)
        if table.each is not None:
            _check_each(table, table.each)
    except ValueError as error:
        raise ValueError(f"{prefix}{error}") from None


def _check_format(table: ListTable) -> None:
    if table.format != "csv":
        if not table.items:
            raise ValueError('items is required: where the records stand, such as "items"')
        return
    if table.items:
        raise ValueError('items has no effect with format = "csv": the rows are the records')
    for key in ("next", "each"):
        if getattr(table, key) is not None:
            raise ValueError(f'{key} has no effect with format = "csv", which has rows only')
    if table.total is not None and not table.total.startswith(OF_A_HEADER):
        raise ValueError('total needs a header with format = "csv": total = "header:X-Total-Count"')
    if table.paging is not None and (table.paging.by == "cursor" or table.paging.more is not None):
        key = "cursor" if table.paging.by == "cursor" else "more"
        raise ValueError(
            f'paging.{key} has no effect with format = "csv"; by can be "page", "offset" or "link"'
        )
    unknown = [name for name in table.fields if name not in CSV_FIELDS]
    if unknown:
        known = ", ".join(CSV_FIELDS)
        raise ValueError(f'fields.{unknown[0]} can\'t be read with format = "csv"; known: {known}')


def is_in_body(placeholder: str, table: ListTable) -> bool:
    """Whether the body has it as a whole value."""
    return placeholder in placeholders.used(table.body)


def _check_body(table: ListTable, known: dict[str, str]) -> None:
    if table.body is not None and table.method == "GET":
        raise ValueError('body needs method = "POST": a GET has no body')
    if table.paging is not None and table.paging.by != "link":
        known[f"${table.paging.by}"] = "what paging fills in"
    for name in sorted(set(placeholders.used(table.body)) - known.keys()):
        if name in {"$page", "$offset", "$cursor"}:
            by = name.removeprefix("$")
            more = f', cursor = "{_CURSOR}"' if by == "cursor" else ""
            raise ValueError(f'body has {name}, which needs paging = {{ by = "{by}"{more} }}')
        takes = ", ".join(sorted(known)) or "$page, $offset or $cursor, with paging"
        raise ValueError(f"body {quoted(name)} is not a placeholder; known: {takes}")


def _check_total(total: str | None) -> None:
    if total is None or not total.startswith(OF_A_HEADER):
        return
    if not _HEADER_NAME.fullmatch(total.removeprefix(OF_A_HEADER)):
        raise ValueError(f'total {quoted(total)} names no header; write "header:X-WP-Total"')


_CURSOR = "page.endCursor"


def _check_paging(table: ListTable, paging: PagingTable) -> None:
    by = paging.by
    if table.next is not None:
        raise ValueError("paging excludes next: keep the one that the API has")
    if paging.param == "" or (paging.size is not None and paging.size.param == ""):
        raise ValueError('paging.param is empty; write such as param = "page"')
    if by == "link":
        _check_link(paging)
    else:
        _check_asked(table, paging)


def _check_link(paging: PagingTable) -> None:
    for key in ("param", "first", "cursor", "more"):
        if getattr(paging, key) is not None:
            raise ValueError(f'paging.{key} has no effect with by = "link": the header leads on')


def _check_asked(table: ListTable, paging: PagingTable) -> None:
    """Check what is asked with a page, an offset or a cursor."""
    by = paging.by
    if (paging.cursor is not None) != (by == "cursor"):
        if by == "cursor":
            raise ValueError(
                f'paging needs cursor with by = "cursor": where it stands, such as "{_CURSOR}"'
            )
        raise ValueError('paging.cursor needs by = "cursor"')
    in_body = is_in_body(f"${by}", table)
    if paging.param is None and not in_body:
        where = f' or "${by}" in body' if table.method == "POST" else ""
        raise ValueError(f'paging needs param with by = "{by}", such as param = "{by}"{where}')
    if paging.param is not None and in_body:
        raise ValueError(f'paging.param excludes "${by}" in body: keep one of them')
    if by != "cursor" and isinstance(paging.first, str):
        raise ValueError(f"paging.first must be a number, such as 1, not {quoted(paging.first)}")
    if isinstance(paging.first, int) and paging.first < 0:
        raise ValueError("paging.first must be at least 0")


def _check_each(table: ListTable, each: EachTable) -> None:
    if each.items is None and each.keys is None:
        raise ValueError('each needs items or keys, such as items = "variants"')
    if each.items is not None and each.keys is not None:
        raise ValueError("each.keys excludes each.items: keep the one that is there")
    if each.url is not None:
        if placeholders.may_lack(each.url):
            raise ValueError(
                "each.url can't leave a part out: take the text after + out of its placeholder"
            )
        for name in placeholders.used_in_url(each.url):
            if not name.startswith("{parent."):
                raise ValueError(
                    f"each.url {quoted(name)} is not a placeholder; write such as {{parent.id}}"
                )
            expressions.check("each.url", name[1:-1])
    if each.only is not None:
        check_parts("each.only", each.only, table)
    for field, expression in table.fields.items():
        check_parts(f"fields.{field}", expression, table)


def check_parts(name: str, expression: str, table: ListTable) -> None:
    """Raise ValueError where `each` is described and the expression looks in neither part."""
    if table.each is None:
        return
    for steps in expressions.roots(expression):
        if steps and steps[0] not in ("parent", "item"):
            raise ValueError(
                f"{name} {quoted(expression)} looks in neither: with each, write "
                f"item.{steps[0]} or parent.{steps[0]}"
            )
