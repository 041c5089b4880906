"""A described list that is not whole, moves while it is read, or never ends."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from store.model import Record
from sync.channels.base import RecordPage, Sighting
from sync.channels.http.channel import HttpApi, open_channel
from sync.channels.http.listing import walk
from sync.channels.http.options import HttpOptions
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary
from sync.transport.transport import Transport
from tests.contract.harness import QuickClock, change
from tests.loopback import Answer, Loopback, ReceivedRequest, serving

FIELDS = {"sku": "sku", "available": "qty"}


class Api:
    """A shop's API that a test scripts, and the channel that is described of it."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.keys: dict[str, Any] = {}

    def answers(self, answer: Callable[[ReceivedRequest], Answer]) -> None:
        self.server.answer = answer

    def pages(self, *pages: object) -> None:
        """Each page leads on to the next by its `next`."""

        def answer(asked: ReceivedRequest) -> Answer:
            number = int(parse_qs(urlsplit(asked.path).query).get("page", ["0"])[0])
            page = pages[number]
            if isinstance(page, list):
                more = number + 1 < len(pages)
                return Answer({"items": page, "next": f"?page={number + 1}" if more else None})
            return Answer(page)

        self.answers(answer)
        self.keys.setdefault("next", "next")

    def channel(self) -> HttpApi:
        keys = {"url": f"{self.server.url}/stock", "items": "items", "fields": FIELDS, **self.keys}
        options = msgspec.convert(keys, HttpOptions)
        transport = Transport("shop", self.server.url, clock=QuickClock())
        return open_channel("shop", options, transport, QuickClock(), Path())

    async def poll(self) -> list[RecordPage]:
        channel = self.channel()
        try:
            return [page async for page in channel.pages()]
        finally:
            await channel.close()

    async def try_out(self) -> Sighting:
        channel = self.channel()
        try:
            return await channel.try_out()
        finally:
            await channel.close()


@pytest.fixture
def api() -> Iterator[Api]:
    with serving(lambda _asked: Answer({"items": []})) as server:
        yield Api(server)


def rows(start: int, end: int, **more: Any) -> list[dict[str, Any]]:
    return [{"sku": f"S-{number}", "qty": number, **more} for number in range(start, end)]


def skus(pages: list[RecordPage]) -> list[str]:
    return [record.sku for page in pages for record in page.records]


async def test_a_list_with_a_next_page_in_its_headers_is_not_whole(api: Api) -> None:
    headers = {"X-Total-Count": "35", "Link": f'<{api.server.url}/stock?page=2>; rel="next"'}
    api.answers(lambda _asked: Answer({"items": rows(0, 10)}, headers=headers))

    (page,) = await api.poll()
    sighting = await api.try_out()

    assert page.cut_short == (
        'cut short: X-Total-Count announces 35 records, 10 came; the `Link` header has rel="next"; '
        'no `next` is described, so no next page is read: add paging = { by = "link" }'
    )
    assert sighting.wrong == [page.cut_short]


async def test_a_list_that_says_what_it_has_and_has_it_is_whole(api: Api) -> None:
    api.answers(lambda _asked: Answer({"items": rows(0, 10), "total": 10, "has_more": False}))
    (page,) = await api.poll()
    assert (page.cut_short, page.announced, list(page.warnings)) == ("", 10, [])


async def test_a_total_of_the_units_is_no_count_of_the_records(api: Api) -> None:
    api.pages(
        {"items": rows(0, 4), "total": 28, "next": "?page=1"},
        {"items": rows(4, 8), "total": 28, "next": None},
    )
    pages = await api.poll()
    assert (pages[-1].cut_short, pages[-1].announced) == ("", 8)


async def test_a_followed_list_that_ends_too_soon_is_not_whole(api: Api) -> None:
    api.pages(
        {"items": rows(0, 3), "total": 9, "next": "?page=1"},
        {"items": rows(3, 6), "total": 9, "next": None},
    )
    assert (await api.poll())[-1].cut_short == "cut short: `total` announces 9 records, 6 came"


@pytest.mark.parametrize("totals", [(6, 5), (5, 6), (6, 6)])
async def test_a_total_that_moves_while_pages_are_read_cuts_nothing(
    api: Api, totals: tuple[int, int]
) -> None:
    api.pages(
        {"items": rows(0, 3), "total": totals[0], "next": "?page=1"},
        {"items": rows(3, 3 + min(totals) - 3), "total": totals[1], "next": None},
    )
    assert (await api.poll())[-1].cut_short == ""


async def test_a_full_page_of_an_address_with_a_limit_is_a_warning_only(api: Api) -> None:
    api.keys["url"] = f"{api.server.url}/stock?limit=10"
    api.answers(lambda _asked: Answer({"items": rows(0, 10)}))

    (page,) = await api.poll()

    assert page.cut_short == ""
    assert "; ".join(page.warnings) == (
        "exactly 10 records came, and the address has `limit`: there may be a next page, and no "
        "`next` is described"
    )
    assert (await api.try_out()).warnings == page.warnings


