"""Retention: what ended long ago goes, is counted, and no account is the worse for it."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.cells import instants
from store.event_kinds import Event
from store.history import retention, timeline
from store.history.retention import ThinningProgress
from store.model import CorrectionStatus, Millis
from store.polling import merge
from tests.long_run import examples
from tests.store.accounts.test_balance import (
    check,
    corrected,
    counted_anew,
    report,
    sold,
    steps,
    sums,
    totals,
)
from tests.store.world import MINUTE, World, stock, world

DAY = 24 * 60 * MINUTE


def thin(w: World, before: Millis) -> int:
    """All of it; answers in how many transactions."""
    place: ThinningProgress | None = ThinningProgress()
    count = 0
    while place is not None:
        place = w.database.write(retention.thin, place, before=before)
        count += 1
    return count


def rows(w: World, table: str) -> int:
    ((found,),) = w.rows(f"SELECT count(*) FROM {table}")
    return int(found)


def thinned(w: World) -> dict[str, int]:
    return dict(w.rows("SELECT what, rows_removed FROM thinned"))


def test_what_ended_long_ago_goes_and_what_stands_stays(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))
        corrected(w, 4)
        w.poll("warehouse", stock(A=3))
        w.now += 100 * DAY
        before = w.now - 90 * DAY
        w.poll("shop", stock(A=4))
        open_before = w.diff()
        assert w.database.read(retention.thinned_before) is None

        thin(w, before)

        assert w.diff() == open_before
        assert [correction.status for correction in w.updates()] == [CorrectionStatus.PROPOSED]
        # The warehouse's last good poll stays, for all that it is old; so does what is in force.
        assert rows(w, "polls") == 2
        assert rows(w, "past_readings") == 0
        kinds = {entry.kind for entry in w.database.read(timeline.history, "A")}
        assert kinds == {"reading", "target", "disagreement", "correction"}
        assert thinned(w)["corrections"] == 1
        assert w.database.read(retention.thinned_before) == before


def test_an_account_goes_on_when_its_events_and_writes_are_thinned_out(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=8))
        w.poll("shop", stock(A=10))
        corrected(w, 8)
        sale = sold("1", w.now, 2)
        report(w, "shop", sale)
        w.poll("shop", stock(A=5))
        assert sums(w, "shop") == (-2, -2, -1)
        old = w.now + 1
        w.now += DAY
        report(w, "shop", sold("2", w.now))
        w.poll("shop", stock(A=4))
        w.poll("warehouse", stock(A=5))

        thin(w, old)

        assert sums(w, "shop") == (-1, 0, -1)
        assert totals(w)["shop"] == 1
        report(w, "shop", sale)
        assert sums(w, "shop") == (-1, 0, -1), "what is thinned out does not count again"
        check(w)


def test_an_event_that_the_authority_has_not_taken_in_is_never_thinned_out(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=8))
        w.poll("shop", stock(A=7))
        report(w, "shop", sold("1", w.now))
        thin(w, w.now + DAY)
        assert rows(w, "events") == 1
        assert w.targets("shop") == {"A": 7}


def test_a_failure_that_stands_last_is_kept_for_it_keeps_rules_from_approving(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))
        failed = corrected(w, 4)

        def spoil(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE corrections SET status = 'failed' WHERE id = ?", (failed,))

        w.database.write(spoil)
        thin(w, w.now + DAY)
        assert [correction.id for correction in w.updates()] == [failed]


def test_it_is_done_in_short_steps(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=0))

        def fill(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO former_readings (listing_id, present, until_at) VALUES (1, 1, ?)",
                ((n,) for n in range(2 * retention.STEP + 1)),
            )

        w.database.write(fill)
        kept = w.database.write(retention.thin, ThinningProgress(), before=retention.STEP // 2)
        assert kept == ThinningProgress(1), "it goes no further than to what is younger"
        assert thin(w, 10**6) > 2
        assert rows(w, "past_readings") == 0


SHOWN = "SELECT id, observed_at, target_since FROM listings"
USED = """SELECT count(DISTINCT kept) FROM (SELECT observed_kept AS kept FROM cells
  UNION SELECT since_kept FROM cells) WHERE kept < 0"""


def test_an_instant_goes_once_no_cell_uses_it_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instants, "CELLS_AT_ONCE", 2)
    monkeypatch.setattr(retention, "STEP", 3)
    with world(tmp_path) as w:
        for quantity in range(8):
            w.poll("warehouse", stock(A=quantity, B=quantity, C=min(quantity, 2), D=1))
            w.poll("shop", stock(A=quantity, B=7, C=2, D=1))
        shown = w.rows(SHOWN)
        number = rows(w, "instants")

        thin(w, w.now + DAY)
        assert rows(w, "instants") == number, "a few stay for nothing"

        monkeypatch.setattr(instants, "FEW", 0)
        thin(w, w.now + DAY)
        assert w.rows(SHOWN) == shown
        assert w.rows(USED) == [(rows(w, "instants"),)]
        assert rows(w, "instants") < number - retention.STEP


def test_what_comes_while_instants_are_thinned_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instants, "CELLS_AT_ONCE", 1)
    monkeypatch.setattr(instants, "FEW", 0)
    with world(tmp_path) as w:
        for quantity in range(6):
            w.poll("warehouse", stock(A=quantity, B=quantity, C=quantity))
        before = w.now + DAY
        ((oldest,),) = w.rows("SELECT at FROM instants ORDER BY id DESC LIMIT 1")
        place: ThinningProgress | None = ThinningProgress()
        while place is not None:
            place = w.database.write(retention.thin, place, before=before)
            assert w.rows("SELECT id FROM listings WHERE observed_at IS NULL") == []
            if place is not None and place.after:
                # As by a clock that was set back, to what no cell that was looked at uses.
                sweep = w.sweep("warehouse", stock(A=place.after % 9, B=5, C=5))
                w.now = oldest
                w.database.write(merge.merge, sweep, w.comparison, now=w.now, as_of=None)


@pytest.mark.long
def test_the_file_grows_no_more_once_the_kept_days_are_full(tmp_path: Path) -> None:
    """Freed pages are used again, so that nobody needs VACUUM."""
    kept, sizes = 4, []
    with world(tmp_path) as w:
        for day in range(5 * kept):
            moved = stock(**{f"S{number}": day % 7 for number in range(200)})
            w.poll("warehouse", moved)
            w.poll("shop", moved)
            w.now += DAY
            thin(w, w.now - kept * DAY)
            sizes.append(w.rows("PRAGMA page_count")[0][0])
    assert sizes[1] < sizes[kept] < sizes[-1] <= 1.05 * sizes[2 * kept]


@settings(max_examples=examples(25),
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(script=st.lists(steps, max_size=12), cut=st.integers(0, 12))
def test_thinning_at_any_instant_leaves_what_is_unexplained_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    script: Sequence[tuple[object, ...]],
    cut: int,
) -> None:
    with world(tmp_path_factory.mktemp("thin")) as w:
        w.poll("warehouse", stock(A=20))
        w.poll("shop", stock(A=20))
        before = w.now
        for n, step in enumerate(script):
            if n == cut:
                before = w.now
            take(w, n, step)
        unexplained = w.database.read(counted_anew)
        thin(w, before)
        assert w.database.read(counted_anew) == unexplained == totals(w)
        w.poll("shop", stock(A=20))
        w.poll("shop", stock(A=19))
        check(w)


def take(w: World, n: int, step: tuple[object, ...]) -> None:
    """One step of a random history."""
    if step[0] == "read":
        w.poll(step[1], stock(A=step[2]))  # type: ignore[arg-type]
    elif step[0] == "event":
        event = Event(str(n), step[2], "A", step[3], w.now, order=step[4] or None)  # type: ignore[arg-type]
        report(w, step[1], event)  # type: ignore[arg-type]
    elif any(correction.status is CorrectionStatus.PROPOSED for correction in w.updates()):
        corrected(w, w.updates()[0].to_quantity or 0)
