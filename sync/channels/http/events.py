"""The events of an `http` channel: what moved, described in the configuration.

A cursor says where the next reading goes on. Without one in the answer, the newest event's time is
the cursor.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import jmespath.exceptions
import msgspec

from store.event_kinds import Event, EventKind
from store.model import Millis, Refused
from sync import values
from sync.channels import event_decoding
from sync.channels.base import EventPage
from sync.channels.http.expressions import search
from sync.channels.http.listing.pages import PageBody, PageReader
from sync.channels.http.listing.records import REFUSED_MAX
from sync.channels.http.listing.walk import EMPTY_MAX, REPEATED_MAX
from sync.clock import Clock, from_rfc3339, rfc3339
from sync.errors import ContractBroken

PAGES_MAX = 10_000
OVERLAP_MS = 5 * 60_000
"""How far before its cursor a channel is asked again: clocks differ, and events come late."""

CURSOR_LENGTH_MAX = 2_000
PLACEHOLDER = "{cursor}"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", re.ASCII)


class EventOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.events]`: where the channel reports what moved."""

    url: str
    """`{cursor}` stands for where to go on; it is empty the first time."""
    items: str
    fields: dict[str, str]
    cursor: str | None = None
    """JMESPath to where to go on; without it, the newest event's time."""
    next: str | None = None
    """JMESPath to the next page's URL. Without it, the cursor leads on."""
    kinds: dict[str, EventKind] = {}
    """The channel's word → our kind. Empty: its words are ours."""

    def expressions(self) -> Mapping[str, str | None]:
        """Every JMESPath of the table, by its key."""
        given = {"items": self.items, "cursor": self.cursor, "next": self.next, **self.fields}
        return {f"events.{name}": expression for name, expression in given.items()}

    def check(self) -> None:
        """Raise ValueError, beginning with the key, for what does not belong together."""
        unknown = [name for name in self.fields if name not in event_decoding.FIELDS]
        if unknown:
            known = ", ".join(event_decoding.FIELDS)
            raise ValueError(
                f"events.fields {values.quoted(unknown[0])} is not a field; known: {known}"
            )
        lacking = [name for name in event_decoding.REQUIRED if name not in self.fields]
        if lacking:
            raise ValueError(f"events.fields needs {lacking[0]}")
        if self.cursor is not None and PLACEHOLDER not in self.url:
            raise ValueError(f"events.cursor has no effect without {PLACEHOLDER} in events.url")


class EventDecoder:
    """Turns a page's items into events; a bad one is refused alone."""

    def __init__(self, fields: Mapping[str, str], words: Mapping[str, EventKind]) -> None:
        self._plan = [(name, search(expression)) for name, expression in fields.items()]
        self._words = words or event_decoding.WORDS

    def all(self, items: Sequence[object], place: str) -> tuple[list[Event], list[Refused]]:
        """Decode a list. A refused event's place is its own id, or `place` and its number from 1.

        Raises ContractBroken for more than `REFUSED_MAX` bad events.
        """
        events: list[Event] = []
        refused: list[Refused] = []
        for number, item in enumerate(items, 1):
            found: dict[str, object] = {}
            try:
                self._find(item, found)
                events.append(event_decoding.event(found, self._words))
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
            except jmespath.exceptions.JMESPathError as error:
                trouble = trouble or f"`{name}`: {' '.join(str(error).split())}"
        if trouble:
            raise ValueError(trouble)


@dataclass(slots=True)
class _Walk:
    """One reading of a channel's events, page after page."""

    url: str
    asked: str
    """The cursor that the page was asked with."""
    kept: str | None
    """Where to go on next time, as far as it is known."""
    seen: set[str] = field(default_factory=set)
    before: frozenset[Event] = frozenset()
    """The events of the page before: an instant's cursor shows the last of them once more."""
    newest: Millis = 0
    in_order: bool = True
    """Oldest first, so far: only then may a reading that ends early go on from its last page."""
    items: Sequence[object] = ()
    empty: int = 0
    repeated: int = 0

    def no_end(self, items: Sequence[object]) -> str:
        """Take a page that leads on; say how it shows that the pages have no end, if it does."""
        self.empty = 0 if items else self.empty + 1
        self.repeated = self.repeated + 1 if items and items == self.items else 0
        self.items = items or self.items
        if self.empty >= EMPTY_MAX:
            return f"leads on, but {EMPTY_MAX} pages in a row had no event"
        if self.repeated >= REPEATED_MAX:
            return f"leads on, but the same events came {REPEATED_MAX + 1} times"
        return ""


