"""The ways to write of the kind http: bodies, versions, what is applied later."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from sync.channels.base import ListingRef, Receipt
from sync.channels.http.kind import OPTIONS, abilities
from tests.contract.depot import Depot, describe, sent, written
from tests.contract.harness import OverHttp, change, opened, options_of, poll
from tests.loopback import Answer, ReceivedRequest

BODIES = [
    ({"id": "$ref", "sku": "$sku", "in": {"qty": ["$quantity"]}}, "json", "application/json",
     '{"id":71,"sku":"S-71","in":{"qty":[4]}}'),
    ([{"id": "$ref", "qty": "$quantity"}], "json", "application/json", '[{"id":71,"qty":4}]'),
    ('{"id": $ref, "sku": "$sku", "qty": $quantity}', "json", "application/json",
     '{"id":71,"sku":"S-71","qty":4}'),
    ({"id": "$ref", "stock": {"qty": "$quantity", "backorder": False}, "tags": ["a", "b"]}, "form",
     "application/x-www-form-urlencoded",
     "id=71&stock%5Bqty%5D=4&stock%5Bbackorder%5D=false&tags%5B0%5D=a&tags%5B1%5D=b"),
    ("id=$ref&sku=$sku&qty=$quantity", "form", "application/x-www-form-urlencoded",
     "id=71&sku=S-71&qty=4"),
    ("<stock sku='$sku'>$quantity</stock>", "json", "application/xml; charset=utf-8",
     "<stock sku='S-71'>4</stock>"),
    ("$sku;$quantity", "json", "text/plain; charset=utf-8", "S-71;4"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "encoding", "media", "wire"), BODIES)
async def test_a_body_is_sent_as_it_is_described(
    depot: OverHttp, body: Any, encoding: str, media: str, wire: str
) -> None:
    describe(depot, body=body, encoding=encoding, method="POST")

    (receipt,) = await written(depot, S_71=4)

    assert receipt.refused is None
    assert sent(depot).headers["content-type"] == media
    assert sent(depot).body.decode() == wire


STRANGE = 'A&B=1 "<x>" ü;\'$quantity'


@pytest.mark.parametrize("body", [body for body, *_ in BODIES[2:]])
async def test_no_sku_gets_out_of_its_place(depot: OverHttp, body: Any) -> None:
    backend = describe(depot, body=body, encoding="form" if "&" in str(body) else "json")
    backend.stock = {71: 5}
    record = backend.record
    backend.record = lambda ref: {**record(ref), "sku": STRANGE}  # type: ignore[method-assign]

    reading = await poll(depot)
    async with opened(depot) as channel:
        (receipt,) = await channel.write([change(reading.records[0], 4)])

    if isinstance(body, str) and ";" in body:
        assert receipt.refused is not None
        assert "can't stand in a body of plain text" in receipt.refused
        return
    text = sent(depot).body.decode()
    if text.startswith("{"):
        assert json.loads(text).get("sku", STRANGE) == STRANGE
    elif text.startswith("<"):
        assert "<x>" not in text
        assert text.endswith(">4</stock>")
    elif "sku" in str(body):
        assert dict(parse_qsl(text))["sku"] == STRANGE


async def test_a_text_that_lacks_a_value_is_not_sent(depot: OverHttp) -> None:
    describe(
        depot, body="<s i='$sku'><l>$location</l><q>$quantity</q></s>", url="URL/set", method="POST"
    )
    assert isinstance(depot.backend, Depot)
    depot.backend.fields = {**depot.backend.fields, "location": "place"}

    (receipt,) = await written(depot, S_71=4)

    assert receipt.refused == "not sent: it has no location, which the body needs for $location"
    assert [asked.method for asked in depot.server.asked] == ["GET"]


def versioned(depot: OverHttp, **write: Any) -> Depot:
    backend = describe(depot, read="URL/items/{ref}", **{"if_match": "header:ETag", **write})

    def on_write(asked: ReceivedRequest) -> Answer:
        ref = int(asked.path.rpartition("/")[2])
        given = asked.headers.get("if-match", asked.json.get("version"))
        if given not in (f'"v{backend.versions[ref]}"', str(backend.versions[ref]),
                         backend.versions[ref]):  # fmt: skip
            return Answer({"message": "it is another version"}, 412)
        backend.stock[ref] = asked.json["qty"]
        backend.versions[ref] += 1
        return Answer({})

    backend.on_write = on_write
    return backend


@pytest.mark.parametrize(
    "write",
    [
        {"if_match": "header:ETag"},
        {"if_match": "version"},
        {"if_match": "version", "body": {"qty": "$quantity", "version": "$version"}},
    ],
)
async def test_a_write_says_which_version_it_rests_on(depot: OverHttp, write: Any) -> None:
    backend = versioned(depot, **write)

    (receipt,) = await written(depot, S_71=4)

    assert receipt == Receipt(receipt.change)
    assert backend.stock[71] == 4
    assert ("if-match" in sent(depot).headers) == ("body" not in write)
    assert abilities(options_of(OPTIONS, depot.table())).compare_and_set


async def test_the_version_is_that_of_the_reading_that_the_write_rests_on(
    depot: OverHttp,
) -> None:
    backend = versioned(depot)
    reading = await poll(depot)
    async with opened(depot) as channel:
        (record,) = (await channel.read([ListingRef("S-71", "", reading.of("S-71").ref)])).records
        backend.versions[71] += 1
        (receipt,) = await channel.write([change(record, 4)])

    assert receipt.conflict
    assert receipt.refused == "412: it is another version"
    assert backend.stock[71] == 5


async def test_a_listing_that_moved_before_its_version_was_read_is_a_conflict(
    depot: OverHttp,
) -> None:
    backend = versioned(depot)
    reading = await poll(depot)
    backend.stock[71] = 3
    async with opened(depot) as channel:
        (receipt,) = await channel.write([change(reading.of("S-71"), 4)])

    assert receipt.conflict
    assert receipt.refused == "it shows 3 by now, not 5"
    assert [asked.method for asked in depot.server.asked] == ["GET", "GET"]


async def test_without_a_version_nothing_is_sent(depot: OverHttp) -> None:
    versioned(depot, if_match="header:X-None")

    (receipt,) = await written(depot, S_71=4)

    assert receipt.refused == "not sent: `header:X-None` found no version in the answer of `read`"


@pytest.mark.parametrize(("status", "later"), [(202, True), (200, False)])
async def test_what_is_accepted_is_applied_later(
    depot: OverHttp,
    status: int,
    later: bool,  # noqa: FBT001
) -> None:
    backend = describe(depot, accepted=[202])
    backend.on_write = lambda _asked: Answer({"job": 5}, status)

    (receipt,) = await written(depot, S_71=4)

    assert receipt == Receipt(receipt.change, later=later)
