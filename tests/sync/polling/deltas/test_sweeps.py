"""When only what changed is asked for, and when all is read."""

import msgspec
import pytest

from store.model import PollOutcome
from store.polling import quarantine
from store.queries import poll_health
from sync.channels.base import RecordPage
from sync.errors import Temporary
from sync.polling.channel_state import ChannelState
from sync.polling.deltas import OVERLAP_MS
from sync.settings import GuardSettings
from tests.sync.polling.deltas.bench import moves, polls, shown
from tests.sync.scripted_channel import NOON, Bench

HOUR_MS = 3_600_000


def put_by_hand(bench: Bench, **given: object) -> None:
    """Open the shop anew with other settings."""
    settings = msgspec.structs.replace(bench.channel_state["shop"].settings, **given)
    bench.channel_state["shop"] = ChannelState(settings, bench.shop)


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
