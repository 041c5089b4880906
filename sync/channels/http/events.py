"""The events of an `http` channel: what moved, described in the configuration.

A cursor says where the next reading goes on. Without one in the answer, the newest event's time is
the cursor.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from urllib.parse import quote

from store.event_kinds import Event, EventKind
from store.model import Millis, Refused
from sync import values
from sync.channels import event_decoding
from sync.channels.api.expressions import ERROR, search
from sync.channels.base import EventPage
from sync.channels.http.client import ApiClient
from sync.channels.http.event_table import PLACEHOLDER, EventOptions
from sync.channels.http.listing import paging
from sync.channels.http.listing.nested import ChildReader
from sync.channels.http.listing.pages import PageBody, PageReader, PageRequest
from sync.channels.http.listing.paging import (
    CURSOR_LENGTH_MAX,
    Pager,
    SoFar,
    is_whole,
    may_be_a_bound,
)
from sync.channels.http.listing.records import REFUSED_MAX
from sync.channels.http.listing.walk import EMPTY_MAX, REPEATED_MAX
from sync.clock import Clock, from_rfc3339, rfc3339
from sync.errors import ContractBroken

PAGES_MAX = 10_000
OVERLAP_MS = 5 * 60_000
"""How far before its cursor a channel is asked again: clocks differ, and events come late."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", re.ASCII)


class EventDecoder:
    """Turns a page's items into events; a bad one is refused alone."""

    def __init__(
        self, fields: Mapping[str, str], words: Mapping[str, EventKind], zone: tzinfo = UTC
    ) -> None:
        self._zone = zone
        self._plan = [(name, search(expression)) for name, expression in fields.items()]
        self._words = words or event_decoding.WORDS

    def all(
        self, items: Sequence[object], place: str, now: Millis | None = None
    ) -> tuple[list[Event], list[Refused]]:
        """Decode a list. A refused event's place is its own id, or `place` and its number from 1.

        `now`: for times that a clock that was put back makes doubtful.

        Raises ContractBroken for more than `REFUSED_MAX` bad events.
        """
        events: list[Event] = []
        refused: list[Refused] = []
        for number, item in enumerate(items, 1):
            found: dict[str, object] = {}
            try:
                self._find(item, found)
                events.append(event_decoding.event(found, self._words, zone=self._zone, now=now))
            except ValueError as error:
                where = _named(found, f"{place}, event {number}")
                refused.append(Refused(where, str(error), values.sku_or_none(found.get("sku"))))
                if len(refused) > REFUSED_MAX:
                    words = f"more than {REFUSED_MAX:,} events of a page can't be read"
                    raise ContractBroken(f"{error}; {words}", path=where) from None
        return events, refused

    def _find(self, item: object, found: dict[str, object]) -> None:
        if not isinstance(item, dict):
            raise ValueError(f"{values.quoted(item)} is not an event")  # noqa: TRY004
        trouble = ""
        for name, look in self._plan:
            try:
                found[name] = look(item)
            except ERROR as error:
                trouble = trouble or f"`{name}`: {' '.join(str(error).split())}"
        if trouble:
            raise ValueError(trouble)


@dataclass(slots=True)
class _Walk:
    """One reading of a channel's events, page after page."""

    asked: str
    """The cursor that the page was asked with."""
    kept: str | None
    """Where to go on next time, as far as it is known."""
    pager: Pager
    children: ChildReader | None
    has_total: bool
    seen: set[str] = field(default_factory=set)
    before: frozenset[Event] = frozenset()
    """The events of the page before: an instant's cursor shows the last of them once more."""
    newest: Millis = 0
    in_order: bool = True
    """Oldest first, so far: only then may a reading that ends early go on from its last page."""
    items: Sequence[object] = ()
    pages: int = 0
    count: int = 0
    """Of what the API counts, such as orders."""
    empty: int = 0
    repeated: int = 0

    def take(self, page: PageBody) -> SoFar:
        """Note a page of `next` or `paging`; answer what has come."""
        self.pages += 1
        is_repeated = bool(page.items) and page.items == self.items
        self.count += 0 if is_repeated else page.count
        told = page.announced.records
        announced = None if told is None else told.number
        total = told if self.has_total else None
        return SoFar(self.pages, self.count, total, announced, is_repeated=is_repeated)

    def no_end(self, page: PageBody) -> str:
        """Take a page that leads on; say how it shows that the pages have no end, if it does."""
        items = page.items
        self.empty = 0 if page.count else self.empty + 1
        self.repeated = self.repeated + 1 if items and items == self.items else 0
        self.items = items or self.items
        if self.empty >= EMPTY_MAX:
            return f"leads on, but {EMPTY_MAX} pages in a row had no event"
        if self.repeated >= REPEATED_MAX:
            return f"leads on, but the same events came {REPEATED_MAX + 1} times"
        return ""


