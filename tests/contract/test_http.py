"""What only the http kind does: shapes of answers, placeholders, pages that lead astray."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.model import Record, State
from sync import values
from sync.channels.base import ListingRef
from sync.channels.http.listing.records import RecordDecoder
from sync.errors import ChannelError, ContractBroken
from tests.contract.backends import Market
from tests.contract.harness import SECRET, SECRET_NAME, OverHttp, change, opened, over_http, poll
from tests.loopback import Answer, ReceivedRequest, script, serving


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


class Described(Market):
    """A market whose description the test changes."""

    changes: dict[str, Any]

    def table(self, url: str) -> dict[str, Any]:
        return {**super().table(url), **self.changes}


@pytest.fixture
def market(tmp_path: Path) -> Iterator[OverHttp]:
    backend = Described()
    backend.changes = {}
    with over_http(backend, tmp_path) as harness:
        yield harness


def describe(market: OverHttp, **changes: Any) -> None:
    assert isinstance(market.backend, Described)
    market.backend.changes = changes


def answer(market: OverHttp, *bodies: object) -> None:
    answers = script(*(Answer(body) for body in bodies))
    market.front.spoil = answers


async def failure(market: OverHttp, path: str) -> str:
    with pytest.raises(ChannelError) as caught:
        await poll(market)
    assert isinstance(caught.value, ContractBroken), repr(caught.value)
    assert caught.value.path == path
    return str(caught.value)


async def test_fields_are_found_wherever_they_are(market: OverHttp) -> None:
    describe(
        market,
        items="data.rows[]",
        next="links[?rel=='next'].href | [0]",
        fields={
            "sku": "product.code",
            "on_hand": "stock.total",
            "committed": "stock.held",
            "threshold": "stock.floor",
            "state": "live",
            "price": "to_string(price)",
            "title": '"full name"',
            "location": "shelf",
            "updated_at": "at",
            "ref": "id",
        },
        states={"true": "active", "false": "disabled"},
        write=None,
    )
    row = {
        "product": {"code": "A-1"},
        "stock": {"total": "12", "held": 3.0, "floor": 2},
        "live": True,
        "price": 39.9,
        "full name": "Kettle",
        "shelf": 7,
        "at": "2026-11-23T14:00:00Z",
        "id": 4711,
    }
    answer(
        market,
        {"data": {"rows": [row]}, "links": [{"rel": "next", "href": "/stock?p=2"}]},
        {"data": {"rows": []}, "links": []},
    )

    reading = await poll(market)

    assert reading.records == [
        Record(
            sku="A-1",
            available=7,
            location="7",
            state=State.ACTIVE,
            on_hand=12,
            committed=3,
            threshold=2,
            price_minor=3990,
            title="Kettle",
            source_at=1_795_442_400_000,
            ref="4711",
        )
    ]
    assert [asked.path for asked in market.server.asked] == ["/stock", "/stock?p=2"]


@pytest.mark.parametrize(
    ("record", "place", "words"),
    [
        ({"sku": 12, "available": 1}, "page 1, record 2", "the SKU is 12, not text"),
        ({"sku": "", "available": 1}, "page 1, record 2", "the SKU is empty"),
        ({"available": 1}, "page 1, record 2", "`sku` found nothing; the record has available"),
        ({"sku": "B"}, "page 1, record 2", "`available` found nothing; the record has sku"),
        (
            {"sku": "B", "available": "twelve"},
            "page 1, record 2",
            '`available`: "twelve" is not a whole number',
        ),
        (
            {"sku": "B", "available": 1, "state": "odd"},
            "page 1, record 2",
            '"odd" is not a state; known: ',
        ),
        (
            {"sku": "B", "available": 1, "price": "free"},
            "page 1, record 2",
            '`price`: the price is "free"',
        ),
        ("B", "page 1, record 2", '"B" is not a record'),
        (None, "page 1, record 2", "nothing is not a record"),
    ],
)
async def test_a_bad_record_is_refused_with_its_place(
    market: OverHttp, record: object, place: str, words: str
) -> None:
    good = {"sku": "A", "available": 1, "state": "live", "price": None}
    answer(market, {"items": [good, record, {**good, "sku": "C"}], "next": None})

    reading = await poll(market)

    (refused,) = reading.refused
    assert (refused.place, [record.sku for record in reading.records]) == (place, ["A", "C"])
    assert words in refused.reason


async def test_a_hostile_value_is_quoted_short_and_harmless(market: OverHttp) -> None:
    answer(market, {"items": [{"sku": "A", "available": "\x1b[2J" + "x" * 9999}], "next": None})

    (refused,) = (await poll(market)).refused

    assert refused.reason.startswith('`available`: "\ufffd[2Jxxx')
    assert len(refused.reason) < 90


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"data": [], "meta": 1}, "`items` found nothing; the page has data, meta"),
        ({"items": {"sku": "A"}}, "`items` found an object, not a list"),
        ({"items": None}, "`items` found nothing; the page has items"),
        ([7], "`items` found nothing; the page is a list"),
        ({"items": [], "next": 7}, "`next` found no URL of a next page"),
        ({"items": [], "next": {"href": "/"}}, "`next` found no URL of a next page"),
        (b'{"items": [}', "sent no JSON"),
        (b"", "sent no JSON"),
    ],
)
async def test_a_broken_page_is_named_by_its_place_and_what_it_has(
    market: OverHttp, body: object, words: str
) -> None:
    answer(market, body)

    assert (await failure(market, "page 1")).startswith(f"shop: page 1: {words}")


async def test_a_page_that_points_to_itself_ends_the_poll(market: OverHttp) -> None:
    answer(market, {"items": [], "next": "/stock"})

    assert "`next` leads back to a page already read" in await failure(market, "page 1")
    assert len(market.server.asked) == 1


async def test_pages_that_go_in_circles_end_the_poll(market: OverHttp) -> None:
    answer(
        market,
        {"items": [], "next": "?page=2"},
        {"items": [], "next": "?page=3"},
        {"items": [], "next": "?page=2"},
    )

    assert "`next` leads back to a page already read" in await failure(market, "page 3")


async def test_a_next_page_of_another_origin_gets_no_token(market: OverHttp) -> None:
    with serving(script(Answer({"items": []}))) as thief:
        answer(market, {"items": [], "next": f"{thief.url}/stock"})

        with pytest.raises(ContractBroken, match="points to another server"):
            await poll(market)
        assert thief.asked == []


async def test_nothing_is_recorded_as_read_before_the_last_page_came(market: OverHttp) -> None:
    answer(market, {"items": [{"sku": "A", "available": 1}], "next": "?page=2"}, b"oops")

    async with opened(market) as channel:
        pages = channel.pages()
        assert len((await anext(pages)).records) == 1
        with pytest.raises(ContractBroken):
            await anext(pages)


async def test_every_placeholder_is_filled_in_as_a_value(market: OverHttp) -> None:
    body = {
        "set": [{"sku": "$sku", "n": "$quantity", "was": "$previous", "state": "$state"}],
        "at": {"location": "$location", "ref": "$ref"},
        "key": "$key",
        "mode": "absolute",
        "none": False,
    }
    write = {"url": f"{market.server.url}/set?sku={{sku}}&ref={{ref}}", "body": body}
    fields = {"sku": "sku", "available": "available", "state": "state"}
    fields |= {"location": "shelf", "ref": "id"}
    describe(market, write={**write, "method": "POST"}, fields=fields)
    previous = Record("A&1", 5, "L 1", State.ACTIVE, ref="4711")
    answer(market, {})

    async with opened(market) as channel:
        await channel.write([change(previous, 3, "c-9", state=State.DISABLED)])

    (asked,) = market.server.asked
    assert (asked.method, asked.path) == ("POST", "/set?sku=A%261&ref=4711")
    assert asked.json == {
        "set": [{"sku": "A&1", "n": 3, "was": 5, "state": "paused"}],
        "at": {"location": "L 1", "ref": "4711"},
        "key": "c-9",
        "mode": "absolute",
        "none": False,
    }


async def test_where_only_on_hand_is_read_on_hand_is_written(market: OverHttp) -> None:
    fields = {"sku": "sku", "on_hand": "n", "committed": "held", "threshold": "floor"}
    write = {
        "url": f"{market.server.url}/stock/{{sku}}",
        "body": {"n": "$quantity", "was": "$previous"},
    }
    describe(market, fields=fields, states={}, write=write)
    answer(market, {"items": [{"sku": "A", "n": 12, "held": 3, "floor": 2}], "next": None}, {})

    reading = await poll(market)
    async with opened(market) as channel:
        await channel.write([change(reading.of("A"), 4)])

    assert reading.of("A").available == 7
    assert market.server.asked[-1].json == {"n": 9, "was": 12}


@pytest.mark.parametrize("sku", ["..", ".", ""])
async def test_a_sku_that_is_a_way_up_is_never_put_into_a_url(market: OverHttp, sku: str) -> None:
    async with opened(market) as channel:
        (receipt,) = await channel.write([change(Record(sku, 5), 3)])
        answer = await channel.read([ListingRef(sku, "", "")])

    assert receipt.refused
    assert [refused.sku for refused in answer.refused] == [sku]
    assert market.server.asked == []


async def test_a_record_of_another_sku_is_not_taken_for_the_one_asked(market: OverHttp) -> None:
    answer(market, {"sku": "OTHER", "available": 3, "state": "live", "price": 1})

    async with opened(market) as channel:
        fresh = await channel.read([ListingRef("A", "", "")])

    assert list(fresh.records) == []
    assert fresh.refused[0].reason == "the answer is for another SKU"


async def test_a_page_of_one_answers_for_one(market: OverHttp) -> None:
    answer(market, {"items": [{"sku": "A", "available": 3, "state": "live"}]}, {"items": []})

    async with opened(market) as channel:
        found = await channel.read([ListingRef("A", "", "")])
        gone = await channel.read([ListingRef("A", "", "")])

    assert [record.available for record in found.records] == [3]
    assert (list(gone.records), list(gone.refused)) == ([], [])


async def test_a_placeholder_without_a_value_for_this_listing_is_never_sent(
    market: OverHttp,
) -> None:
    url = f"{market.server.url}/stock/{{ref}}"
    fields = {"sku": "sku", "available": "available", "ref": "id"}
    write = {"url": url, "body": {"n": "$quantity"}, "read": url}
    describe(market, write=write, fields=fields, states={})
    async with opened(market) as channel:
        (receipt,) = await channel.write([change(Record("A", 5), 3)])
        answered = await channel.read([ListingRef("A", "", "")])
    lacking = "it has no ref, which the URL needs for {ref}"
    assert receipt.refused == f"not sent: {lacking}"
    assert answered.refused[0].reason == f"it can't be asked for by itself: {lacking}"
    assert market.server.asked == []


async def test_no_token_is_needed_where_none_is_set(market: OverHttp) -> None:
    describe(market, token=None)
    seen: list[ReceivedRequest] = []

    def note(asked: ReceivedRequest) -> Answer:
        seen.append(asked)
        return Answer({"items": []})

    market.front.spoil = note
    await poll(market)

    assert "authorization" not in seen[0].headers


def test_a_title_of_half_a_surrogate_pair_costs_nobody_anything() -> None:
    assert values.title("Mug \ud800") == "Mug ?"


def test_a_page_of_nothing_but_bad_records_is_not_read_to_its_end() -> None:
    decoder = RecordDecoder({"sku": "sku", "available": "available"}, {})
    with pytest.raises(ContractBroken, match="more than 10,000 records of a page can't be read"):
        decoder.all([1] * 50_000, "items")
