"""Stepping through the past: the nearest instants at which something changed."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.corrections import ignore_rules
from store.database.connection import Database
from store.history import change_points
from store.history.rewind import open_at
from store.model import Millis, Record, Refused
from store.polling import merge, quarantine
from tests.long_run import examples
from tests.store.correction_steps import approve, oversold
from tests.store.history.test_rewind import promised
from tests.store.random_life import SKUS, Life, ask, channels, first_polls
from tests.store.world import MINUTE, World, record, stock, world


def following(w: World, at: Millis, sku: str | None = None) -> Millis | None:
    return w.database.read(change_points.following, at, sku=sku, until=w.now)


def preceding(w: World, at: Millis, sku: str | None = None) -> Millis | None:
    return w.database.read(change_points.preceding, at, sku=sku)


def test_a_decision_is_a_change_and_a_poll_that_brought_nothing_is_none(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        proposed_at = oversold(w).proposed_at
        w.poll("shop", stock(A=9))
        w.now += MINUTE
        approve(w, 1)
        approved_at = w.now
        w.now += MINUTE

        assert following(w, proposed_at) == approved_at
        assert following(w, approved_at) is None
        assert preceding(w, w.now) == approved_at
        assert preceding(w, approved_at) == proposed_at


def test_of_one_sku_only_its_own_changes_count(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=4))
        w.poll("shop", stock(A=4, B=4))
        both = w.now
        w.poll("shop", stock(A=4, B=3))
        only_b = w.now

        assert preceding(w, w.now + 1, "A") == both
        assert preceding(w, w.now + 1, "B") == only_b
        assert following(w, both, "A") is None


def test_before_everything_there_is_no_change_and_no_first_poll(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert preceding(w, w.now) is None
        assert w.database.read(change_points.first) is None
        w.poll("shop", stock(A=9))
        assert w.database.read(change_points.first) == w.now
        assert preceding(w, w.now) is None


def test_an_accepted_poll_hides_no_reading_that_changed_after_it_was_taken(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=4))
        w.poll("shop", stock(A=4, B=4))
        sweep = w.sweep("shop", stock(A=4, B=0))
        w.database.write(quarantine.quarantine_poll, sweep, "empty", now=w.now, as_of=None)
        taken = w.now
        read = []
        for available in (3, 2, 1):
            read_afresh(w, record("A", available, state="active"))
            read.append(w.now)
        w.now += MINUTE
        w.database.write(quarantine.accept, "shop", w.comparison, who="ana", now=w.now)
        accepted = w.now

        instants = [taken, *read, accepted]
        assert stepped(w, taken) == instants[1:]
        assert [preceding(w, at) for at in instants[1:]] == instants[:-1]


def test_a_fresh_reading_that_ends_a_doubt_is_a_change(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=4))
        w.poll("shop", stock(A=4, B=4))
        w.poll("shop", stock(B=4), refused=[Refused("line 2", "is no number", "A")])
        doubted = w.now
        read_afresh(w, record("A", 4, state="active"))

        assert stepped(w, doubted) == [w.now]
        assert preceding(w, w.now + 1) == w.now


def test_a_rule_that_ignores_is_a_change_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=4))
        w.poll("shop", stock(A=7, B=4))
        w.now += MINUTE
        begins = w.now
        for until in (None, begins + 3 * MINUTE):
            where = ignore_rules.IgnoreWhere("A*", until=until)
            w.database.write(ignore_rules.add, where, who="ana", why="so it is", now=w.now)
        w.now += MINUTE
        w.database.write(ignore_rules.end, 1, who="bob", why="no", now=w.now)
        ends = w.now
        w.now += 5 * MINUTE

        assert stepped(w, begins - 1)[:3] == [begins, ends, begins + 3 * MINUTE]
        assert following(w, begins - 1, "A") == begins
        assert following(w, begins, "A") == ends
        assert following(w, ends, "A") == begins + 3 * MINUTE
        assert following(w, begins - 1, "B") is None


def read_afresh(w: World, shown: Record) -> None:
    w.now += MINUTE
    w.database.write(
        merge.record_fresh, "shop", [shown], (), [(shown.sku, "")], w.comparison,
        now=w.now, own=False,
    )  # fmt: skip


def stepped(w: World, at: Millis) -> list[Millis]:
    """Every change after an instant, one by one."""
    found = []
    while (then := following(w, at)) is not None:
        found.append(then)
        at = then
    return found


@pytest.mark.long
@settings(max_examples=examples(6), suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(5, 15))
def test_whoever_steps_through_the_changes_misses_none(data: st.DataObject, acts: int) -> None:
    """Between two neighbouring changes nothing differs but what hangs on the clock."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), *channels()) as w:
        life = Life(w, lambda below: data.draw(st.integers(0, below - 1)))
        first_polls(life)
        life.live(acts)
        instants = [preceding(w, life.snapshots[0].at) or 0]
        while (at := following(w, instants[-1])) is not None:
            assert preceding(w, at) == instants[-1]
            instants.append(at)

        with open_at(w.database.path, w.now) as then:
            for at, until in zip(instants, [*instants[1:], w.now + 1], strict=True):
                assert changed_between(then, at, until - 1) == []


def changed_between(then: Database, at: Millis, until: Millis) -> list[str]:
    """What the screen would show differently at two instants, asked as of the same time."""
    then.rewind(at)
    before = promised(ask(then, until))
    then.rewind(until)
    after = promised(ask(then, until))
    for answers in (before, after):
        # Trust hangs on the clock.
        answers["shown"] = [
            replace(cell, trusted=True) for cells in answers["shown"].values() for cell in cells
        ]
    lists = ("ids", "shown", "updates", "live", "incidents", "audit")
    return [name for name in lists if before[name] != after[name]]


def test_every_change_of_a_sku_is_found_from_its_page(tmp_path: Path) -> None:
    with world(tmp_path, *channels()) as w:
        picks = iter(range(10_000))
        life = Life(w, lambda below: next(picks) * 7 % below)
        first_polls(life)
        life.live(30)

        for sku in SKUS:
            known = {
                entry.known_at
                for entry in life.snapshots[-1].answers["history"][sku]
                if entry.known_at > life.snapshots[0].at
            }
            found, at = set(), life.snapshots[0].at
            while (following_at := following(w, at, sku)) is not None:
                at = following_at
                found.add(at)
            assert known <= found
