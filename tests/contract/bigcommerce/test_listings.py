"""What only BigCommerce does: locations, ways of counting, adjustments that show a moment later."""

from typing import Any

import pytest

from store.model import UNCOUNTED, State
from sync.channels.base import ListingRef, Receipt
from sync.errors import ContractBroken, Temporary, WriteOutcomeUnknown, WriteRejected
from sync.transport.budgets.base import ending_within
from tests.contract.harness import OverHttp, Reading, change, opened, poll
from tests.fakes.bigcommerce import STORE, BigCommerceStore
from tests.loopback import Answer, ReceivedRequest

ABSOLUTE = f"{STORE}/v3/inventory/adjustments/absolute"


async def write(harness: OverHttp, *wanted: tuple[str, int]) -> list[Receipt]:
    before = await poll(harness)
    async with opened(harness) as channel:
        changes = [change(before.of(sku), quantity, sku) for sku, quantity in wanted]
        return list(await channel.write(changes))


def of_warnings(reading: Reading) -> str:
    return "\n".join(warning for page in reading.pages for warning in page.warnings)


def asked_for(harness: OverHttp, part: str) -> list[str]:
    return [asked.path for asked in harness.server.asked if part in asked.path]


def writes(harness: OverHttp) -> list[list[dict[str, Any]]]:
    return [asked.json["items"] for asked in harness.server.asked if asked.method == "PUT"]


async def test_safety_stock_is_kept_back_and_stays_kept_back(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.product("CUP", safety=4, stock={(0, 1): 9})

    record = (await poll(harness)).of("CUP")
    (receipt,) = await write(harness, ("CUP", 2))

    assert (record.available, record.on_hand, record.threshold) == (5, 9, 4)
    assert receipt == Receipt(receipt.change, later=True)
    assert writes(harness) == [[{"location_id": 1, "product_id": 100, "quantity": 6}]]
    assert store.shown("CUP") == 5, "accepted is not applied"
    store.settle()
    assert store.shown("CUP") == 2


async def test_each_is_written_by_what_counts_it(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.product("CUP", stock={(0, 1): 9})
    store.product(
        "SHIRT", tracking="variant", variants={7: "S", 8: "L"}, stock={(7, 1): 3, (8, 1): 4}
    )

    refs = {record.sku: record.ref for record in (await poll(harness)).records}
    receipts = await write(harness, ("CUP", 1), ("L", 2))

    assert refs == {"CUP": "100", "S": "101/7", "L": "101/8"}
    assert all(receipt.later for receipt in receipts)
    [entries] = writes(harness)
    assert [entry.get("variant_id", entry.get("product_id")) for entry in entries] == [100, 8]


async def test_variants_of_a_product_that_is_counted_share_its_stock(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.product("SHIRT", variants={7: "S", 8: "L"}, stock={(0, 1): 3})

    reading = await poll(harness)

    assert reading.records == []
    words = "2 listings, whose stock is that of their product, which stands for them, so left out"
    assert f"{words}: S, L" in of_warnings(reading)


@pytest.mark.parametrize("has_items", [True, False])
async def test_what_is_not_tracked_has_no_number_and_is_not_written(
    store: BigCommerceStore, harness: OverHttp, *, has_items: bool
) -> None:
    store.product("GIFT", tracking="none", stock={(0, 1): 0}, has_items=has_items)

    record = (await poll(harness)).of("GIFT")
    async with opened(harness) as channel:
        fresh = await channel.read([ListingRef("GIFT", "", record.ref)])
        (receipt,) = await channel.write([change(record, 5)])

    assert (record.available, record.state) == (None, UNCOUNTED)
    assert [found.available for found in fresh.records] == [None]
    assert receipt.refused == "BigCommerce does not track its stock, so it never runs out"
    assert writes(harness) == []


async def test_a_location_that_is_not_enabled_is_left_out_and_counted(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.location = None
    store.places[3] = ("Hill", True)
    store.product("CUP", stock={(0, 1): 9, (0, 2): 70, (0, 3): 5})
    async with opened(harness) as channel:
        assert channel.abilities.locations

    reading = await poll(harness)
    records = {record.location: record for record in reading.records}
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(records["3"], 1)])

    assert {place: record.available for place, record in records.items()} == {"1": 9, "3": 5}
    assert "1 listing, at location 2 (Outlet), which is not enabled, so left out: CUP" in (
        of_warnings(reading)
    )
    assert receipt.later
    assert writes(harness) == [[{"location_id": 3, "product_id": 100, "quantity": 1}]]


async def test_a_location_that_is_turned_off_before_the_write_is_not_written(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.product("CUP", stock={(0, 1): 9})
    before = await poll(harness)
    store.places[1] = ("Default location", False)
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(before.of("CUP"), 1)])
    assert receipt.refused == "the listing no longer exists, or its location is not enabled"
    assert writes(harness) == []


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({}, State.ACTIVE),
        ({"availability": "preorder"}, State.PREORDER),
        ({"availability": "disabled"}, State.DISABLED),
        ({"is_visible": False}, State.DISABLED),
    ],
)
async def test_the_state_is_the_products(
    store: BigCommerceStore, harness: OverHttp, given: dict[str, Any], state: State
) -> None:
    store.product("CUP", stock={(0, 1): 9}, **given)
    assert (await poll(harness)).of("CUP").state is state