async def test_a_record_that_moved_to_the_next_page_comes_once(api: Api) -> None:
    """Somebody added a record in front while the list was read."""
    api.pages(rows(0, 5), rows(4, 8))
    pages = await api.poll()
    assert skus(pages) == [f"S-{number}" for number in range(8)]
    assert pages[-1].warnings == ["the list moved while it was read: 1 of its records came twice"]


async def test_a_record_that_was_sold_meanwhile_is_known_by_its_ref(api: Api) -> None:
    api.keys["fields"] = {**FIELDS, "ref": "id"}
    first = [{"sku": "A", "qty": 5, "id": 1}, {"sku": "B", "qty": 5, "id": 2}]
    api.pages(first, [{"sku": "B", "qty": 4, "id": 2}, {"sku": "C", "qty": 1, "id": 3}])
    assert skus(await api.poll()) == ["A", "B", "C"]


async def test_two_listings_of_a_sku_on_either_side_of_a_page_stay_two(api: Api) -> None:
    api.keys["fields"] = {**FIELDS, "ref": "id"}
    api.pages([{"sku": "A", "qty": 5, "id": 1}], [{"sku": "A", "qty": 5, "id": 2}])
    pages = await api.poll()
    assert skus(pages) == ["A", "A"]
    assert pages[-1].warnings == []


async def test_a_record_is_named_by_its_place_in_its_own_page(api: Api) -> None:
    api.pages(rows(0, 2), [*rows(1, 2), {"sku": "bad"}])
    (refused,) = (await api.poll())[-1].refused
    assert refused.place == "page 2, record 2"


def endless(items: Callable[[int], list[dict[str, Any]]]) -> Callable[[ReceivedRequest], Answer]:
    def answer(asked: ReceivedRequest) -> Answer:
        number = int(parse_qs(urlsplit(asked.path).query).get("page", ["0"])[0])
        return Answer({"items": items(number), "next": f"?page={number + 1}"})

    return answer


@pytest.mark.long
@pytest.mark.parametrize(
    ("items", "words", "pages"),
    [
        (lambda _n: [], "`next` leads on, but 100 pages in a row had no record", 100),
        (lambda _n: rows(0, 5), "`next` leads on, but the same records came 4 times", 4),
        (lambda n: rows(n, n + 1), "`next` still leads on after 120 pages", 120),
    ],
)
async def test_a_list_without_end_ends_at_a_bound_of_its_own(
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    items: Callable[[int], list[dict[str, Any]]],
    words: str,
    pages: int,
) -> None:
    monkeypatch.setattr(walk, "PAGES_MAX", 120)
    api.keys["next"] = "next"
    api.answers(endless(items))
    with pytest.raises(ContractBroken, match=words.replace("`", ".")):
        await api.poll()
    assert len(api.server.asked) == pages


async def test_some_empty_pages_before_the_next_record_are_no_end(api: Api) -> None:
    api.pages(rows(0, 2), *[[]] * 20, rows(2, 4))
    assert skus(await api.poll()) == ["S-0", "S-1", "S-2", "S-3"]


async def failure(api: Api) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await api.poll()
    return caught.value


async def test_an_error_in_a_page_of_success_fails_the_poll_with_the_shops_words(api: Api) -> None:
    api.pages(rows(0, 5), {"items": [], "next": None, "errors": [{"message": "index \x1b[2Jlost"}]})
    error = await failure(api)
    assert isinstance(error, ContractBroken)
    assert str(error) == "shop: page 2: answered with an error: index \ufffd[2Jlost"


async def test_a_throttle_in_a_page_is_tried_again_in_the_same_poll(api: Api) -> None:
    answers = [
        Answer({"items": rows(0, 2), "next": "?page=1"}),
        Answer({"items": None, "next": None, "errors": [{"message": "Throttled"}]}),
        Answer({"items": rows(2, 4), "next": None, "errors": []}),
    ]
    api.keys["next"] = "next"
    api.answers(lambda _asked: answers.pop(0))
    assert skus(await api.poll()) == ["S-0", "S-1", "S-2", "S-3"]


async def test_a_throttle_that_stays_is_temporary_and_says_when(api: Api) -> None:
    api.answers(lambda _asked: Answer({"error": "slow down, try again in 400 s"}))
    error = await failure(api)
    assert isinstance(error, Temporary)
    assert error.retry_after_s == 400
    assert len(api.server.asked) == 1


async def test_a_refused_credential_in_a_page_of_success_needs_the_operator(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cret-value")
    api.keys["token"] = {"env": "SHOP_TOKEN"}
    api.answers(lambda _asked: Answer({"errors": [{"message": "token s3cret-value is invalid"}]}))
    error = await failure(api)
    assert isinstance(error, NeedsOperator)
    assert "SHOP_TOKEN" in str(error)
    assert "token ••• is invalid" in str(error)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><html><head><title>Just a\nmoment</title>", 'instead: "Just a moment"'),
        (b"<html><body><h1>Down for <b>repair</b></h1>", '"Down for repair"'),
        (b"ERROR: no database", 'sent no JSON: "ERROR: no database"'),
        (b'{"items": [', "sent no JSON: "),
    ],
)
async def test_a_page_that_is_no_json_is_named_by_its_own_words(
    api: Api, body: bytes, words: str
) -> None:
    api.answers(lambda _asked: Answer(body))
    assert words in str(await failure(api))


