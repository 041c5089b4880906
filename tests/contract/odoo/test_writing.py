"""How a quant is set, and what an answer of Odoo's proves."""

import pytest

from sync.channels.base import ListingRef
from sync.errors import (
    WriteOutcomeUnknown,
)
from tests.contract.harness import (
    OverHttp,
    change,
    opened,
    poll,
)
from tests.fakes.odoo import OdooShop
from tests.loopback import Answer, ReceivedRequest


async def test_a_write_that_names_no_reading_of_ours_moves_nothing_twice(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.put("A", 3)
    record = (await poll(harness)).of("A")
    async with opened(harness) as channel:
        for _ in range(2):
            (receipt,) = await channel.write([change(record, 3)])

    assert receipt.refused is None
    assert "stock.quant/write" not in shop.calls


@pytest.mark.long
async def test_writes_of_one_number_are_one_call_and_new_quants_another(
    shop: OdooShop, harness: OverHttp
) -> None:
    for sku in "ABCD":
        shop.put(sku, 1)
    shop.product("NEW-1")
    shop.product("NEW-2")
    reading = await poll(harness)
    wanted = {"A": 4, "B": 4, "C": 4, "D": 7, "NEW-1": 2, "NEW-2": 3}
    changes = [change(reading.of(sku), number, sku) for sku, number in wanted.items()]
    shop.calls.clear()

    async with opened(harness) as channel:
        receipts = await channel.write(changes)

    assert [receipt.refused for receipt in receipts] == [None] * 6
    writes = [call for call in shop.calls if call.endswith(("/write", "/create"))]
    assert writes == ["stock.quant/write", "stock.quant/write", "stock.quant/create"]
    assert (await poll(harness)).stock == wanted


async def test_after_a_call_that_failed_the_others_are_told_apart(
    shop: OdooShop, harness: OverHttp
) -> None:
    for sku in "ABC":
        shop.put(sku, 1)
    reading = await poll(harness)
    changes = [change(reading.of(sku), n, sku) for sku, n in (("A", 4), ("B", 5), ("C", 6))]
    count = [0]

    def spoil(asked: ReceivedRequest) -> Answer | None:
        count[0] += shop.is_write(asked)
        return Answer(lose=True) if count[0] == 2 and shop.is_write(asked) else None

    async with opened(harness) as channel:
        harness.front.spoil = spoil
        first, second, third = await channel.write(changes)

    assert (first.refused, first.unknown, first.unsent) == (None, None, None)
    assert second.unknown
    assert third.unsent
    assert shop.shown("A") == 4
    assert shop.shown("C") == 1


async def test_one_refusal_leaves_the_other_calls(shop: OdooShop, harness: OverHttp) -> None:
    shop.put("A", 1)
    shop.put("B", 1)
    reading = await poll(harness)
    changes = [change(reading.of(sku), n, sku) for sku, n in (("A", 4), ("B", 5))]
    (quant,) = shop.lying("A")

    def lose_it(call: str) -> None:
        if call == "stock.quant/write" and quant in shop.quants:
            shop.quants.remove(quant)

    shop.before_answer = lose_it
    async with opened(harness) as channel:
        first, second = await channel.write(changes)

    assert "does not exist or has been deleted" in (first.refused or "")
    assert second.refused is None
    assert shop.shown("B") == 5


async def test_a_reference_that_another_product_has_now_is_not_written(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.put("A", 1)
    record = (await poll(harness)).of("A")
    shop.of("A")["default_code"] = "B"
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, 4)])

    assert receipt.refused == "the product has the reference B now"


@pytest.mark.parametrize("answer", [False, None, {"type": "ir.actions.act_window"}, [1, 2]])
async def test_any_other_answer_to_a_write_proves_nothing(
    shop: OdooShop, harness: OverHttp, answer: object
) -> None:
    shop.put("A", 1)
    record = (await poll(harness)).of("A")
    said = {"jsonrpc": "2.0", "id": 1, "result": answer} if shop.is_rpc else answer

    async with opened(harness) as channel:
        await channel.read([ListingRef("A", "", record.ref)])
        harness.front.spoil = lambda asked: Answer(said) if shop.is_write(asked) else None
        with pytest.raises(WriteOutcomeUnknown, match=r"stock\.quant/write"):
            await channel.write([change(record, 4)])
