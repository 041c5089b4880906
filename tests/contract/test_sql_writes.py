"""The kind `sql` against real databases: one correction, one transaction, one row or none."""

import asyncio
import time
from pathlib import Path

import pytest
import sqlalchemy

from store.model import Record, State
from sync.channels.base import Receipt
from sync.errors import (
    NeedsOperator,
    Temporary,
    Withheld,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.transport.before_write import before_write
from tests.contract.cut_off import wire
from tests.contract.harness import change, opened, poll
from tests.contract.sql_backend import ENV, StockTable
from tests.databases import PASSWORD, Server

_COMMIT = {"postgresql": b"COMMIT", "mariadb": b"\x03COMMIT"}
"""What a connection says to commit. One to MariaDB says SET AUTOCOMMIT at its beginning."""


async def written(stock: StockTable, sku: str = "A-1", quantity: int = 3) -> Receipt:
    """Write what the operator approved after a poll."""
    record = (await poll(stock)).of(sku)
    async with opened(stock) as channel:
        (receipt,) = await channel.write([change(record, quantity)])
    return receipt


async def test_somebody_elses_change_is_a_conflict_and_says_what_is_there(
    stock: StockTable,
) -> None:
    record = (await poll(stock)).of("A-1")
    stock.put("A-1", 9)

    async with opened(stock) as channel:
        (receipt,) = await channel.write([change(record, 3)])

    assert receipt.conflict
    assert receipt.refused == "no row was changed: it shows 9 now, not 5"
    assert stock.shown("A-1") == 9


async def test_what_is_gone_is_refused_and_no_conflict(stock: StockTable) -> None:
    record = (await poll(stock)).of("A-1")
    stock.run("DELETE FROM stock WHERE sku = 'A-1'")

    async with opened(stock) as channel:
        (receipt,) = await channel.write([change(record, 3)])

    assert not receipt.conflict
    assert receipt.refused == "no row was changed: it is not in the database now"


async def test_an_update_that_never_fits_says_so(stock: StockTable) -> None:
    stock.keys["update"] = (
        "UPDATE stock SET available = :quantity WHERE sku = :sku AND available = :previous + 1"
    )

    receipt = await written(stock)

    assert not receipt.conflict
    assert "though it still shows 5: correct the WHERE of `update`" in str(receipt.refused)


async def test_a_least_number_is_not_compared_with(stock: StockTable) -> None:
    await poll(stock)
    record = Record("A-1", 100, at_least=True)

    async with opened(stock) as channel:
        (receipt,) = await channel.write([change(record, 3)])

    assert receipt.refused == (
        "not sent: its previous number is only known as at least 100, which the write compares with"
    )
    assert stock.shown("A-1") == 5


async def test_an_update_of_more_rows_is_rolled_back(stock: StockTable) -> None:
    stock.keys["update"] = (
        "UPDATE stock SET available = :quantity WHERE sku = :sku OR available > 4"
    )

    receipt = await written(stock)

    assert "it would change 2 rows and was rolled back" in str(receipt.refused)
    assert (stock.shown("A-1"), stock.shown("C-3")) == (5, 12)


async def test_a_value_that_the_database_refuses_is_in_its_words(stock: StockTable) -> None:
    stock.run("DROP TABLE stock")
    stock.run(
        "CREATE TABLE stock (sku VARCHAR(9), available INTEGER, "
        "CONSTRAINT enough CHECK (available <> 3))"
    )
    stock.put("A-1", 5)

    with pytest.raises(WriteRejected, match=r"shop: .*enough") as caught:
        await written(stock)

    assert "UPDATE" not in str(caught.value)
    assert stock.shown("A-1") == 5


async def test_a_state_is_written_in_the_databases_word(stock: StockTable) -> None:
    stock.run("DROP TABLE stock")
    stock.run(
        "CREATE TABLE stock (sku VARCHAR(9), available INTEGER, shown VARCHAR(9), note VARCHAR(9))"
    )
    stock.run("INSERT INTO stock VALUES ('A-1', 5, 'on', NULL)")
    stock.keys |= {
        "select": "SELECT * FROM stock",
        "columns": {"sku": "sku", "available": "available", "state": "shown"},
        "states": {"on": "active", "off": "disabled"},
        "update": "UPDATE stock SET available = :quantity, shown = :state, note = :key "
        "WHERE sku = :sku",
    }
    record = (await poll(stock)).of("A-1")

    async with opened(stock) as channel:
        await channel.write([change(record, 3, "c-7", state=State.DISABLED)])

    assert stock.value("SELECT shown FROM stock") == "off"
    assert stock.value("SELECT note FROM stock") == "c-7"


async def test_what_is_on_hand_is_written_where_that_is_kept(stock: StockTable) -> None:
    stock.run("DROP TABLE stock")
    stock.run("CREATE TABLE stock (sku VARCHAR(9), available INTEGER, held INTEGER)")
    stock.run("INSERT INTO stock VALUES ('A-1', 9, 4)")
    stock.keys |= {
        "select": "SELECT sku, available AS on_hand, held AS committed FROM stock",
        "update": "UPDATE stock SET available = :quantity "
        "WHERE sku = :sku AND available = :previous",
    }
    record = (await poll(stock)).of("A-1")
    assert record.available == 5

    async with opened(stock) as channel:
        await channel.read([])
        (receipt,) = await channel.write([change(record, 3)])

    assert receipt.refused is None
    assert stock.shown("A-1") == 7


async def test_the_last_look_comes_before_the_update(stock: StockTable) -> None:
    record = (await poll(stock)).of("A-1")

    async def look() -> None:
        assert stock.shown("A-1") == 5
        raise Withheld("not sent: it moved")

    async with opened(stock) as channel:
        with before_write(look), pytest.raises(Withheld):
            await channel.write([change(record, 3)])

    assert stock.shown("A-1") == 5


async def test_a_write_that_waited_too_long_since_the_last_look_is_withheld(
    stock: StockTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = (await poll(stock)).of("A-1")
    monkeypatch.setattr("sync.transport.before_write.SENT_WITHIN_S", -1)

    async with opened(stock) as channel:
        with pytest.raises(Withheld):
            await channel.write([change(record, 3)])

    assert stock.shown("A-1") == 5


async def test_a_row_that_is_locked_for_long_is_not_written(
    stock: StockTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = (await poll(stock)).of("A-1")
    stock.timeout_ms = 1_500
    began = time.monotonic()
    with stock.engine.connect() as holding:
        holding.execute(sqlalchemy.text("UPDATE stock SET available = 8 WHERE sku = 'A-1'"))
        async with opened(stock) as channel:
            with pytest.raises(Temporary):
                await channel.write([change(record, 3)])
        holding.rollback()

    assert time.monotonic() - began < 8
    await asyncio.sleep(0.3)
    assert stock.shown("A-1") == 5


@pytest.mark.parametrize("is_sent", [True, False])
async def test_a_connection_that_is_lost_at_the_commit_leaves_the_outcome_unknown(
    served: tuple[Server, StockTable],
    monkeypatch: pytest.MonkeyPatch,
    is_sent: bool,  # noqa: FBT001
) -> None:
    server, stock = served
    record = (await poll(stock)).of("A-1")
    with wire(server.host, server.port) as network:
        monkeypatch.setenv(ENV, server.url(port=network.port))
        network.word, network.is_sent = _COMMIT[stock.database], is_sent
        async with opened(stock) as channel:
            with pytest.raises(WriteOutcomeUnknown, match="shop: ") as caught:
                await channel.write([change(record, 3)])

    assert network.cuts == 1
    assert PASSWORD not in str(caught.value)
    for _ in range(30):
        if stock.shown("A-1") == (3 if is_sent else 5):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"it has {stock.shown('A-1')}")


async def test_a_connection_that_is_lost_before_the_commit_has_written_nothing(
    served: tuple[Server, StockTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, stock = served
    record = (await poll(stock)).of("A-1")
    with wire(server.host, server.port) as network:
        monkeypatch.setenv(ENV, server.url(port=network.port))
        network.word = b"UPDATE"
        async with opened(stock) as channel:
            with pytest.raises(Temporary, match="shop: not written"):
                await channel.write([change(record, 3)])

    await asyncio.sleep(0.3)
    assert stock.shown("A-1") == 5


async def test_a_user_who_may_only_read_is_for_the_operator(
    served: tuple[Server, StockTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, stock = served
    record = (await poll(stock)).of("A-1")
    if stock.database == "mariadb":
        stock.run("CREATE OR REPLACE USER reader IDENTIFIED BY 'r3ad'")
    else:
        stock.run("DROP ROLE IF EXISTS reader")
        stock.run("CREATE ROLE reader LOGIN PASSWORD 'r3ad'")
    stock.run("GRANT SELECT ON stock TO reader")
    monkeypatch.setenv(ENV, f"{server.kind}://reader:r3ad@{server.host}:{server.port}/stock")

    async with opened(stock) as channel:
        with pytest.raises(NeedsOperator, match="does not allow `update`"):
            await channel.write([change(record, 3)])


@pytest.mark.parametrize("served", [pytest.param("mariadb", marks=pytest.mark.long)], indirect=True)
async def test_a_table_without_transactions_is_an_unknown_outcome(
    served: tuple[Server, StockTable],
) -> None:
    _, stock = served
    stock.run("ALTER TABLE stock ENGINE = MyISAM")
    stock.keys["update"] = (
        "UPDATE stock SET available = :quantity WHERE sku = :sku OR available > 4"
    )

    with pytest.raises(WriteOutcomeUnknown, match="InnoDB"):
        await written(stock)


async def test_a_sqlite_file_that_is_not_there_is_never_made(tmp_path: Path) -> None:
    stock = StockTable(tmp_path, "sqlite:///stock.db")
    stock.put("A-1", 5)
    record = (await poll(stock)).of("A-1")
    stock.vanish()

    async with opened(stock) as channel:
        with pytest.raises(Temporary, match=r"stock\.db not found"):
            await channel.write([change(record, 3)])

    assert not stock.is_there()