async def test_a_page_that_only_has_a_message_shows_it_beside_what_is_lacking(api: Api) -> None:
    api.answers(lambda _asked: Answer({"message": "Welcome", "things": []}))
    assert str(await failure(api)) == (
        "shop: page 1: `items` found nothing; the page has message, things; it says: Welcome"
    )


def write_table(api: Api) -> None:
    api.keys["write"] = {
        "url": f"{api.server.url}/stock/{{sku}}",
        "body": {"qty": "$quantity"},
        "read": f"{api.server.url}/stock/{{sku}}",
    }


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({"errors": [{"message": "locked for counting"}]}, "WriteRejected", "locked for counting"),
        ({"userErrors": [{"message": "no"}]}, "WriteRejected", "no"),
        ({"data": {"set": {"userErrors": [{"message": "no"}]}}}, "WriteRejected", "no"),
        ({"error": {"code": 429, "message": "slow"}}, "Temporary", "slow"),
        ({"error": {"code": 503, "message": "oops"}}, "WriteOutcomeUnknown", "oops"),
        ({"data": {"set": {"id": 1}}, "errors": [{"message": "half"}]}, "WriteOutcomeUnknown",
         "half"),
        ({"error": "unauthorized"}, "NeedsOperator", "unauthorized"),
        (b"<html><title>Sign in</title>", "WriteOutcomeUnknown", "Sign in"),
        (b"Error: unknown SKU", "WriteRejected", "unknown SKU"),
    ],
)  # fmt: skip
async def test_an_error_after_a_write_is_what_it_says_and_is_sent_once(
    api: Api, body: object, error: str, words: str
) -> None:
    write_table(api)
    api.answers(lambda _asked: Answer(body))
    channel = api.channel()
    try:
        with pytest.raises(ChannelError, match=words) as caught:
            await channel.write([change(Record("S-1", 5), 3)])
    finally:
        await channel.close()
    assert type(caught.value).__name__ == error
    assert len(api.server.asked) == 1


@pytest.mark.parametrize("body", [b"", b"OK", {"sku": "S-1", "qty": 3, "message": "saved"}, []])
async def test_an_answer_that_complains_of_nothing_is_accepted(api: Api, body: object) -> None:
    write_table(api)
    api.answers(lambda _asked: Answer(body))
    channel = api.channel()
    try:
        (receipt,) = await channel.write([change(Record("S-1", 5), 3)])
    finally:
        await channel.close()
    assert receipt.refused is None


async def test_fields_that_no_record_has_are_named(api: Api) -> None:
    fields = {**FIELDS, "state": "state", "updated_at": "modifiedAt", "title": "t", "price": "p"}
    api.keys["fields"] = fields
    api.pages(rows(0, 3, status="archived", t=None), rows(3, 6, status="archived", t="", p=3))

    last = (await api.poll())[-1]
    sighting = await api.try_out()

    has = "a record has sku, qty, status, t"
    assert last.warnings == [
        f"fields.state: `state` found in 0 of 6 records; {has}, p",
        f"fields.updated_at: `modifiedAt` found in 0 of 6 records; {has}, p",
        "fields.title: `t` is empty in all 6 records",
    ]
    assert sighting.wrong == [
        f"fields.state: `state` found in 0 of 3 records; {has}",
        f"fields.updated_at: `modifiedAt` found in 0 of 3 records; {has}",
        f"fields.price: `p` found in 0 of 3 records; {has}",
    ]
    assert sighting.warnings == ["fields.title: `t` is empty in all 3 records"]


@pytest.mark.parametrize(
    ("single", "words"),
    [
        (Answer({"message": "no route"}, 404), "not found, though the list has it"),
        (Answer({"message": "no right"}, 403), "does not allow it"),
        (Answer({"product": {"sku": "S-0"}}), "`sku` found nothing; the record has product"),
        (Answer({"error": "no such view"}), "no such view"),
        (Answer({"sku": "S-0", "qty": 1, "id": 9}), 'its ref is "9" there and "1" in the list'),
        (Answer({"sku": "S-0", "qty": 1, "id": 1}), ""),
        (Answer({"sku": "S-0", "qty": 1, "error": "a field", "id": 1}), ""),
    ],
)
async def test_reading_one_is_tried_on_a_sku_of_the_list(
    api: Api, single: Answer, words: str
) -> None:
    api.keys["fields"] = {**FIELDS, "ref": "id"}
    write_table(api)
    api.answers(
        lambda asked: single if "S-0" in asked.path else Answer({"items": rows(0, 2, id=1)})
    )

    sighting = await api.try_out()

    if words:
        (wrong,) = sighting.wrong
        assert wrong.startswith("write.read, tried on SKU S-0: ")
        assert words in wrong
    else:
        assert sighting.wrong == []
        assert "SKU S-0 can be read by itself" in sighting.seen
