"""What ERPNext's bins hold, and the documents that set them."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from store.model import UNCOUNTED, Record, State
from sync.channels.base import ListingRef, Receipt
from sync.errors import NeedsOperator, WriteOutcomeUnknown, WriteRejected
from tests.contract.erpnext.bench import posted, write
from tests.contract.harness import (
    SECRET_NAME,
    OverHttp,
    opened,
    poll,
)
from tests.fakes.erpnext import STORES, ErpNextSiteFake
from tests.loopback import Answer, ReceivedRequest


async def write_one(harness: OverHttp, quantity: int, sku: str = "A") -> Receipt:
    (receipt,) = await write(harness, [(await poll(harness)).of(sku)], quantity)
    return receipt


RESERVED: dict[str, Any] = {
    "actual_qty": 12.0,
    "reserved_qty": 3.0,
    "reserved_qty_for_production": 2.0,
    "reserved_qty_for_sub_contract": 1.0,
}


async def test_what_is_reserved_is_taken_off_and_written_on_again(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.lay("A", **RESERVED)

    record = (await poll(harness)).of("A")
    assert (record.available, record.on_hand, record.committed, record.unavailable) == (6, 12, 3, 3)
    assert (record.state, record.title, record.source_at) == (State.ACTIVE, "Article A", None)

    (receipt,) = await write(harness, [record], 10)
    assert (receipt.refused, site.shown("A")) == (None, 10)
    (document,) = site.documents
    assert document["items"] == [
        {"item_code": "A", "warehouse": STORES, "qty": 16, "valuation_rate": 7.5}
    ]
    assert (document["docstatus"], document["purpose"]) == (1, "Stock Reconciliation")
    assert document["company"] == "Example GmbH"


@pytest.mark.parametrize(("actual", "worth"), [(5.0, True), (0.0, False)])
async def test_a_count_carries_the_value_as_it_is(
    site: ErpNextSiteFake, harness: OverHttp, actual: float, *, worth: bool
) -> None:
    site.lay("A", actual_qty=actual, valuation_rate=0.0)
    record = (await poll(harness)).of("A")

    if worth:
        (receipt,) = await write(harness, [record], 9)
        assert (receipt.refused, site.bins["A", STORES]["valuation_rate"]) == (None, 0)
        return
    # There never was any, so nothing says what it is worth: that is not ours to make up.
    with pytest.raises(WriteRejected, match="Valuation Rate required"):
        await write(harness, [record], 9)


@pytest.mark.parametrize("raw", ["2.5", '"many"', "-0.5"])
async def test_a_part_of_a_piece_blinds_its_bin_only(
    site: ErpNextSiteFake, harness: OverHttp, raw: str
) -> None:
    site.put("A", 5)
    site.lay("B", actual_qty=1.0)
    site.corrupt("B", raw)

    reading = await poll(harness)

    assert (reading.stock, [bad.sku for bad in reading.refused]) == ({"A": 5}, ["B"])
    assert reading.refused[0].place == "Bin, page 1[1]"


async def test_items_are_told_apart_by_what_erpnext_keeps_of_them(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.put("ON", 5)
    site.lay("OFF", actual_qty=5.0)
    site.item("OFF", disabled=1)
    site.lay("SERVICE", actual_qty=0.0)
    site.item("SERVICE", is_stock_item=0)
    site.item("TEMPLATE", has_variants=1)
    site.item("NEVER-THERE")
    site.item("GIFT-CARD", is_stock_item=0)
    for number in range(5):
        site.lay(f"SERIAL-{number}", actual_qty=1.0)
        site.item(f"SERIAL-{number}", has_serial_no=1)

    reading = await poll(harness)

    states = {record.sku: (record.available, record.state) for record in reading.records}
    assert {sku: found for sku, found in states.items() if not sku.startswith("SERIAL")} == {
        "ON": (5, State.ACTIVE),
        "OFF": (5, State.DISABLED),
        "SERVICE": (None, UNCOUNTED),
        "NEVER-THERE": (0, State.ACTIVE),
        "GIFT-CARD": (None, UNCOUNTED),
    }
    assert reading.pages[-1].warnings == [
        "5 listings, with serial or batch numbers, compared and not written: "  # noqa: ISC004
        "SERIAL-0, SERIAL-1, SERIAL-2 and 2 more"
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"has_serial_no": 1}, "serial or batch numbers"),
        ({"has_batch_no": 1}, "serial or batch numbers"),
        ({"disabled": 1}, "it is disabled"),
        ({"is_stock_item": 0}, "Maintain Stock is off"),
    ],
)
async def test_what_takes_no_count_is_refused_before_anything_is_sent(
    site: ErpNextSiteFake, harness: OverHttp, flags: dict[str, int], words: str
) -> None:
    site.put("A", 5)
    site.item("A", **flags)

    receipt = await write_one(harness, 7)

    assert words in (receipt.refused or "")
    assert posted(harness) == []


async def test_what_was_never_in_the_warehouse_is_put_there(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.item("A")
    harness.front.spoil = lambda asked: (
        Answer({"data": {"name": "MAT-1", "docstatus": 1}}) if asked.method == "POST" else None
    )

    receipt = await write_one(harness, 4)

    assert receipt.refused is None
    # Without a rate ERPNext takes the item's own, or refuses it.
    assert posted(harness)[0].json["items"] == [{"item_code": "A", "warehouse": STORES, "qty": 4}]


async def test_each_warehouse_is_a_location_but_for_groups_and_closed_ones(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.keys = {}
    site.warehouse("Shop - EX")
    site.warehouse("Old - EX", disabled=1)
    site.warehouse("Other - OT", company="Other Ltd")
    for place, quantity in {STORES: 5, "Shop - EX": 2, "Old - EX": 9, "Other - OT": 1}.items():
        site.lay("A", place, actual_qty=float(quantity))
    site.item("NEVER-THERE")

    def told(records: Sequence[Record]) -> dict[str, int | None]:
        return {record.location: record.available for record in records}

    reading = await poll(harness)
    assert told(reading.records) == {STORES: 5, "Shop - EX": 2, "Other - OT": 1}
    assert {record.sku for record in reading.records} == {"A"}

    site.keys = {"company": "Example GmbH"}
    assert told((await poll(harness)).records) == {STORES: 5, "Shop - EX": 2}
    async with opened(harness) as channel:
        assert channel.abilities.locations
        answer = await channel.read([ListingRef("A", "Shop - EX", "")])
    assert told(answer.records) == {"Shop - EX": 2}


async def test_a_write_goes_to_its_own_warehouse_and_no_other(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.keys = {}
    site.warehouse("Shop - EX")
    site.lay("A", actual_qty=5.0)
    site.lay("A", "Shop - EX", actual_qty=2.0)
    record = next(r for r in (await poll(harness)).records if r.location == "Shop - EX")

    (receipt,) = await write(harness, [record], 8)

    assert receipt.refused is None
    assert (site.shown("A"), site.shown("A", "Shop - EX")) == (5, 8)

    site.warehouses["Shop - EX"]["disabled"] = 1
    (refused,) = await write(harness, [msgspec.structs.replace(record, available=8)], 9)
    assert "not a warehouse that is read" in (refused.refused or "")


async def test_a_document_is_of_one_company_and_the_others_go_by_themselves(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.keys = {}
    site.warehouse("Other - OT", company="Other Ltd")
    site.lay("A", actual_qty=5.0)
    site.lay("A", "Other - OT", actual_qty=2.0)
    records = (await poll(harness)).records

    receipts = await write(harness, records, 7)

    assert [receipt.refused for receipt in receipts] == [None, None]
    assert sum(receipt.unsent is not None for receipt in receipts) == 1
    assert [document["company"] for document in site.documents] == [
        site.warehouses[receipts[0].change.location]["company"]
    ]


async def test_a_hundred_bins_go_in_one_document(site: ErpNextSiteFake, harness: OverHttp) -> None:
    for number in range(101):
        site.put(f"N-{number:03}", 5)
    records = (await poll(harness)).records

    async with opened(harness) as channel:
        assert channel.abilities.batch_max == 100
    receipts = await write(harness, records[:100], 6)

    assert [receipt.refused for receipt in receipts] == [None] * 100
    assert len(posted(harness)) == 1
    assert {site.shown(record.sku) for record in records[:100]} == {6}


async def test_a_row_that_erpnext_names_is_refused_and_the_others_may_go_again(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    for sku in ("A", "B", "C"):
        site.put(sku, 5)
    records = (await poll(harness)).records

    def lock(asked: ReceivedRequest) -> None:
        # Somebody disables an item between our reading and our write.
        if asked.method == "POST":
            site.item("B", disabled=1)

    site.before_answer = lock
    receipts = await write(harness, records, 7)

    assert [receipt.unsent is not None for receipt in receipts] == [True, False, True]
    assert receipts[1].refused == "shop answered 417: Row # 2: Item B is disabled"
    assert [site.shown(sku) for sku in ("A", "B", "C")] == [5, 5, 5]


async def test_what_moved_meanwhile_is_a_conflict_and_the_rest_is_written(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    for sku in ("A", "B"):
        site.put(sku, 5)
    records = (await poll(harness)).records
    site.lay("A", reserved_qty=1.0)

    receipts = await write(harness, records, 7)

    assert [receipt.conflict for receipt in receipts] == [True, False]
    assert (site.shown("A"), site.shown("B")) == (4, 7)


async def test_stock_that_may_not_go_below_zero_is_refused_in_erpnexts_words(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.put("A", 5)
    told = '[{"message": "<b>3.0</b> units of <a href=\\"/app/item/A\\">A</a> needed"}]'
    body = {
        "exc_type": "NegativeStockError",
        "exception": "erpnext.stock.stock_ledger.NegativeStockError: 3.0 units of A needed",
        "exc": '["Traceback (most recent call last): …"]',
        "_server_messages": told,
    }
    harness.front.spoil = lambda asked: Answer(body, 417) if asked.method == "POST" else None

    with pytest.raises(WriteRejected, match=r"^shop answered 417: 3\.0 units of A needed$"):
        await write_one(harness, 2)


async def test_a_document_that_a_workflow_holds_moves_nothing_and_is_named(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.put("A", 5)
    site.has_workflow = True

    receipt = await write_one(harness, 7)

    assert "MAT-RECO-2026-00001 was made and not submitted" in (receipt.refused or "")
    assert site.shown("A") == 5


async def test_a_write_whose_answer_is_lost_leaves_no_draft_and_is_sent_once(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.put("A", 5)

    def lose(asked: ReceivedRequest) -> Answer | None:
        if asked.method != "POST":
            return None
        site.answer(asked)
        return Answer(lose=True)

    record = (await poll(harness)).of("A")
    harness.front.spoil = lose
    with pytest.raises(WriteOutcomeUnknown):
        await write(harness, [record], 7)

    assert [document["docstatus"] for document in site.documents] == [1]
    assert site.shown("A") == 7


@pytest.mark.parametrize("answer", [{"data": {}}, {"message": "ok"}, {"data": {"name": "M"}}, []])
async def test_an_answer_that_names_no_document_proves_nothing(
    site: ErpNextSiteFake, harness: OverHttp, answer: object
) -> None:
    site.put("A", 5)
    harness.front.spoil = lambda asked: Answer(answer) if asked.method == "POST" else None

    with pytest.raises(WriteOutcomeUnknown):
        await write_one(harness, 7)


@pytest.mark.parametrize("doctype", ["Bin", "Item", "Warehouse"])
async def test_a_right_that_is_missing_names_user_and_doctype(
    site: ErpNextSiteFake, harness: OverHttp, doctype: str
) -> None:
    site.denied = {doctype}

    with pytest.raises(NeedsOperator) as caught:
        await poll(harness)

    words = f"User stock@example.com does not have doctype access via role permission for document {doctype}"  # noqa: E501
    assert words in str(caught.value)
    assert SECRET_NAME in str(caught.value)
    assert "Traceback" not in str(caught.value)


async def test_a_user_who_may_not_submit_is_told_so(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.put("A", 5)
    site.denied = {"Stock Reconciliation"}

    with pytest.raises(NeedsOperator, match="for document Stock Reconciliation"):
        await write_one(harness, 7)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"location": "Nowhere"}, 'location: "Nowhere" is not a warehouse that the user may see'),
        ({"location": "All Warehouses - EX"}, "is a group of warehouses"),
        ({"location": "Old - EX"}, "is a disabled warehouse"),
        ({"company": "Nobody Ltd"}, 'company: "Nobody Ltd" has no warehouse'),
    ],
)
async def test_a_warehouse_that_cannot_be_read_is_named(
    site: ErpNextSiteFake, harness: OverHttp, keys: dict[str, str], words: str
) -> None:
    site.warehouse("Old - EX", disabled=1)
    site.keys = keys

    with pytest.raises(NeedsOperator, match=words):
        await poll(harness)