class EventReader:
    """Reads what moved, by `EventOptions`. Stateless: the caller keeps the cursor."""

    def __init__(self, name: str, events: EventOptions, clock: Clock, pages: PageReader) -> None:
        self._name = name
        self._events = events
        self._clock = clock
        self._pages = pages
        self._decode = EventDecoder(events.fields, events.kinds)
        self._cursor = search(events.cursor) if events.cursor else None

    async def read(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved after `cursor`. Raises what fetching does, and ContractBroken."""
        # An instant's cursor is asked again with an overlap, for events that came late or within
        # the same instant; what comes twice is recognised by its id. Any other cursor is opaque.
        since = _instant(cursor)
        asked = (cursor or "") if since is None else _utc(since - OVERLAP_MS)
        walk = _Walk(self._url_for(asked), asked, cursor)
        for number in range(1, PAGES_MAX + 1):
            place = f"events page {number}"
            if walk.url in walk.seen:
                raise ContractBroken(
                    "leads back to a page already read", path=place, subject=self._name
                )
            walk.seen.add(walk.url)
            body = await self._pages.page(walk.url, place)
            events, refused = self._decode.all(body.items, place)
            new = [event for event in events if event not in walk.before]
            page_cursor = self._page_cursor(walk, body, events, place)
            following = self._next_url(walk, body, page_cursor)
            # Only an instant's cursor shows the last events once more. From an opaque one a repeat
            # would be a fault of the channel's, and is kept, so that it is counted as one.
            walk.before = frozenset(events) if _instant(walk.asked) else frozenset()
            by_cursor = self._events.next is None
            # Pages that are newest first must be read to the end before the cursor may move on:
            # a reading that breaks off in between would otherwise skip all the older events.
            kept = walk.kept if by_cursor or walk.in_order or following is None else None
            yield EventPage(new, refused, cursor=kept, again_until=since)
            if following is None:
                return
            if words := walk.no_end(body.items):
                raise ContractBroken(words, path=place, subject=self._name)
            walk.url = following
        raise ContractBroken(
            "still not the last page", path=f"events page {PAGES_MAX}", subject=self._name
        )

    def _page_cursor(
        self, walk: _Walk, body: PageBody, events: Sequence[Event], place: str
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
            page_cursor = self._decoded_cursor(body.content, place)
        else:
            page_cursor = _utc(walk.newest) if walk.newest else None
        if page_cursor is not None:
            walk.kept = _later(walk.kept, page_cursor, now)
        return page_cursor

    def _next_url(self, walk: _Walk, body: PageBody, page_cursor: str | None) -> str | None:
        """The URL of the page after this one; None where it was the last."""
        if self._events.next is not None:
            return body.following
        if not body.items or page_cursor is None or PLACEHOLDER not in self._events.url:
            return None
        if not _is_further(walk.asked, page_cursor):
            return None
        walk.asked = page_cursor
        return self._url_for(page_cursor)

    def _decoded_cursor(self, content: object, place: str) -> str | None:
        """Find the page's cursor: text or a whole number; an instant comes in UTC."""
        try:
            found = self._cursor(content) if self._cursor else None
        except jmespath.exceptions.JMESPathError as error:
            words = f"`{self._events.cursor}` can't be evaluated"
            raise ContractBroken(words, path=place, subject=self._name) from error
        if found is None or found == "":
            return None
        text = str(found) if type(found) is int else found
        if not isinstance(text, str) or len(text) > CURSOR_LENGTH_MAX or not _is_whole(text):
            words = f"`{self._events.cursor}` found {values.quoted(found)}, not a cursor"
            raise ContractBroken(words, path=place, subject=self._name)
        at = _instant(text)
        return text if at is None else _utc(at)

    def _url_for(self, cursor: str) -> str:
        return self._events.url.replace(PLACEHOLDER, quote(cursor, safe=""))


def _is_whole(text: str) -> bool:
    """Whether a text can be sent and stored: JSON can hold half of a surrogate pair."""
    return all(not "\ud800" <= character <= "\udfff" for character in text)


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
