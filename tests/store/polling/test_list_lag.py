"""A channel's list may be older than its single records: our own write is no second writer."""

from pathlib import Path

import pytest

from store.channels import incident_list, incidents
from store.channels.incident_list import IncidentState
from store.corrections import freeze
from store.model import CorrectionStatus, IncidentKind
from store.polling import merge, staging
from store.polling.changes import deltas
from store.polling.recognition.memory import PollMemory
from tests.store.correction_steps import correct, oversold
from tests.store.world import World, stock, world

SECOND = 1000
WITHIN_MS = 30 * SECOND


def poll(w: World, quantity: int, *, after_ms: int, memory: PollMemory | None = None) -> None:
    """The shop's list shows a quantity, so long after the instant before."""
    w.now += after_ms
    memory = memory or w.memories["shop"]
    sweep = w.database.write(staging.begin, "shop", memory, now=w.now, list_lag_ms=WITHIN_MS)
    w.database.write(staging.stage, sweep, stock(A=quantity))
    w.database.write(staging.counts, sweep)
    w.database.write(merge.merge, sweep, w.comparison, now=w.now, as_of=None)


def shown(w: World) -> int:
    ((found,),) = w.rows(
        """SELECT available FROM listings l JOIN channels c ON c.id = l.channel_id
        WHERE c.name = 'shop'"""
    )
    return int(found)


def is_frozen(w: World) -> bool:
    ((count,),) = w.rows("SELECT count(*) FROM listings WHERE frozen_at IS NOT NULL")
    return bool(count)


def written(w: World) -> None:
    """The shop showed 9, was set to 4, and its single record shows that."""
    oversold(w)
    correct(w)
    assert shown(w) == 4


@pytest.mark.parametrize("memory", ["the engine's", "none, as after a restart"])
def test_an_older_list_soon_after_our_write_is_no_second_writer(
    tmp_path: Path, memory: str
) -> None:
    with world(tmp_path) as w:
        written(w)
        of_poll = None if memory == "the engine's" else PollMemory()
        for _ in range(3):
            poll(w, 9, after_ms=5 * SECOND, memory=of_poll)
            assert shown(w) == 4
            assert w.diff() == []
            assert not is_frozen(w)
            assert w.database.read(incidents.open_incidents) == []
        poll(w, 4, after_ms=5 * SECOND, memory=of_poll)
        poll(w, 3, after_ms=SECOND, memory=of_poll)
        assert shown(w) == 3


def test_another_number_in_that_time_counts_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        written(w)
        poll(w, 7, after_ms=5 * SECOND)
        assert shown(w) == 7


def test_a_list_that_stays_behind_for_longer_freezes_and_thaws_when_it_shows_our_write(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        written(w)
        poll(w, 9, after_ms=5 * SECOND)
        poll(w, 9, after_ms=WITHIN_MS)
        assert is_frozen(w)
        w.poll("warehouse", stock(A=3))
        poll(w, 4, after_ms=60 * SECOND)
        assert not is_frozen(w)
        (closed,) = w.rows(
            "SELECT closed_by, closed_why FROM incidents WHERE closed_at IS NOT NULL"
        )
        assert closed == (
            "skew",
            "the list shows what update #1 wrote: it came 155 s later than the single record",
        )
        proposed = [k for k in w.updates() if k.status is CorrectionStatus.PROPOSED]
        assert [(k.from_quantity, k.to_quantity) for k in proposed] == [(4, 3)]


def test_what_was_measured_counts_the_next_time(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        written(w)
        poll(w, 9, after_ms=WITHIN_MS + 5 * SECOND)
        assert is_frozen(w)
        poll(w, 4, after_ms=20 * SECOND)
        w.poll("warehouse", stock(A=2))
        poll(w, 4, after_ms=SECOND)
        correct(w)
        poll(w, 4, after_ms=50 * SECOND)
        assert shown(w) == 2
        assert not is_frozen(w)


def test_a_writer_who_sets_it_back_stays_frozen_whoever_sets_it_right(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        written(w)
        poll(w, 4, after_ms=5 * SECOND)
        poll(w, 9, after_ms=WITHIN_MS)
        assert is_frozen(w)
        w.poll("warehouse", stock(A=3))
        poll(w, 4, after_ms=31 * 60 * SECOND)
        assert is_frozen(w)
        w.database.write(freeze.unfreeze, "A", "shop", now=w.now)
        assert not is_frozen(w)


def test_the_incident_that_closed_by_itself_is_listed_with_its_reason(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        written(w)
        poll(w, 9, after_ms=WITHIN_MS + SECOND)
        poll(w, 4, after_ms=SECOND)
        wanted = incident_list.IncidentFilter(
            kinds=(IncidentKind.SECOND_WRITER,), states=(IncidentState.CLOSED,)
        )
        ids = w.database.read(incident_list.incident_ids, wanted, now=w.now)
        (incident,) = w.database.read(incident_list.incidents_by_id, ids)
        assert incident.closed_why is not None
        assert incident.closed_why.startswith("the list shows what update #1 wrote")


def test_what_a_poll_of_only_what_changed_does_not_name_has_not_caught_up(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        written(w)
        poll(w, 9, after_ms=5 * SECOND)
        assert w.rows("SELECT 1 FROM listings WHERE behind_update IS NOT NULL")

        for page, is_behind in (((), True), (stock(A=9), True), (stock(A=4), False)):
            w.now += SECOND
            sweep = w.database.write(
                staging.begin, "shop", PollMemory(), now=w.now, list_lag_ms=WITHIN_MS
            )
            w.database.write(deltas.begin, sweep, w.now - SECOND)
            w.database.write(staging.stage, sweep, page)
            w.database.write(staging.counts, sweep)
            w.database.write(merge.merge, sweep, w.comparison, now=w.now, as_of=None)

            assert shown(w) == 4
            behind = w.rows("SELECT 1 FROM listings WHERE behind_update IS NOT NULL")
            assert bool(behind) == is_behind
