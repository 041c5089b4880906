"""Several stores in one table, through its keys, on real caches that are only read."""

from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from console.keys.action import PageName
from console.tui import stores
from console.tui.app import SkewApp
from console.tui.data.several import stores as stores_data
from console.tui.data.several.stores import Store
from console.tui.pages.navigation import BACK
from console.tui.stores import StoresApp, StoresState
from store.database import schema
from store.database.connection import Database
from store.queries import ranking
from store.queries.values import DisagreementFilter, Sort
from sync.settings import ConsoleSettings
from tests.console.quick_textual import unpainted
from tests.console.small_shop import NOW, SHOWN, Shop, press, settle, text_of
from tests.long_run import first
from tests.sync.config_text import SMALLEST


@pytest.fixture
def two(tmp_path: Path, opened_shop: bytes) -> Iterator[list[Shop]]:
    """Two shops; of the second the market shows more, so that its row is the worst."""
    opened = []
    for name in ("eu", "us"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "skew.db").write_bytes(opened_shop)
        shop = Shop(tmp_path / name)
        path = tmp_path / f"{name}.toml"
        shop.settings = msgspec.structs.replace(shop.settings, path=path)
        opened.append(shop)
    market = (90, *SHOWN["market"][1:])
    opened[1].show("market", market, at=NOW - 500)
    yield opened
    for shop in opened:
        shop.database.close()


def table_of(two: list[Shop]) -> tuple[list[Store], StoresState]:
    found = stores.named([shop.settings for shop in two], two[0].clock)
    session = StoresState(
        name="eu + us",
        clock=two[0].clock,
        operator="ana",
        read_only=True,
        engine=None,
        request_refresh=lambda: None,
    )
    return found, session


@asynccontextmanager
async def running(app: SkewApp, size: tuple[int, int]) -> AsyncIterator[Pilot[int]]:
    async with AsyncExitStack() as stack:
        with unpainted(app):
            pilot = await stack.enter_async_context(app.run_test(size=size, notifications=False))
            await settle(app, pilot)
        yield pilot


@asynccontextmanager
async def table(
    two: list[Shop], size: tuple[int, int] = (160, 45)
) -> AsyncIterator[tuple[StoresApp, Pilot[int]]]:
    found, session = table_of(two)
    app = StoresApp(found, session, watch=False)
    async with running(app, size) as pilot:
        yield app, pilot
    app.stores.close()


@pytest.mark.parametrize("size", first(1, [(80, 24), (160, 45), (100, 30)]))
async def test_the_disagreements_of_all_stores_stand_in_one_order(
    two: list[Shop], size: tuple[int, int]
) -> None:
    async with table(two, size) as (app, _):
        text = text_of(app)
        rows = [app.dashboard.rows._rows[row_id] for row_id in app.dashboard.rows.ids]

    assert len(rows) == 8
    assert [getattr(row, "store", "") for row in rows[:2]] == ["us", "eu"]
    assert "STORE" in text
    assert "Disagreements 8 in 2 stores" in text or size[0] < 132
    assert "● eu" in text or "▲ eu" in text
    assert max(map(len, text.splitlines())) <= size[0]


@pytest.mark.long
@pytest.mark.parametrize("sort", list(Sort))
async def test_merged_they_are_in_the_order_that_one_cache_would_have(
    shop: Shop, sort: Sort
) -> None:
    found = shop.database.read(ranking.placed, DisagreementFilter(), now=NOW, sort=sort)
    whole = shop.database.read(ranking.ranked, DisagreementFilter(), now=NOW, sort=sort)

    keys = list(zip(*found.keys, strict=True))
    assert found.ids == whole.ids
    assert keys == sorted(keys)
    assert ranking.packed(found.ids, found.codes) == whole


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_is_merged_by_slices_is_in_order_and_none_is_lost(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores_data, "SLICE", 3)
    drawn = Random(count)
    runs, everything = [], []
    for place in range(count):
        length = 7 * place + 5
        rows = sorted((drawn.randrange(9), f"K{drawn.randrange(3)}", n) for n in range(length))
        numbers, words, ids = zip(*rows, strict=True)
        codes = array("q", (n % 30 for n in ids))
        runs.append(ranking.RankedRun(array("q", ids), codes, (numbers, words)))
        everything += [(number, word, n, place) for number, word, n in rows]

    merged = stores_data._merged(runs)

    expected = sorted(everything)
    assert list(merged.ids) == [n * count + place for _, _, n, place in expected]
    assert merged.ages == bytes(n % 30 % 6 for _, _, n, _ in expected)


