"""How a number is set in Tryton by an inventory, and what its answers mean."""

import pytest

from sync.errors import (
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from tests.contract.harness import OverHttp, change, opened, poll
from tests.contract.tryton.bench import error, write
from tests.fakes.tryton import TrytonServer
from tests.loopback import Answer, ReceivedRequest


def methods(harness: OverHttp) -> list[str]:
    return [asked.json["method"].removeprefix("model.") for asked in harness.server.asked]


async def test_what_is_assigned_is_not_available_and_stays_assigned(
    server: TrytonServer, harness: OverHttp
) -> None:
    cup = server.add("CUP", 9, assigned=4, below=2)

    available = (await poll(harness)).stock["CUP"]
    (receipt,) = await write(harness, ("CUP", 3))

    assert available == 7
    assert receipt.refused is None
    assert (cup.lying[3], cup.below, cup.assigned) == (5, 2, 4)
    assert server.shown("CUP") == 3


async def test_a_batch_is_one_inventory_in_one_place(
    server: TrytonServer, harness: OverHttp
) -> None:
    for sku in ("A", "B", "C"):
        server.add(sku, 5)

    await write(harness, ("A", 1), ("B", 2), ("C", 9))

    assert [server.shown(sku) for sku in ("A", "B", "C")] == [1, 2, 9]
    assert [draft.state for draft in server.inventories.values()] == ["done"]
    made = [method for method in methods(harness) if method.startswith("stock.inventory")]
    assert made == [
        "stock.inventory.create", "stock.inventory.line.search_read", "stock.inventory.confirm",
    ]  # fmt: skip


async def test_without_a_location_each_warehouse_is_one(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.location = None
    cup = server.add("CUP", 9)
    cup.lying[8] = 4

    reading = await poll(harness)
    records = {record.location: record for record in reading.records}
    async with opened(harness) as channel:
        assert channel.abilities.locations
        changes = [change(records["9"], 1, "c-1"), change(records["5"], 7, "c-2")]
        receipts = await channel.write(changes)

    assert {place: record.available for place, record in records.items()} == {"5": 9, "9": 4}
    assert [receipt.change for receipt in receipts] == changes
    assert [receipt.refused for receipt in receipts] == [None, None]
    assert cup.lying == {3: 7, 8: 1}


async def test_a_second_place_that_fails_does_not_hide_that_the_first_is_done(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.location = None
    server.add("CUP", 9).lying[8] = 4
    confirmed: list[int] = []

    def refuse(asked: ReceivedRequest) -> Answer | None:
        if not harness.is_write(asked):
            return None
        confirmed.append(1)
        return error("UserError", ["The period is closed.", "", None]) if confirmed[1:] else None

    harness.front.spoil = refuse
    records = {record.location: record for record in (await poll(harness)).records}
    async with opened(harness) as channel:
        first, second = await channel.write([change(records["5"], 7), change(records["9"], 1)])

    assert (first.refused, "period is closed" in str(second.refused)) == (None, True)
    assert server.of("CUP").lying == {3: 7, 8: 4}


@pytest.mark.parametrize(("wanted", "available"), [("WH2", 4), ("9", 4), ("Hill", 4), ("STO", 9)])
async def test_a_place_goes_by_its_id_code_or_name(
    server: TrytonServer, harness: OverHttp, wanted: str, available: int
) -> None:
    server.location = wanted
    server.add("CUP", 9).lying[8] = 4

    assert (await poll(harness)).stock == {"CUP": available}


async def test_a_place_that_is_not_there_is_named_with_those_that_are(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.location = "MOON"

    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator, match=r'"MOON" is not the id.*Quay \(5\), Hill \(9\)'):
            await channel.sign_in()


async def test_what_moves_before_the_inventory_is_made_is_a_conflict_of_its_own(
    server: TrytonServer, harness: OverHttp
) -> None:
    for sku in ("A", "B"):
        server.add(sku, 5)

    def sell(method: str) -> None:
        if method == "model.stock.inventory.create":
            server.of("A").lying[3] = 4

    server.before = sell

    first, second = await write(harness, ("A", 2), ("B", 2))

    assert first.conflict
    assert "expects 4 of it there, not 5" in str(first.refused)
    assert second.refused is None
    assert (server.shown("A"), server.shown("B")) == (4, 2)


async def test_goods_in_lots_are_not_counted_as_if_they_were_not(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.add("WINE", 12, in_lots=12)

    (receipt,) = await write(harness, ("WINE", 3))

    assert "in lots" in str(receipt.refused)
    assert server.shown("WINE") == 12
    assert server.inventories == {}, "no draft is left"


async def test_goods_in_locations_below_are_not_taken_from_where_they_do_not_lie(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.add("CUP", 2, below=8)

    (receipt,) = await write(harness, ("CUP", 5))

    assert "locations below" in str(receipt.refused)
    assert server.shown("CUP") == 10


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error("UserError", ["The period is closed.", "Open it.", None]), WriteRejected, "Open it"),
        (
            error("UserWarning", ["over_tolerance", "The variation is large.", ""]),
            WriteRejected, "asks a person to confirm, so nothing was done: The variation",
        ),
        (error("ConcurrencyException", "Changed by another user"), WriteRejected, "another user"),
        (error("LoginException", ["password", "Password", "password"]), NeedsOperator, "sign in"),
        (error("division by zero", ""), WriteOutcomeUnknown, "division"),
        (error(), WriteOutcomeUnknown, "without words"),
        (Answer({"id": 0}), WriteOutcomeUnknown, "neither"),
        (Answer(b"<html>"), WriteOutcomeUnknown, "confirm"),
        (Answer(b"<html>", 503), WriteOutcomeUnknown, "503"),
    ],
)  # fmt: skip
async def test_an_error_of_a_confirmation_says_whether_it_was_rolled_back(
    server: TrytonServer,
    harness: OverHttp,
    answer: Answer,
    kind: type[Exception],
    words: str,
) -> None:
    server.add("CUP", 5)
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    with pytest.raises(kind, match=words) as caught:
        await write(harness, ("CUP", 2))

    assert server.shown("CUP") == 5
    assert server.inventories == {}, "a draft that is confirmed later would move an old difference"
    conflict = getattr(caught.value, "conflict", False)
    assert conflict is (
        answer.body == error("ConcurrencyException", "Changed by another user").body
    )


async def test_a_lost_reply_to_a_confirmation_is_never_sent_again(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.add("CUP", 5)

    def lose(asked: ReceivedRequest) -> Answer | None:
        if not harness.is_write(asked):
            return None
        server.answer(asked)
        return Answer(lose=True)

    harness.front.spoil = lose

    with pytest.raises(WriteOutcomeUnknown, match="inventory with the id 1"):
        await write(harness, ("CUP", 2))

    assert server.shown("CUP") == 2
    assert methods(harness).count("stock.inventory.confirm") == 1
    assert [draft.state for draft in server.inventories.values()] == ["done"]


async def test_a_lost_reply_to_a_draft_has_moved_nothing(
    server: TrytonServer, harness: OverHttp
) -> None:
    server.add("CUP", 5)

    def lose(asked: ReceivedRequest) -> Answer | None:
        if b"stock.inventory.create" not in asked.body:
            return None
        server.answer(asked)
        return Answer(lose=True)

    harness.front.spoil = lose

    with pytest.raises(Temporary, match="nothing was moved; a draft"):
        await write(harness, ("CUP", 2))

    assert server.shown("CUP") == 5
    assert "stock.inventory.confirm" not in methods(harness)
