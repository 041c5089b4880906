"""`skew check --online` walks a whole description, and says of each key what it found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from sync.channels.base import DescribedChannel, Sighting
from tests.contract.backends import Market
from tests.contract.doors import DOORS
from tests.contract.harness import OverHttp, opened, over_http
from tests.contract.listing_backend import running_shop
from tests.loopback import Answer


@dataclass
class Shop(Market):
    """A market whose description the test changes."""

    more: dict[str, Any] = field(default_factory=dict)

    def table(self, url: str) -> dict[str, Any]:
        return {**super().table(url), **self.more}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[OverHttp]:
    backend = Shop(door=DOORS["login"](), page_size=2)
    for number in range(5):
        backend.put(f"A-{number}", number)
    with over_http(backend, tmp_path) as found:
        yield found


def describe(shop: OverHttp, **keys: Any) -> None:
    assert isinstance(shop.backend, Shop)
    shop.backend.more = keys


async def tried(shop: OverHttp) -> tuple[Sighting, dict[str, str]]:
    """What the walk showed, and what each key found; those that are wrong begin with a cross."""
    async with opened(shop) as channel:
        sighting = await cast("DescribedChannel", channel).try_out()
    return sighting, {key.key: f"{'' if key.ok else '✖ '}{key.found}" for key in sighting.keys}


async def test_every_key_says_what_it_found(shop: OverHttp) -> None:
    assert isinstance(shop.backend, Shop)
    shop.backend.order("A-1", 2)
    describe(shop, error="trouble.text")

    sighting, keys = await tried(shop)

    at = shop.server.url
    login = keys.pop("auth.login")
    assert login.startswith(f"sign-in at {at}/door gave a token that is good until 20")
    events = keys.pop("events")
    assert events.startswith('1 on the first page, first ordered 2 of "A-1" at 20')
    assert keys == {
        "items": "`items` found 2 records",
        "error": "`trouble.text` found nothing: no error",
        "fields.sku": '`sku` found in 2 of 2, first "A-0"',
        "fields.available": "`available` found in 2 of 2, first 0",
        "fields.state": '`state` found in 2 of 2, first "active"',
        "fields.price": "`price` found in 2 of 2, first 12.50",
        "next": "page 2 has 2 records",
        "write.read": "SKU A-0 is there by itself",
        "write": f'would send PUT {at}/stock/A-0, body {{"available": 0, "if_available": 0}}',
    }
    assert list(sighting.wrong) == list(sighting.warnings) == []


async def test_nothing_is_written(shop: OverHttp) -> None:
    await tried(shop)

    asked = [(asked.method, urlsplit(asked.path).path) for asked in shop.server.asked]
    assert asked == [
        ("POST", "/door"),
        ("GET", "/stock"),
        ("GET", "/stock"),
        ("GET", "/stock/A-0"),
        ("GET", "/events"),
    ]


async def test_a_next_page_that_fails_is_wrong(shop: OverHttp) -> None:
    shop.front.spoil = lambda asked: Answer(b"oops", 400) if "page=1" in asked.path else None

    sighting, keys = await tried(shop)

    assert keys["next"].startswith("✖ shop answered 400: oops")
    (wrong,) = sighting.wrong
    assert wrong.startswith("next: shop answered 400")


async def test_a_page_parameter_that_the_shop_does_not_know_is_wrong(shop: OverHttp) -> None:
    """It answers with the first page for ever, as most do with a parameter that they don't know."""
    describe(shop, next=None, paging={"by": "page", "param": "seite"})
    page = [{"sku": "A-0", "available": 1, "state": "live", "price": "1"}]
    shop.front.spoil = lambda asked: (
        Answer({"items": page})
        if "seite" in parse_qs(urlsplit(asked.path).query)
        and urlsplit(asked.path).path == "/stock" else None
    )  # fmt: skip

    sighting, keys = await tried(shop)

    assert keys["paging"] == "✖ page 2 has the same records as page 1"
    assert "paging: page 2 has the same records as page 1" in sighting.wrong


async def test_a_record_that_lacks_what_the_write_needs_is_wrong(shop: OverHttp) -> None:
    describe(
        shop,
        fields={"sku": "sku", "available": "available", "ref": "id"},
        states=None,
        events=None,
        write={"url": f"{shop.server.url}/stock/{{ref}}", "body": {"available": "$quantity"}},
    )

    sighting, keys = await tried(shop)

    assert keys["fields.ref"].startswith("✖ `id` found in 0 of 2 records; a record has sku, avail")
    assert keys["write"] == (
        "✖ can't be sent for SKU A-0: it has no ref, which the URL needs for {ref}"
    )
    assert len(sighting.wrong) == 2


async def test_events_that_can_not_be_read_are_wrong(shop: OverHttp) -> None:
    assert isinstance(shop.backend, Shop)
    shop.backend.order("A-1", 2)
    shop.backend.misreport("A-1")

    sighting, keys = await tried(shop)

    assert keys["events"].startswith("✖ no event can be read; event 1: ")
    assert len(sighting.wrong) == 1


async def test_some_bad_records_are_shown_and_do_not_stop_it(shop: OverHttp) -> None:
    shop.corrupt("A-1", '"many"')

    sighting, keys = await tried(shop)

    assert keys["fields"].startswith("✖ 1 of 2 can't be read; the first: page 1, record 2: ")
    assert keys["fields.available"] == "`available` found in 1 of 1, first 0"
    assert list(sighting.wrong) == []


async def test_what_a_record_by_itself_lacks_is_wrong_and_says_what_to_read() -> None:
    """Its answer has the item alone, and `fields` need the parent: every update would fail."""
    async with running_shop("page", "asked") as running:
        fields = {"sku": "item.sku", "ref": "item.id", "available": "item.qty"}
        running.keys = {"fields": {**fields, "state": "parent.type"}}
        running.keys["states"] = {"variable": "active"}
        async with running.channel() as channel:
            sighting = await channel.try_out()
    (wrong,) = sighting.wrong
    assert wrong == (
        "write.read, tried on SKU S-0: fields.state is in the parent, which this answer lacks: "
        'read the parent, such as read = "…/products/{parent}", or take it from the item'
    )


async def test_children_behind_addresses_are_tried_for_some_parents_and_it_says_so() -> None:
    async with running_shop("page", "asked") as running, running.channel() as channel:
        sighting = await channel.try_out()
    found = {key.key: key.found for key in sighting.keys}
    each = "`@` found 8 listings in the first 8 records; a poll asks for the children of all"
    assert found["each"] == each
    assert sighting.seen.startswith(
        "answered with a page of 10 records; the first 8 were tried, and have 8 listings; SKU S-0"
    )


async def test_a_version_that_the_read_does_not_have_is_wrong(shop: OverHttp) -> None:
    """Without it no write would be sent."""
    one = f"{shop.server.url}/stock/{{sku}}"
    body = {"available": "$quantity"}
    describe(shop, write={"url": one, "read": one, "body": body, "if_match": "header:X-Version"})

    sighting, keys = await tried(shop)

    words = "can't be sent for SKU A-0: `header:X-Version` found no version in the answer of `read`"
    assert keys["write"] == f"✖ {words}"
    assert list(sighting.wrong) == [f"write: {words}"]
