"""What only the erpnext kind does: what is reserved, warehouses, documents, Frappe's errors."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from store.model import UNCOUNTED, Record, State
from sync import values
from sync.channels.api.auth.access import FixedAccess
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import ListingRef, Receipt, SinceSource
from sync.channels.erpnext.options import ErpNextOptions
from sync.channels.erpnext.reading import BinReader
from sync.channels.erpnext.site import ErpNextSite
from sync.errors import ContractBroken, NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected
from sync.time_zones import TimeZone
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    change,
    opened,
    over_http,
    poll,
)
from tests.fakes.erpnext import STORES, ErpNextSiteFake
from tests.loopback import Answer, ReceivedRequest, script
from tests.sync.scripted_channel import HandClock
from tests.sync.transport.test_transport import rig


@pytest.fixture
def site() -> ErpNextSiteFake:
    return ErpNextSiteFake()


@pytest.fixture
def harness(site: ErpNextSiteFake, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(site, tmp_path) as found:
        yield found


async def write(harness: OverHttp, records: Sequence[Record], quantity: int) -> Sequence[Receipt]:
    async with opened(harness) as channel:
        changes = [change(record, quantity, f"c-{n}") for n, record in enumerate(records)]
        return await channel.write(changes)


async def write_one(harness: OverHttp, quantity: int, sku: str = "A") -> Receipt:
    (receipt,) = await write(harness, [(await poll(harness)).of(sku)], quantity)
    return receipt


def posted(harness: OverHttp) -> list[ReceivedRequest]:
    return [asked for asked in harness.server.asked if asked.method == "POST"]


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


@pytest.mark.parametrize("code", [None, 7])
async def test_a_bin_that_names_no_item_makes_none_of_another(
    site: ErpNextSiteFake, harness: OverHttp, code: object
) -> None:
    site.put("A", 5)
    site.item("B")
    assert (await poll(harness)).stock == {"A": 5, "B": 0}
    site.lay("B", actual_qty=9)["item_code"] = code

    reading = await poll(harness)

    assert reading.stock == {"A": 5}
    assert {bad.sku for bad in reading.refused} == {None, "B"}


async def test_a_site_that_cuts_its_pages_is_read_to_the_end(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    for number in range(45):
        site.put(f"N-{number}", number)
    site.page_max = 20

    assert len((await poll(harness)).stock) == 45


async def test_what_is_deleted_and_made_while_it_is_read_moves_no_other(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    for number in range(1200):
        site.put(f"N-{number:04}", number)

    def drift(asked: ReceivedRequest) -> None:
        if "/Bin?" in asked.path and "name%22%2C%22%3E" in asked.path:
            site.bins.pop(("N-0000", STORES), None)

    site.before_answer = drift
    stock = (await poll(harness)).stock

    assert len(stock) == 1200
    # Warehouses, items and bins; a page of so many may be cut, and another follows.
    assert len(harness.server.asked) == 1 + 3 + 3


async def test_a_site_that_ignores_where_to_go_on_ends_at_once(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.put("A", 5)
    row = {"name": "1", "item_code": "A", "warehouse": STORES, "actual_qty": 5.0}
    page = {"data": [row] * 20}
    harness.front.spoil = lambda asked: Answer(page) if "/Bin?" in asked.path else None

    with pytest.raises(ContractBroken, match="Bin, page 2: the same page again"):
        await poll(harness)


async def test_times_are_read_in_the_sites_zone(site: ErpNextSiteFake, harness: OverHttp) -> None:
    site.put("A", 5)
    site.keys |= {"timezone": "Asia/Kolkata"}

    record = (await poll(harness)).of("A")

    # 14:02:11.123 there is 08:32:11.123Z.
    assert record.source_at == 1_795_422_731_123


async def changed_since(harness: OverHttp, since: str) -> dict[str, tuple[int | None, str | None]]:
    at = values.instant(since)
    assert at is not None
    async with opened(harness) as channel:
        assert channel.abilities.since
        pages = [page async for page in cast("SinceSource", channel).changed(at)]
    records = [record for page in pages for record in page.records]
    assert len({(record.sku, record.location) for record in records}) == len(records)
    return {record.sku: (record.available, record.state) for record in records}


async def test_what_changed_since_is_what_moved_and_what_was_edited(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.keys |= {"timezone": "Asia/Kolkata"}
    for sku in ("OLD", "SOLD", "RESERVED", "CLOSED", "LATE"):
        site.put(sku, 5)
    # Nine in the morning in Kolkata is 03:30Z.
    site.lay("SOLD", actual_qty=3.0, modified="2026-11-24 09:00:00.000001")
    site.lay("RESERVED", reserved_qty=1.0, modified="2026-11-24 09:10:00.000000")
    site.item("CLOSED", disabled=1, modified="2026-11-24 09:20:00.000000")
    site.item("NEW", modified="2026-11-24 09:20:00.000000")
    # Its document was 20 minutes on its way.
    site.lay("LATE", actual_qty=1.0, modified="2026-11-24 08:40:00.000000")

    found = await changed_since(harness, "2026-11-24T03:30:00Z")

    assert found == {
        "SOLD": (3, State.ACTIVE),
        "RESERVED": (4, State.ACTIVE),
        "CLOSED": (5, State.DISABLED),
        "NEW": (0, State.ACTIVE),
        "LATE": (1, State.ACTIVE),
    }


async def test_nothing_that_changed_costs_three_requests(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.keys |= {"timezone": "Europe/Berlin"}
    for number in range(50):
        site.put(f"N-{number}", 5)

    assert await changed_since(harness, "2026-11-29T12:00:00Z") == {}
    assert len(harness.server.asked) == 3


@pytest.mark.parametrize(
    ("now", "since", "moved"),
    [
        # In Berlin the hour after 02:00 came twice on 2026-10-25: 00:50Z and 01:10Z.
        ("2026-10-25T01:15:00Z", "2026-10-25T00:50:00Z", "2026-10-25 02:10:00.000000"),
        ("2026-10-25T01:15:00Z", "2026-10-25T01:05:00Z", "2026-10-25 02:10:00.000000"),
        # And the hour after 02:00 did not come on 2026-03-29.
        ("2026-03-29T01:15:00Z", "2026-03-29T00:55:00Z", "2026-03-29 01:58:00.000000"),
        ("2026-03-29T01:15:00Z", "2026-03-29T00:55:00Z", "2026-03-29 03:10:00.000000"),
    ],
)
async def test_the_hours_of_the_clock_change_hide_nothing(now: str, since: str, moved: str) -> None:
    options = msgspec.convert(
        {"url": "https://erp.example.com", "api_key": "k", "api_secret": {"env": SECRET_NAME}},
        ErpNextOptions,
    )
    options = msgspec.structs.replace(options, timezone=TimeZone("Europe/Berlin"))
    clock = HandClock(values.instant(now) or 0)
    async with rig(script(Answer(b"{}"))) as r:
        client = VendorClient("shop", SignedClient(r.transport, {}, FixedAccess()), expects="")
        reader = BinReader(ErpNextSite(client, options), options, clock)
        assert reader.written(values.instant(since) or 0) <= moved


async def test_without_the_sites_zone_nothing_is_asked_for_by_time(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    async with opened(harness) as channel:
        assert not channel.abilities.since


async def test_a_few_of_many_are_asked_for_in_addresses_that_servers_take(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    skus = [f"{'LONG-' * 20}{number:03}" for number in range(100)]
    for sku in skus:
        site.put(sku, 3)
    async with opened(harness) as channel:
        answer = await channel.read([ListingRef(sku, "", "") for sku in skus])

    assert len(answer.records) == 100
    assert max(len(asked.path) for asked in harness.server.asked) < 6000


async def test_signing_in_says_who_it_is(site: ErpNextSiteFake, harness: OverHttp) -> None:
    async with opened(harness) as channel:
        assert await channel.sign_in() == "signed in as stock@example.com; 1 warehouse with stock"
    assert all(asked.method == "GET" for asked in harness.server.asked)


async def test_a_list_that_can_t_be_read_before_a_write_leaves_it_unsent(
    site: ErpNextSiteFake, harness: OverHttp
) -> None:
    site.put("A", 5)
    record = (await poll(harness)).of("A")
    harness.front.spoil = lambda asked: Answer({"rows": []}) if "/Bin?" in asked.path else None

    with pytest.raises(Temporary, match="nothing was written"):
        await write(harness, [record], 7)
    assert posted(harness) == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "erp.example.com"}, "url must begin with https://"),
        ({"url": "https://erp.example.com/app/stock"}, 'write "https://erp.example.com"'),
        ({"url": "https://a:b@erp.example.com"}, "url must not contain a user"),
        ({"location": " "}, "location is empty"),
        ({"location": "Stores", "company": "X"}, "company has no effect with location"),
    ],
)
def test_what_cannot_work_is_said_by_its_key(keys: dict[str, Any], words: str) -> None:
    usual = {"url": "https://erp.example.com", "api_key": "k", "api_secret": {"env": SECRET_NAME}}
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({**usual, **keys}, ErpNextOptions)


async def test_no_secret_is_in_what_a_site_quotes(site: ErpNextSiteFake, harness: OverHttp) -> None:
    site.put("A", 5)
    row = {"name": "1", "item_code": "A", "warehouse": STORES, "actual_qty": SECRET}
    rows = [Answer({"data": []}), Answer({"data": [row]})]
    harness.front.spoil = lambda asked: rows.pop() if "/Bin?" in asked.path else None

    (refused,) = (await poll(harness)).refused

    assert SECRET not in refused.reason
