"""What a reading of only what changed brings, and what it leaves."""

from dataclasses import replace

import msgspec
import pytest

from store.model import Freshness, Record, Refused
from store.queries import status_counts
from sync.channels import translation
from sync.channels.base import RecordPage
from sync.channels.translation import names_of
from sync.channels.twins import WriteAllChannel
from sync.polling.channel_state import ChannelState
from sync.polling.deltas import OVERLAP_MS
from tests.sync.polling.deltas.bench import moves, polls, shown
from tests.sync.scripted_channel import NOON, Bench


async def test_a_sku_that_is_another_listing_now_takes_a_sweep(swept: Bench) -> None:
    await polls(swept)
    swept.shop.stock["A2"] = Record("A", 8, ref="id-other")
    swept.shop.stamps["A2"] = swept.clock.now()

    assert await polls(swept) == ["delta", "poll"]

    assert [
        (cell.sku, cell.kind) for cell in swept.disagreements() if cell.kind == "duplicate"
    ] == [("A", "duplicate")]


async def test_a_renamed_listing_takes_a_sweep(swept: Bench) -> None:
    await polls(swept)
    swept.shop.stock["A"] = Record("NEW", 3, ref="id-A")
    swept.shop.stamps["A"] = swept.clock.now()

    assert (await polls(swept))[:2] == ["delta", "poll"]

    assert (shown(swept, "A"), shown(swept, "NEW")) == (None, 3)


async def test_a_new_listing_takes_none(swept: Bench) -> None:
    await polls(swept)
    moves(swept, D=2)

    assert await polls(swept) == ["delta"]
    assert (shown(swept, "D"), shown(swept, "A")) == (2, 3)


async def test_a_delta_that_is_cut_short_is_quarantined(swept: Bench) -> None:
    await polls(swept)
    moves(swept, A=2)
    swept.shop.delta = RecordPage((), announced=5)

    report = await swept.poll()

    assert report.error == "cut short: the channel announced 5 changed records, 1 came"


async def test_a_bad_record_of_a_delta_blinds_one_cell(swept: Bench) -> None:
    swept.warehouse.shows(A=3, B=4, C=5)
    await swept.poll("warehouse")
    await polls(swept)
    swept.shop.delta = RecordPage((), [Refused("changes[0]", "no number", "A")])

    await polls(swept)

    assert swept.open_incidents() == [("shop", "unreadable", "changes[0] (SKU A): no number")]
    swept.shop.delta = RecordPage(())
    moves(swept, A=3)
    await polls(swept)
    assert swept.open_incidents() == []


async def test_warnings_of_a_sweep_stand_until_the_next(swept: Bench) -> None:
    swept.shop.warnings = ["2 listings are not tracked"]
    await polls(swept)
    swept.shop.warnings = []
    swept.shop.delta = RecordPage((), warnings=["odd"])

    await polls(swept)
    channels = swept.database.read(status_counts.channels, now=swept.clock.now())
    shop = next(channel for channel in channels if channel.name == "shop")
    assert shop.warnings == ("2 listings are not tracked", "odd")
    assert shop.swept_at == NOON + 1_000
    assert shop.freshness is Freshness.FRESH

    swept.channel_state["shop"].wants_sweep = True
    await polls(swept)
    channels = swept.database.read(status_counts.channels, now=swept.clock.now())
    shop = next(channel for channel in channels if channel.name == "shop")
    assert (shop.warnings, shop.swept_at) == ((), None)


async def test_an_update_that_is_applied_later_is_not_ended_by_a_delta(swept: Bench) -> None:
    swept.shop.abilities = replace(swept.shop.abilities, reads_one=False)
    swept.shop.later = True
    swept.shop.ignores = {"A"}
    await swept.disagree({"A": 9}, {"A": 4, "B": 4, "C": 5})
    swept.approve()
    await swept.apply()
    assert [update.status for update in swept.updates()] == ["applied"]
    await polls(swept)
    swept.clock.at += 10_000
    swept.shop.stock["A"] = msgspec.structs.replace(swept.shop.stock["A"], available=4)

    assert (await polls(swept))[0] == "poll"

    assert [update.status for update in swept.updates()] == ["verified"]


async def test_a_sum_of_locations_and_twins_are_read_whole(swept: Bench) -> None:
    settings = msgspec.structs.replace(
        swept.settings.channels["shop"], locations={"here": ("a", "b")}
    )
    names = names_of(settings)
    assert names is not None
    summed = translation.TranslatedChannel(
        swept.shop, msgspec.structs.replace(names, summed=frozenset({"here"}))
    )

    assert not summed.abilities.since
    assert not WriteAllChannel(swept.shop).abilities.since
    assert swept.shop.abilities.since


async def test_what_changed_comes_in_our_names(swept: Bench) -> None:
    settings = msgspec.structs.replace(swept.settings.channels["shop"], aliases={"A": "OURS"})
    channel = translation.translated(swept.shop, settings)
    swept.channel_state["shop"] = ChannelState(settings, channel)
    await polls(swept)
    moves(swept, A=1)

    assert await polls(swept) == ["delta"]
    assert (shown(swept, "OURS"), shown(swept, "B")) == (1, 4)


async def test_a_clock_that_is_behind_ours_is_asked_from_so_much_earlier(swept: Bench) -> None:
    await polls(swept)
    began = swept.clock.now()
    meter = swept.channel_state["shop"].meter
    meter.note({"date": "Sun, 23 Nov 2025 11:50:01 GMT"}, 200, NOON + 1_000)

    assert await polls(swept) == ["delta"]
    assert swept.shop.asked_since == [began - OVERLAP_MS - 600_000]


async def test_a_new_process_that_learns_it_too_late_sweeps(swept: Bench) -> None:
    await polls(swept)
    state = swept.channel_state["shop"] = ChannelState(swept.settings.channels["shop"], swept.shop)

    async def answered() -> None:
        state.meter.note({"date": "Sun, 23 Nov 2025 11:50:01 GMT"}, 200, NOON + 1_000)

    swept.shop.delta_faults.append(answered)

    assert await polls(swept, 2) == ["delta", "poll", "delta"]


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 23 Nov 2099 11:50:01 GMT"])
async def test_a_date_that_says_nothing_of_that_changes_nothing(swept: Bench, date: str) -> None:
    await polls(swept)
    began = swept.clock.now()
    swept.channel_state["shop"].meter.note({"date": date}, 200, NOON + 1_000)

    await polls(swept)

    assert swept.shop.asked_since == [began - OVERLAP_MS]


async def test_a_bad_record_of_a_sweep_without_a_sku_stays_reported_until_the_next(
    swept: Bench,
) -> None:
    swept.shop.refused = [Refused("page 1, record 3", "no SKU")]
    await polls(swept)
    told = [("shop", "unreadable", "page 1, record 3: no SKU")]
    moves(swept, A=1)

    assert await polls(swept, 2) == ["delta", "delta"]
    assert swept.open_incidents() == told

    swept.shop.refused = ()
    swept.channel_state["shop"].wants_sweep = True
    await polls(swept)
    assert swept.open_incidents() == []
