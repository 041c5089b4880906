"""Parents and children: what is inside a list's records, or behind an address of each."""

from typing import Any

import pytest

from sync.channels.base import EventPage, ListingRef
from sync.errors import NeedsOperator, Temporary
from tests.contract.listing_backend import RunningShop, running_shop, stock
from tests.loopback import Answer, ReceivedRequest

ORDERS = {
    "url": "/orders?since={cursor}",
    "items": "orders",
    "each": {"items": "lines"},
    "fields": {
        "id": "join('-', [to_string(parent.id), to_string(item.id)])",
        "kind": "'ordered'",
        "sku": "item.sku",
        "quantity": "item.quantity",
        "at": "parent.at",
        "order": "to_string(parent.id)",
    },
}


def order(number: int, *skus: str) -> dict[str, Any]:
    lines = [{"id": n, "sku": sku, "quantity": 2} for n, sku in enumerate(skus, 1)]
    return {"id": number, "at": f"2026-11-29T10:00:{number % 60:02}Z", "lines": lines}


async def test_parents_without_children_are_none_and_null_is_none() -> None:
    async with running_shop("page", "items") as running:
        running.shop.products[1]["variants"] = []
        running.shop.products[2]["variants"] = None
        pages = await running.poll()
    assert len(stock(pages)) == 33
    assert not any(page.refused for page in pages)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"variants": "S-2"}, '`variants` found "S-2", not a list'),
        ({"variants": {"sku": "S-2"}}, "`variants` found an object, not a list"),
        (None, "`variants` found nothing; the record has id, type"),
    ],
)
async def test_a_parent_whose_children_cannot_be_read_may_have_any_listing(
    change: dict[str, Any] | None, reason: str
) -> None:
    """A refused record without a SKU keeps every listing that did not come from being missing."""
    async with running_shop("page", "items") as running:
        if change is None:
            del running.shop.products[2]["variants"]
        else:
            running.shop.products[2] |= change
        pages = await running.poll()
    (refused,) = [refused for page in pages for refused in page.refused]
    assert (refused.sku, refused.place) == (None, "page 1, record 3")
    assert refused.reason == f"its children can't be read: {reason}"
    assert pages[-1].cut_short == ""


@pytest.mark.parametrize("empty", [{}, []])
async def test_an_object_without_entries_may_be_written_as_a_list(empty: object) -> None:
    """PHP writes it so."""
    async with running_shop("page", "keys") as running:
        body = {"found": {"items": [{"id": 1, "stock": empty}], "count": 1}}
        running.shop.spoil = lambda _asked: Answer(body)
        pages = await running.poll()
    assert stock(pages) == {}
    assert not any(page.refused for page in pages)


async def test_a_parent_that_when_does_not_mean_is_an_item_itself() -> None:
    async with running_shop("page", "asked") as running:
        running.shop.products[4] |= {"type": "simple", "sku": "S-4", "qty": 44}
        pages = await running.poll()
    assert (len(stock(pages)), stock(pages)["S-4"]) == (35, 44)
    (listing,) = [r for page in pages for r in page.records if r.sku == "S-4"]
    assert listing.ref == '{"ref":104,"parent":104}'


async def test_a_when_that_finds_nothing_is_named_with_what_a_record_has() -> None:
    async with running_shop("page", "items") as running:
        running.keys = {"each": {"items": "variants", "when": "kind == 'variable'"}}
        async with running.channel() as channel:
            sighting = await channel.try_out()
    assert (
        "each.when: `kind == 'variable'` found nothing in 10 records; a record has id, type, "
        "variants" in sighting.wrong
    )


async def test_only_the_children_that_are_listings_are_taken() -> None:
    async with running_shop("page", "items") as running:
        every = set(stock(await running.poll()))
        running.keys = {"each": {"items": "variants", "only": "item.qty != parent.least"}}
        taken = {variant["sku"] for p in running.shop.products for variant in p["variants"]}
        first = running.shop.products[0]
        first["least"] = first["variants"][0]["qty"]
        pages = await running.poll()
    assert taken == every
    assert every - set(stock(pages)) == {first["variants"][0]["sku"]}
    assert pages[-1].cut_short == ""


async def test_what_can_not_say_whether_a_child_is_a_listing_makes_its_parent_unreadable() -> None:
    async with running_shop("page", "items") as running:
        running.keys = {"each": {"items": "variants", "only": "length(item.sku) > `2`"}}
        running.shop.products[0]["variants"][0]["sku"] = None
        pages = await running.poll()
    (refused,) = [refused for page in pages for refused in page.refused]
    assert "each.only" in refused.reason


