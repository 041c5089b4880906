"""Signing in to Tryton, its lists, and what of its products counts."""

from typing import Any

import pytest

from store.model import UNCOUNTED, State
from sync.channels.tryton.options import TrytonOptions
from sync.errors import (
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteRejected,
)
from sync.secrets import SecretSource
from tests.contract.harness import OverHttp, Reading, opened, poll
from tests.contract.tryton.bench import error, write
from tests.fakes.tryton import TrytonServer
from tests.loopback import Answer


def of_warnings(reading: Reading) -> str:
    return "\n".join(warning for page in reading.pages for warning in page.warnings)


async def test_a_user_without_the_right_is_told_at_sign_in_and_refused_at_a_write(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.may_write = False
    server.add("CUP", 5)

    async with opened(harness) as channel:
        assert "group Stock" in await channel.sign_in()
    with pytest.raises(WriteRejected, match="not allowed to access"):
        await write(harness, ("CUP", 2))


async def test_signing_in_names_the_company_and_its_warehouses(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.location = None
    async with opened(harness) as channel:
        assert await channel.sign_in() == "Acme; stock in Quay (5), Hill (9)"


async def test_a_user_without_a_company_is_told_to_choose_one(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.company = None

    with pytest.raises(NeedsOperator, match="has no company"):
        await poll(harness)


async def test_a_session_that_ends_between_two_pages_is_renewed(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.session_lives = 4
    for number in range(2_500):
        server.add(f"N-{number}", number)

    assert len((await poll(harness)).stock) == 2_500
    assert server.logins > 1


async def test_what_is_added_and_deleted_while_the_list_is_read_skips_nothing(
    server: TrytonServer, harness: OverHttp
) -> None:
    for number in range(2_500):
        server.add(f"N-{number}", number)
    before = set(server.goods)

    def disturb(_method: str) -> None:
        server.goods.pop(len(before) - len(server.goods) + 1, None)

    server.before = disturb
    stock = (await poll(harness)).stock

    assert stock.keys() >= {f"N-{number}" for number in range(10, 2_500)}


async def test_a_product_not_for_sale_is_disabled_and_without_the_module_has_no_state(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.add("CUP", 5)
    server.add("PART", 5, salable=False)

    with_it = await poll(harness)
    server.has_sale = False
    without = await poll(harness)

    assert (with_it.of("CUP").state, with_it.of("PART").state) == (State.ACTIVE, State.DISABLED)
    assert (without.of("CUP").state, without.of("PART").state) == (None, None)


async def test_a_consumable_has_no_number_and_is_not_written(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.add("GLUE", 5, consumable=True)

    record = (await poll(harness)).of("GLUE")
    (receipt,) = await write(harness, ("GLUE", 2))

    assert (record.available, record.state) == (None, UNCOUNTED)
    assert "consumable" in str(receipt.refused)


async def test_what_is_measured_is_rounded_down_and_written_with_its_part(
    server: TrytonServer, harness: OverHttp
) -> None:
    rope = server.add("ROPE", 7.5, digits=2)
    server.add("CUP", 5)

    reading = await poll(harness)
    (receipt,) = await write(harness, ("ROPE", 4))

    assert reading.stock == {"ROPE": 7, "CUP": 5}
    assert "rounded down: ROPE" in of_warnings(reading)
    assert receipt.refused is None
    assert rope.lying[3] == 4.5


async def test_what_has_no_code_is_left_out_and_counted(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.add("CUP", 5)
    server.add(None, 5)
    server.add("", 5)

    reading = await poll(harness)

    assert (reading.stock, reading.refused) == ({"CUP": 5}, [])
    assert "2 listings, without a code, so left out: 2, 3" in of_warnings(reading)


async def test_a_module_that_is_not_active_is_named(
    server: TrytonServer, harness: OverHttp
) -> None:
    del server
    harness.front.spoil = lambda asked: (
        error("'stock.location'", "") if b"stock.location" in asked.body else None
    )

    with pytest.raises(NeedsOperator, match=r"no stock\.location: activate the module"):
        await poll(harness)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("UserError", ["You are not allowed to access it.", "", None]), NeedsOperator),
        (error("ConcurrencyException", "later"), Temporary),
        (error("KeyError: 'x'", ""), ContractBroken),
        (Answer({"id": 0}), ContractBroken),
        (Answer({"id": 0, "result": {"a": 1}}), ContractBroken),
        (Answer(b"<html><body>Shop</body></html>"), NeedsOperator),
        (Answer(b"<html><body>Shop</body></html>", 405), NeedsOperator),
    ],
)
async def test_an_error_of_a_list_says_what_happens_next(
    server: TrytonServer, harness: OverHttp, answer: Answer, kind: type[Exception]
) -> None:
    server.add("CUP", 5)
    harness.front.spoil = lambda asked: answer if b"product.search" in asked.body else None

    with pytest.raises(kind):
        await poll(harness)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(b"<html><title>Not Found</title></html>", 404), "no such database there"),
        (error("'common.db.login'", ""), "url must end with the name of one"),
        (error("LoginException", ["sms", "Code", "char"]), "more than a password"),
    ],
)
async def test_a_sign_in_that_cannot_work_says_why(
    harness: OverHttp, answer: Answer, words: str
) -> None:
    harness.front.spoil = lambda _asked: answer

    with pytest.raises(NeedsOperator, match=words):
        await poll(harness)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "https://erp.example"}, "^url must end with the database"),
        ({"url": "https://erp.example/rpc/"}, "^url must end with the database"),
        ({"url": "erp.example/acme"}, "^url must begin"),
        ({"username": "a:b"}, "^username"),
        ({"location": ""}, "^location is empty"),
    ],
)
def test_what_does_not_belong_together_is_said(keys: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {
        "url": "https://erp.example/acme", "username": "stock", "password": SecretSource(env="N"),
    }  # fmt: skip

    with pytest.raises(ValueError, match=words):
        TrytonOptions(**{**good, **keys})
