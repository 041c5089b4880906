"""Shopify's bulk operations: for shops beyond what pages reach, or where pages would take long."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphql
import pytest

from sync.channels.base import ListingRef, RecordPage, closing
from sync.channels.shopify import sweep
from sync.channels.shopify.documents import bulk_query
from sync.channels.shopify.joining import ShopifyJoiner
from sync.clock import from_rfc3339
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    change,
    opened,
    over_http,
    poll,
)
from tests.fakes.shopify import Shopify
from tests.fakes.shopify_values import Points, ShopItem, level_of
from tests.loopback import Answer, ReceivedRequest, serving


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture
def shop() -> Shopify:
    """A large one, as it says itself."""
    found = Shopify(variants_count=30_000, location=None)
    found.locations = {"1": ("Berlin", True), "2": ("Hamburg", True)}
    for number in range(50):
        levels = {"1": level_of(number), "2": level_of(number + 1)}
        found.items.append(ShopItem(1000 + number, f"N-{number}", levels))
    return found


@pytest.fixture
def harness(shop: Shopify, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found


async def failure(harness: OverHttp) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await poll(harness)
    return caught.value


async def test_a_large_shop_is_exported_and_joined(shop: Shopify, harness: OverHttp) -> None:
    shop.items[3].variants = 2
    shop.items[4].inactive = {"2"}

    reading = await poll(harness)

    found = {(record.sku, record.location): record.available for record in reading.records}
    expected = {
        (item.sku, at): level["available"]
        for item in shop.items
        for at, level in item.levels.items()
        if at not in item.inactive
    }
    assert found == expected
    assert len(reading.records) == len(found) == 99
    assert {page.as_of for page in reading.pages} == {from_rfc3339("2026-11-30T05:00:00Z")}
    texts = [text for page in reading.pages for text in page.warnings]
    assert any("several variants sell the same stock" in text for text in texts)
    assert [asked for asked in harness.server.asked if b"SkewItems" in asked.body] == []


async def test_it_reads_the_same_by_pages_and_by_export(shop: Shopify, harness: OverHttp) -> None:
    shop.raw["N-7"] = '"twelve"'
    for location in (None, "1"):
        shop.location = location
        by_export = await poll(harness)
        shop.variants_count = None
        by_pages = await poll(harness)
        shop.variants_count = 30_000

        key = lambda record: (record.sku, record.location)  # noqa: E731
        assert sorted(by_export.records, key=key) == sorted(by_pages.records, key=key)
        assert {(bad.sku, bad.location) for bad in by_export.refused} == {
            (bad.sku, bad.location) for bad in by_pages.refused
        }


async def test_an_empty_catalogue_has_no_file(shop: Shopify, harness: OverHttp) -> None:
    shop.items.clear()

    assert (await poll(harness)).records == []


async def test_the_store_gets_no_credential(shop: Shopify, harness: OverHttp) -> None:
    asked: list[ReceivedRequest] = []

    def store(request: ReceivedRequest) -> Answer:
        asked.append(request)
        return Answer(shop.bulk.files[request.path.partition("?")[0]])

    with serving(store) as server:
        shop.bulk.store = server.url
        assert len((await poll(harness)).records) == 100

    (request,) = asked
    assert request.path.endswith("?Signature=s1gned")
    assert SECRET not in str(request.headers)
    assert "x-shopify-access-token" not in request.headers
    assert "authorization" not in request.headers


async def test_a_store_that_fails_is_quoted_without_its_signature(
    shop: Shopify, harness: OverHttp
) -> None:
    with serving(lambda _asked: Answer({"error": "gone"}, 403)) as server:
        shop.bulk.store = server.url
        error = await failure(harness)

    assert type(error) is Temporary
    assert "answered 403" in str(error)
    assert "s1gned" not in str(error)


async def test_what_is_cut_off_on_the_way_is_brought_again(
    shop: Shopify, harness: OverHttp
) -> None:
    tries: list[str] = []

    def spoil(asked: ReceivedRequest) -> Answer | None:
        if not asked.path.startswith("/exports/"):
            return None
        tries.append(asked.path)
        whole = shop.bulk.files[asked.path.partition("?")[0]]
        if len(tries) == 1:
            return Answer(whole[: len(whole) // 2], promise=len(whole))
        return Answer(whole[: len(whole) // 2]) if len(tries) == 2 else Answer(whole)

    harness.front.spoil = spoil

    assert len((await poll(harness)).records) == 100
    assert len(tries) == 3


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (lambda line: line.get("sku") == "N-9", "lacks 1 items|cut short"),
        (lambda line: line.get("__typename") == "InventoryLevel", "cut short: 100 lines came"),
    ],
)
async def test_an_export_that_is_not_whole_counts_for_nothing(
    shop: Shopify, harness: OverHttp, lost: Any, words: str
) -> None:
    shop.bulk.spoil = lambda lines: [line for line in lines if not lost(line)]

    with pytest.raises(Temporary, match=words):
        await poll(harness)


async def test_parts_of_an_item_that_is_not_there_count_for_nothing(
    shop: Shopify, harness: OverHttp
) -> None:
    strange = {"__typename": "InventoryLevel", "id": "x", "__parentId": "gid://shopify/X/9"}
    shop.bulk.spoil = lambda lines: [*lines, strange]

    with pytest.raises(Temporary, match="lacks 1 items of which it has parts"):
        await poll(harness)


@pytest.mark.long
@pytest.mark.parametrize("line", [b"<html>", b"[]", b"{}", b'{"id": 3}', b"\xff"])
async def test_a_line_that_is_none_breaks_the_contract_at_its_place(
    shop: Shopify, harness: OverHttp, line: bytes
) -> None:
    harness.front.spoil = lambda asked: (
        Answer(line + b"\n") if asked.path.startswith("/exports/") else None
    )

    with pytest.raises(ContractBroken, match="export, line 1"):
        await poll(harness)


@pytest.mark.long
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("FAILED", "TIMEOUT", Temporary),
        ("FAILED", "INTERNAL_SERVER_ERROR", Temporary),
        ("FAILED", "ACCESS_DENIED", NeedsOperator),
        ("CANCELED", None, Temporary),
        ("EXPIRED", None, Temporary),
    ],
)
async def test_a_part_of_a_failed_operation_is_never_read(
    shop: Shopify, harness: OverHttp, status: str, code: str | None, kind: type[ChannelError]
) -> None:
    shop.bulk.ends = {
        "status": status,
        "errorCode": code,
        "url": None,
        "partialDataUrl": f"{harness.server.url}/exports/1.jsonl",
    }

    error = await failure(harness)

    assert type(error) is kind
    assert [asked for asked in harness.server.asked if asked.path.startswith("/exports/")] == []


async def test_a_status_in_a_new_word_is_waited_out(shop: Shopify, harness: OverHttp) -> None:
    operation = {"id": "o", "status": "PAUSED", "createdAt": "2026-11-30T05:00:00Z"}
    paused = [Answer({"data": {"bulkOperation": operation}})]
    harness.front.spoil = lambda asked: (
        paused.pop() if paused and b"SkewBulkLook" in asked.body else None
    )

    assert len((await poll(harness)).records) == 100


async def test_one_of_ours_that_runs_since_before_a_restart_is_waited_for(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.bulk.begun("query Theirs{products{edges{node{id}}}}")
    ours = shop.bulk.begun(graphql.print_ast(graphql.parse(bulk_query(None))))
    ours["status"] = "RUNNING"

    assert len((await poll(harness)).records) == 100
    assert len(shop.bulk.operations) == 2
    assert shop.bulk.operations[0]["status"] == "CREATED"


async def test_one_that_ends_between_two_polls_is_read_by_the_next(
    shop: Shopify, harness: OverHttp
) -> None:
    came, held = threading.Event(), threading.Event()

    def hold(asked: ReceivedRequest) -> Answer | None:
        if b"SkewBulkLook" not in asked.body:
            return None
        came.set()
        return Answer(lose=True, wait=held)

    harness.front.spoil = hold
    async with opened(harness) as channel:
        reading = asyncio.ensure_future(anext(channel.pages()))
        assert await asyncio.to_thread(came.wait, 10)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        held.set()
        harness.front.spoil = lambda _asked: None
        shop.bulk.looks = 0
        (operation,) = shop.bulk.operations
        shop.bulk.data(shop, "BulkLook", {"id": operation["id"]})
        assert operation["status"] == "COMPLETED"
        again = [record async for page in channel.pages() for record in page.records]
        # What was read is not read once more.
        more = [record async for page in channel.pages() for record in page.records]

    assert len(again) == len(more) == 100
    assert len(shop.bulk.operations) == 2


async def test_one_of_before_a_write_of_ours_is_not_waited_for(
    shop: Shopify, harness: OverHttp
) -> None:
    ours = shop.bulk.begun(bulk_query(None))
    async with opened(harness) as channel:
        answer = await channel.read([ListingRef("N-3", "1", "1003")])
        await channel.write([change(answer.records[0], 77)])
        found = [record async for page in channel.pages() for record in page.records]

    assert len(found) == 100
    assert ours["status"] == "CREATED"
    assert len(shop.bulk.operations) == 2


async def test_those_of_others_are_left_alone(shop: Shopify, harness: OverHttp) -> None:
    for _ in range(5):
        shop.bulk.begun("query Theirs{products{edges{node{id}}}}")

    error = await failure(harness)

    assert isinstance(error, Temporary)
    assert error.retry_after_s == 60
    assert "left alone" in str(error)
    assert {found["status"] for found in shop.bulk.operations} == {"CREATED"}


async def test_a_shop_that_grows_beyond_what_pages_reach_is_read_whole(
    shop: Shopify, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It does not say how large it is, and pages end silently.
    shop.is_old, shop.paged_max = True, 20
    monkeypatch.setattr(sweep, "PAGED_MAX", 20)

    reading = await poll(harness)

    assert len(reading.records) == 100
    assert len({(record.sku, record.location) for record in reading.records}) == 100


@pytest.mark.long
async def test_a_shop_whose_pages_would_take_minutes_is_exported(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.variants_count = None
    shop.points = Points(2_000, 20, left=2_000)
    for number in range(200):
        shop.items.append(ShopItem(5000 + number, f"M-{number}", {"1": level_of(1)}))

    reading = await poll(harness)

    assert len(reading.records) == 300
    assert len(shop.bulk.operations) == 1
    # Somebody else's fill all places: then page by page, slowly.
    shop.bulk.at_once = 0
    assert len((await poll(harness)).records) == 300


@pytest.mark.long
async def test_after_an_export_that_failed_a_smaller_shop_is_read_by_pages(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.variants_count = None
    shop.points = Points(2_000, 20, left=2_000)
    shop.bulk.ends = {"status": "FAILED", "errorCode": "TIMEOUT", "url": None}
    for number in range(200):
        shop.items.append(ShopItem(5000 + number, f"M-{number}", {"1": level_of(1)}))

    async with opened(harness) as channel:
        with pytest.raises(Temporary, match=r"FAILED \(TIMEOUT\)"):
            [page async for page in channel.pages()]
        by_pages = [record async for page in channel.pages() for record in page.records]
        with pytest.raises(Temporary, match="FAILED"):
            [page async for page in channel.pages()]

    assert len(by_pages) == 300


async def test_a_poll_that_is_cut_off_leaves_no_file_and_no_socket(
    shop: Shopify, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[ShopifyJoiner] = []
    close = ShopifyJoiner.close

    def note(joiner: ShopifyJoiner) -> None:
        closed.append(joiner)
        close(joiner)

    monkeypatch.setattr(ShopifyJoiner, "close", note)
    async with opened(harness) as channel:
        async with closing(channel.pages()) as pages:
            first: RecordPage = await anext(pages)
        assert len(closed) == 1

    assert first.records


def test_a_joiner_takes_lines_in_any_pieces() -> None:
    text = b"".join(
        b'{"__parentId":"gid://shopify/InventoryItem/%d","id":"v%d","inventoryPolicy":"DENY"}\n'
        b'{"id":"gid://shopify/InventoryItem/%d","tracked":true,"sku":"S-%d"}\n'
        % (number, number, number, number)
        for number in range(300)
    )
    for size in (1, 7, 64, 100_000):
        joiner = ShopifyJoiner("shop", 5_000)
        for start in range(0, len(text), size):
            joiner.add(text[start : start + size])
        joiner.end()
        items = [read for group in joiner.groups() for read in group]
        joiner.close()

        assert (joiner.lines, joiner.items) == (600, 300)
        assert len(items) == 300
        assert all(len(read.variants) == 1 for read in items)  # type: ignore[union-attr]
