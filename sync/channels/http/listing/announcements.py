"""What a page says of how much there is beside it: totals, next pages, a full size. Pure.

Sources: RFC 8288 (`Link`), RFC 9110 (`Content-Range`), and the headers and keys that public APIs
use, as read 2026-11: WooCommerce `X-WP-Total` and `X-WP-TotalPages`, GitLab `X-Total` and
`X-Total-Pages`, json-server `X-Total-Count`, Django REST `count` and `next`, Laravel `meta.total`
and `last_page`, Spring `page.totalElements`, GraphQL `pageInfo.hasNextPage`, OData
`@odata.nextLink`, JSON:API `links.next`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

KEYS_MAX = 64
"""An object with more keys is a table of records, keyed by something."""

_TOTAL_HEADERS = (
    "x-total-count", "x-wp-total", "x-total", "x-total-results", "x-total-items",
    "x-pagination-total-count", "x-pagination-total", "total-count",
)  # fmt: skip
_PAGES_HEADERS = (
    "x-total-pages", "x-wp-totalpages", "x-pagination-page-count", "x-pagination-total-pages",
    "x-page-count", "x-pages",
)  # fmt: skip
_TOTALS = (
    "total", "totalcount", "totalitems", "totalresults", "totalelements", "totalrecords",
    "totalrows", "recordstotal", "itemstotal", "count", "odata.count",
)  # fmt: skip
_PAGES = ("totalpages", "pages", "pagecount", "lastpage", "numpages", "pagestotal")
_HAS_MORE = ("hasmore", "hasnext", "hasnextpage", "more", "morepages", "morerecords")
_NEXT = (
    "next", "nextpage", "nextpageurl", "nexturl", "nextlink", "odata.nextlink", "nextcursor",
    "nexttoken", "nextpagetoken", "continuationtoken",
)  # fmt: skip
_BESIDE = frozenset(
    {"meta", "metadata", "pagination", "paging", "page", "pageinfo", "links", "data", "result"}
)
_PARAMETERS = frozenset(
    {
        "page", "pagenumber", "p", "limit", "perpage", "pagesize", "size", "take", "first", "top",
        "offset", "skip", "start", "count", "rows", "maxresults", "results",
    }
)  # fmt: skip
_SIZES = _PARAMETERS - {"page", "pagenumber", "p", "offset", "skip", "start"}
_ROUND = re.compile(r"(1|2|25|5)0+|25", re.ASCII)
_RANGE = re.compile(r"\w+\s+(?:\d+-\d+|\*)/(\d{1,15})", re.ASCII)
LINK = re.compile(r"<([^>]*)>([^<]*)")
"""A URL of the `Link` header, and its parameters."""

REL_NEXT = re.compile(r";\s*rel\s*=\s*\"?[^\";,]*\bnext\b", re.IGNORECASE)
LINK_SIGN = 'the `Link` header has rel="next"'
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.@-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """A number that an answer gives, and where."""

    number: int
    by: str
    in_body: bool = False
    """A key of the body says so, and not a header made for it."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one page says of the whole list."""

    records: Told | None = None
    pages: Told | None = None
    more: str = ""
    """How it says that another page follows; empty where it does not."""


def of(
    headers: Mapping[str, str], content: object, items: str, *, follows_next: bool
) -> Announcement:
    """Read what a page says of the whole list. `items` is the expression of its records.

    `follows_next`: the description has a `next` of its own, which a key of the body can't gainsay.
    """
    frames = list(_frames(content, items))
    # An expression that filters or flattens finds another number of records than the API counts.
    counts = _PLAIN_PATH.fullmatch(items) is not None
    records = pages = None
    if counts:
        records = _range(headers) or _header(headers, _TOTAL_HEADERS) or _key(frames, _TOTALS)
    pages = _header(headers, _PAGES_HEADERS) or _key(frames, _PAGES)
    return Announcement(records, pages, _more(headers, frames, follows_next=follows_next))


def is_round(count: int) -> bool:
    """Whether APIs are often asked for so many records a page."""
    return _ROUND.fullmatch(str(count)) is not None


