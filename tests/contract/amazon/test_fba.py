"""What lies at Amazon: read only, its pages within 30 s, and one stock behind several stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.channels.base import ListingRef
from sync.contract.reading import ReadingSuite
from sync.errors import ContractBroken, NeedsOperator, Temporary
from tests.contract.amazon.bench import asked, backend, signed_in
from tests.contract.harness import OverHttp, change, opened, over_http, poll, stocked
from tests.fakes.amazon import STOCK, Amazon
from tests.fakes.amazon_shelf import DE, FR
from tests.fakes.amazon_stock import AmazonWarehouse
from tests.loopback import Answer


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(Amazon(fulfilment="fba"), tmp_path) as found:
        yield stocked(found)


class TestFbaReading(ReadingSuite):
    """Every test of the contract suite that reads."""


def warehouse(harness: OverHttp) -> AmazonWarehouse:
    return backend(harness).warehouse


async def test_each_figure_has_its_place(harness: OverHttp) -> None:
    warehouse(harness).details["A-1"] = {
        "inboundWorkingQuantity": 1,
        "inboundShippedQuantity": 2,
        "inboundReceivingQuantity": 4,
        "reservedQuantity": {"totalReservedQuantity": 9, "pendingCustomerOrderQuantity": 6},
        "researchingQuantity": {"totalResearchingQuantity": 2},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": 5},
    }

    record = (await poll(harness)).of("A-1")

    assert (record.available, record.committed, record.unavailable) == (5, 6, 10)
    assert (record.on_hand, record.incoming) == (21, 7)
    assert record.source_at == 1_795_442_400_000


async def test_reserved_units_without_a_reason_are_held_for_orders(harness: OverHttp) -> None:
    warehouse(harness).details["A-1"] = {"reservedQuantity": {"totalReservedQuantity": 9}}

    record = (await poll(harness)).of("A-1")

    assert (record.committed, record.unavailable) == (9, 0)


async def test_a_page_whose_token_ended_is_reached_from_the_start(harness: OverHttp) -> None:
    for number in range(120):
        harness.put(f"N-{number:03}", number)
    warehouse(harness).expired = 2

    reading = await poll(harness)

    assert len(reading.records) == len(reading.stock) == 123
    assert len(asked(harness, STOCK)) == 7


async def test_a_list_that_ends_half_way_each_time_is_given_up(harness: OverHttp) -> None:
    for number in range(60):
        harness.put(f"N-{number:03}", number)
    warehouse(harness).expired = 99

    with pytest.raises(Temporary, match=r"shop: .*within 30 s"):
        await poll(harness)


async def test_another_refusal_of_a_page_is_none_of_its_token(harness: OverHttp) -> None:
    for number in range(60):
        harness.put(f"N-{number:03}", number)
    warehouse(harness).expired, warehouse(harness).refuses = 1, "granularityId is not valid"

    with pytest.raises(ContractBroken, match="granularityId is not valid"):
        await poll(harness)


async def test_a_refusal_that_looks_like_zeros_is_a_refusal(harness: OverHttp) -> None:
    summary = {"sellerSku": "A-1", "inventoryDetails": {"fulfillableQuantity": 0}}
    granularity = {"granularityType": "Marketplace", "granularityId": DE}
    body = {"payload": {"granularity": granularity, "inventorySummaries": [summary]}}
    harness.front.spoil = lambda request: (
        Answer(body, 400) if request.path.startswith(STOCK) else None
    )

    with pytest.raises(ContractBroken, match="400"):
        await poll(harness)


async def test_a_sku_counts_once_as_in_the_first_marketplace(harness: OverHttp) -> None:
    backend(harness).marketplaces = ("DE", "FR")
    warehouse(harness).stock[FR] = {"A-1": 5, "C-3": 2, "ONLY-FR": 8}

    reading = await poll(harness)

    assert reading.stock == {"A-1": 5, "B-2": 0, "C-3": 12, "ONLY-FR": 8}
    assert len(reading.records) == 4
    (words,) = [words for page in reading.pages for words in page.warnings]
    assert words.startswith("1 listing, with another stock in FR")
    assert words.endswith("C-3")
    async with opened(harness) as channel:
        wanted = [ListingRef(sku, "", "") for sku in ("C-3", "ONLY-FR", "NOBODY")]
        answer = await channel.read(wanted)
    assert {record.sku: record.available for record in answer.records} == {"C-3": 12, "ONLY-FR": 8}


async def test_many_are_read_fifty_at_a_time_and_one_with_a_comma_alone(harness: OverHttp) -> None:
    skus = [f"N-{number:03}" for number in range(70)] + ["one,two"]
    for sku in skus:
        harness.put(sku, 1)
    async with opened(harness) as channel:
        answer = await channel.read([ListingRef(sku, "", "") for sku in skus])

    assert {record.sku for record in answer.records} == set(skus)
    assert len(asked(harness, STOCK)) == 3


async def test_a_sku_without_details_is_refused_by_name(harness: OverHttp) -> None:
    granularity = {"granularityType": "Marketplace", "granularityId": DE}
    body = {"payload": {"granularity": granularity, "inventorySummaries": [{"sellerSku": "A-1"}]}}
    harness.front.spoil = lambda request: Answer(body) if request.path.startswith(STOCK) else None

    (refused,) = (await poll(harness)).refused

    assert (refused.sku, refused.reason) == ("A-1", "no inventoryDetails")


async def test_nothing_of_it_is_ever_written(harness: OverHttp) -> None:
    record = (await poll(harness)).of("A-1")
    async with opened(harness) as channel:
        assert channel.abilities.writes == ()
        (receipt,) = await channel.write([change(record, 3)])

    assert receipt.refused == "it lies at Amazon (FBA), where its quantity can't be written"
    assert all(not backend(harness).is_write(request) for request in harness.server.asked)


async def test_the_role_that_is_missing_is_named(harness: OverHttp) -> None:
    backend(harness).denied = {STOCK}

    with pytest.raises(NeedsOperator, match='needs one of the roles "Amazon Fulfillment"'):
        await poll(harness)


async def test_signing_in_says_what_was_seen(harness: OverHttp) -> None:
    assert (await signed_in(harness)).endswith("FBA stock, 3 SKUs on the first page")
