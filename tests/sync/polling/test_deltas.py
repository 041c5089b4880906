"""Polls of only what changed between full sweeps: when they will do, and what they miss."""

import sqlite3
from dataclasses import replace

import msgspec
import pytest

from store.model import Freshness, PollOutcome, Record, Refused
from store.polling import quarantine
from store.queries import poll_health, views
from sync.channels import translation
from sync.channels.base import RecordPage
from sync.channels.translation import names_of
from sync.channels.twins import WriteAllChannel
from sync.errors import Temporary
from sync.polling.channel_state import ChannelState
from sync.polling.deltas import OVERLAP_MS
from sync.settings import GuardSettings
from tests.sync.scripted_channel import NOON, Bench

HOUR_MS = 3_600_000


@pytest.fixture
def swept(bench: Bench) -> Bench:
    """A shop that can list what changed, and the first full sweep of it behind."""
    bench.shop.abilities = replace(bench.shop.abilities, since=True)
    bench.shop.shows(A=3, B=4, C=5)
    return bench


def moves(bench: Bench, **quantities: int) -> None:
    """They change now, and the channel stamps them."""
    bench.shop.shows(**quantities)
    bench.shop.stamps |= dict.fromkeys(quantities, bench.clock.now())


def shown(bench: Bench, sku: str = "A") -> int | None:
    def read(connection: sqlite3.Connection) -> int | None:
        row = connection.execute(
            """SELECT l.available FROM listings l JOIN items i ON i.id = l.item_id
            JOIN channels c ON c.id = l.channel_id
            WHERE c.name = 'shop' AND i.sku = ? AND l.present = 1""",
            (sku,),
        ).fetchone()
        return None if row is None else row[0]

    return bench.database.read(read)


def put_by_hand(bench: Bench, **given: object) -> None:
    """Open the shop anew with other settings."""
    settings = msgspec.structs.replace(bench.channel_state["shop"].settings, **given)
    bench.channel_state["shop"] = ChannelState(settings, bench.shop)


async def polls(bench: Bench, times: int = 1) -> list[str]:
    """Poll so often; how each looked at the channel."""
    bench.shop.looked.clear()
    for _ in range(times):
        assert (await bench.poll()).outcome is PollOutcome.GOOD
    return bench.shop.looked


async def test_between_sweeps_only_what_changed_is_asked_for(swept: Bench) -> None:
    assert await polls(swept) == ["poll"]
    began = swept.clock.now()
    moves(swept, B=1)

    report = await swept.poll()

    assert (report.listings, report.changed, report.since) == (3, 1, began - OVERLAP_MS)
    assert swept.shop.looked == ["poll", "delta"]
    assert (shown(swept, "A"), shown(swept, "B")) == (3, 1)


async def test_each_asks_again_from_the_begin_of_the_poll_before(swept: Bench) -> None:
    await polls(swept, 4)

    assert swept.shop.asked_since == [NOON + n * 1_000 - OVERLAP_MS for n in (1, 2, 3)]


async def test_a_sweep_comes_once_a_period(swept: Bench) -> None:
    put_by_hand(swept, sweep_every_ms=4_000)

    assert await polls(swept, 10) == [
        "poll",
        *["delta"] * 3,
        "poll",
        *["delta"] * 3,
        "poll",
        "delta",
    ]


async def test_what_is_gone_shows_with_the_next_sweep(swept: Bench) -> None:
    swept.warehouse.shows(A=3, B=4, C=5)
    await swept.poll("warehouse")
    await polls(swept)
    del swept.shop.stock["C"]

    await polls(swept)
    assert shown(swept, "C") == 5
    swept.channel_state["shop"].wants_sweep = True
    assert await polls(swept) == ["poll", "read"]
    swept_at = swept.clock.now()
    assert shown(swept, "C") is None
    assert [(cell.kind, cell.last_seen_at) for cell in swept.disagreements()] == [
        ("missing", swept_at)
    ]
    assert await polls(swept, 2) == ["delta", "delta"]
    assert [cell.last_seen_at for cell in swept.disagreements()] == [swept_at]
    newest, *_ = swept.database.read(poll_health.recent_polls, "shop")
    assert newest.is_delta


async def test_a_poll_that_failed_is_followed_by_a_sweep(swept: Bench) -> None:
    await polls(swept)
    swept.shop.delta_faults.append(Temporary("503"))
    assert (await swept.poll()).outcome is PollOutcome.FAILED

    assert await polls(swept, 2) == ["poll", "delta"]


async def test_a_quarantined_delta_keeps_the_readings_and_is_followed_by_a_sweep(
    swept: Bench,
) -> None:
    await polls(swept)
    put_by_hand(swept, guard=GuardSettings())
    moves(swept, A=0, B=0, C=0)

    report = await swept.poll()

    assert report.outcome is PollOutcome.QUARANTINED
    assert report.since is not None
    assert shown(swept, "A") == 3
    moves(swept, A=3, B=4, C=5)
    assert await polls(swept, 2) == ["poll", "delta"]


