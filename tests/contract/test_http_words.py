"""Words for numbers in the answers of a described API."""

from typing import Any

import pytest

from store.model import UNCOUNTED, Record
from sync.channels.base import ListingRef
from tests.contract.harness import OverHttp, opened, poll
from tests.contract.test_http import _secret, answer, describe, market

__all__ = ["_secret", "market"]

WORDS = {
    "not stocked": "absent", "unlimited": "uncounted", "sold out": "0", "-1": "uncounted",
    "null": "absent",
}  # fmt: skip


def described(market: OverHttp, words: dict[str, Any] | None = None, **fields: str) -> None:
    named = {"sku": "sku", "available": "qty", **fields}
    describe(market, fields=named, words=WORDS if words is None else words, states=None, write=None)


def item(sku: str, qty: object, **more: object) -> dict[str, object]:
    return {"sku": sku, "qty": qty, **more}


async def test_what_is_not_stocked_is_no_listing_and_counts_for_the_total(
    market: OverHttp,
) -> None:
    described(market)
    items = [item("A", 3), item("B", "Not stocked"), item("C", None), item("D", "sold out")]
    answer(market, {"items": items, "total": 4})

    reading = await poll(market)

    assert reading.records == [Record("A", 3), Record("D", 0)]
    assert not reading.refused
    assert reading.pages[-1].announced == 2
    assert not reading.pages[-1].cut_short


async def test_what_is_not_counted_has_no_number(market: OverHttp) -> None:
    described(market)
    answer(market, {"items": [item("A", "Unlimited"), item("B", -1), item("C", -2)]})

    assert (await poll(market)).records == [
        Record("A", None, state=UNCOUNTED),
        Record("B", None, state=UNCOUNTED),
        Record("C", -2),
    ]


async def test_a_number_that_is_not_there_is_no_null(market: OverHttp) -> None:
    described(market)
    answer(market, {"items": [{"sku": "A"}]})

    assert "`qty` found nothing" in (await poll(market)).refused[0].reason


async def test_a_word_in_another_figure_leaves_it_unknown(market: OverHttp) -> None:
    described(market, incoming="coming")
    answer(market, {"items": [item("A", 3, coming="not stocked"), item("B", 4, coming=9)]})

    assert (await poll(market)).records == [Record("A", 3), Record("B", 4, incoming=9)]


async def test_a_word_that_the_table_lacks_blinds_its_listing_alone(market: OverHttp) -> None:
    described(market)
    answer(market, {"items": [item("A", 3), item("B", "on order")]})

    reading = await poll(market)

    assert reading.records == [Record("A", 3)]
    assert [(bad.sku, bad.reason) for bad in reading.refused] == [
        ("B", '`qty`: "on order" is not a whole number')
    ]


async def test_what_is_absent_when_read_by_itself_is_not_on_the_channel(market: OverHttp) -> None:
    described(market)
    describe(
        market,
        fields={"sku": "sku", "available": "qty"},
        words=WORDS,
        states=None,
        write={"url": f"{market.server.url}/stock/{{sku}}", "body": {"n": "$quantity"},
               "read": f"{market.server.url}/stock/{{sku}}"},
    )  # fmt: skip
    answer(market, item("A", "not stocked"))

    async with opened(market) as channel:
        answered = await channel.read([ListingRef("A", "", "")])

    assert not answered.records
    assert not answered.refused


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"12": "absent"}, 'words: "12" is a number'),
        ({"n/a": "gone"}, 'words: "gone" is not what "n/a" can mean'),
        ({"sold": "archived"}, "it is a state"),
    ],
)
async def test_bad_words_are_a_configuration_error(
    market: OverHttp, words: dict[str, Any], reason: str
) -> None:
    described(market, words)

    with pytest.raises(AssertionError, match="words") as caught:
        await poll(market)

    assert reason in str(caught.value)
