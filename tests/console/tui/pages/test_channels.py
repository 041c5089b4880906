"""The channels' page: what it tells of each channel, and how."""

from pathlib import Path

import pytest

from console.tui.drawing.tones import Tone
from store.channels import pauses, polls
from store.polling import quarantine, staging
from tests.console.golden import SIZES, hold_to_golden
from tests.console.small_shop import MINUTE, NOW, Shop, console, press, settle, style_at, text_of
from tests.console.troubled_channels import (
    WORDS,
    begin_poll,
    fail_poll,
    finish_polls,
    trouble_channels,
)
from tests.long_run import first


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, SIZES), ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(("name", "keys"), [("paused", "j"), ("refused", "jj"), ("reading", "jjj")])
async def test_the_page_looks_as_it_should(
    shop: Shop, size: tuple[int, int], name: str, keys: str
) -> None:
    trouble_channels(shop)
    async with console(shop, size) as (app, pilot):
        await press(app, pilot, "2", *keys)
        hold_to_golden(f"channel-{name}", size, text_of(app))


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, SIZES), ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_pause_dialog_looks_as_it_should(shop: Shop, size: tuple[int, int]) -> None:
    async with console(shop, size) as (app, pilot):
        await press(app, pilot, "2", "j", "P")
        hold_to_golden("channel-pause", size, text_of(app))


@pytest.mark.long
async def test_a_read_only_console_shows_all_and_refuses_the_acts(shop: Shop) -> None:
    trouble_channels(shop)
    async with console(shop, read_only=True) as (app, pilot):
        await press(app, pilot, "2", "j", "P")
        shown = text_of(app)
        for key in ("o", "X"):
            await press(app, pilot, key)
            assert "this console is read-only" in text_of(app)

        assert "paused   ‖ by bo until 14:30:11Z" in shown
        assert "Poll now" not in shown.splitlines()[-1]
        assert "shop" in shop.database.read(pauses.on_record)


@pytest.mark.long
async def test_what_a_channel_says_is_told_whole_and_harmless(shop: Shop) -> None:
    long = "no \x1b]0;owned\x07 route, " + "x" * 300 + " [bold]end[/bold]"
    fail_poll(shop, "market", long, at=NOW - 1_000)
    async with console(shop, (80, 24)) as (app, pilot):
        await press(app, pilot, "2", "j", "j")
        text = text_of(app)

    assert "\x1b" not in text
    assert "no ␛]0;owned␇ route," in text
    assert text.count("x") >= 300
    assert "[bold]end[/bold]" in text


@pytest.mark.long
async def test_the_error_of_a_refused_credential_stands_with_its_remedy(shop: Shop) -> None:
    trouble_channels(shop)
    async with console(shop, (120, 30)) as (app, pilot):
        await press(app, pilot, "2", "j", "j")
        text = " ".join(text_of(app).split())

    assert WORDS in text
    assert "correct the credential that it names: a file is tried at once" in text


@pytest.mark.long
@pytest.mark.parametrize("width", first(1, [40, 131, 60, 79, 110, 132, 200, 240]))
async def test_the_page_works_at_any_width(shop: Shop, width: int) -> None:
    trouble_channels(shop)
    async with console(shop, (width, 30)) as (app, pilot):
        await press(app, pilot, "2", "j", "j")
        lines = text_of(app).splitlines()

    assert max(map(len, lines)) <= width
    assert any("▌    market" in line for line in lines)
    assert any("FAILING" in line for line in lines)


@pytest.mark.long
async def test_what_is_in_trouble_stands_out_by_a_sign_and_by_its_ink(shop: Shop) -> None:
    trouble_channels(shop)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2")
        ink = app.theme_variables

        for sign, tone in (
            ("FAILING", Tone.WARN), ("‖PAUSED", Tone.WARN), ("↻ 31 %", Tone.ACCENT),
            ("● good", Tone.OK), ("▓▓░░░░░░░░ 8/40▲", Tone.WARN),
        ):  # fmt: skip
            assert style_at(app, sign).color.triplet.hex == ink[str(tone)].lower(), sign