async def test_words_that_skew_does_not_know_are_counted_and_never_fatal(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.product("CUP", stock={(0, 1): 9}, availability="lottery")
    store.product("MUG", stock={(0, 1): 3}, tracking="weight")

    reading = await poll(harness)

    assert reading.of("CUP").state is None
    assert reading.stock == {"CUP": 9, "MUG": 3}
    warnings = of_warnings(reading)
    assert '1 listing, with an availability that Skew does not know, "lottery": CUP' in warnings
    assert '1 listing, counted in a way that Skew does not know, "weight": MUG' in warnings


async def test_a_bad_entry_is_refused_by_name_and_the_others_are_sent_again(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    for number in range(5):
        store.product(f"C-{number}", stock={(0, 1): 9})
    store.product("SHIRT", tracking="variant", variants={7: "S"}, stock={(7, 1): 3})
    before = await poll(harness)

    def spoil(asked: ReceivedRequest) -> None:
        # Somebody changes how they are counted, between our look and our write.
        if asked.method == "PUT":
            store.products[1].tracking = store.products[3].tracking = "variant"

    harness.front.spoil = spoil
    async with opened(harness) as channel:
        receipts = await channel.write([change(record, 1, record.sku) for record in before.records])

    refused = {receipt.change.sku: receipt.refused for receipt in receipts if receipt.refused}
    assert set(refused) == {"C-1", "C-3"}
    assert "product_id 101 is tracked by variant" in (refused["C-1"] or "")
    assert [len(entries) for entries in writes(harness)] == [6, 5, 4]
    assert [receipt.later for receipt in receipts].count(True) == 4
    store.settle()
    assert [store.shown(f"C-{number}") for number in range(5)] == [1, 9, 1, 9, 1]


async def test_a_refusal_that_names_none_is_of_the_whole_call(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.product("CUP", stock={(0, 1): 9})
    before = await poll(harness)
    bad = Answer({"status": 422, "title": "Payload contains invalid fields"}, 422)
    harness.front.spoil = lambda asked: bad if asked.method == "PUT" else None
    async with opened(harness) as channel:
        with pytest.raises(WriteRejected, match="Payload contains invalid fields"):
            await channel.write([change(before.of("CUP"), 1)])


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>", b'{"transaction_id": 7}'])
async def test_an_answer_without_a_transaction_proves_nothing(
    store: BigCommerceStore, harness: OverHttp, body: bytes
) -> None:
    store.product("CUP", stock={(0, 1): 9})
    before = await poll(harness)
    harness.front.spoil = lambda asked: Answer(body) if asked.method == "PUT" else None
    async with opened(harness) as channel:
        with pytest.raises(WriteOutcomeUnknown):
            await channel.write([change(before.of("CUP"), 1)])


async def test_more_than_it_takes_is_not_sent(store: BigCommerceStore, harness: OverHttp) -> None:
    store.product("CUP", stock={(0, 1): 9})
    (receipt,) = await write(harness, ("CUP", 3_000_000_000))
    assert receipt.refused == (
        "it would need 3,000,000,000 on hand: BigCommerce takes 0 to 2,147,483,647"
    )


async def test_a_list_that_moves_while_it_is_read_counts_for_nothing(
    store: BigCommerceStore, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.channels.bigcommerce.reading.LIMIT", 2)
    for number in range(5):
        store.product(f"C-{number}", stock={(0, 1): number})
    assert len((await poll(harness)).records) == 5

    def shift(asked: ReceivedRequest) -> None:
        if "items" in asked.path and "page=2" in asked.path:
            # One goes, one comes: the number stays, and one would be read twice.
            store.products.insert(0, store.products.pop())

    harness.front.spoil = shift
    with pytest.raises(Temporary, match="changed while it was read"):
        await poll(harness)

    def grow(asked: ReceivedRequest) -> None:
        if "items" in asked.path and "page=2" in asked.path:
            store.product("NEW", stock={(0, 1): 1})

    harness.front.spoil = grow
    with pytest.raises(Temporary, match="items changed while they were read"):
        await poll(harness)


async def test_a_list_that_is_shorter_than_it_says_is_no_reading(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.product("CUP", stock={(0, 1): 9})
    pages = {"pagination": {"total": 3, "total_pages": 1}}
    short = Answer({"data": [], "meta": pages})
    harness.front.spoil = lambda asked: short if "items" in asked.path else None
    with pytest.raises(ContractBroken, match="0 came of 3 that it announces"):
        await poll(harness)


async def test_a_sweep_takes_few_requests_and_keeps_to_its_share(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    for number in range(1000):
        store.product(f"C-{number}", stock={(0, 1): number})
    assert len((await poll(harness)).records) == 1000
    assert len(harness.server.asked) == 5, "4 pages of the catalogue, 1 of the inventory"


async def test_it_goes_on_where_little_of_the_limit_is_left(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.left = 3
    store.product("CUP", stock={(0, 1): 9})
    async with opened(harness) as channel:
        for _ in range(4):
            _ = [page async for page in channel.pages()]
    assert len(harness.server.asked) == 8, "little is left, and it goes on in time"


async def test_a_poll_that_would_have_to_wait_beyond_its_end_says_so_at_once(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    store.left = 1
    store.product("CUP", stock={(0, 1): 9})
    words = "shop not asked: the requests that its apps may send are used up for another 15 s"
    async with opened(harness) as channel, ending_within(5):
        with pytest.raises(Temporary, match=words) as raised:
            _ = [page async for page in channel.pages()]
    assert raised.value.retry_after_s is not None
    assert len(harness.server.asked) == 1


async def test_what_is_kept_back_may_be_less_than_nothing(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    # With backorders a store sells more than there is.
    store.product("CUP", safety=-5, stock={(0, 1): 9})

    record = (await poll(harness)).of("CUP")
    (receipt,) = await write(harness, ("CUP", 2))
    (other,) = await write(harness, ("CUP", 8))

    assert (record.available, record.on_hand, record.threshold) == (14, 9, None)
    assert receipt.refused == ("it would need -3 on hand: BigCommerce takes 0 to 2,147,483,647")
    assert other.later
    assert writes(harness) == [[{"location_id": 1, "product_id": 100, "quantity": 3}]]


async def test_a_throttle_says_when_to_go_on(store: BigCommerceStore, harness: OverHttp) -> None:
    store.product("CUP", stock={(0, 1): 9})
    throttled = [Answer({"status": 429}, 429, {"X-Rate-Limit-Time-Reset-Ms": "3000"})]
    harness.front.spoil = lambda _: throttled.pop() if throttled else None
    assert (await poll(harness)).stock == {"CUP": 9}


async def test_a_product_that_cannot_be_read_blinds_its_listings_and_is_not_written(
    store: BigCommerceStore, harness: OverHttp
) -> None:
    shirt = store.product("SHIRT", stock={(0, 1): 5})
    store.put("CUP", 3)
    before = (await poll(harness)).of("SHIRT")
    shirt.is_visible = "perhaps"  # type: ignore[assignment]

    reading = await poll(harness)
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(before, 2)])

    assert reading.stock == {"CUP": 3}
    assert "SHIRT" in {bad.sku for bad in reading.refused}
    assert "product can't be read" in reading.refused[0].reason
    assert "can't be read" in str(receipt.refused)
    assert store.shown("SHIRT") == 5
