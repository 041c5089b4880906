"""What a channel's row says of its polls: how long, how many, how they ended, how far they are."""

import sqlite3
from pathlib import Path

import pytest

from store.model import PollOutcome
from store.polling import merge, quarantine, staging
from store.queries import poll_health, status_counts
from store.queries.values import ChannelHealth
from tests.store.cost_counter import steps
from tests.store.world import MINUTE, START, World, channel, stock, world


def of(w: World, name: str = "shop") -> ChannelHealth:
    return next(
        channel
        for channel in w.database.read(status_counts.channels, now=w.now)
        if channel.name == name
    )


def fail(w: World, name: str = "shop", words: str = "503") -> None:
    sweep = w.sweep(name)
    w.database.write(merge.fail, sweep, words, now=w.now)


def test_recent_polls_show_their_size_and_their_outcome_oldest_first(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=3, B=4))
        fail(w)
        w.poll("shop", stock(A=3))
        sweep = w.sweep("shop")
        w.database.write(quarantine.quarantine_poll, sweep, "it is empty", now=w.now, as_of=None)

        found = of(w)

        assert [(poll.seen, str(poll.outcome)) for poll in found.recent] == [
            (2, "good"), (0, "failed"), (1, "good"), (0, "quarantined"),
        ]  # fmt: skip
        assert found.recent_ms == (0, 0, 0, 0)
        assert found.failed == 2


def test_one_channels_polls_come_newest_first_with_what_each_said(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=3))
        fail(w, words="no route to host")
        w.sweep("shop")

        found = w.database.read(poll_health.recent_polls, "shop", limit=2)

        assert [(poll.outcome, poll.error, poll.took_ms) for poll in found] == [
            (PollOutcome.RUNNING, None, None), (PollOutcome.FAILED, "no route to host", 0),
        ]  # fmt: skip
        assert w.database.read(poll_health.recent_polls, "nobody") == []


@pytest.mark.long
def test_a_channel_that_is_polled_seldom_keeps_its_own_recent_polls(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=3))
        for _ in range(poll_health.RECENT_POLLS * 20):
            w.poll("warehouse", stock(A=3))

        assert len(of(w).recent) == 1
        assert len(of(w, "warehouse").recent) == poll_health.RECENT_POLLS


def test_a_running_poll_shows_how_far_it_is_and_of_how_many(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        first = w.database.write(staging.begin, "shop", None, now=START)
        assert of(w).running is not None
        w.database.write(staging.stage, first, stock(A=1, B=2), (), None, note_progress=True)
        unknown = of(w).running
        assert unknown is not None
        assert (unknown.since, unknown.seen, unknown.expected) == (START, 2, None)
        w.database.write(staging.stage, first, stock(C=1), (), 40, note_progress=True)
        announced = of(w).running
        assert announced is not None
        assert (announced.seen, announced.expected) == (3, 40)
        w.database.write(merge.merge, first, w.comparison, now=w.now, as_of=None)
        assert of(w).running is None

        w.sweep("shop", stock(A=1))
        known = of(w).running

        assert known is not None
        assert (known.seen, known.expected) == (0, 3)


def test_errors_are_counted_by_the_minute_and_the_last_five_minutes_together(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        for _ in range(12):
            fail(w)
        fail(w, "warehouse")
        w.poll("shop", stock(A=3))

        counts = w.overview()

        # The poll that was good is the newest minute's; before it one a minute.
        assert counts.errors_by_minute == (1, 1, 1, 1, 1, 1, 1, 1, 1, 0)
        assert counts.errors_5m == 4
        later = w.overview(w.now + 8 * MINUTE + 1)
        assert later.errors_by_minute == (1, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.long
@pytest.mark.parametrize("count", [3, 40])
def test_the_panels_query_costs_what_is_shown_whatever_came_before(
    tmp_path: Path, count: int
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:

        def ask(connection: sqlite3.Connection) -> int:
            return len(status_counts.channels(connection, now=w.now))

        for _ in range(poll_health.RECENT_POLLS):
            w.poll("shop", stock(A=3))
        before = steps(w, lambda: w.database.write(ask))
        for _ in range(count * poll_health.RECENT_POLLS):
            w.poll("shop", stock(A=3))

        assert steps(w, lambda: w.database.write(ask)) < before * 1.5


def test_a_quarantined_poll_went_wrong_also_when_a_good_one_has_replaced_it(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        sweep = w.sweep("shop")
        w.database.write(quarantine.quarantine_poll, sweep, "it is empty", now=w.now, as_of=None)
        w.poll("shop", stock(A=3))

        assert (of(w).failed, len(of(w).recent)) == (1, 2)
        assert w.overview().errors_5m == 1