@pytest.mark.long
async def test_the_times_of_polls_are_scaled_by_those_that_went_well(shop: Shop) -> None:
    finish_polls(shop, "market", (400, 800, 400), until=NOW)
    fail_poll(shop, "market", "timed out", at=NOW - 20_000, took_ms=19_000)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2")
        (market,) = (line for line in text_of(app).splitlines() if "   market" in line)

    assert "▁▁▁█▁✖" in market


async def test_the_first_poll_of_a_channel_is_told_in_the_header_and_on_the_dashboard(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    begin_poll(shop, "outlet", 310, 1_000, at=NOW - 12_000)
    async with console(shop) as (app, _):
        text = text_of(app)
    shop.database.close()

    assert "↻ reading outlet 31 %" in text.splitlines()[0]
    assert any("outlet" in line and "↻ 31 %" in line for line in text.splitlines()[1:])


@pytest.mark.long
async def test_the_header_shows_the_errors_of_the_last_minutes(shop: Shop) -> None:
    for ago in (3, 1):
        fail_poll(shop, "market", "503", at=NOW - ago * MINUTE + 1_000, took_ms=0)
    async with console(shop) as (app, _):
        head = text_of(app).splitlines()[0]

    assert "errors/5m 2  ▁▁▂▁▂" in head


@pytest.mark.long
async def test_a_pause_of_somebody_else_shows_at_once(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2")
        shop.database.write(
            pauses.pause, "outlet", who="bo", reason="moving house", until=NOW + MINUTE
        )
        await settle(app, pilot)
        assert "‖PAUSED" in text_of(app)
        await press(app, pilot, "1")

        assert "paused by bo: moving house" in text_of(app)


@pytest.mark.long
async def test_the_last_channel_of_many_can_be_reached_and_told(shop: Shop) -> None:
    async with console(shop, (100, 14)) as (app, pilot):
        await press(app, pilot, "2", "end")

        assert "▌    outlet" in text_of(app)
        assert "outlet · simulated · push" in text_of(app)


@pytest.mark.long
async def test_a_channel_can_be_copied_and_the_list_exported(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j")
        copies = [copied.text for copied in app.page.copies()]
        view = app.page.view()

    assert copies[0] == "shop"
    assert view is not None
    assert view.name == "channels"


async def test_a_quarantined_poll_stands_with_the_keys_that_judge_it(shop: Shop) -> None:
    sweep = shop.database.write(staging.begin, "market", None, now=NOW - MINUTE)
    shop.database.write(quarantine.quarantine_poll, sweep, "all gone", now=NOW, as_of=None)
    async with console(shop, (120, 30)) as (app, pilot):
        await press(app, pilot, "2", "j", "j")
        text = text_of(app)

    assert "quarantined all gone" in text
    assert "the last good readings still count; b accepts it, d discards it" in text


@pytest.mark.long
async def test_a_read_only_console_names_no_key_that_it_would_refuse(shop: Shop) -> None:
    trouble_channels(shop)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j", "j", "j")
        deciding = text_of(app)
    async with console(shop, read_only=True) as (app, pilot):
        await press(app, pilot, "2", "j", "j", "j")
        looking = text_of(app)

    assert "X cancels it" in deciding
    assert "reading  ↻" in looking
    assert "cancels it" not in looking


@pytest.mark.long
async def test_what_is_doubtful_about_a_channel_stands_in_its_detail(shop: Shop) -> None:
    texts = ["fields.state: `state` found in 0 of 30 records", "a \x1b[2Jkey"]
    shop.database.write(polls.note_warnings, "shop", texts)
    async with console(shop, (120, 30)) as (app, pilot):
        await press(app, pilot, "2", "j")
        text = text_of(app)
    assert "warning  fields.state: `state` found in 0 of 30 records" in text
    assert "\x1b" not in text
