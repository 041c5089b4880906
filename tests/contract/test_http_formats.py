"""Answers in CSV and in XML."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.model import Record
from sync.channels.base import ListingRef
from sync.channels.http.channel import HttpApi, open_channel
from sync.channels.http.options import HttpOptions
from sync.errors import ContractBroken
from sync.transport.transport import Transport
from tests.contract.harness import QuickClock, options_of
from tests.loopback import Answer, ReceivedRequest, serving

COLUMNS = {"sku": "Article no.", "available": "Menge", "price": "Preis", "updated_at": "Stand"}


async def records_of(
    answer: Callable[[ReceivedRequest], Answer], keys: dict[str, Any]
) -> tuple[list[Record], Any]:
    async def read(channel: HttpApi) -> tuple[list[Record], Any]:
        pages = [page async for page in channel.pages()]
        return [record for page in pages for record in page.records], pages

    with serving(answer) as server:
        keys = {"url": f"{server.url}/stock", **keys}
        transport = Transport("shop", server.url, clock=QuickClock())
        options = options_of(HttpOptions, keys)
        channel = open_channel("shop", options, transport, QuickClock(), Path())
        try:
            return await read(channel)
        finally:
            await channel.close()


async def test_a_csv_answer_reads_as_a_file_does() -> None:
    """Titles above, another delimiter, decimals, a bad row, a blank one and a totals row."""
    text = (
        "sep=;\r\nBestand Lager\r\n\r\nArticle no.;Menge;Preis;Stand\r\nKET-1;1.000,0;12,50;\r\n"
        'KET-2;7,0;3,00;2026-07-01T12:00:00\r\n"KET ü";viele;1,00;\r\n;;;\r\nSumme;1.007,0;;\r\n'
    )
    records, (page,) = await records_of(
        lambda _asked: Answer(text.encode("cp1252")),
        {"format": "csv", "fields": COLUMNS, "timezone": "Europe/Berlin"},
    )
    assert [(r.sku, r.available, r.price_minor) for r in records] == [
        ("KET-1", 1000, 1250), ("KET-2", 7, 300),
    ]  # fmt: skip
    assert records[1].source_at == 1_782_900_000_000
    (refused,) = page.refused
    assert (refused.sku, refused.place) == ("KET ü", "page 1, line 7")
    assert (page.cut_short, list(page.warnings)) == ("", [])


async def test_csv_has_pages_and_a_total_too() -> None:
    rows = [f"S-{n},{n}" for n in range(25)]

    def answer(asked: ReceivedRequest) -> Answer:
        page = int(asked.path.partition("page=")[2])
        some = rows[(page - 1) * 10 : page * 10]
        return Answer("\n".join(["sku,qty", *some, ""]).encode(), headers={"X-Total-Count": "26"})

    keys: dict[str, Any] = {"format": "csv", "fields": {"sku": "sku", "available": "qty"}}
    keys |= {"paging": {"by": "page", "param": "page"}, "total": "header:X-Total-Count"}
    records, pages = await records_of(answer, keys)
    assert len(records) == 25
    assert pages[-1].cut_short == "cut short: X-Total-Count announces 26 records, 25 came"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "gone"}', 'page 1: no column "Article no."; columns: '),
        (b"", 'page 1: no column "Article no."; columns: none'),
        (b"<!doctype html><title>Sign in</title>", "page 1: sent no CSV: a web page instead"),
    ],
)
async def test_what_is_no_csv_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(ContractBroken) as caught:
        await records_of(lambda _asked: Answer(body), {"format": "csv", "fields": COLUMNS})
    assert str(caught.value).startswith(f"shop: {words}")


XML = """<?xml version="1.0" encoding="UTF-8"?>
<p:answer xmlns:p="urn:shop" xmlns:xlink="urn:x"><products>
  <product id="7" xlink:href="/products/7"><status>active</status>
    <variants><variant><sku><![CDATA[KET-1]]></sku><qty>5</qty></variant>
    <variant><sku>KET-2</sku><qty/></variant></variants></product>
  <product id="8"><status>archived</status>
    <variants><variant><sku>KET-3</sku><qty unit="pcs">9</qty></variant></variants></product>
  <product id="9"><variants/></product>
</products></p:answer>"""

XML_KEYS: dict[str, Any] = {
    "format": "xml",
    "items": "answer.products.product",
    "each": {"items": "variants.variant"},
    "fields": {
        "sku": "item.sku",
        "ref": 'parent."@id"',
        "available": 'not_null(item.qty."#text", item.qty)',
    },
}


async def test_an_xml_answer_is_read_by_the_names_of_its_elements() -> None:
    records, (page,) = await records_of(lambda _asked: Answer(XML.encode()), XML_KEYS)
    assert [(r.sku, r.available, r.ref) for r in records] == [
        ("KET-1", 5, "7"), ("KET-2", None, "7"), ("KET-3", 9, "8"),
    ]  # fmt: skip
    assert list(page.refused) == []


async def test_one_element_is_a_list_of_one_and_an_empty_one_of_none() -> None:
    one = b"<a><items><item><sku>A</sku><qty>1</qty></item></items></a>"
    keys = {"format": "xml", "items": "a.items.item", "fields": {"sku": "sku", "available": "qty"}}
    records, _ = await records_of(lambda _asked: Answer(one), keys)
    assert [record.sku for record in records] == ["A"]
    records, _ = await records_of(lambda _asked: Answer(b"<a><items/></a>"), keys)
    assert records == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<a><b></a>", "page 1: sent no XML: mismatched tag"),
        (b'{"a": 1}', "page 1: sent no XML: not well-formed"),
        (
            b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
            "page 1: sent no XML: it has a DOCTYPE, which is not read",
        ),
        (b"<a>" * 200, "page 1: sent no XML: elements nested too deep"),
    ],
)
async def test_what_is_no_xml_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(ContractBroken) as caught:
        await records_of(lambda _asked: Answer(body), XML_KEYS)
    assert str(caught.value).startswith(f"shop: {words}")


async def test_one_record_is_read_from_xml() -> None:
    with serving(lambda _asked: Answer(b"<p><sku>A</sku><qty>3</qty></p>")) as server:
        one = f"{server.url}/p/{{sku}}"
        options = options_of(
            HttpOptions,
            {
                "url": f"{server.url}/p",
                "format": "xml",
                "items": "ps.p",
                "fields": {"sku": "sku", "available": "qty"},
                "write": {"url": one, "read": one, "body": {"q": "$quantity"}, "item": "p"},
            },
        )
        transport = Transport("shop", server.url, clock=QuickClock())
        channel = open_channel("shop", options, transport, QuickClock(), Path())
        try:
            fresh = await channel.read([ListingRef("A", "", "")])
        finally:
            await channel.close()
    assert [(record.sku, record.available) for record in fresh.records] == [("A", 3)]