class EventReader:
    """Reads what moved, by `EventOptions`. Stateless: the caller keeps the cursor."""

    def __init__(
        self, name: str, events: EventOptions, clock: Clock, client: ApiClient, zone: tzinfo = UTC
    ) -> None:
        self._name = name
        self._events = events
        self._clock = clock
        self._client = client
        self._pages = PageReader(name, client, events)
        self._decode = EventDecoder(events.fields, events.kinds, zone)
        self._cursor = search(events.cursor) if events.cursor else None
        self._by_cursor = events.next is None and events.paging is None
        """The cursor leads on from page to page, too."""

    async def read(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved after `cursor`. Raises what fetching does, and ContractBroken."""
        # An instant's cursor is asked again with an overlap, for events that came late or within
        # the same instant; what comes twice is recognised by its id. Any other cursor is opaque.
        since = _instant(cursor)
        asked = (cursor or "") if since is None else _utc(since - OVERLAP_MS)
        walk = _Walk(asked, cursor, self._pager(asked), self._children(), bool(self._events.total))
        request = walk.pager.first()
        for number in range(1, PAGES_MAX + 1):
            place = f"events page {number}"
            if request.key in walk.seen:
                raise ContractBroken(
                    "leads back to a page already read", path=place, subject=self._name
                )
            walk.seen.add(request.key)
            page = await self._pages.page(request, place)
            events, refused = await self._decoded(walk, page, place)
            new = [event for event in events if event not in walk.before]
            page_cursor = self._page_cursor(walk, page, events, place)
            following = self._following(walk, page, page_cursor, place)
            # Only an instant's cursor shows the last events once more. From an opaque one a repeat
            # would be a fault of the channel's, and is kept, so that it is counted as one.
            walk.before = frozenset(events) if _instant(walk.asked) else frozenset()
            # Pages that are newest first must be read to the end before the cursor may move on:
            # a reading that breaks off in between would otherwise skip all the older events.
            is_kept = self._by_cursor or walk.in_order or following is None
            yield EventPage(new, refused, cursor=walk.kept if is_kept else None, again_until=since)
            if following is None:
                return
            if words := walk.no_end(page):
                raise ContractBroken(words, path=place, subject=self._name)
            request = following
        raise ContractBroken(
            "still not the last page", path=f"events page {PAGES_MAX}", subject=self._name
        )

    def _pager(self, asked: str) -> Pager:
        url = self._events.url.replace(PLACEHOLDER, quote(asked, safe=""))
        is_ours = self._events.is_paged_by_cursor
        return paging.pager(self._events, url, {} if is_ours else {"$cursor": asked or None})

    def _children(self) -> ChildReader | None:
        if self._events.each is None:
            return None
        return ChildReader(self._name, self._client, self._events, is_strict=True)

    async def _decoded(
        self, walk: _Walk, page: PageBody, place: str
    ) -> tuple[list[Event], list[Refused]]:
        now = self._clock.now()
        if walk.children is None:
            return self._decode.all(page.items, place, now)
        found = await walk.children.of(page.items, f"{place}, ")
        events, refused = self._decode.all(found.items, place, now)
        return events, [*found.refused, *refused]

    def _following(
        self, walk: _Walk, page: PageBody, page_cursor: str | None, place: str
    ) -> PageRequest | None:
        """The request of the page after this one; None where it was the last."""
        if not self._by_cursor:
            so_far = walk.take(page)
            try:
                following = walk.pager.after(page, so_far)
            except ValueError as error:
                raise ContractBroken(str(error), path=place, subject=self._name) from None
            if following is None and page.content is not None:
                self._refuse_cut_short(so_far, page, place)
            return following
        if not page.items or page_cursor is None or not self._events.has_cursor:
            return None
        if not _is_further(walk.asked, page_cursor):
            return None
        walk.asked = page_cursor
        return self._pager(page_cursor).first()

    def _refuse_cut_short(self, so_far: SoFar, page: PageBody, place: str) -> None:
        words = ""
        if so_far.total is not None and so_far.total.number > so_far.count:
            words = f"{so_far.total.by} announces {so_far.total.number:,}, {so_far.count:,} came"
        elif so_far.is_repeated and so_far.pages == 2 and may_be_a_bound(page.count):  # noqa: PLR2004
            words = "page 2 is page 1 once more: add events.total or events.paging.size"
        if words:
            raise ContractBroken(f"cut short: {words}", path=place, subject=self._name)

    def _page_cursor(
        self, walk: _Walk, page: PageBody, events: Sequence[Event], place: str
    ) -> str | None:
        """Note where this page leads on; answer its cursor, None where it has none."""
        # An event of the future is refused further on. If its time became the cursor, everything
        # that happens until then would never be asked for.
        now = self._clock.now()
        times = [event.at for event in events if event.at <= now + OVERLAP_MS]
        walk.in_order = walk.in_order and times == sorted(times)
        walk.in_order = walk.in_order and min(times, default=walk.newest) >= walk.newest
        walk.newest = max([*times, walk.newest])
        if self._cursor is not None:
            page_cursor = self._decoded_cursor(page.content, place)
        else:
            page_cursor = _utc(walk.newest) if walk.newest else None
        if page_cursor is not None:
            walk.kept = _later(walk.kept, page_cursor, now)
        return page_cursor

    def _decoded_cursor(self, content: object, place: str) -> str | None:
        """Find the page's cursor: text or a whole number; an instant comes in UTC."""
        try:
            found = self._cursor(content) if self._cursor else None
        except ERROR as error:
            words = f"`{self._events.cursor}` can't be evaluated"
            raise ContractBroken(words, path=place, subject=self._name) from error
        if found is None or found == "":
            return None
        text = str(found) if type(found) is int else found
        if not isinstance(text, str) or len(text) > CURSOR_LENGTH_MAX or not is_whole(text):
            words = f"`{self._events.cursor}` found {values.quoted(found)}, not a cursor"
            raise ContractBroken(words, path=place, subject=self._name)
        at = _instant(text)
        return text if at is None else _utc(at)


def _named(found: Mapping[str, object], place: str) -> str:
    """Name an event by its own id, which a person can look up, or else by where it stands."""
    try:
        return f"event {event_decoding.identity(found.get('id'))}"
    except ValueError:
        return place


def _instant(cursor: str | None) -> Millis | None:
    """Read a cursor as an instant; None where it is opaque, as a date without a time is."""
    if cursor is None or not _INSTANT.fullmatch(cursor):
        return None
    try:
        at = from_rfc3339(cursor)
    except (ValueError, OverflowError):
        return None
    return at if at > OVERLAP_MS else None


def _utc(at: Millis) -> str:
    text = rfc3339(at)
    assert text is not None
    return text


def _later(kept: str | None, page_cursor: str, now: Millis) -> str:
    """Which of two cursors to go on from: the later instant, at most now; else the newer text."""
    before, after = _instant(kept), _instant(page_cursor)
    if after is None:
        return page_cursor
    return _utc(max(before or 0, min(after, now)))


def _is_further(asked: str, page_cursor: str) -> bool:
    """Whether a page leads further than it was asked from."""
    before, after = _instant(asked), _instant(page_cursor)
    if before is not None and after is not None:
        return after > before
    return page_cursor != asked