@pytest.mark.parametrize("judged", ["accept", "discard"])
async def test_what_a_person_judged_is_followed_by_a_sweep(swept: Bench, judged: str) -> None:
    await polls(swept)
    swept.shop.delta = RecordPage((), cut_short="there is more")
    moves(swept, A=9)
    assert (await swept.poll()).outcome is PollOutcome.QUARANTINED
    swept.shop.delta = RecordPage(())

    now = swept.clock.now()
    if judged == "accept":
        swept.database.write(
            quarantine.accept, "shop", swept.context.comparison, who="ana", now=now
        )
        assert (shown(swept, "A"), shown(swept, "B")) == (9, 4)
    else:
        swept.database.write(quarantine.discard, "shop", who="ana", why="test", now=now)
        assert (shown(swept, "A"), shown(swept, "B")) == (3, 4)

    assert await polls(swept, 2) == ["poll", "delta"]


async def test_an_accepted_delta_leaves_what_it_did_not_name(swept: Bench) -> None:
    swept.warehouse.shows(A=3, B=4, C=5)
    await swept.poll("warehouse")
    await polls(swept)
    swept.shop.delta = RecordPage((), cut_short="there is more")
    moves(swept, A=9)
    await swept.poll()

    swept.database.write(
        quarantine.accept, "shop", swept.context.comparison, who="ana", now=swept.clock.now()
    )

    assert [(cell.sku, cell.kind) for cell in swept.disagreements()] == [("A", "quantity")]


async def test_a_gap_is_followed_by_a_sweep(swept: Bench) -> None:
    await polls(swept)
    swept.clock.at += 60_000

    assert await polls(swept, 2) == ["poll", "delta"]


async def test_a_clock_that_was_set_back_is_followed_by_a_sweep(swept: Bench) -> None:
    await polls(swept, 2)
    swept.clock.at -= 30_000

    assert await polls(swept) == ["poll"]


async def test_a_restart_goes_on_with_deltas(swept: Bench) -> None:
    await polls(swept)
    swept.channel_state["shop"] = ChannelState(swept.settings.channels["shop"], swept.shop)
    moves(swept, A=1)

    assert await polls(swept) == ["delta"]
    assert shown(swept) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"aliases": {"Z": "A"}},
        {"locations": {"here": ("",)}},
        {"options": {"writes": ("quantity", "state")}},
        {"writes_all": True},
    ],
)
async def test_another_configuration_begins_with_a_sweep(
    swept: Bench, given: dict[str, object]
) -> None:
    await polls(swept)
    known = swept.settings.channels["shop"]
    if "options" in given:
        given = {"options": msgspec.structs.replace(known.options, **given["options"])}  # type: ignore[arg-type]
    put_by_hand(swept, **given)

    assert await polls(swept, 2) == ["poll", "delta"]


async def test_a_sweep_that_finds_what_no_delta_reported_says_so(swept: Bench) -> None:
    await polls(swept, 2)
    swept.shop.shows(A=1, B=2)
    moves(swept, C=7)
    await polls(swept, 2)
    assert shown(swept, "A") == 3
    swept.channel_state["shop"].wants_sweep = True

    assert await polls(swept) == ["poll", "delta"]

    assert shown(swept, "A") == 1
    assert swept.open_incidents() == [
        (
            "shop",
            "unreported",
            (
                "the full sweep found 2 changes that the polls of only what changed since 12:00Z "
                "did not report: A, B"
            ),
        )
    ]
    await polls(swept)
    swept.channel_state["shop"].wants_sweep = True
    await polls(swept)
    assert swept.open_incidents() == []


async def test_what_changes_while_a_sweep_is_read_is_no_fault_of_the_deltas(swept: Bench) -> None:
    await polls(swept, 2)
    swept.channel_state["shop"].wants_sweep = True
    moves(swept, A=1, B=1)

    assert await polls(swept) == ["poll", "delta"]
    assert swept.open_incidents() == []


async def test_a_list_of_changes_that_cannot_be_read_does_not_fail_the_sweep(swept: Bench) -> None:
    await polls(swept, 2)
    swept.channel_state["shop"].wants_sweep = True
    swept.shop.shows(A=1)
    swept.shop.delta_faults.append(Temporary("503"))

    await polls(swept)

    assert shown(swept) == 1
    assert swept.open_incidents() == []


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
    channels = swept.database.read(views.channels, now=swept.clock.now())
    shop = next(channel for channel in channels if channel.name == "shop")
    assert shop.warnings == ("2 listings are not tracked", "odd")
    assert shop.swept_at == NOON + 1_000
    assert shop.freshness is Freshness.FRESH

    swept.channel_state["shop"].wants_sweep = True
    await polls(swept)
    channels = swept.database.read(views.channels, now=swept.clock.now())
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
