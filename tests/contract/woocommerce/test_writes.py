"""What only the woocommerce kind writes: single items, batches, results for each item."""

import pytest

from sync.channels.base import ListingRef
from sync.channels.woocommerce.shop import MAY_ONLY_READ
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected
from tests.contract.harness import OverHttp, change, opened, poll
from tests.contract.woocommerce.bench import answering, refusals, routes, sent, write
from tests.fakes.woocommerce import WooCommerceShop
from tests.loopback import Answer, ReceivedRequest


@pytest.fixture
def shop() -> WooCommerceShop:
    return WooCommerceShop(version=(10, 3))


def _says(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


async def test_changing_is_one_put_and_several_are_a_batch(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for sku in ("A", "B"):
        shop.add(sku, 5)
    shirt, coat = shop.add("SHIRT"), shop.add("COAT")
    only = shop.add("SHIRT-S", 5, parent_id=shirt)
    for sku in ("COAT-S", "COAT-L"):
        shop.add(sku, 5, parent_id=coat)

    receipts = await write(harness, {"A": 1, "B": 2, "SHIRT-S": 3, "COAT-S": 4, "COAT-L": 0})

    assert refusals(receipts) == dict.fromkeys(receipts)
    assert len(receipts) == 5
    assert routes(harness) == [
        "POST products/batch",
        f"PUT products/{shirt}/variations/{only}",
        f"POST products/{coat}/variations/batch",
    ]
    assert [shop.shown(sku) for sku in ("A", "B", "SHIRT-S", "COAT-S", "COAT-L")] == [1, 2, 3, 4, 0]
    (batch, *_) = [asked for asked in harness.server.asked if asked.method == "POST"]
    assert batch.json == {
        "update": [{"id": 10, "stock_quantity": 1}, {"id": 11, "stock_quantity": 2}]
    }


async def test_a_product_of_a_pool_is_written_and_its_variations_never(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    pool = shop.add("POOL", 30)
    shop.add("POOL-RED", parent_id=pool)
    own = shop.add("POOL-OWN", 4, parent_id=pool)

    receipts = await write(harness, {"POOL": 20, "POOL-RED": 3, "POOL-OWN": 2})

    assert receipts["POOL"].refused is None
    assert receipts["POOL-OWN"].refused is None
    assert receipts["POOL-RED"].refused == "its stock is its product's: change that of the product"
    assert routes(harness) == [f"PUT products/{pool}", f"PUT products/{pool}/variations/{own}"]
    assert (shop.shown("POOL"), shop.shown("POOL-OWN")) == (20, 2)


async def test_what_is_not_counted_is_refused_before_anything_is_sent(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("GIFT")

    receipts = await write(harness, {"GIFT": 3})

    assert "does not count it" in str(receipts["GIFT"].refused)
    assert routes(harness) == []


async def test_what_stopped_being_counted_just_now_is_noticed_in_the_answer(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    number = shop.add("A", 5)

    def stop(asked: ReceivedRequest) -> None:
        if asked.method == "PUT":
            shop.items[number]["manage_stock"] = False

    shop.before_answer = stop
    receipts = await write(harness, {"A": 3})

    assert receipts["A"].refused == "accepted, but `stock_quantity` still shows nothing"


async def test_a_write_that_changes_nothing_is_said_to_have_failed(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for sku in ("A", "B"):
        shop.add(sku, 5)
    reading = await poll(harness)
    shown = {"update": [{"id": 11, "stock_quantity": 2}, {"id": 10, "stock_quantity": 5}]}
    answering(shop, harness, Answer(shown))
    async with opened(harness) as channel:
        receipts = await sent(channel, [change(reading.of("A"), 1), change(reading.of("B"), 2)])

    assert refusals(receipts) == {
        "A": "accepted, but `stock_quantity` still shows 5",
        "B": None,
    }


async def test_a_number_of_somebody_else_is_no_proof_either_way(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("A", 5)
    reading = await poll(harness)
    answering(shop, harness, Answer({"id": 10, "stock_quantity": "2"}))
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(reading.of("A"), 3)])

    assert receipt.unknown == "it answered with 2, not 3"


async def test_each_item_of_a_batch_has_its_own_result(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for sku in ("A", "B", "C", "D"):
        shop.add(sku, 5)
    reading = await poll(harness)
    failed = {"code": "x", "message": "Stock is locked.", "data": {"status": 400}}
    rows = [
        {"id": 12, "stock_quantity": 1},
        {"id": "11", "error": failed},
        {"id": 10, "stock_quantity": 1.0},
    ]
    answering(shop, harness, Answer({"update": rows}))
    async with opened(harness) as channel:
        receipts = await sent(
            channel, [change(reading.of(sku), 1, sku) for sku in ("A", "B", "C", "D")]
        )

    assert refusals(receipts) == {"A": None, "B": "Stock is locked.", "C": None, "D": None}
    assert receipts["D"].unknown == "the answer to the batch does not have it"
    assert [receipts[sku].unknown for sku in ("A", "B", "C")] == [None, None, None]


@pytest.mark.parametrize(("errors", "refused"), [(1, "Stock is locked."), (0, None)])
async def test_an_error_without_an_id_is_that_of_what_has_no_answer(
    shop: WooCommerceShop, harness: OverHttp, errors: int, refused: str | None
) -> None:
    for sku in ("A", "B"):
        shop.add(sku, 5)
    reading = await poll(harness)
    rows = [
        {"id": 10, "stock_quantity": 1},
        *([{"id": 0, "error": {"message": "Stock is locked."}}] * errors),
    ]
    answering(shop, harness, Answer({"update": rows}))
    async with opened(harness) as channel:
        receipts = await sent(channel, [change(reading.of(sku), 1, sku) for sku in ("A", "B")])

    assert receipts["A"].refused is receipts["A"].unknown is None
    assert receipts["B"].refused == refused
    assert (receipts["B"].unknown is None) is bool(errors)


async def test_the_fake_s_own_errors_reach_each_correction(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for sku in ("A", "B", "C"):
        shop.add(sku, 5)
    shop.refusing = {11: "Locked by the warehouse plugin."}

    receipts = await write(harness, {"A": 1, "B": 1, "C": 1})

    assert refusals(receipts) == {"A": None, "B": "Locked by the warehouse plugin.", "C": None}
    assert [shop.shown(sku) for sku in ("A", "B", "C")] == [1, 5, 1]


async def test_what_moved_in_between_is_left_out_of_the_batch(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for sku in ("A", "B", "C", "D", "E"):
        shop.add(sku, 5)
    reading = await poll(harness)
    shop.put("B", 4)
    shop.items[12]["status"] = "draft"
    shop.items[13]["status"] = "trash"
    async with opened(harness) as channel:
        receipts = await sent(
            channel, [change(reading.of(sku), 1, sku) for sku in ("A", "B", "C", "D", "E")]
        )

    assert [receipt.conflict for receipt in receipts.values()] == [False, True, True, False, False]
    assert (
        receipts["D"].refused
        == "the product or variation is no longer there, or no listing any more"
    )
    assert [shop.shown(sku) for sku in ("A", "B", "C", "D", "E")] == [1, 4, 5, 5, 1]


async def test_a_variation_that_moved_to_another_product_is_not_moved_back(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    # A batch makes a variation that of the product in its address, whosever it is.
    shirt, coat = shop.add("SHIRT"), shop.add("COAT")
    number = shop.add("S", 5, parent_id=shirt)
    shop.add("M", 5, parent_id=shirt)
    reading = await poll(harness)
    shop.items[number]["parent_id"] = coat
    async with opened(harness) as channel:
        receipts = await sent(channel, [change(reading.of(sku), 1, sku) for sku in ("S", "M")])

    assert refusals(receipts) == {
        "S": "the product or variation is no longer there, or no listing any more",
        "M": None,
    }
    assert shop.items[number]["parent_id"] == coat


async def test_a_lost_update_shows_when_it_is_read_back(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    """Between our reading and our write somebody else sells: nothing tells, but the reading."""
    shop.add("A", 10)

    def sell(asked: ReceivedRequest) -> None:
        if asked.method == "PUT":
            shop.put("A", 7)

    reading = await poll(harness)
    shop.before_answer = sell
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(reading.of("A"), 9)])
        shop.put("A", 6)  # An order that began before ends by its own number.
        answer = await channel.read([ListingRef("A", "", "10")])

    assert receipt.refused is receipt.unknown is None
    assert [record.available for record in answer.records] == [6]


async def test_nothing_is_sent_where_all_is_as_it_should_be(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("A", 5)

    receipts = await write(harness, {"A": 5})

    assert receipts["A"].refused is None
    assert routes(harness) == []


async def test_a_shop_that_takes_smaller_batches_gets_them(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.batch_max = 30
    for number in range(100):
        shop.add(f"P-{number}", 5)

    receipts = await write(harness, {f"P-{number}": 1 for number in range(100)})

    assert refusals(receipts) == dict.fromkeys(receipts)
    assert all(shop.shown(f"P-{number}") == 1 for number in range(100))
    assert routes(harness) == ["POST products/batch"] * 6  # 100, 50, and four of 25.


async def test_what_follows_a_lost_answer_is_not_sent(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.batch_max = 2
    for number in range(8):
        shop.add(f"P-{number}", 5)
    reading = await poll(harness)
    seen: list[int] = []

    def lose(asked: ReceivedRequest) -> Answer | None:
        if asked.method == "GET" or len(asked.json["update"]) > 2:
            return None
        seen.append(1)
        answer = shop.answer(asked)
        return Answer(lose=True) if len(seen) == 2 else answer

    harness.front.spoil = lose
    async with opened(harness) as channel:
        changes = [change(reading.of(f"P-{number}"), 1, str(number)) for number in range(8)]
        receipts = await channel.write(changes)

    outcomes = [
        "unknown" if receipt.unknown else "unsent" if receipt.unsent else receipt.refused
        for receipt in receipts
    ]
    assert outcomes == [None, None, "unknown", "unknown", *(["unsent"] * 4)]
    assert len(seen) == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (_says("internal_server_error", "There has been a critical error."), WriteOutcomeUnknown),
        (_says("rest_invalid_param", "Invalid parameter(s): stock_quantity"), WriteRejected),
        (_says("too_many_requests", "Too many requests, slow down"), Temporary),
        (_says("rest_forbidden", "Sorry, you are not allowed: forbidden"), NeedsOperator),
        (b'<br />\n<b>Warning</b>: Undefined array key<br />\n{"id": 10}', WriteOutcomeUnknown),
        (b"<!DOCTYPE html><title>Just a moment...</title>", WriteOutcomeUnknown),
        (b"", WriteOutcomeUnknown),
    ],
)
async def test_an_answer_of_success_that_is_an_error(
    shop: WooCommerceShop, harness: OverHttp, body: object, error: type[Exception]
) -> None:
    shop.add("A", 5)
    reading = await poll(harness)
    answering(shop, harness, Answer(body))
    async with opened(harness) as channel:
        with pytest.raises(error):
            await channel.write([change(reading.of("A"), 3)])


async def test_a_key_that_may_only_read_is_named(shop: WooCommerceShop, harness: OverHttp) -> None:
    shop.may_write = False
    shop.add("A", 5)
    reading = await poll(harness)
    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator, match="does not have write permissions") as caught:
            await channel.write([change(reading.of("A"), 3)])

    assert MAY_ONLY_READ in str(caught.value)
    assert caught.value.status == 401


async def test_an_item_that_is_gone_when_the_write_comes_is_a_refusal(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("A", 5)

    def delete(asked: ReceivedRequest) -> None:
        if asked.method == "PUT":
            shop.items.clear()

    shop.before_answer = delete
    with pytest.raises(WriteRejected, match=r"400.*Invalid ID\."):
        await write(harness, {"A": 3})


@pytest.mark.parametrize("status", [405, 501])
async def test_a_web_server_that_lets_no_put_through_gets_a_post(
    shop: WooCommerceShop, harness: OverHttp, status: int
) -> None:
    for sku in ("A", "B"):
        shop.add(sku, 5)
    reading = await poll(harness)
    harness.front.spoil = lambda asked: Answer(b"no", status) if asked.method == "PUT" else None
    async with opened(harness) as channel:
        for sku in ("A", "B"):
            (receipt,) = await channel.write([change(reading.of(sku), 3)])
            assert receipt.refused is None

    assert (shop.shown("A"), shop.shown("B")) == (3, 3)
    assert routes(harness) == ["PUT products/10", "POST products/10", "POST products/11"]


async def test_what_can_not_be_read_is_not_written(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("A", 5)
    reading = await poll(harness)
    shop.corrupt("A", '"many"')
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(reading.of("A"), 3)])

    assert receipt.refused == 'it can\'t be read: "many" is not a whole number'