async def test_an_id_that_no_record_has_is_named() -> None:
    async with running_shop("page", "items") as running:
        running.keys = {"ids": {"parent": "parent.product_id"}}
        pages = await running.poll()
    (warning,) = pages[-1].warnings
    assert warning == (
        "ids.parent: `parent.product_id` found in 0 of 35 records; a record has "
        "item.id, item.sku, item.qty, parent.id, parent.type, parent.variants"
    )


def fails(running: RunningShop, status: int, *numbers: int) -> None:
    """Let the variants of these products fail."""
    paths = {f"/products/{number}/variants" for number in numbers}
    running.shop.spoil = lambda asked: (
        Answer({"message": "broken"}, status) if asked.path.partition("?")[0] in paths else None
    )


async def test_one_parent_that_cannot_be_asked_does_not_end_the_poll() -> None:
    async with running_shop("page", "asked") as running:
        fails(running, 404, 103)
        pages = await running.poll()
    assert len(stock(pages)) == 34
    (refused,) = [refused for page in pages for refused in page.refused]
    assert (refused.sku, refused.place) == (None, "page 1, record 4")
    assert "404" in refused.reason


async def test_a_server_that_answers_no_parent_is_left_alone() -> None:
    async with running_shop("page", "asked") as running:
        fails(running, 503, *range(100, 135))
        with pytest.raises(Temporary, match="503"):
            await running.poll()
    # Eight are asked at once, each four times.
    assert len(running.server.asked) <= 1 + 1 + 2 * 8 * 4


async def test_a_credential_that_is_refused_for_a_parent_ends_the_poll() -> None:
    async with running_shop("page", "asked") as running:
        fails(running, 401, 103)
        with pytest.raises(NeedsOperator, match="401"):
            await running.poll()


async def test_a_parents_own_list_has_pages_too() -> None:
    async with running_shop("page", "asked") as running:
        running.shop.fill(3)
        many = [{"id": n, "sku": f"V-{n}", "qty": n} for n in range(25)]
        answer = running.shop.answer

        def paged(asked: ReceivedRequest) -> Answer:
            path, _, query = asked.path.partition("?")
            if path != "/products/101/variants":
                return answer(asked)
            page = int(query.partition("page=")[2])
            return Answer(many[(page - 1) * 10 : page * 10])

        running.server.answer = paged
        pages = await running.poll()
    assert stock(pages) == {"S-0": 0, "S-2": 2, **{f"V-{n}": n for n in range(25)}}


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ({"item": "inventory_item"}, 5),
        ({"item": "@"}, None),
        ({}, None),
        ({"item": "missing"}, None),
    ],
)
async def test_an_item_by_itself_takes_its_sku_from_what_was_asked_for(
    paths: dict[str, str], found: int | None
) -> None:
    """As Medusa's levels are: the SKU is in the parent, which the answer for one lacks."""
    async with running_shop("page", "items") as running:
        one = f"{running.server.url}/one/{{parent}}/{{location}}"
        running.keys = {
            "fields": {"sku": "parent.sku", "location": "item.place", "available": "item.qty"},
            "write": {"url": one, "read": one, "body": {"q": "$quantity"}, **paths},
        }
        level = {"inventory_item": {"place": "BER", "qty": 5}}
        running.shop.spoil = lambda _asked: Answer(level)
        async with running.channel() as channel:
            fresh = await channel.read([ListingRef("KET-1", "BER", '{"parent":7}')])
    assert running.server.asked[-1].path == "/one/7/BER"
    if found is None:
        assert (fresh.records, fresh.refused[0].sku) == ([], "KET-1")
    else:
        (record,) = fresh.records
        assert (record.sku, record.location, record.available) == ("KET-1", "BER", 5)
        assert record.ref == '{"parent":7}'


async def test_a_state_of_the_parent_needs_the_parent_in_the_answer() -> None:
    async with running_shop("page", "items") as running:
        one = f"{running.server.url}/one/{{parent}}"
        running.keys = {
            "fields": {"sku": "item.sku", "available": "item.qty", "state": "parent.status"},
            "states": {"live": "active"},
            "write": {"url": one, "read": one, "body": {"q": "$quantity"}, "item": "product"},
        }
        wanted = [ListingRef("S-1", "", '{"parent":7}')]
        product = {
            "status": "live",
            "variants": [{"sku": "S-1", "qty": 3}, {"sku": "S-2", "qty": 9}],
        }
        async with running.channel() as channel:
            running.shop.spoil = lambda _asked: Answer({"product": product})
            whole = await channel.read(wanted)
            running.shop.spoil = lambda _asked: Answer({"product": {"sku": "S-1", "qty": 3}})
            alone = await channel.read(wanted)
    assert [(r.sku, r.available, r.state) for r in whole.records] == [("S-1", 3, "active")]
    assert alone.refused[0].reason.startswith("fields.state is in the parent, which this answer")


