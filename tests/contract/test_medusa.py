"""What only Medusa does: locations, kits, two SKUs for one thing, and an answer that is stale."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.model import UNCOUNTED, State
from sync.channels.base import ListingRef, Receipt
from sync.channels.medusa.options import MedusaOptions
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected
from sync.secrets import SecretSource
from tests.contract.harness import SECRET, OverHttp, Reading, change, opened, over_http, poll
from tests.fakes.medusa import MedusaItemRow, MedusaShop
from tests.loopback import Answer, ReceivedRequest


@pytest.fixture
def shop() -> MedusaShop:
    return MedusaShop()


@pytest.fixture
def harness(
    shop: MedusaShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OverHttp]:
    monkeypatch.setenv("CONTRACT_SECRET", SECRET)
    with over_http(shop, tmp_path) as found:
        yield found


def sold(shop: MedusaShop, sku: str, stocked: dict[str, int], **more: Any) -> MedusaItemRow:
    item = shop.item(sku, stocked)
    shop.variant(sku, {item.id: 1}, **more)
    return item


async def write(harness: OverHttp, *wanted: tuple[str, int]) -> list[Receipt]:
    before = await poll(harness)
    async with opened(harness) as channel:
        changes = [change(before.of(sku), quantity, sku) for sku, quantity in wanted]
        return list(await channel.write(changes))


def of_warnings(reading: Reading) -> str:
    return "\n".join(warning for page in reading.pages for warning in page.warnings)


async def test_what_is_reserved_is_not_available_and_stays_reserved(
    shop: MedusaShop, harness: OverHttp
) -> None:
    item = sold(shop, "CUP", {"sloc_1": 9, "sloc_2": 70})
    item.reserved = {"sloc_1": 4}

    record = (await poll(harness)).of("CUP")
    (receipt,) = await write(harness, ("CUP", 2))

    assert (record.available, record.on_hand, record.committed) == (5, 9, 4)
    assert receipt.refused is None
    assert item.stocked == {"sloc_1": 6, "sloc_2": 70}


async def test_without_a_location_each_is_one_of_its_own(
    shop: MedusaShop, harness: OverHttp
) -> None:
    shop.location = None
    item = sold(shop, "CUP", {"sloc_2": 7, "sloc_1": 5})
    async with opened(harness) as channel:
        assert channel.abilities.locations

    records = {record.location: record for record in (await poll(harness)).records}
    async with opened(harness) as channel:
        receipts = await channel.write([change(records["sloc_2"], 3, "c-1")])

    assert {place: record.available for place, record in records.items()} == {
        "sloc_1": 5, "sloc_2": 7,
    }  # fmt: skip
    assert [receipt.refused for receipt in receipts] == [None]
    assert item.stocked == {"sloc_1": 5, "sloc_2": 3}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("published", State.ACTIVE),
        ("draft", State.DISABLED),
        ("proposed", State.DISABLED),
        ("rejected", State.DISABLED),
        (None, None),
    ],
)
async def test_a_product_s_status_is_the_state(
    shop: MedusaShop, harness: OverHttp, status: str | None, state: State | None
) -> None:
    sold(shop, "CUP", {"sloc_1": 5}, status=status)

    assert (await poll(harness)).of("CUP").state == state


async def test_a_status_of_a_later_version_is_counted_and_harms_nothing(
    shop: MedusaShop, harness: OverHttp
) -> None:
    sold(shop, "CUP", {"sloc_1": 5}, status="on_the_moon")
    sold(shop, "MUG", {"sloc_1": 6})

    reading = await poll(harness)

    assert reading.stock == {"CUP": 5, "MUG": 6}
    assert reading.of("CUP").state is None
    assert '"on_the_moon": CUP' in of_warnings(reading)


@pytest.mark.parametrize(
    ("available", "state"), [(3, State.ACTIVE), (0, State.BACKORDER), (-2, State.BACKORDER)]
)
async def test_what_goes_on_selling_without_stock_is_on_backorder(
    shop: MedusaShop, harness: OverHttp, available: int, state: State
) -> None:
    sold(shop, "CUP", {"sloc_1": available}, allow_backorder=True)

    assert (await poll(harness)).of("CUP").state == state


async def test_stock_that_medusa_does_not_manage_has_no_number_and_is_not_written(
    shop: MedusaShop, harness: OverHttp
) -> None:
    item = sold(shop, "CUP", {"sloc_1": 5}, manage_inventory=False)
    shop.variant("GIFT", {}, manage_inventory=False)
    shop.variant("OLD", {}, manage_inventory=False, status="draft")
    shop.variant(None, {}, manage_inventory=False)

    reading = await poll(harness)
    receipts = await write(harness, ("CUP", 1), ("GIFT", 1))

    assert reading.stock == {"CUP": None, "GIFT": None, "OLD": None}
    assert reading.of("GIFT").state == UNCOUNTED
    assert reading.of("OLD").state == State.DISABLED
    assert all("does not manage" in str(receipt.refused) for receipt in receipts)
    assert item.stocked == {"sloc_1": 5}


async def test_a_kit_is_what_can_be_made_of_its_items_and_is_never_written(
    shop: MedusaShop, harness: OverHttp
) -> None:
    leg = sold(shop, "LEG", {"sloc_1": 14, "sloc_2": 100})
    top = sold(shop, "TOP", {"sloc_1": 9})
    top.reserved = {"sloc_1": 2}
    shop.variant("TABLE", {leg.id: 4, top.id: 1})
    pack = shop.item("SIX", {"sloc_1": 20})
    shop.variant("SIX", {pack.id: 6})

    reading = await poll(harness)
    receipts = await write(harness, ("TABLE", 1), ("SIX", 1), ("LEG", 13))
    async with opened(harness) as channel:
        wanted = [ListingRef(sku, "", reading.of(sku).ref) for sku in ("TABLE", "LEG", "SIX")]
        fresh = await channel.read(wanted)

    assert reading.stock == {"LEG": 14, "TOP": 7, "TABLE": 3, "SIX": 3}
    assert "TABLE, SIX" in of_warnings(reading)
    assert [bool(receipt.refused) for receipt in receipts] == [True, True, False]
    assert "correct those" in str(receipts[0].refused)
    assert pack.stocked == {"sloc_1": 20}
    assert {found.sku: found.available for found in fresh.records} == {
        "LEG": 13, "TABLE": 3, "SIX": 3,
    }  # fmt: skip


@pytest.mark.parametrize("needed", [0, -1])
async def test_a_kit_that_takes_no_pieces_blinds_itself_only(
    shop: MedusaShop, harness: OverHttp, needed: int
) -> None:
    cup = sold(shop, "CUP", {"sloc_1": 5})
    shop.variant("ODD", {cup.id: needed})

    reading = await poll(harness)

    assert reading.stock == {"CUP": 5}
    assert [refused.sku for refused in reading.refused] == ["ODD"]
    assert "required_quantity" in reading.refused[0].reason


async def test_the_item_s_sku_counts_and_another_of_the_variant_is_named(
    shop: MedusaShop, harness: OverHttp
) -> None:
    item = shop.item("CUP", {"sloc_1": 5})
    shop.variant("CUP-2", {item.id: 1})

    reading = await poll(harness)

    assert reading.stock == {"CUP": 5}
    assert "CUP (CUP-2)" in of_warnings(reading)


async def test_variants_that_share_an_item_are_faces_of_one_stock(
    shop: MedusaShop, harness: OverHttp
) -> None:
    shop.sku_of = "variant"
    item = shop.item("CUP", {"sloc_1": 5})
    shop.variant("CUP-EU", {item.id: 1})
    shop.variant("CUP-US", {item.id: 1}, status="draft")

    reading = await poll(harness)
    same = await write(harness, ("CUP-EU", 4), ("CUP-US", 4))
    other = await write(harness, ("CUP-EU", 3), ("CUP-US", 2))

    assert reading.stock == {"CUP-EU": 5, "CUP-US": 5}
    assert reading.of("CUP-US").state == State.DISABLED
    assert reading.of("CUP-EU").ref == reading.of("CUP-US").ref
    assert [receipt.refused for receipt in same] == [None, None]
    assert other[0].refused is None
    assert "same stock as CUP-EU" in str(other[1].refused)
    assert item.stocked == {"sloc_1": 3}


async def test_what_has_no_sku_is_left_out_and_counted(shop: MedusaShop, harness: OverHttp) -> None:
    sold(shop, "CUP", {"sloc_1": 5})
    for _ in range(5):
        item = shop.item(None, {"sloc_1": 1})
        shop.variant(None, {item.id: 1})

    reading = await poll(harness)

    assert (reading.stock, reading.refused) == ({"CUP": 5}, [])
    assert "5 listings, without a SKU, so left out: " in of_warnings(reading)


async def test_a_batch_writes_what_stands_and_refuses_what_moved(
    shop: MedusaShop, harness: OverHttp
) -> None:
    for sku in ("A", "B", "C"):
        sold(shop, sku, {"sloc_1": 5})
    before = await poll(harness)
    shop.put("B", 4)

    async with opened(harness) as channel:
        changes = [change(before.of(sku), 2, sku) for sku in ("A", "B", "C")]
        receipts = await channel.write(changes)

    assert [(receipt.conflict, bool(receipt.refused)) for receipt in receipts] == [
        (False, False), (True, True), (False, False),
    ]  # fmt: skip
    assert [shop.shown(sku) for sku in ("A", "B", "C")] == [2, 4, 2]
    assert sum(harness.is_write(asked) for asked in harness.server.asked) == 1


async def test_an_item_that_vanishes_right_before_the_write_refuses_the_whole_call(
    shop: MedusaShop, harness: OverHttp
) -> None:
    for sku in ("A", "B"):
        sold(shop, sku, {"sloc_1": 5})

    def vanish(asked: ReceivedRequest) -> None:
        if harness.is_write(asked):
            shop.items["iitem_000002"].stocked.clear()

    harness.front.spoil = vanish

    with pytest.raises(WriteRejected, match="not stocked"):
        await write(harness, ("A", 2), ("B", 2))

    assert shop.shown("A") == 5


async def test_an_answer_that_leaves_a_level_out_leaves_its_outcome_open(
    shop: MedusaShop, harness: OverHttp
) -> None:
    for sku in ("A", "B"):
        sold(shop, sku, {"sloc_1": 5})

    def cut(asked: ReceivedRequest) -> Answer | None:
        if not harness.is_write(asked):
            return None
        answer = shop.answer(asked)
        answer.body["updated"].pop()  # type: ignore[index]
        return answer

    harness.front.spoil = cut

    first, second = await write(harness, ("A", 2), ("B", 2))

    assert (bool(first.unknown), second.unknown) == (True, None)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"updated": 3}'])
async def test_an_answer_to_a_write_that_is_none_leaves_its_outcome_open(
    shop: MedusaShop, harness: OverHttp, body: bytes
) -> None:
    sold(shop, "A", {"sloc_1": 5})
    harness.front.spoil = lambda asked: Answer(body) if harness.is_write(asked) else None

    with pytest.raises(WriteOutcomeUnknown):
        await write(harness, ("A", 2))


async def test_an_item_deleted_while_the_list_is_read_is_noticed(
    shop: MedusaShop, harness: OverHttp
) -> None:
    for number in range(1_500):
        shop.item(f"N-{number}", {"sloc_1": number})

    def delete(asked: ReceivedRequest) -> None:
        if "offset=999" in asked.path:
            shop.items.pop("iitem_000003", None)

    harness.front.spoil = delete

    with pytest.raises(Temporary, match="changed while it was read"):
        await poll(harness)


async def test_a_token_that_ends_between_two_pages_is_renewed(
    shop: MedusaShop, harness: OverHttp
) -> None:
    shop.by_login, shop.token_lives = True, 1
    for number in range(1_500):
        shop.item(f"N-{number}", {"sloc_1": number})

    reading = await poll(harness)

    assert len(reading.stock) == 1_500
    assert len(shop.tokens) > 1


async def test_a_sweep_of_two_thousand_listings_takes_two_requests(
    shop: MedusaShop, harness: OverHttp
) -> None:
    shop.location = None
    for number in range(999):
        shop.item(f"N-{number}", {"sloc_1": number, "sloc_2": 1})

    reading = await poll(harness)

    assert len(reading.records) == 1_998
    assert len(harness.server.asked) == 2


async def test_signing_in_names_the_shop_and_its_locations(
    shop: MedusaShop, harness: OverHttp
) -> None:
    async with opened(harness) as channel:
        assert await channel.sign_in() == (
            "Acme Shop; stock locations: Quay (sloc_1), Hill (sloc_2)"
        )


async def test_a_location_that_is_not_there_is_named_with_those_that_are(
    shop: MedusaShop, harness: OverHttp
) -> None:
    shop.location = "Quay"

    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator, match=r"location Quay .* sloc_1 \(Quay\)"):
            await channel.sign_in()


@pytest.mark.parametrize("status", [200, 404])
async def test_a_storefront_instead_of_the_server_is_explained(
    harness: OverHttp, status: int
) -> None:
    page = Answer(b"<!DOCTYPE html><html><title>Cups</title></html>", status)
    harness.front.spoil = lambda _asked: page

    with pytest.raises(NeedsOperator, match="url must be Medusa's server"):
        await poll(harness)
    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator, match="url must be Medusa's server"):
            await channel.sign_in()


@pytest.mark.parametrize("tail", ["", "/", "/admin", "/app/", "/shop/admin/"])
def test_the_dashboard_s_address_is_good_too(tail: str) -> None:
    key = SecretSource(env="NAME")

    assert MedusaOptions(url=f"https://medusa.example{tail}", secret_key=key)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "medusa.example"}, "^url must begin"),
        ({"url": "https://me:pw@medusa.example"}, "^url must not contain"),
        ({"url": "https://medusa.example/?page=1"}, "^url must end before"),
        ({"secret_key": None}, "^secret_key, or email"),
        ({"email": "a@b.example"}, "^secret_key, or email"),
        ({"location": " "}, "^location is empty"),
    ],
)
def test_what_does_not_belong_together_is_said(keys: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"url": "https://medusa.example", "secret_key": SecretSource(env="NAME")}

    with pytest.raises(ValueError, match=words):
        MedusaOptions(**{**good, **keys})
