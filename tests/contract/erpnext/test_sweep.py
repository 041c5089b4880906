"""Reading a whole ERPNext site and what changed there, and the keys of the kind."""

from typing import Any, cast

import msgspec
import pytest

from store.model import State
from sync import values
from sync.channels.api.auth.access import FixedAccess
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import ListingRef, SinceSource
from sync.channels.erpnext.options import ErpNextOptions
from sync.channels.erpnext.reading import BinReader
from sync.channels.erpnext.site import ErpNextSite
from sync.errors import ContractBroken, Temporary
from sync.times.time_zones import TimeZone
from tests.contract.erpnext.bench import posted, write
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    opened,
    poll,
)
from tests.fakes.erpnext import STORES, ErpNextSiteFake
from tests.loopback import Answer, ReceivedRequest, script
from tests.sync.scripted_channel import HandClock
from tests.sync.transport.test_transport import rig


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