async def events_of(running: RunningShop, table: dict[str, Any]) -> list[EventPage]:
    running.keys = {"events": {**table, "url": running.server.url + table["url"]}}
    async with running.channel() as channel:
        return [page async for page in channel.events(None)]


async def test_an_orders_lines_are_events_that_know_their_order() -> None:
    async with running_shop() as running:
        orders = [order(1, "A", "B"), order(2, "C")]
        running.shop.spoil = lambda _asked: Answer({"orders": orders})
        pages = await events_of(running, ORDERS)
    found = [(event.id, event.sku, event.order) for page in pages for event in page.events]
    assert found == [("1-1", "A", "1"), ("1-2", "B", "1"), ("2-1", "C", "2")]


WAYS: list[tuple[dict[str, Any], str]] = [
    ({"paging": {"by": "page", "param": "page", "size": {"value": 2}}}, "page"),
    ({"paging": {"by": "offset", "param": "offset"}, "total": "count"}, "offset"),
    ({"paging": {"by": "cursor", "param": "after", "cursor": "after"}}, "after"),
    ({"paging": {"by": "link"}}, "after"),
    (
        {
            "method": "POST",
            "body": {"after": "$cursor"},
            "paging": {"by": "cursor", "cursor": "after", "more": "more"},
        },
        "body",
    ),
]


@pytest.mark.parametrize(("keys", "by"), WAYS, ids=[str(keys["paging"]) for keys, _ in WAYS])
async def test_events_have_pages_like_any_list(keys: dict[str, Any], by: str) -> None:
    orders = [order(number, f"S-{number}") for number in range(1, 6)]

    def answer(asked: ReceivedRequest) -> Answer | None:
        query = dict(pair.split("=") for pair in asked.path.partition("?")[2].split("&"))
        start = int(query.get("offset", 0)) or (int(query.get("page", 1)) - 1) * 2
        start = int(query.get("after") or start)
        if by == "body":
            start = int(asked.json.get("after", 0))
        more = start + 2 < len(orders)
        body = {"orders": orders[start : start + 2], "count": 5, "more": more}
        headers = {"Link": f'</orders?after={start + 2}>; rel="next"'} if more else {}
        return Answer({**body, "after": str(start + 2) if more else None}, headers=headers)

    async with running_shop() as running:
        running.shop.spoil = answer
        pages = await events_of(running, {**ORDERS, **keys})
    assert [event.order for page in pages for event in page.events] == ["1", "2", "3", "4", "5"]


async def test_events_that_were_cut_short_are_an_error() -> None:
    async with running_shop() as running:
        body = {"orders": [order(1, "A")], "count": 3, "next": None}
        running.shop.spoil = lambda _asked: Answer(body)
        with pytest.raises(Exception, match="cut short: `count` announces 3, 1 came"):
            await events_of(running, {**ORDERS, "next": "next", "total": "count"})


async def test_a_cursor_in_the_body_is_where_events_go_on() -> None:
    sent: list[object] = []

    def answer(asked: ReceivedRequest) -> Answer | None:
        sent.append(asked.json)
        return Answer({"orders": [order(1, "A")] if len(sent) == 1 else [], "last": 77})

    async with running_shop() as running:
        running.shop.spoil = answer
        table = {**ORDERS, "url": "/orders", "method": "POST", "cursor": "last"}
        pages = await events_of(running, {**table, "body": {"since": {"id": "$cursor"}}})
    assert sent == [{"since": {}}, {"since": {"id": "77"}}]
    assert pages[-1].cursor == "77"


async def test_a_time_without_a_zone_is_of_the_channels() -> None:
    async with running_shop() as running:
        local = {**order(1, "A"), "at": "2026-07-01T12:00:00", "next": None}
        running.keys = {"timezone": "Europe/Berlin"}
        running.keys["fields"] = {"sku": "sku", "available": "qty", "updated_at": "changed"}
        running.keys["events"] = {**ORDERS, "url": f"{running.server.url}/orders", "next": "next"}
        running.shop.products[0]["variants"][0]["changed"] = "2026-07-01T12:00:00"
        pages = await running.poll()
        running.shop.spoil = lambda _asked: Answer({"orders": [local]})
        async with running.channel() as channel:
            (page,) = [page async for page in channel.events(None)]
    noon = 1_782_900_000_000
    assert (page.events[0].at, pages[0].records[0].source_at) == (noon, noon)


async def test_each_id_is_shown_by_itself_when_the_description_is_tried() -> None:
    async with running_shop("page", "items") as running, running.channel() as channel:
        keys = {key.key: key.found for key in (await channel.try_out()).keys}
    assert keys["fields.ref"] == '`item.id` found in 10 of 10, first "0"'
    assert keys["ids.parent"] == "`parent.id` found in 10 of 10, first 100"
