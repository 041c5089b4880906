"""How a list seems to go on after its first page: what the answer shows, and what is worth a try.

Pure. The names are those of `sync/channels/http/listing/announcements.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from sync import values
from sync.channels.http.listing import announcements
from sync.channels.http.listing.paging import linked, may_be_a_bound
from sync.describing import names
from sync.describing.record_lists import RecordList, expression
from sync.describing.seen import SeenPlace, scan

_NEXT = frozenset({"next", "nextpage", "nextpageurl", "nexturl", "nextlink", "odatanextlink"})
_CURSORS: Mapping[str, str] = {
    "endcursor": "after", "nextcursor": "cursor", "cursor": "cursor", "nexttoken": "nextToken",
    "nextpagetoken": "pageToken", "pagetoken": "pageToken", "nextid": "after",
    "continuationtoken": "continuationToken",
}  # fmt: skip
"""Where a cursor stands → the parameter that usually takes it."""
_MORE = frozenset({"hasmore", "hasnext", "hasnextpage", "more", "morepages"})
_PAGE = ("page", "p", "pagenumber", "currentpage", "pageno")
_OFFSET = ("offset", "skip", "start", "startindex", "from")
_SIZE = ("perpage", "limit", "pagesize", "size", "take", "first", "itemsperpage", "count", "rows")
_VARIABLE = re.compile(r"\$(after|cursor|endCursor|pageToken|nextToken)\b")
_ROUND_MIN = 10


@dataclass(frozen=True, slots=True)
class SeenAnswer:
    """One answer of an API, and how it was asked for."""

    url: str
    content: object
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: object = None


@dataclass(frozen=True, slots=True)
class PagingProposal:
    """One way in which the list may go on."""

    keys: Mapping[str, object]
    """`next` or `paging`; empty: the list is this one page."""
    why: str
    is_guess: bool = True
    body: object = None
    """What is sent instead of the body that was given, where that changes."""


@dataclass(frozen=True, slots=True)
class PagingSigns:
    """What an answer shows of the pages of its list."""

    ways: Sequence[PagingProposal]
    """The likeliest first; the last is: no other page."""
    total: str | None
    """Where it says how many there are, for `total`."""
    total_says: int | None
    notes: Sequence[str]


def signs(answer: SeenAnswer, records: RecordList) -> PagingSigns:
    """Read how the list seems to go on."""
    frames = _frames(answer.content)
    announced = announcements.of(answer.headers, answer.content, records.items, follows_next=False)
    total, says = _total(answer, frames, announced)
    ways = [
        *_linked(answer),
        *_followed(answer, frames),
        *_by_cursor(answer, frames),
        *_by_number(answer, frames, records, announced, says),
    ]
    notes = [
        f"`{expression(place.path)}` leads to another server, "
        f"{values.quoted(_host(place))}: it is not followed"
        for place in frames
        if _is_next(place) and _host(place) not in ("", urlsplit(answer.url).netloc)
    ]
    if not ways:
        cut = announcements.looks_cut(answer.url, records.count)
        bound = records.count >= _ROUND_MIN and may_be_a_bound(records.count)
        if announced.more or (says or 0) > records.count:
            more = announced.more or f"it says that there are {says:,}"
            notes.append(f"more pages follow ({more}), and how they are asked for was not found")
        elif says is None and (cut or bound):
            notes.append(
                f"{cut or f'exactly {records.count:,} records came'}: there may be more pages, of "
                "which the answer says nothing"
            )
    alone = PagingProposal({}, "the answer shows no sign of another page", is_guess=False)
    return PagingSigns([*ways, alone], total, says, notes)


def _frames(content: object) -> list[SeenPlace]:
    """The plain values around the records."""
    return scan([content]) if isinstance(content, dict) else []


def _linked(answer: SeenAnswer) -> list[PagingProposal]:
    try:
        url = linked(answer.headers, answer.url)
    except ValueError:
        url = None
    if url is None:
        return []
    return [PagingProposal({"paging": {"by": "link"}}, announcements.LINK_SIGN, is_guess=False)]


def _followed(answer: SeenAnswer, frames: Sequence[SeenPlace]) -> Iterator[PagingProposal]:
    for place in filter(_is_next, frames):
        if not place.values:
            why = "it is null here, as on a last page"
            yield PagingProposal({"next": expression(place.path)}, why)
        elif _host(place) in ("", urlsplit(answer.url).netloc):
            why = "it has the address of the next page"
            yield PagingProposal({"next": expression(place.path)}, why, is_guess=False)


def _is_next(place: SeenPlace) -> bool:
    """Whether the address of the next page stands there."""
    last = names.plain(place.path[-1])
    if not place.values:
        return last in _NEXT
    above = names.plain(place.path[-2]) if len(place.path) > 1 else ""
    value = place.values[0]
    is_address = isinstance(value, str) and value.startswith(("http", "/", "?"))
    return is_address and (last in _NEXT or (last in {"href", "url"} and above in _NEXT))


def _host(place: SeenPlace) -> str:
    try:
        return (
            values.quoted(urlsplit(str(place.values[0])).netloc).strip('"') if place.values else ""
        )
    except ValueError:
        return "an address that can't be read"


def _by_cursor(answer: SeenAnswer, frames: Sequence[SeenPlace]) -> list[PagingProposal]:
    cursors = [
        place
        for place in frames
        if names.plain(place.path[-1]) in _CURSORS
        and all(isinstance(value, str | int) for value in place.values)
        and not any(str(value).startswith(("http", "/")) for value in place.values)
    ]
    if not cursors:
        return []
    place = max(cursors, key=lambda found: (bool(found.values), "next" in found.path[-1].lower()))
    paging: dict[str, object] = {"by": "cursor"}
    body = None
    if answer.method == "POST":
        body = _with_variable(answer.body, "$cursor", _variables(answer.body))
        if body is None:
            return []
        why = "the cursor goes into the query's variable"
    else:
        asked = [name for name, _ in parse_qsl(urlsplit(answer.url).query)]
        named = _CURSORS[names.plain(place.path[-1])]
        if "_" in place.path[-1]:
            named = re.sub(r"(?<!^)(?=[A-Z])", "_", named).lower()
        known = {names.plain(name) for name in (*_CURSORS.values(), "pageinfo", "starting_after")}
        given = [name for name in asked if names.plain(name) in known]
        paging["param"] = given[0] if given else named
        why = f"the parameter `{paging['param']}` is a guess by the name of the cursor"
    paging["cursor"] = expression(place.path)
    more = [found for found in frames if names.plain(found.path[-1]) in _MORE]
    if more:
        paging["more"] = expression(more[0].path)
    return [PagingProposal({"paging": paging}, why, body=body)]


def _by_number(
    answer: SeenAnswer,
    frames: Sequence[SeenPlace],
    records: RecordList,
    announced: announcements.Announcement,
    total: int | None,
) -> list[PagingProposal]:
    """By page or offset, as far as something speaks for it."""
    query = dict(parse_qsl(urlsplit(answer.url).query, keep_blank_values=True))
    shown = {names.plain(place.path[-1]): place for place in frames}
    is_more = (total or 0) > records.count or bool(announced.more)
    pages = announced.pages.number if announced.pages is not None else 0
    if not is_more and pages <= 1 and not any(names.plain(n) in (*_PAGE, *_OFFSET) for n in query):
        return []
    size = _size(query, shown, records, answer)
    if answer.method == "POST":
        return list(_in_body(answer.body, records.count if size is not None else None))
    ways = sorted(_in_address(query, shown, size, pages), key=lambda way: way[0])
    if ways:
        return [way for _, way in ways]
    return [
        PagingProposal({"paging": _numbered(by, by, size)}, f"the parameter `{by}` is a try")
        for by in ("page", "offset")
    ]


def _in_body(body: object, size: int | None) -> Iterator[PagingProposal]:
    for by, known in (("page", _PAGE), ("offset", _OFFSET)):
        changed = _with_number(body, f"${by}", known)
        if changed is not None:
            keys: dict[str, object] = {"by": by}
            if size is not None:
                keys["size"] = {"value": size}
            yield PagingProposal({"paging": keys}, "its number is in the body", body=changed)


def _in_address(
    query: Mapping[str, str],
    shown: Mapping[str, SeenPlace],
    size: Mapping[str, object] | None,
    pages: int,
) -> Iterator[tuple[int, PagingProposal]]:
    """Each way with how much speaks for it: 0 is the most."""
    for by, known in (("page", _PAGE), ("offset", _OFFSET)):
        asked = [name for name in query if names.plain(name) in known]
        told = [shown[name].path[-1] for name in known if name in shown]
        if asked:
            keys = _numbered(by, asked[0], size)
            if by == "page" and query[asked[0]] == "0":
                keys["first"] = 0
            why = f"`{asked[0]}` is in the address"
            yield 0, PagingProposal({"paging": keys}, why)
        elif told:
            param = "page" if names.plain(told[0]) == "currentpage" else told[0]
            why = f"`{told[0]}` is in the answer"
            yield 1, PagingProposal({"paging": _numbered(by, param, size)}, why)
        elif by == "page" and pages > 1:
            why = "the answer counts pages"
            yield 2, PagingProposal({"paging": _numbered(by, "page", size)}, why)


def _numbered(by: str, param: str, size: Mapping[str, object] | None) -> dict[str, object]:
    keys: dict[str, object] = {"by": by, "param": param}
    if size is not None:
        keys["size"] = size
    return keys


def _size(
    query: Mapping[str, str],
    shown: Mapping[str, SeenPlace],
    records: RecordList,
    answer: SeenAnswer,
) -> dict[str, object] | None:
    """How many a page has, where more pages follow."""
    for name, value in query.items():
        if names.plain(name) in _SIZE and value.isdecimal() and int(value) > 0:
            return {"value": int(value)}
    if any(name.startswith("x-wp-total") for name in map(str.lower, answer.headers)):
        # As WordPress documents it for all of its lists: at most 100.
        return {"param": "per_page", "value": 100}
    for name in ("limit", "perpage", "pagesize"):
        place = shown.get(name)
        if place is not None and place.values == [records.count]:
            return {"value": records.count}
    return None


def _total(
    answer: SeenAnswer, frames: Sequence[SeenPlace], announced: announcements.Announcement
) -> tuple[str | None, int | None]:
    """Find where the number of all records stands."""
    told = announced.records
    if told is None:
        return None, None
    if told.in_body:
        path = told.by.strip("`")
        for place in frames:
            if ".".join(place.path) == path:
                return expression(place.path), told.number
        return None, told.number
    name = next((known for known in answer.headers if known.lower() == told.by.lower()), None)
    return (f"header:{told.by}", told.number) if name is not None else (None, told.number)


def _variables(body: object) -> list[str]:
    """The variables of a GraphQL query that a cursor goes into."""
    query = body.get("query") if isinstance(body, dict) else None
    return _VARIABLE.findall(query) if isinstance(query, str) else []


def _with_variable(body: object, placeholder: str, wanted: Sequence[str]) -> object:
    """Put a placeholder where the body has a variable for it; None where it has none."""
    if not isinstance(body, dict):
        return None
    given = body.get("variables")
    variables = dict(given) if isinstance(given, dict) else {}
    for name in (*wanted, "after", "cursor", "pageToken"):
        if name in variables or name in wanted:
            return {**body, "variables": {**variables, name: placeholder}}
    for name in ("cursor", "after", "page_token", "pageToken", "nextToken"):
        if name in body:
            return {**body, name: placeholder}
    if "query" in body:
        return None
    return {**body, "cursor": placeholder}


def _with_number(body: object, placeholder: str, known: Sequence[str]) -> object:
    """Put a placeholder where the body has a page's number; None where it has none."""
    if isinstance(body, list):
        for at, part in enumerate(body):
            inner = _with_number(part, placeholder, known)
            if inner is not None:
                return [*body[:at], inner, *body[at + 1 :]]
    elif isinstance(body, dict):
        named = [name for name, value in body.items() if _is_named(value, known)]
        for name, value in body.items():
            # Some take a page as { key = "page", value = 1 }.
            is_value = bool(named) and names.plain(str(name)) == "value"
            if _is_number(value) and (is_value or names.plain(str(name)) in known):
                return {**body, name: placeholder}
            inner = _with_number(value, placeholder, known)
            if inner is not None:
                return {**body, name: inner}
    return None


def _is_named(value: object, known: Sequence[str]) -> bool:
    return isinstance(value, str) and names.plain(value) in known


def _is_number(value: object) -> bool:
    return type(value) is int or (isinstance(value, str) and value.isascii() and value.isdigit())