def looks_cut(url: str, count: int) -> str:
    """Say why one page with so many records may not be all of them; empty where it looks whole."""
    parameters = {
        _plain(name): value
        for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
    }
    # `page[number]=1` and `$top=100` are page parameters too.
    asked = {name: value for name, value in parameters.items() if name in _PARAMETERS}
    if not asked or not count:
        return ""
    is_full = any(value == str(count) for name, value in asked.items() if name in _SIZES)
    if not is_full and not is_round(count):
        return ""
    return f"exactly {count:,} records came, and the address has `{next(iter(asked))}`"


def _more(
    headers: Mapping[str, str], frames: Sequence[tuple[str, Mapping[str, object]]], *,
    follows_next: bool,
) -> str:  # fmt: skip
    if any(REL_NEXT.search(rest) for _, rest in LINK.findall(headers.get("link", ""))):
        return LINK_SIGN
    for path, frame in frames:
        for name, value in frame.items():
            plain = _plain(name)
            if plain in _HAS_MORE and value in (True, "true"):
                return f"`{path}{name}` is true"
            if plain in _NEXT and not follows_next and _leads_on(value):
                return f"`{path}{name}` leads on"
            if plain == "links" and not follows_next and _has_next_link(value):
                return f'`{path}{name}` has rel "next"'
    return ""


def _leads_on(value: object) -> bool:
    if isinstance(value, dict):
        return any(_leads_on(value.get(name)) for name in ("href", "url"))
    return (isinstance(value, str) and bool(value)) or (type(value) is int and value > 0)


def _has_next_link(value: object) -> bool:
    return isinstance(value, list) and any(
        isinstance(link, dict) and link.get("rel") == "next" for link in value[:KEYS_MAX]
    )


def _frames(content: object, items: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The objects around the records, each with its path.

    They are the answer, those on the way to the list, and what is beside them under a name such as
    `meta` or `pagination`.
    """
    on_the_way: list[tuple[str, object]] = [("", content)]
    if _PLAIN_PATH.fullmatch(items):
        path, value = "", content
        for name in items.split(".")[:-1]:
            value = value.get(name) if isinstance(value, dict) else None
            path += f"{name}."
            on_the_way.append((path, value))
    seen: set[str] = set()
    for path, value in on_the_way:
        for place, frame in _beside(path, value, depth=2):
            if place not in seen:
                seen.add(place)
                yield place, frame


def _beside(path: str, value: object, depth: int) -> Iterator[tuple[str, Mapping[str, object]]]:
    if not isinstance(value, dict) or len(value) > KEYS_MAX:
        return
    yield path, value
    if depth:
        for name, part in value.items():
            if _plain(name) in _BESIDE:
                yield from _beside(f"{path}{name}.", part, depth - 1)


def _range(headers: Mapping[str, str]) -> Told | None:
    found = _RANGE.match(headers.get("content-range", ""))
    return Told(int(found[1]), "Content-Range") if found else None


def _header(headers: Mapping[str, str], names: Sequence[str]) -> Told | None:
    for name in names:
        number = _number(headers.get(name))
        if number is not None:
            return Told(number, name.title())
    return None


def _key(frames: Sequence[tuple[str, Mapping[str, object]]], names: Sequence[str]) -> Told | None:
    for path, frame in frames:
        for name, value in frame.items():
            number = _number(value) if _plain(name) in names else None
            if number is not None:
                return Told(number, f"`{path}{name}`", in_body=True)
    return None


def _number(value: object) -> int | None:
    if type(value) is int and value >= 0:
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:  # noqa: PLR2004
        return int(value)
    if isinstance(value, dict) and len(value) <= KEYS_MAX:
        return _number(value.get("value"))  # Elasticsearch: `"total": {"value": 35, …}`.
    return None


def _plain(name: str) -> str:
    """A name without what APIs decorate it with: `per_page`, `perPage`, `page[size]`, `$top`."""
    inside = re.fullmatch(r"page\[(\w+)\]", name)
    text = f"page{inside[1]}" if inside else name
    return re.sub(r"[_$@-]", "", text).lower()
