"""What only the vendure kind does: sessions, thresholds, stock locations, GraphQL's errors."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from store.model import State
from sync.channels.base import Receipt
from sync.channels.vendure.channel import TAKE_MAX
from sync.channels.vendure.options import VendureOptions
from sync.errors import ContractBroken, NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected
from tests.contract.harness import SECRET, SECRET_NAME, OverHttp, change, opened, over_http, poll
from tests.fakes.vendure import Vendure, VendureVariant
from tests.loopback import Answer, ReceivedRequest

STOCK = "stock (UpdateProduct)"
MOVEMENTS = "orders' movements (ReadOrder)"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture
def shop() -> Vendure:
    return Vendure()


@pytest.fixture
def harness(shop: Vendure, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found


def stock(shop: Vendure, **variant: object) -> VendureVariant:
    """Put one variant into the shop."""
    found = VendureVariant(
        **{"id": str(len(shop.variants) + 1), "sku": "A", "levels": {"1": 10}, **variant}  # type: ignore[arg-type]
    )
    shop.variants.append(found)
    return found


async def write(harness: OverHttp, quantity: int, state: State | None = None) -> Receipt:
    record = (await poll(harness)).of("A")
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, quantity, state=state)])
    return receipt


@pytest.mark.parametrize(
    ("own", "uses_global", "saleable"), [(5, False, 12), (5, True, 14), (-5, False, 22)]
)
async def test_saleable_is_on_hand_less_allocated_less_the_threshold_in_force(
    shop: Vendure, harness: OverHttp, *, own: int, uses_global: bool, saleable: int
) -> None:
    shop.global_threshold = 3
    levels = {"1": 15, "2": 6}
    stock(shop, levels=levels, allocated=4, threshold=own, uses_global=uses_global)

    record = (await poll(harness)).of("A")

    assert (record.available, record.on_hand, record.committed) == (saleable, 21, 4)
    assert record.price_minor == 1290


@pytest.mark.parametrize(("enabled", "product"), [(False, True), (True, False)])
async def test_a_variant_is_active_only_with_its_product(
    shop: Vendure, harness: OverHttp, *, enabled: bool, product: bool
) -> None:
    stock(shop, enabled=enabled, product_enabled=product)

    assert (await poll(harness)).of("A").state is State.DISABLED


async def test_a_variant_whose_stock_is_not_tracked_has_no_number(
    shop: Vendure, harness: OverHttp
) -> None:
    stock(shop)
    stock(shop, sku="GIFT-CARD", tracked="FALSE")
    stock(shop, sku="VOUCHER", tracked="FALSE", enabled=False)
    stock(shop, sku="", tracked="FALSE")

    reading = await poll(harness)

    assert reading.stock == {"A": 10, "GIFT-CARD": None, "VOUCHER": None}
    assert reading.of("GIFT-CARD").state == "uncounted"
    assert reading.of("VOUCHER").state == "disabled"
    assert reading.pages[-1].announced == 3


async def test_two_variants_of_one_sku_both_come_out(shop: Vendure, harness: OverHttp) -> None:
    stock(shop)
    stock(shop, levels={"1": 3})

    assert [record.available for record in (await poll(harness)).records] == [10, 3]


async def test_a_variant_that_vanishes_midway_hides_no_other(
    shop: Vendure, harness: OverHttp
) -> None:
    for number in range(TAKE_MAX + 5):
        stock(shop, sku=f"N-{number}")

    async with opened(harness) as channel:
        pages = channel.pages()
        await anext(pages)
        del shop.variants[0]
        with pytest.raises(Temporary, match="changed while it was read"):
            await anext(pages)


async def test_a_write_sets_one_location_so_that_the_sum_is_right(
    shop: Vendure, harness: OverHttp
) -> None:
    variant = stock(shop, levels={"2": 6, "1": 15}, allocated=4, threshold=2, uses_global=False)

    receipt = await write(harness, 9)

    assert receipt.refused is None
    assert variant.levels == {"1": 9, "2": 6}
    assert shop.shown("A") == 9


async def test_what_one_location_cannot_make_true_is_refused_in_words(
    shop: Vendure, harness: OverHttp
) -> None:
    variant = stock(shop, levels={"1": 2, "2": 30})

    receipt = await write(harness, 9)

    assert receipt.refused == (
        "location 1 would need -21 on hand: 30 elsewhere, 0 allocated, threshold 0"
    )
    assert variant.levels == {"1": 2, "2": 30}


async def test_a_variant_without_a_level_gets_one_at_the_first_location(
    shop: Vendure, harness: OverHttp
) -> None:
    variant = stock(shop, levels={})

    assert (await write(harness, 9)).refused is None
    assert variant.levels == {"1": 9}


async def test_a_state_is_written_without_touching_the_stock(
    shop: Vendure, harness: OverHttp
) -> None:
    variant = stock(shop)

    receipt = await write(harness, 10, State.DISABLED)

    assert receipt.refused is None
    assert (variant.enabled, variant.levels) == (False, {"1": 10})
    (asked,) = (asked for asked in harness.server.asked if harness.is_write(asked))
    assert asked.json["variables"] == {"input": [{"id": "1", "enabled": False}]}


async def test_a_variant_of_a_disabled_product_cannot_be_put_on_sale(
    shop: Vendure, harness: OverHttp
) -> None:
    variant = stock(shop, enabled=False, product_enabled=False)

    receipt = await write(harness, 10, State.ACTIVE)

    assert receipt.refused == "its product is disabled: enable the product first"
    assert not variant.enabled


async def test_a_conflict_does_not_hold_up_the_others(shop: Vendure, harness: OverHttp) -> None:
    stock(shop, sku="A")
    moved = stock(shop, sku="B")
    reading = await poll(harness)
    moved.levels = {"1": 8}

    async with opened(harness) as channel:
        first, second = await channel.write(
            [change(reading.of("A"), 4), change(reading.of("B"), 4, "c-2")]
        )

    assert (first.refused, second.conflict) == (None, True)
    assert (shop.shown("A"), shop.shown("B")) == (4, 8)


async def test_an_ended_session_is_signed_in_again_once(shop: Vendure, harness: OverHttp) -> None:
    stock(shop)
    async with opened(harness) as channel:
        await channel.sign_in()
        shop.sessions.clear()
        assert [len(page.records) async for page in channel.pages()] == [1]

    assert shop.logins == 2


@pytest.mark.parametrize("by_api_key", [False, True])
async def test_a_password_or_key_that_was_replaced_is_read_again(
    shop: Vendure, tmp_path: Path, *, by_api_key: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "shop.key"
    key.write_text("an old one")
    shop.by_api_key = by_api_key
    stock(shop)
    table = shop.table("")
    name = "api_key" if by_api_key else "password"
    monkeypatch.setattr(
        shop, "table", lambda url: {**table, "url": f"{url}/admin-api", name: {"file": "shop.key"}}
    )

    def answer(asked: ReceivedRequest) -> Answer:
        if b"an old one" in asked.body or "an old one" in asked.headers.values():
            key.write_text(SECRET)  # Somebody replaces it right when the old one is refused.
        return shop.answer(asked)

    with over_http(shop, tmp_path) as harness:
        harness.front.spoil = answer
        assert (await poll(harness)).stock == {"A": 10}


async def test_a_right_that_is_missing_is_no_login_loop(shop: Vendure, harness: OverHttp) -> None:
    words = "You are not currently authorized to perform this action"
    answer = Answer(
        {"errors": [{"message": words, "extensions": {"code": "FORBIDDEN"}}], "data": None}
    )
    harness.front.spoil = lambda asked: None if b"login(" in asked.body else answer

    with pytest.raises(NeedsOperator, match=SECRET_NAME):
        await poll(harness)

    assert shop.logins == 2


async def test_an_api_key_is_sent_in_its_own_header(shop: Vendure, harness: OverHttp) -> None:
    shop.by_api_key = True
    stock(shop)

    assert (await poll(harness)).stock == {"A": 10}
    assert {asked.headers.get("vendure-api-key") for asked in harness.server.asked} == {SECRET}
    assert all("authorization" not in asked.headers for asked in harness.server.asked)


async def test_the_password_and_the_sessions_token_are_struck_out(
    shop: Vendure, harness: OverHttp
) -> None:
    def echo(asked: ReceivedRequest) -> Answer | None:
        if b"login(" in asked.body:
            return None
        words = f"{asked.headers['authorization']} {SECRET}"
        return Answer({"errors": [{"message": words}], "data": None})

    harness.front.spoil = echo
    with pytest.raises(ContractBroken) as caught:
        await poll(harness)

    assert "s3ssion" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("extensions", "kind"),
    [
        ({"code": "ENTITY_NOT_FOUND"}, WriteRejected),
        ({"code": "USER_INPUT_ERROR"}, WriteRejected),
        ({"code": "INTERNAL_SERVER_ERROR"}, WriteOutcomeUnknown),
        ({}, WriteOutcomeUnknown),
    ],
)
async def test_an_error_of_a_write_says_whether_it_was_rolled_back(
    shop: Vendure, harness: OverHttp, extensions: dict[str, str], kind: type[Exception]
) -> None:
    stock(shop)
    answer = Answer({"errors": [{"message": "no", "extensions": extensions}], "data": None})
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    with pytest.raises(kind):
        await write(harness, 3)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"null"])
async def test_a_write_without_a_graphql_answer_is_unknown(
    shop: Vendure, harness: OverHttp, body: bytes
) -> None:
    stock(shop)
    harness.front.spoil = lambda asked: Answer(body) if harness.is_write(asked) else None

    with pytest.raises(WriteOutcomeUnknown):
        await write(harness, 3)


async def test_a_write_that_cannot_read_first_was_certainly_not_sent(
    shop: Vendure, harness: OverHttp
) -> None:
    stock(shop)
    record = (await poll(harness)).of("A")
    async with opened(harness) as channel:
        await channel.sign_in()
        harness.front.spoil = lambda _asked: Answer(b"<html>")
        with pytest.raises(Temporary, match="nothing was written"):
            await channel.write([change(record, 3)])

    assert shop.shown("A") == 10


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"username": "u"},
        {"password": {"env": "P"}},
        {"username": "u", "password": {"env": "P"}, "api_key": {"env": "K"}},
        {"url": "127.0.0.1", "api_key": {"env": "K"}},
        {"url": "http://ana:pw@127.0.0.1/admin-api", "api_key": {"env": "K"}},
    ],
)
def test_options_that_cannot_sign_in_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": "http://127.0.0.1/admin-api", **table}, VendureOptions)


@pytest.mark.parametrize(
    ("permissions", "lacking"),
    [
        (["SuperAdmin"], ""),
        (["ReadCatalog", "UpdateProduct", "ReadOrder"], ""),
        (["ReadCatalog", "ReadOrder"], f"; no right to write {STOCK}"),
        (["ReadCatalog"], f"; no right to write {STOCK}; no right to read {MOVEMENTS}"),
    ],
)
async def test_signing_in_names_who_where_and_the_rights_that_lack(
    shop: Vendure, harness: OverHttp, permissions: list[str], lacking: str
) -> None:
    stock(shop)
    shop.permissions = permissions
    async with opened(harness) as channel:
        seen = await channel.sign_in()
    assert seen == f"signed in as superadmin; its default channel: 1 variant{lacking}"


async def test_an_api_key_that_is_nobodys_names_the_channel(
    shop: Vendure, harness: OverHttp
) -> None:
    shop.by_api_key = True
    async with opened(harness) as channel:
        assert await channel.sign_in() == "its default channel: 0 variants"
