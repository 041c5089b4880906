"""What the channels' page does by its keys, beside a real engine and without one."""

from pathlib import Path

import pytest

from console.keys.action import PageName
from console.tui.data.values import DisagreementRow
from store.channels import pauses
from tests.console.polled_on_demand import Polled, polled
from tests.console.small_shop import MINUTE, NOW, Shop, console, key_of, press, text_of
from tests.console.troubled_channels import begin_poll, trouble_channels
from tests.long_run import first


def paused(shop: Shop, channel: str) -> pauses.Pause | None:
    return shop.database.read(pauses.by_people, now=shop.clock.now()).get(channel)


def tap(shop: Polled, *keys: str) -> None:
    """Press keys whose act goes on for longer than a test waits for what it began."""
    for key in keys:
        shop.app.post_message(key_of(shop.app, key))


async def to_shop(shop: Polled) -> None:
    """Turn to the page, with the cursor on the shop."""
    await press(shop.app, shop.pilot, "2", "j")


@pytest.mark.parametrize("other", first(1, [False, True]), ids=["beside", "elsewhere"])
async def test_a_poll_is_asked_for_by_a_key_and_told_when_it_ends(
    tmp_path: Path, *, other: bool
) -> None:
    async with polled(tmp_path, other=other) as shop:
        await to_shop(shop)
        await press(shop.app, shop.pilot, "o")
        await shop.until(lambda: "polled shop: 4 listings" in text_of(shop.app))

        assert shop.outcomes("shop") == ["good", "good"]
        assert shop.outcomes("market") == ["good"]


@pytest.mark.long
@pytest.mark.parametrize("other", first(1, [False, True]), ids=["beside", "elsewhere"])
async def test_a_poll_that_runs_is_seen_and_cancelled_by_a_key(
    tmp_path: Path, *, other: bool
) -> None:
    async with polled(tmp_path, other=other) as shop:
        await to_shop(shop)
        shop.fall_silent("shop")
        tap(shop, "o")
        await shop.until(lambda: "X cancels it" in text_of(shop.app))
        assert "↻ for 0:0" in text_of(shop.app)
        tap(shop, "X")
        await shop.until(lambda: "cancelled by ana" in text_of(shop.app))

        assert shop.outcomes("shop") == ["good", "cancelled"]
        assert shop.polls("shop")[0].error == "cancelled by ana"
        assert "ana cancelled the poll of shop" in "".join(s.text for s in shop.app.session.log)
        assert "● fresh" in text_of(shop.app)


@pytest.mark.long
async def test_whoever_asks_twice_waits_once(tmp_path: Path) -> None:
    async with polled(tmp_path) as shop:
        await to_shop(shop)
        shop.fall_silent("shop")
        tap(shop, "o", "o")
        await shop.until(lambda: "shop is being polled already" in text_of(shop.app))
        tap(shop, "X")
        await shop.until(lambda: "cancelled" in shop.outcomes("shop"))


@pytest.mark.long
async def test_a_paused_channel_rests_until_it_is_resumed_and_is_polled_then(
    tmp_path: Path,
) -> None:
    async with polled(tmp_path) as shop:
        await to_shop(shop)
        await press(shop.app, shop.pilot, "P", "enter", *"stock count", "enter")
        await shop.until(lambda: "‖PAUSED" in text_of(shop.app))
        text = text_of(shop.app)
        found = shop.database.read(pauses.on_record)["shop"]

        assert (found.by, found.reason) == ("ana", "stock count")
        assert "ana paused shop until" in text
        assert "‖ by ana until" in text
        await press(shop.app, shop.pilot, "P")
        assert "paused by ana: stock count" in text_of(shop.app)
        await press(shop.app, shop.pilot, "y")
        await shop.until(lambda: shop.outcomes("shop") == ["good", "good"])
        assert "ana resumed shop; it is polled now" in "".join(s.text for s in shop.app.session.log)
        assert shop.database.read(pauses.on_record) == {}


@pytest.mark.long
async def test_where_no_engine_runs_nobody_polls_and_it_is_told(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "o")

        assert "nobody to poll it: no engine runs for this cache" in text_of(app)


@pytest.mark.long
async def test_there_must_be_a_poll_to_cancel(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "X")

        assert "can't cancel: no poll of warehouse is running" in text_of(app)


@pytest.mark.long
async def test_a_cancel_that_no_engine_hears_is_told(shop: Shop) -> None:
    begin_poll(shop, "warehouse", 2, at=NOW - 5_000)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "X")

        assert "nobody to cancel it" in text_of(app)


@pytest.mark.long
async def test_enter_shows_the_disagreements_of_the_channel_alone(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j", "j", "enter")

        assert app.page is app.dashboard
        assert "filter: channel:market" in text_of(app)
        shown = [app.dashboard.rows._rows[number] for number in app.dashboard.rows.ids]
        assert {row.disagreement.channel for row in shown if isinstance(row, DisagreementRow)} == {
            "market"
        }
        await press(app, pilot, "escape", "escape")
        assert app.page.place is PageName.CHANNELS


@pytest.mark.long
async def test_a_pause_shows_its_effect_and_can_be_thought_better_of(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j", "j", "P")
        text = text_of(app)
        await press(app, pilot, "escape")

        assert "It turns stale in 9:01" in text
        assert "its 3 disagreements turn" in text
        assert paused(shop, "market") is None
        assert "nothing paused" in text_of(app)


@pytest.mark.long
async def test_what_a_pause_does_is_broken_at_spaces_where_the_dialog_is_narrow(shop: Shop) -> None:
    async with console(shop, (60, 24)) as (app, pilot):
        await press(app, pilot, "2", "j", "j", "P")
        text = text_of(app)

    for line in (
        "the other channels",
        "go on.",
        "at 14:11:12Z: its 3",
        "disagreements turn unknown.",
    ):
        assert f"{line} " in text


@pytest.mark.long
async def test_a_span_that_is_none_is_told_as_one_is_typed_here(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j", "j", "P", *"x")
        text = text_of(app)

    assert "a number and a unit, such as 30m, 2h or 3d" in text
    assert "in quotes" not in text


@pytest.mark.long
async def test_a_pause_of_the_authority_concerns_every_channel(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "P")

        assert "every channel's 4 disagreements" in text_of(app)


@pytest.mark.long
async def test_a_pause_has_a_span_that_is_one_and_a_reason(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j", "P", "backspace", "backspace", *"31d", "enter")
        assert "at most 30d" in text_of(app)
        await press(app, pilot, "backspace", "backspace", "backspace", *"90m", "enter", "enter")
        assert app.screen.is_modal
        await press(app, pilot, *"recount", "enter")

        found = paused(shop, "shop")
        assert found is not None
        assert (found.by, found.reason, found.until) == ("ana", "recount", NOW + 90 * MINUTE)


@pytest.mark.long
async def test_a_reason_from_before_is_offered(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j", "P", "enter", *"recount", "enter", "j", "P")
        assert "recount" in text_of(app)
        await press(app, pilot, "down", "enter")

        found = paused(shop, "market")
        assert found is not None
        assert found.reason == "recount"


@pytest.mark.long
async def test_nobody_ends_anothers_pause_by_a_slip_of_the_finger(shop: Shop) -> None:
    trouble_channels(shop)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j", "P", "n")

        assert paused(shop, "shop") is not None
        assert "shop stays paused" in text_of(app)


@pytest.mark.long
async def test_the_engines_own_pause_is_ended_without_asking(shop: Shop) -> None:
    trouble_channels(shop)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "j", "j", "P")

        assert "market" not in shop.database.read(pauses.on_record)
