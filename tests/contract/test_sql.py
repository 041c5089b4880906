"""The kind `sql` against real databases: what it reads, and what it may not."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from store.model import State
from sync.channels.base import ListingRef
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary
from tests.contract.harness import opened, poll
from tests.contract.sql_backend import ENV, SELECT, StockTable
from tests.databases import PASSWORD, QUOTED, Server


async def failure(stock: StockTable) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await poll(stock)
    text = repr(caught.value)
    assert not [word for word in (PASSWORD, QUOTED, "st0ck") if word in text]
    assert "shop" in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


async def test_what_a_database_has_is_read_as_every_channel_has_it(stock: StockTable) -> None:
    stock.run("DROP TABLE stock")
    when = {"sqlite": "TEXT", "postgresql": "TIMESTAMP", "mariadb": "DATETIME"}[stock.database]
    stock.run(
        f"CREATE TABLE stock (art_no INTEGER, free DECIMAL(12,3), shown VARCHAR(9), "
        f"cost DECIMAL(9,2), moved {when}, place VARCHAR(9))"
    )
    stock.run("INSERT INTO stock VALUES (1001, 7.000, 'on', 12.50, '2026-07-01 12:00:00', 'HAM')")
    stock.run("INSERT INTO stock VALUES (1002, NULL, 'off', NULL, NULL, 'BER')")
    stock.run("INSERT INTO stock VALUES (1003, 7.5, 'on', NULL, NULL, 'BER')")
    stock.keys |= {
        "select": "SELECT Art_No, free, shown, cost, moved, place FROM stock ORDER BY art_no;",
        "columns": {
            "sku": "Art_No",
            "available": "free",
            "state": "shown",
            "price": "cost",
            "updated_at": "moved",
            "location": "place",
        },
        "states": {"on": "active", "off": "disabled"},
        "timezone": "Europe/Berlin",
        "update": None,
    }

    reading = await poll(stock)

    first, second = reading.records
    assert (first.sku, first.available, first.state) == ("1001", 7, State.ACTIVE)
    assert (first.price_minor, first.location) == (1250, "HAM")
    assert first.source_at == 1_782_900_000_000  # 10:00Z: Berlin is two hours ahead in July.
    assert (second.available, second.state) == (None, State.DISABLED)
    assert [(row.sku, row.location, row.place) for row in reading.refused] == [
        ("1003", "BER", "row 3")
    ]
    assert "whole number" in reading.refused[0].reason
    async with opened(stock) as channel:
        found = await channel.read([ListingRef("1001", "HAM", "")])
    assert list(found.records) == [first]


async def test_words_stand_for_numbers(stock: StockTable) -> None:
    stock.run("DROP TABLE stock")
    stock.run("CREATE TABLE stock (sku VARCHAR(9), available VARCHAR(20))")
    said_of = {"A": "not stocked", "B": "unlimited", "C": "sold out", "D": "4", "E": ">100"}
    for sku, said in said_of.items():
        stock.run(f"INSERT INTO stock VALUES ('{sku}', '{said}')")
    meanings = {"not stocked": "absent", "unlimited": "uncounted", "sold out": 0}
    stock.keys["words"] = {**meanings, ">100": "at least 100"}

    reading = await poll(stock)

    assert reading.stock == {"B": None, "C": 0, "D": 4, "E": 100}
    assert [record.sku for record in reading.records if record.at_least] == ["E"]


async def test_a_select_that_writes_fails_and_writes_nothing(stock: StockTable) -> None:
    if stock.database == "mariadb":
        stock.run("DROP FUNCTION IF EXISTS bump")
        stock.run(
            "CREATE FUNCTION bump() RETURNS INT MODIFIES SQL DATA "
            "BEGIN DELETE FROM stock; RETURN 1; END"
        )
        stock.keys["select"] = "SELECT sku, available, bump() FROM stock"
    else:
        stock.keys["select"] = "WITH some AS (SELECT 1) DELETE FROM stock RETURNING sku, available"

    error = await failure(stock)

    assert isinstance(error, NeedsOperator | ContractBroken)
    assert "select" in str(error)
    assert stock.value("SELECT count(*) FROM stock") == 3


async def test_a_sequence_or_a_lock_is_a_write_too(served: tuple[Server, StockTable]) -> None:
    _, stock = served
    if stock.database == "postgresql":
        stock.run("DROP SEQUENCE IF EXISTS counted")
        stock.run("CREATE SEQUENCE counted")
        stock.keys["select"] = "SELECT sku, available, nextval('counted') FROM stock"
    else:
        stock.keys["select"] = "SELECT sku, available FROM stock FOR UPDATE"

    error = await failure(stock)

    assert type(error) is NeedsOperator
    assert "`select` writes, and must only read" in str(error)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"select": "SELECT sku, on_shelf FROM stock"}, "on_shelf"),
        ({"select": "SELECT sku, available FROM stok"}, "stok"),
        ({"select": "SELECT sku available FROM stock WHERE"}, "select"),
        (
            {"columns": {"sku": "sku", "available": "free"}},
            'select: no column "free"; columns: sku, available. Correct `columns`',
        ),
        (
            {"select": "SELECT sku AS item, available AS free FROM stock"},
            'columns: item, free. Add columns = { sku = "item", available = "free" }',
        ),
        (
            {"select": "SELECT sku, available, sku FROM stock"},
            'more than one column "sku"',
        ),
    ],
)
async def test_what_does_not_fit_is_named(
    stock: StockTable, keys: dict[str, Any], words: str
) -> None:
    stock.keys |= keys

    error = await failure(stock)

    assert type(error) is ContractBroken
    assert words in str(error)
    assert "FROM" not in str(error)


async def test_a_refused_password_is_for_the_operator(
    served: tuple[Server, StockTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, stock = served
    monkeypatch.setenv(ENV, server.url(password="wr0ng-s3cret"))

    error = await failure(stock)

    assert type(error) is NeedsOperator
    assert ENV in str(error)
    assert "wr0ng-s3cret" not in repr(error)


async def test_a_password_that_was_replaced_is_used_at_once(
    served: tuple[Server, StockTable], tmp_path: Path
) -> None:
    server, stock = served
    secret = tmp_path / "db.url"
    secret.write_text(server.url(password="wr0ng-s3cret"))
    stock.keys["url"] = {"file": "db.url"}
    async with opened(stock) as channel:
        with pytest.raises(NeedsOperator):
            await channel.sign_in()
        secret.write_text(server.url() + "\n")
        assert "sku, available" in await channel.sign_in()


async def test_a_database_that_is_not_there_is_for_the_operator(
    served: tuple[Server, StockTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, stock = served
    monkeypatch.setenv(ENV, server.url(database="other"))

    assert type(await failure(stock)) is NeedsOperator


@pytest.mark.parametrize(("kind", "driver"), [("postgresql", "psycopg"), ("mariadb", "pymysql")])
async def test_a_server_that_does_not_answer_may_come_back(
    kind: str, driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(driver)
    monkeypatch.setenv(ENV, f"{kind}://skew:{QUOTED}@127.0.0.1:9/stock")
    stock = StockTable(tmp_path, "sqlite:///stock.db", {"url": {"env": ENV}})

    error = await failure(stock)

    assert type(error) is Temporary
    assert "can't be reached" in str(error)


async def test_a_large_table_comes_page_by_page(stock: StockTable) -> None:
    stock.fill(3_500)

    reading = await poll(stock)

    assert [len(page.records) for page in reading.pages] == [1000, 1000, 1000, 503]
    assert len(reading.stock) == 3_503


async def test_a_statement_that_takes_too_long_is_ended_in_the_database(
    served: tuple[Server, StockTable],
) -> None:
    _, stock = served
    sleep = {"postgresql": "pg_sleep(60)", "mariadb": "sleep(60)"}[stock.database]
    stock.keys["select"] = f"SELECT sku, available, {sleep} FROM stock"
    began = time.monotonic()

    async with opened(stock) as channel:
        pages = asyncio.ensure_future(anext(aiter(channel.pages())))
        await asyncio.sleep(1)
        pages.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pages

    assert time.monotonic() - began < 4
    assert running_in(stock) == 0


async def test_a_reading_that_nobody_waits_for_any_more_ends(stock: StockTable) -> None:
    stock.fill(5_000)
    began = time.monotonic()

    async with opened(stock) as channel:
        pages = channel.pages()
        await anext(pages)
        await pages.aclose()  # type: ignore[attr-defined]

    assert time.monotonic() - began < 4
    assert running_in(stock) == 0
    stock.run("DROP TABLE stock")


async def test_the_time_out_names_the_channel(
    served: tuple[Server, StockTable],
) -> None:
    _, stock = served
    stock.timeout_ms = 1_500
    sleep = {"postgresql": "pg_sleep(60)", "mariadb": "sleep(60)"}[stock.database]
    stock.keys["select"] = f"SELECT sku, available, {sleep} FROM stock"

    error = await failure(stock)

    assert type(error) is Temporary
    assert "did not answer in 1.5 s" in str(error)
    assert running_in(stock) == 0


def running_in(stock: StockTable) -> int:
    """How many statements that read our table run in the server."""
    if stock.database == "sqlite":
        return 0
    asked = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' "
        "AND pid <> pg_backend_pid() AND query LIKE '%FROM stock%'",
        "mariadb": "SELECT count(*) FROM information_schema.processlist "
        "WHERE id <> connection_id() AND info LIKE '%FROM stock%'",
    }
    count = 1
    for _ in range(20):
        found = stock.value(asked[stock.database])
        assert isinstance(found, int)
        count = found
        if not count:
            break
        time.sleep(0.1)
    return count


async def test_one_listing_is_read_by_a_select_of_its_own(stock: StockTable) -> None:
    stock.keys["read"] = "SELECT sku, available FROM stock WHERE sku = :sku -- only this"

    async with opened(stock) as channel:
        found = await channel.read([ListingRef("A-1", "", ""), ListingRef("gone", "", "")])

    assert [(record.sku, record.available) for record in found.records] == [("A-1", 5)]


async def test_many_listings_are_read_at_once(stock: StockTable) -> None:
    stock.fill(1_200)
    wanted = [ListingRef(f"N-{number:07}", "", "") for number in range(1_200)]

    async with opened(stock) as channel:
        found = await channel.read(wanted)

    assert len(found.records) == 1_200


async def test_a_select_with_an_end_comment_and_quoted_colons_is_read(stock: StockTable) -> None:
    stock.put("12 :30", 4)
    stock.keys["select"] = (
        "SELECT sku, available FROM stock /* all: of it */ WHERE sku <> ' :sku' -- not; that"
    )

    async with opened(stock) as channel:
        found = await channel.read([ListingRef("12 :30", "", "")])

    assert [(record.sku, record.available) for record in found.records] == [("12 :30", 4)]
    assert len((await poll(stock)).records) == 4


async def test_another_spelling_of_a_sku_is_another_sku(stock: StockTable) -> None:
    stock.run("DROP TABLE stock")
    stock.run("CREATE TABLE stock (sku VARCHAR(9), available INTEGER)")
    for sku in ("kb-1", "KB-1", "KB-1 "):
        stock.run(f"INSERT INTO stock VALUES ('{sku}', {len(sku)})")

    async with opened(stock) as channel:
        found = await channel.read([ListingRef("KB-1", "", "")])

    assert [record.sku for record in found.records] == ["KB-1"]


async def test_trying_it_out_says_what_was_seen(stock: StockTable) -> None:
    async with opened(stock) as channel:
        sighting = await channel.try_out()  # type: ignore[attr-defined]

    assert "3 rows of sku, available" in sighting.seen
    assert "SKU A-1 can be read by itself; update was planned and not run" in sighting.seen
    assert list(sighting.wrong) == []
    assert stock.shown("A-1") == 5


async def test_trying_it_out_says_what_is_wrong(stock: StockTable) -> None:
    stock.keys["update"] = "UPDATE stock SET availble = :quantity WHERE sku = :sku"
    stock.keys["select"] = f"SELECT sku, available, NULL AS price FROM ({SELECT}) x"
    stock.keys["columns"] = {"sku": "sku", "available": "available", "price": "price"}

    async with opened(stock) as channel:
        sighting = await channel.try_out()  # type: ignore[attr-defined]

    (wrong,) = sighting.wrong
    assert "update, planned for SKU A-1 and not run" in wrong
    assert "availble" in wrong
    assert list(sighting.warnings) == ['columns.price: "price" is empty in all 3 rows']
