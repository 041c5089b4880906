"""Writing to Amazon: one at a time by a patch, which is accepted and shows later."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.model import Record
from sync.channels.base import Change, Receipt
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown
from tests.contract.amazon.bench import backend, shelf
from tests.contract.harness import OverHttp, change, opened, over_http, poll, settle, stocked
from tests.fakes.amazon import ITEMS, Amazon
from tests.fakes.amazon_shelf import DE, FR
from tests.loopback import Answer, ReceivedRequest


@pytest.fixture
def amazon(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(Amazon(), tmp_path) as found:
        yield stocked(found)


def patches(harness: OverHttp) -> list[ReceivedRequest]:
    return [request for request in harness.server.asked if request.method == "PATCH"]


async def write(harness: OverHttp, *changes: Change) -> list[Receipt]:
    async with opened(harness) as channel:
        return list(await channel.write(changes))


async def records(harness: OverHttp) -> dict[tuple[str, str], Record]:
    return {(record.sku, record.location): record for record in (await poll(harness)).records}


async def test_a_patch_merges_one_quantity_and_is_applied_later(amazon: OverHttp) -> None:
    found = await records(amazon)
    (receipt,) = await write(amazon, change(found["A-1", ""], 3))

    assert receipt.later
    (patch,) = patches(amazon)
    assert patch.path == f"{ITEMS}/A-1?marketplaceIds={DE}&issueLocale=en_US"
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": 3}]
    assert patch.json == {
        "productType": "KETTLE",
        "patches": [
            {"op": "merge", "path": "/attributes/fulfillment_availability", "value": value}
        ],
    }
    assert (await poll(amazon)).stock["A-1"] == 5
    settle(amazon)
    assert (await poll(amazon)).stock["A-1"] == 3


async def test_a_location_is_written_and_the_others_stay(amazon: OverHttp) -> None:
    shelf(amazon).add("MLI", {"DEFAULT": 0, "supply-1": 3, "supply-2": 4})
    found = await records(amazon)
    receipts = await write(
        amazon, change(found["MLI", "supply-1"], 9), change(found["MLI", "supply-2"], 8)
    )

    assert [receipt.later for receipt in receipts] == [True, True]
    settle(amazon)
    assert shelf(amazon).listings["MLI"].entries == {"DEFAULT": 0, "supply-1": 9, "supply-2": 8}
    assert len(patches(amazon)) == 1


async def test_default_stays_zero_where_stock_stands_at_locations(amazon: OverHttp) -> None:
    shelf(amazon).add("MIXED", {"DEFAULT": 2, "supply-1": 5})
    found = await records(amazon)
    (receipt,) = await write(amazon, change(found["MIXED", ""], 1))

    assert receipt.refused is not None
    assert "DEFAULT must stay 0" in receipt.refused
    assert patches(amazon) == []


async def test_the_configured_location_is_the_one_that_is_written(amazon: OverHttp) -> None:
    backend(amazon).more = {"location": "supply-2"}
    shelf(amazon).add("MLI", {"DEFAULT": 0, "supply-1": 3, "supply-2": 4})
    (receipt,) = await write(amazon, change((await records(amazon))["MLI", ""], 9))

    assert receipt.later
    settle(amazon)
    assert shelf(amazon).listings["MLI"].entries == {"DEFAULT": 0, "supply-1": 3, "supply-2": 9}


async def test_no_location_is_added_to_a_listing(amazon: OverHttp) -> None:
    shelf(amazon).add("MLI", {"DEFAULT": 0, "supply-1": 3})
    record = (await records(amazon))["MLI", "supply-1"]
    elsewhere = Change("MLI", "supply-9", "", 4, record, "c-1")
    (receipt,) = await write(amazon, elsewhere)

    assert receipt.refused is not None
    assert "no stock of it at supply-9" in receipt.refused
    assert patches(amazon) == []


async def test_what_lies_at_amazon_is_never_written(amazon: OverHttp) -> None:
    record = (await records(amazon))["A-1", ""]
    shelf(amazon).listings["A-1"].entries["AMAZON_EU"] = None
    (receipt,) = await write(amazon, change(record, 3))

    assert receipt.refused is not None
    assert "fulfilled by Amazon (FBA)" in receipt.refused
    assert not receipt.conflict
    assert patches(amazon) == []


async def test_a_shared_stock_is_written_once_where_it_is_listed_first(amazon: OverHttp) -> None:
    backend(amazon).marketplaces = ("DE", "FR")
    shelf(amazon).add("BOTH", {"DEFAULT": 7}, statuses={DE: ["BUYABLE"], FR: ["BUYABLE"]})
    shelf(amazon).add("ONLY-FR", {"DEFAULT": 7}, statuses={FR: ["BUYABLE"]})
    found = await records(amazon)
    await write(amazon, change(found["BOTH", ""], 1), change(found["ONLY-FR", ""], 1))

    both, alone = patches(amazon)
    assert f"/BOTH?marketplaceIds={DE}&" in both.path
    assert f"/ONLY-FR?marketplaceIds={FR}&" in alone.path


async def test_an_invalid_one_is_refused_in_amazons_words_and_the_others_are_not(
    amazon: OverHttp,
) -> None:
    shelf(amazon).invalid["A-1"] = "The attributes are invalid."
    found = await records(amazon)
    first, second = await write(amazon, change(found["A-1", ""], 3), change(found["C-3", ""], 1))

    assert first.refused == "The attributes are invalid. (90000900)"
    assert second.later


async def test_accepted_is_no_proof(amazon: OverHttp) -> None:
    (receipt,) = await write(amazon, change((await records(amazon))["A-1", ""], 3))
    shelf(amazon).waiting.clear()

    assert receipt.later
    assert (await poll(amazon)).stock["A-1"] == 5


async def test_an_answer_that_is_neither_is_an_unknown_outcome(amazon: OverHttp) -> None:
    shelf(amazon).answers = "PONDERED"
    (receipt,) = await write(amazon, change((await records(amazon))["A-1", ""], 3))

    assert receipt.unknown == 'Amazon answered with the status "PONDERED": no reason given'


@pytest.mark.long
@pytest.mark.parametrize(
    ("status", "error"), [(429, Temporary), (403, NeedsOperator), (500, WriteOutcomeUnknown)]
)
async def test_what_stops_the_first_write_is_raised(
    amazon: OverHttp, status: int, error: type[Exception]
) -> None:
    found = await records(amazon)
    spoil(amazon, {"A-1": Answer({"errors": [{"code": "X", "message": "no"}]}, status)})
    with pytest.raises(error):
        await write(amazon, change(found["A-1", ""], 3))

    assert len(patches(amazon)) == (2 if status == 403 else 1)


async def test_a_throttle_half_way_leaves_the_rest_unsent(amazon: OverHttp) -> None:
    found = await records(amazon)
    spoil(amazon, {"B-2": Answer({"errors": [{"code": "QuotaExceeded"}]}, 429)})
    receipts = await write(amazon, *(change(found[sku, ""], 1) for sku in ("A-1", "B-2", "C-3")))

    assert receipts[0].later
    assert all("429" in (receipt.unsent or "") for receipt in receipts[1:])
    assert [request.json["patches"][0]["value"][0]["quantity"] for request in patches(amazon)]
    assert len(patches(amazon)) == 2


async def test_a_lost_reply_half_way_leaves_the_rest_unsent(amazon: OverHttp) -> None:
    found = await records(amazon)
    spoil(amazon, {"B-2": Answer(lose=True)})
    first, second, third = await write(
        amazon, *(change(found[sku, ""], 1) for sku in ("A-1", "B-2", "C-3"))
    )

    assert first.later
    assert second.unknown
    assert third.unsent is not None
    assert third.unsent.startswith("not sent after a lost reply")


async def test_a_refused_one_half_way_does_not_stop_the_others(amazon: OverHttp) -> None:
    found = await records(amazon)
    errors = {"errors": [{"code": "InvalidInput", "message": "no", "details": "so it is"}]}
    spoil(amazon, {"B-2": Answer(errors, 400)})
    first, second, third = await write(
        amazon, *(change(found[sku, ""], 1) for sku in ("A-1", "B-2", "C-3"))
    )

    assert (first.later, third.later) == (True, True)
    assert second.refused == "shop answered 400: no so it is"


async def test_a_look_that_can_t_be_read_writes_nothing(amazon: OverHttp) -> None:
    record = (await records(amazon))["A-1", ""]
    amazon.front.spoil = lambda request: Answer({}) if "identifiers" in request.path else None
    with pytest.raises(Temporary, match="nothing was written"):
        await write(amazon, change(record, 3))

    assert patches(amazon) == []


async def test_a_sku_that_no_address_can_hold_is_refused(amazon: OverHttp) -> None:
    amazon.put("..", 4)
    (receipt,) = await write(amazon, change((await records(amazon))["..", ""], 3))

    assert receipt.refused is not None
    assert 'no address can end with the SKU ".."' in receipt.refused


def spoil(harness: OverHttp, answers: dict[str, Any]) -> None:
    """Answer the patches of some SKUs with these."""

    def answer(request: ReceivedRequest) -> Answer | None:
        if request.method != "PATCH":
            return None
        return answers.get(request.path.partition("?")[0].rpartition("/")[2])

    harness.front.spoil = answer
