"""The cache as it stood: whatever the live views said then, the rewound ones say afterwards."""

import itertools
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.corrections import lifecycle
from store.errors import OlderDatabase
from store.history.rewind import open_at
from store.model import Component, CorrectionStatus, Incident, Terms
from store.polling import merge, quarantine
from store.queries import views
from tests.long_run import examples
from tests.store.correction_steps import approve, begin, finish, oversold
from tests.store.random_life import Life, ask, channels, first_polls
from tests.store.world import MINUTE, START, channel, stock, terms, warehouse, world


def promised(answers: dict[str, Any]) -> dict[str, Any]:
    """What the views said, without what is not kept: see `store.history.rewind`."""
    status = answers["status"]
    health = (
        replace(channel, next_poll_at=None, unexplained=None, listings=0)
        for channel in status.channels
    )
    answers = answers | {
        "incidents": [_last_said(incident) for incident in answers["incidents"]],
        "rows": [replace(row, last_seen_at=0) for row in answers["rows"]],
    }
    answers["status"] = replace(
        status,
        channels=tuple(health),
        overview=replace(status.overview, skus=0),
        incidents=tuple(_last_said(incident) for incident in status.incidents),
        lease=None,
    )
    return answers


def _last_said(incident: Incident) -> Incident:
    return replace(incident, count=1, last_at=incident.since, message="")


@pytest.mark.long
@settings(max_examples=examples(8), suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(5, 20))
def test_whatever_was_shown_then_is_shown_again(data: st.DataObject, acts: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder), *channels()) as w,
    ):
        life = Life(w, lambda below: data.draw(st.integers(0, below - 1)))
        first_polls(life)
        life.live(acts)

        with open_at(w.database.path, w.now) as then:
            for snapshot in reversed(life.snapshots):
                if any(since <= snapshot.at < until for since, until in life.doubtful):
                    continue
                then.rewind(snapshot.at)
                found = promised(ask(then, snapshot.at))
                for name, answers in promised(snapshot.answers).items():
                    assert found[name] == answers, f"{name} at {snapshot.at}"


@pytest.mark.long
@settings(max_examples=examples(6), suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(3, 8), st.integers(3, 8))
def test_what_goes_on_meanwhile_changes_nothing_of_what_was(
    data: st.DataObject, before: int, after: int
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder), *channels()) as w,
    ):
        life = Life(w, lambda below: data.draw(st.integers(0, below - 1)))
        first_polls(life)
        life.live(before)
        snapshot = life.snapshots[-1]
        with open_at(w.database.path, snapshot.at) as then:
            assert promised(ask(then, snapshot.at)) == promised(snapshot.answers)
            for _ in range(after):
                life.live(1)
                if not any(since <= snapshot.at < until for since, until in life.doubtful):
                    assert promised(ask(then, snapshot.at)) == promised(snapshot.answers)


def test_whoever_steps_back_sees_what_each_of_two_records_of_one_sku_said(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=3))
        w.poll("shop", stock(A=3))
        said = []
        for number in (5, 7, 9):
            w.now += MINUTE
            w.poll("shop", stock(A=number) * 2)
            w.now += MINUTE
            w.poll("shop", stock(A=number) * 2)
            said.append((w.now, ask(w.database, w.now)))

        with open_at(w.database.path, w.now) as then:
            for at, answers in [*reversed(said), *said]:
                then.rewind(at)
                again = ask(then, at)
                assert again["rows"] == answers["rows"]
                assert again["facts"] == answers["facts"]


def test_steps_that_did_not_keep_how_they_left_an_update_show_its_status(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        proposal = oversold(w)
        instants = [w.now]
        w.now += 1_000
        approve(w, proposal.id)
        instants.append(w.now)
        begin(w, proposal.id)
        instants.append(w.now)
        w.now += 1_000
        finish(w, proposal.id, CorrectionStatus.UNKNOWN)
        w.database.write(_forget_how_they_left_it)

        with open_at(w.database.path, instants[0]) as then:
            answers = []
            for at in instants:
                then.rewind(at)
                (correction,) = then.read(lifecycle.by_id, [proposal.id])
                answers.append((str(correction.status), correction.version))

    assert answers == [("proposed", 1), ("approved", 2), ("applying", 3)]


def _forget_how_they_left_it(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE audit SET left_as = NULL")


def test_a_cache_that_is_not_migrated_yet_shows_no_past(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        path = w.database.path
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 3")

    with pytest.raises(OlderDatabase, match="brings it up to date"):
        open_at(path, START)


def test_whoever_comes_from_before_an_accepted_poll_was_accepted_sees_what_was_read(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=4))
        w.poll("shop", stock(A=4, B=4))
        instants = [w.now]
        sweep = w.sweep("shop", stock(A=4, B=0))
        w.database.write(quarantine.quarantine_poll, sweep, "empty", now=w.now, as_of=None)
        instants.append(w.now)
        for available in (3, 2):
            w.now += MINUTE
            w.database.write(
                merge.record_fresh, "shop", stock(A=available), (), [("A", "")], w.comparison,
                now=w.now, own=False,
            )  # fmt: skip
            instants.append(w.now)
        w.now += MINUTE
        w.database.write(quarantine.accept, "shop", w.comparison, who="ana", now=w.now)
        instants.append(w.now)

        asked = {}
        for at in instants:
            with open_at(w.database.path, at) as opened_new:
                asked[at] = opened_new.read(views.shown, ["A", "B"], now=w.now)
        with open_at(w.database.path, w.now) as then:
            for before, at in itertools.permutations(instants, 2):
                then.rewind(before)
                then.read(views.shown, ["A", "B"], now=w.now)
                then.rewind(at)
                assert then.read(views.shown, ["A", "B"], now=w.now) == asked[at]


def test_bundles_and_pools_had_what_their_parts_had(tmp_path: Path) -> None:
    made = terms(warehouse(), channel("shop"))
    bundles = (Component("SET", "A", 2),)
    with world(tmp_path) as w:
        w.reconfigure(Terms(made.authorities, made.channels, bundles=bundles))
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10, SET=5))
        before, then_at = w.database.read(views.shown, ["SET"], now=w.now), w.now
        w.poll("warehouse", stock(A=4))

        with open_at(w.database.path, then_at) as then:
            assert then.read(views.shown, ["SET"], now=then_at) == before
            assert before["SET"][-1].truth == 5
