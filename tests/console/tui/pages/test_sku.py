"""The page of one SKU: its rows and their cursor, its plot, its timeline, what keys do there."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from console.keys.action import PageName
from console.tui.drawing.plot import SPANS
from console.tui.pages.sku import SkuPage
from store.corrections import decisions, lifecycle
from store.database import lease
from store.model import Component, CorrectionStatus, Record
from sync.locations import LocationMap
from sync.targets import terms
from tests.console.eventful_sku import SKU, TITLE, EventfulShop
from tests.console.golden import SIZES, hold_to_golden
from tests.console.small_shop import (
    MINUTE,
    NOW,
    Shop,
    console,
    move_cursor_to,
    newest_update,
    press,
    record,
    settle,
    style_at,
    text_of,
)
from tests.long_run import first

HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]x[/red] [@click=app.quit]y[/] \u202egnp.\u2066 \x9b1m"


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[EventfulShop]:
    """A SKU that has had six hours."""
    shop = EventfulShop(tmp_path)
    shop.live()
    yield shop
    shop.database.close()


@pytest.mark.parametrize("size", first(1, SIZES), ids=lambda size: f"{size[0]}x{size[1]}")
async def test_it_looks_as_it_should(lived: EventfulShop, size: tuple[int, int]) -> None:
    async with console(lived, size) as (app, pilot):
        await press(app, pilot, "enter")
        hold_to_golden("sku-lived", size, text_of(app))


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, [(80, 24), (160, 45), (60, 24), (60, 15), (220, 50)]))
async def test_all_of_it_can_be_scrolled_to_at_any_size(
    lived: EventfulShop, size: tuple[int, int]
) -> None:
    async with console(lived, size) as (app, pilot):
        await press(app, pilot, "enter")
        seen = text_of(app)
        for keys in (*["pagedown"] * 12, "end", "tab", "end"):
            await press(app, pilot, keys)
            seen += text_of(app)
        lines = text_of(app).splitlines()

    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    for words in ("CHANNEL", "market", "OPENING", "Stock", "shows 38"):
        assert words in seen, words


@pytest.mark.long
async def test_the_cursor_chooses_which_update_the_keys_act_on(lived: EventfulShop) -> None:
    for ago in (4, 1):
        lived.say("outlet", 20, at=NOW - ago * MINUTE + 5_000)
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter")
        page = app.page
        assert isinstance(page, SkuPage)
        assert page.picked().about.endswith("market")
        await press(app, pilot, "down")
        assert page.picked().about.endswith("outlet")
        await press(app, pilot, "a")
        assert page.sku_detail is not None
        decided = {
            correction.channel: correction.status for correction in page.sku_detail.summary.updates
        }
        assert decided["outlet"] is CorrectionStatus.APPROVED
        assert decided["market"] is CorrectionStatus.PROPOSED
        assert "update #" in text_of(app)
        assert "approved by ana" in text_of(app)
        await press(app, pilot, "u")
        assert "approved by ana" in text_of(app), "the audit trail keeps it"
        assert page.picked().why_not == ""
        await press(app, pilot, "up", "up")
        assert page.picked().why_not == "shop shows what it should"


@pytest.mark.long
async def test_an_update_is_rejected_and_snoozed_from_it(lived: EventfulShop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter", "z", "enter")
        assert "snoozed" in text_of(app)
        await press(app, pilot, "r", *"sold", "enter")
        assert "rejected by ana: sold" in text_of(app)
    assert newest_update(lived, SKU).status is CorrectionStatus.REJECTED


@pytest.mark.long
async def test_what_ended_badly_is_tried_again_from_it(lived: EventfulShop) -> None:
    failed = newest_update(lived, SKU)
    lived.database.write(
        decisions.approve,
        [(failed.id, failed.version)],
        who="ana",
        now=NOW,
        hold_ms=0,
        expires_ms=MINUTE,
    )
    lived.database.write(lease.acquire, holder="e", token="t", now=NOW, span_ms=MINUTE)
    lived.database.write(lifecycle.begin_applying, [failed.id], token="t", now=NOW)
    lived.database.write(
        lifecycle.finish, failed.id, CorrectionStatus.FAILED, now=NOW, result="405 not allowed"
    )
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter")
        assert "✖ failed" in text_of(app)
        assert "405 not allowed" in text_of(app)
        assert "retry" in app.page.able()
        await press(app, pilot, "T", *"fixed", "enter")
        assert "in its place" in text_of(app)
        assert newest_update(lived, SKU).id > failed.id
        await press(app, pilot, "up", "T")
        assert "can't retry" in text_of(app)


@pytest.mark.long
async def test_the_cursor_stays_on_its_row_while_channels_move(lived: EventfulShop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter", "up")
        page = app.page
        assert isinstance(page, SkuPage)
        chosen = page.chosen
        lived.say("market", 13, at=NOW)
        lived.say("shop", 77, at=NOW)
        await settle(app, pilot)
        assert page.chosen == chosen
        assert "● market agrees now" in text_of(app)
        assert "▲ 1 of 4 differ" in text_of(app)


@pytest.mark.long
async def test_five_shows_the_sku_under_the_cursor_and_elsewhere_the_last_one(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "down", "5")
        first = app.sku.sku
        assert str(app.page.place) == "sku"
        await press(app, pilot, "escape")
        assert str(app.page.place) == "disagreements"
        await press(app, pilot, "2", "5")
        assert str(app.page.place) == "sku"
        assert app.sku.sku == first
        await press(app, pilot, "escape")
        assert str(app.page.place) == "channels"


@pytest.mark.long
async def test_before_any_sku_was_opened_it_says_how_one_is(tmp_path: Path) -> None:
    empty = Shop(tmp_path)
    async with console(empty) as (app, pilot):
        await press(app, pilot, "5")
        assert "No SKU is open: enter on a disagreement opens one" in text_of(app)
        assert "No channel has been read" not in text_of(app)
        await press(app, pilot, "a", "plus", "down", "end")
        assert "can't" not in text_of(app).splitlines()[-1]
    empty.database.close()


@pytest.mark.long
async def test_the_plot_is_zoomed_by_keys_and_says_where_that_ends(lived: EventfulShop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter")
        assert "Stock · last 6 h" in text_of(app)
        for name, _ in reversed(SPANS[:3]):
            await press(app, pilot, "+")
            assert f"Stock · last {name}" in text_of(app)
        assert "14:00" in text_of(app)
        await press(app, pilot, "+")
        assert "5 min is the shortest span" in text_of(app)
        for name, _ in SPANS[1:]:
            await press(app, pilot, "-")
            assert f"Stock · last {name}" in text_of(app)
        await press(app, pilot, "-")
        assert "30 d is the longest span" in text_of(app)


@pytest.mark.long
async def test_the_plot_tells_too_much_by_its_tone_and_where_it_lies(lived: EventfulShop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter")
        over = app.theme_variables["ink-over"]
        assert style_at(app, "▲ market").color.triplet.hex == over.lower()
        plotted = [line for line in text_of(app).splitlines() if "╌╌╌╌" in line]
        assert plotted
        assert style_at(app, "╌╌╌╌").color.triplet.hex == app.theme_variables["ink-accent"].lower()
        assert style_at(app, "━").color.triplet.hex == app.theme_variables["ink-warn"].lower()


@pytest.mark.long
async def test_older_entries_come_as_the_end_is_reached(lived: EventfulShop) -> None:
    for number in range(260):
        lived.say("outlet", 40 + number % 2, at=NOW - 50_000 + number * 100)
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter", "tab", "end")
        page = app.page
        assert isinstance(page, SkuPage)
        assert len(page._timeline.items) > 200
        while page._timeline.rest is not None:
            await press(app, pilot, "end")
        assert "more with ↓" not in text_of(app)
        await press(app, pilot, "end")
        assert "08:12:12Z" in text_of(app)
        count = len(page._timeline.items)
        lived.say("outlet", 99, at=NOW)
        await settle(app, pilot)
        assert len({item.key for item in page._timeline.items}) == len(page._timeline.items) > count


@pytest.mark.long
async def test_what_has_not_moved_is_not_read_again(lived: EventfulShop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter")
        page = app.page
        assert isinstance(page, SkuPage)
        course, newest = page._course, page._reader._newest
        await settle(app, pilot)
        assert page._course is course
        assert page._reader._newest is newest
        lived.say("outlet", 12, at=NOW)
        await settle(app, pilot)
        assert page._course is not course


@pytest.mark.long
async def test_a_pool_and_a_bundle_tell_what_they_rest_on(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    market = msgspec.structs.replace(
        shop.settings.channels["market"], locations=LocationMap({"web": ("BER", "HAM")})
    )
    shop.settings = msgspec.structs.replace(
        shop.settings,
        channels={**shop.settings.channels, "market": market},
        bundles=(Component("SET", "LAMP", 2), Component("SET", "SHADE", 1)),
    )
    shop.comparison = terms.comparison(shop.settings)
    shop.database.write(shop.comparison.configure, now=NOW - 80 * MINUTE)
    for ago in (3, 1):
        at = NOW - ago * MINUTE
        held = [
            Record(sku=sku, available=count, location=place)
            for sku, place, count in (
                ("LAMP", "BER", 12), ("LAMP", "HAM", 3), ("SHADE", "BER", 4),
                ("SHADE", "HAM", 9),
            )
        ]  # fmt: skip
        shop.read("warehouse", held, at=at)
        shop.read("market", [Record(sku="LAMP", available=40, location="BER+HAM")], at=at + 1)
        shop.read("shop", [Record(sku="SET", available=9, location="BER")], at=at + 1)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "s", "s", "enter")
        lamp = text_of(app)
        await press(app, pilot, "escape")
        await move_cursor_to(app, pilot, "SET")
        await press(app, pilot, "enter")
        bundle = text_of(app)
    shop.database.close()

    assert "BER+HAM is a pool of" in lamp
    assert "BER " in lamp
    assert "in the bundles SET (2)" in lamp
    assert "a bundle at BER, made of" in bundle
    assert "1 × SHADE" in bundle
    assert "◂ limits it" in next(line for line in bundle.splitlines() if "1 × SHADE" in line)
    assert "4 → 4" in bundle
    assert "12 → 6" in bundle


@pytest.mark.long
async def test_what_channels_write_is_shown_as_plain_text_and_breaks_nothing(
    tmp_path: Path,
) -> None:
    sku = f"S{HOSTILE}"[:60]
    shop = Shop(tmp_path)
    for ago in (3, 1):
        at = NOW - ago * MINUTE
        shop.read("warehouse", [record(sku, 9, HOSTILE, 100)], at=at)
        for channel in ("shop", "market"):
            shop.read(channel, [record(sku, 30, HOSTILE, 100)], at=at + 1)
    for size in ((160, 45), (80, 24), (60, 24)):
        async with console(shop, size) as (app, pilot):
            await press(app, pilot, "enter")
            painted = text_of(app)
            for keys in (("end",), ("tab", "end")):
                await press(app, pilot, *keys)
                painted += text_of(app)
            assert app.page.place is PageName.SKU
        assert "[red]" in painted or size[0] < 100, "no markup is read"
        for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), 0x202E, 0x2066):
            assert code == 0x0A or chr(code) not in painted, hex(code)
    shop.database.close()


@pytest.mark.long
async def test_the_row_under_the_cursor_is_copied_from_it(lived: EventfulShop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter", "y", "enter")
        assert app.clipboard == SKU
        copied = {copied.name: copied.text for copied in app.sku.copies()}
        assert '"channel": "market"' in copied["JSON"]


@pytest.mark.long
async def test_a_read_only_console_shows_it_and_refuses_the_acts(lived: EventfulShop) -> None:
    async with console(lived, read_only=True) as (app, pilot):
        await press(app, pilot, "enter", "a")
        assert "read-only" in text_of(app)
        assert TITLE in text_of(app)
    assert newest_update(lived, SKU).status is CorrectionStatus.PROPOSED


@pytest.mark.long
async def test_a_click_on_a_row_puts_the_cursor_there(lived: EventfulShop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "enter")
        page = app.page
        assert isinstance(page, SkuPage)
        row = next(
            number
            for number, line in enumerate(text_of(app).splitlines())
            if line.startswith("│   shop")
        )
        await pilot.click(offset=(8, row))
        await settle(app, pilot)
        assert page.picked().why_not == "shop shows what it should"
        assert text_of(app).splitlines()[row].startswith("│ ▌ shop")