@pytest.mark.long
async def test_filter_and_sort_work_over_all_stores(two: list[Shop]) -> None:
    async with table(two) as (app, pilot):
        await press(app, pilot, "slash", *"store:us channel:market", "enter")
        assert len(app.dashboard.rows.ids) == 3
        assert "filter: store:us channel:market" in text_of(app)
        await press(app, pilot, "escape", "slash", *"store:de", "enter")
        assert "“de” is not a store; known: eu, us" in app.session.log[0].text
        await press(app, pilot, "escape", "slash", *"cause:lag", "enter")
        assert "store's own list" in app.session.log[0].text


async def test_enter_opens_the_row_s_store_and_escape_leads_back(two: list[Shop]) -> None:
    async with table(two) as (app, pilot):
        app.dashboard.rows.focus()
        await press(app, pilot, "enter")
    assert app.opened is not None
    store, subject = app.opened
    assert (store.name, subject.sku, subject.channel) == ("us", "SKU-0004411", "market")

    database = Database.open(store.settings.database, read_only=True)
    with database:
        opened = stores.store_app(database, store, subject, app.session, watch=False)
        async with running(opened, (160, 45)) as pilot:
            assert opened.page.place is PageName.SKU
            assert "SKU-0004411" in text_of(opened)
            assert "skew us " in text_of(opened)
            await press(opened, pilot, "1")
            assert len(opened.dashboard.rows.ids) == 4
            await press(opened, pilot, "a")
            assert "read-only" in opened.session.log[0].text
            await press(opened, pilot, "escape")
            assert opened.page.place is PageName.SKU
            await press(opened, pilot, "escape")
        assert opened.return_value == BACK


@pytest.mark.long
async def test_a_store_that_can_t_be_read_is_named_and_the_others_are_seen(
    two: list[Shop],
) -> None:
    two[1].database.close()
    database = two[1].settings.database
    moved = database.rename(database.with_suffix(".away"))
    for beside in database.parent.glob("skew.db-*"):
        beside.unlink()
    async with table(two) as (app, pilot):
        text = text_of(app)
        assert "2 stores · 1 not read" in text
        assert "us                no cache yet" in text
        assert len(app.dashboard.rows.ids) == 4
        assert not database.exists()

        moved.rename(database)
        await settle(app, pilot)
        assert "not read" not in text_of(app)
        assert len(app.dashboard.rows.ids) == 8


@pytest.mark.long
async def test_an_older_cache_is_named_and_not_migrated(two: list[Shop]) -> None:
    two[1].database.close()
    older(two[1].settings.database)
    async with table(two) as (app, _):
        assert "its cache is of an older Skew" in text_of(app)
        assert len(app.dashboard.rows.ids) == 4


def older(path: Path) -> None:
    """Have a cache say that it is of the schema before."""
    with Database.open(path) as database:

        def set_back(connection: Any) -> None:
            connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) - 1}")

        database.write(set_back)


@pytest.mark.long
async def test_what_only_a_store_can_do_is_refused_and_said(two: list[Shop]) -> None:
    async with table(two) as (app, pilot):
        await app.action_do("show_channels")
        await settle(app, pilot)
        assert app.page is app.dashboard
        await press(app, pilot, "a", "A", "c", "e", "2")
        assert app.page is app.dashboard
        legend = text_of(app).splitlines()[-1]
    assert "Approve" not in legend
    assert "Open" in legend


@pytest.mark.long
async def test_the_palette_does_what_the_table_can(two: list[Shop]) -> None:
    async with table(two) as (app, pilot):
        await press(app, pilot, ":", *"sort", "enter")
        assert "sorted by" in text_of(app)


@pytest.mark.long
async def test_a_banner_is_shown_where_all_have_the_same(two: list[Shop]) -> None:
    for shop in two:
        banner = ConsoleSettings(banner="TEST")
        shop.settings = msgspec.structs.replace(shop.settings, console=banner)
    async with table(two) as (app, _):
        assert text_of(app).startswith(" TEST ")


def test_stores_of_one_name_are_numbered(two: list[Shop]) -> None:
    same = [msgspec.structs.replace(shop.settings, path=Path("x.toml")) for shop in two]
    assert [store.name for store in stores.named(same, two[0].clock)] == ["x-1", "x-2"]


@pytest.mark.parametrize("option", ["--at", "--view", "--by"])
def test_what_goes_with_one_configuration_is_refused_with_several(
    tmp_path: Path, skew: Any, option: str
) -> None:
    ran = skew("watch", "--config", "a.toml", "--config", "b.toml", option, "x")
    assert ran.code == 2
    assert f"{option} needs one --config" in ran.err


def test_one_cache_is_not_shown_twice(tmp_path: Path, skew: Any) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(f'[skew]\ndatabase = "same.db"\n{SMALLEST}')
    configs = [part for name in ("a", "b") for part in ("--config", str(tmp_path / f"{name}.toml"))]
    ran = skew("watch", *configs)
    assert ran.code == 2
    assert "names a cache that another one names too" in ran.err
