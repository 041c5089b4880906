"""Events of the http kind: cursors of every sort, pages, overlap, and what can't be an event."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from store.event_kinds import EventKind
from sync.channels.http.events import OVERLAP_MS, EventDecoder
from sync.channels.http.kind import abilities
from sync.channels.http.options import HttpOptions
from sync.clock import SystemClock, from_rfc3339, rfc3339
from sync.errors import ContractBroken, Temporary
from tests.contract.backends import Market
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    EventsRead,
    OverHttp,
    event_poll,
    opened,
    over_http,
    read_events,
)
from tests.loopback import Answer, ReceivedRequest

FIELDS = {"id": "id", "kind": "kind", "sku": "sku", "quantity": "n", "at": "at"}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


class Feed(Market):
    """A market whose events the test describes and answers itself."""

    events: dict[str, Any]

    def table(self, url: str) -> dict[str, Any]:
        own = {"url": f"{url}/events?after={{cursor}}", "items": "events", "fields": FIELDS}
        given = {name: value for name, value in {**own, **self.events}.items() if value is not None}
        given["url"] = given["url"].replace("HOST", url)
        return {**super().table(url), "events": given}


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[OverHttp]:
    backend = Feed()
    backend.events = {}
    with over_http(backend, tmp_path) as harness:
        yield harness


def describe(feed: OverHttp, **events: Any) -> None:
    assert isinstance(feed.backend, Feed)
    feed.backend.events = events


def answer(feed: OverHttp, *pages: object) -> None:
    """Answer the requests in turn with these, the last one for ever."""
    left = list(pages)

    def report(asked: ReceivedRequest) -> Answer:
        page = left.pop(0) if len(left) > 1 else left[0]
        return page if isinstance(page, Answer) else Answer(page)

    feed.front.spoil = report


def asked(feed: OverHttp) -> list[str]:
    """The cursors that the channel was asked with, in order."""
    queries = [parse_qs(urlsplit(request.path).query) for request in feed.server.asked]
    return [query.get("after", [""])[0] for query in queries]


def ago(ms: int) -> str:
    text = rfc3339(SystemClock().now() - ms)
    assert text is not None
    return text


def sale(number: int, at: str, **changes: Any) -> dict[str, Any]:
    return {"id": number, "kind": "ordered", "sku": "A-1", "n": 1, "at": at, **changes}


def ids(found: EventsRead) -> list[str]:
    return [event.id for event in found.events]


async def test_the_first_question_has_an_empty_cursor(feed: OverHttp) -> None:
    answer(feed, {"events": []})

    assert (await read_events(feed)).cursor is None
    assert asked(feed) == [""]


async def test_an_opaque_cursor_is_asked_as_it_is_and_nothing_twice(feed: OverHttp) -> None:
    describe(feed, cursor="cursor")
    answer(
        feed, {"events": [sale(1, ago(0))], "cursor": "a b/1"}, {"events": [], "cursor": "a b/1"}
    )

    found = await read_events(feed, "x&y")

    assert asked(feed) == ["x&y", "a b/1"]
    assert found.cursor == "a b/1"
    assert found.pages[0].again_until is None


async def test_a_number_is_a_cursor_too_and_no_date(feed: OverHttp) -> None:
    describe(feed, cursor="cursor")
    answer(feed, {"events": [sale(1, ago(0))], "cursor": 20261123}, {"events": []})

    assert (await read_events(feed)).cursor == "20261123"
    assert asked(feed) == ["", "20261123"]


async def test_an_instant_is_kept_in_utc_and_asked_again_with_an_overlap(feed: OverHttp) -> None:
    describe(feed, cursor="cursor")
    answer(feed, {"events": [], "cursor": "2026-11-22T12:00:00+05:30"})

    found = await read_events(feed, "2026-11-22T06:00:00.000Z")

    assert asked(feed) == ["2026-11-22T05:55:00.000Z"]
    assert found.cursor == "2026-11-22T06:30:00.000Z"
    assert found.pages[0].again_until == from_rfc3339("2026-11-22T06:00:00Z")


async def test_a_cursor_never_goes_back(feed: OverHttp) -> None:
    describe(feed, cursor="cursor")
    answer(feed, {"events": [sale(1, "2026-11-22T05:57:00Z")], "cursor": "2026-11-22T05:57:00Z"},
           {"events": [], "cursor": "2026-11-22T05:57:00Z"})  # fmt: skip

    assert (await read_events(feed, "2026-11-22T06:00:00Z")).cursor == "2026-11-22T06:00:00.000Z"


async def test_without_a_cursor_the_newest_event_leads_on(feed: OverHttp) -> None:
    first, second = ago(9_000), ago(3_000)
    answer(feed, {"events": [sale(1, first), sale(2, second)]}, {"events": [sale(2, second)]})

    found = await read_events(feed)

    assert asked(feed) == ["", second]
    assert ids(found) == ["1", "2"]
    assert found.cursor == second


async def test_where_the_url_has_no_cursor_everything_is_reported_each_time(feed: OverHttp) -> None:
    describe(feed, url="HOST/events")
    at = ago(60_000)
    answer(feed, {"events": [sale(1, at)]})

    found = await read_events(feed, at)

    assert len(feed.server.asked) == 1
    assert ids(found) == ["1"]
    assert found.pages[0].again_until == from_rfc3339(at)


async def test_an_event_still_to_come_does_not_lead_past_now(feed: OverHttp) -> None:
    at = ago(5_000)
    answer(feed, {"events": [sale(1, at), sale(2, "9999-12-31T23:59:59Z")]}, {"events": []})

    assert (await read_events(feed)).cursor == at


async def test_a_cursor_still_to_come_is_not_kept(feed: OverHttp) -> None:
    describe(feed, cursor="cursor")
    answer(feed, {"events": [], "cursor": "9999-12-31T23:59:59Z"})

    kept = (await read_events(feed)).cursor

    assert kept is not None
    assert from_rfc3339(kept) <= SystemClock().now()


async def test_a_cursor_of_no_year_that_can_be_written_is_opaque(feed: OverHttp) -> None:
    describe(feed, cursor="cursor")
    answer(feed, {"events": [], "cursor": "9999-12-31T23:59:59.9999Z"})

    assert (await read_events(feed)).cursor == "9999-12-31T23:59:59.9999Z"


async def test_a_cursor_that_circles_breaks_the_contract(feed: OverHttp) -> None:
    describe(feed, cursor="cursor")
    page = {"events": [sale(1, ago(0))], "cursor": "a"}
    answer(feed, page, {**page, "cursor": "b"}, {**page, "cursor": "a"})

    with pytest.raises(ContractBroken, match="leads back to a page already read"):
        await read_events(feed)


@pytest.mark.parametrize(
    ("items", "words", "pages"),
    [
        ([], "leads on, but 100 pages in a row had no event", 100),
        ([{"id": 1}], "leads on, but the same events came 4 times", 4),
    ],
)
async def test_pages_of_events_without_end_end_at_a_bound(
    feed: OverHttp, items: list[object], words: str, pages: int
) -> None:
    describe(feed, next="next")
    numbers = itertools.count()
    feed.front.spoil = lambda _asked: Answer({"events": items, "next": f"/e?{next(numbers)}"})

    with pytest.raises(ContractBroken, match=words):
        await read_events(feed)
    assert len(feed.server.asked) == pages


@pytest.mark.parametrize("cursor", [[], {"a": 1}, True, 1.5, "x" * 5000, "\ud800"])
async def test_what_is_no_cursor_breaks_the_contract(feed: OverHttp, cursor: object) -> None:
    describe(feed, cursor="cursor")
    answer(feed, {"events": [sale(1, ago(0))], "cursor": cursor})

    with pytest.raises(ContractBroken) as caught:
        await read_events(feed)

    assert caught.value.path == "events page 1"


async def test_pages_are_followed_by_their_urls(feed: OverHttp) -> None:
    describe(feed, next="next", cursor="cursor")
    first_page = {"events": [sale(1, ago(9_000))], "next": "?page=2", "cursor": "c1"}
    answer(feed, first_page, {"events": [sale(2, ago(3_000))], "next": None, "cursor": "c2"})

    found = await read_events(feed)

    assert ids(found) == ["1", "2"]
    assert [page.cursor for page in found.pages] == ["c1", "c2"]


async def test_the_next_page_never_leads_to_another_host(feed: OverHttp) -> None:
    describe(feed, next="next")
    answer(feed, {"events": [], "next": "http://127.0.0.2:9/events"})

    with pytest.raises(ContractBroken):
        await read_events(feed)


async def test_newest_first_a_reading_that_ends_early_keeps_no_cursor(feed: OverHttp) -> None:
    """The older events of the pages that were not read would be lost."""
    describe(feed, next="next")
    first_page = {"events": [sale(2, ago(3_000)), sale(1, ago(9_000))], "next": "?page=2"}
    answer(feed, first_page, Answer(status=503))

    pages = []
    try:
        async with opened(feed) as channel:
            async for page in channel.events(None):  # type: ignore[attr-defined]
                pages.append(page)  # noqa: PERF401 - those before the error count.
    except Temporary:
        assert [page.cursor for page in pages] == [None]
    else:
        pytest.fail("it read a page that was not there")


async def test_a_channel_without_the_block_tells_nothing(feed: OverHttp) -> None:
    keys = feed.table()
    del keys["events"]
    feed.table = lambda: keys  # type: ignore[method-assign]
    async with opened(feed) as channel:
        assert not channel.abilities.events
        assert (await event_poll(channel)).pages == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "no id"),
        ({"id": ""}, "no id"),
        ({"id": True}, "the id is true"),
        ({"id": "x" * 201}, "the id is"),
        ({"id": "bell\x07"}, "the id is"),
        ({"kind": "refunded"}, "not a kind of event; known: ordered, cancelled"),
        ({"kind": None}, "nothing is not a kind of event"),
        ({"sku": ""}, "the SKU is empty"),
        ({"sku": "esc\x1b"}, "invisible"),
        ({"n": 1.5}, "the quantity: 1.5 is not a whole number"),
        ({"n": 10**13}, "is too large: at most 1,000,000,000,000"),
        ({"n": 0}, "moves nothing"),
        ({"n": -2}, "only that of `adjusted` may be negative"),
        ({"n": "two"}, '"two" is not a whole number'),
        ({"at": None}, "no time"),
        ({"at": "yesterday"}, "is not a time such as 2026-11-23T14:02:11Z"),
        ({"at": "0001-01-01T00:00:00Z"}, "before 1970"),
    ],
)
def test_a_bad_event_is_refused_alone(changes: dict[str, Any], reason: str) -> None:
    good = sale(1, "2026-11-22T06:00:00Z")
    decoder = EventDecoder(FIELDS, {})

    events, refused = decoder.all([good, {**good, "id": 2, **changes}, 7], "events page 1")

    assert [event.id for event in events] == ["1"]
    assert [event.sku for event in refused][1:] == [None]
    assert reason in refused[0].reason
    assert refused[0].place == ("events page 1, event 2" if "id" in changes else "event 2")
    assert refused[1].place == "events page 1, event 3"


def test_words_orders_and_locations_are_the_channels_own() -> None:
    fields = {**FIELDS, "location": "loc", "order": "order.no"}
    decoder = EventDecoder(fields, {"1": EventKind.SHIPPED})
    item = sale(1, "2026-11-22T06:00:00", kind=1, loc=4, order={"no": 77})

    ((event,), refused) = decoder.all([item], "events")

    assert refused == []
    assert (event.kind, event.location, event.order) == (EventKind.SHIPPED, "4", "77")
    assert event.at == from_rfc3339("2026-11-22T06:00:00Z")


BASE: dict[str, Any] = {
    "url": "http://h/stock",
    "items": "items",
    "fields": {"sku": "sku", "available": "n"},
}
EVENTS: dict[str, Any] = {"url": "http://h/e?a={cursor}", "items": "e", "fields": FIELDS}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "ftp://h/e"}, "events.url must begin with"),
        ({"url": "http://other/e"}, "events.url must be on the same host"),
        ({"url": "http://{cursor}/e"}, "events.url must be on the same host"),
        ({"url": "http://me:pw@h/e"}, "events.url must not contain a user"),
        ({"items": "a["}, "events.items is not a JMESPath"),
        ({"cursor": "a["}, "events.cursor is not a JMESPath"),
        ({"url": "http://h/e", "cursor": "c"}, "events.cursor has no effect without"),
        ({"fields": {**FIELDS, "who": "w"}}, 'events.fields "who" is not a field; known: id, kind'),
        ({"fields": {"id": "id"}}, "events.fields needs kind"),
    ],
)
def test_a_wrong_description_names_its_key(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message.replace("[", r"\[")):
        msgspec.convert({**BASE, "events": {**EVENTS, **changes}}, HttpOptions)


def test_the_overlap_is_five_minutes_and_without_the_block_there_are_no_events() -> None:
    assert OVERLAP_MS == 300_000
    assert abilities(msgspec.convert({**BASE, "events": EVENTS}, HttpOptions)).events
    assert not abilities(msgspec.convert(BASE, HttpOptions)).events
