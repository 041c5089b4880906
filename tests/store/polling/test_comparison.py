"""Targets, kinds, settling, and which reading can be trusted when."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from store.event_kinds import Event, EventKind
from store.model import Authority, Figure, Kind, Policy, Record, State, Status
from store.polling import merge
from store.polling.events import EventOrigin
from store.queries import status_counts, views
from store.reasons import Reason
from sync.targets import policy as words
from tests.long_run import examples
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, channel, record, stock, terms, warehouse, world


@pytest.mark.parametrize(
    ("available", "rule", "target"),
    [
        (10, Policy("*"), 10),
        (10, Policy("*", buffer=2), 8),
        (1, Policy("*", buffer=2), 0),
        (-5, Policy("*"), 0),
        (11, Policy("*", share_ppm=500_000), 5),
        (500, Policy("*", buffer=10, share_ppm=500_000, cap=100), 100),
        (500, Policy("*", cap=0), 0),
        (10, Policy("*", sold=False), 0),
        (3, Policy("*", share_ppm=333_333), 0),
    ],
)
def test_a_target_is_the_authority_through_the_policy(
    tmp_path: Path, available: int, rule: Policy, target: int
) -> None:
    with world(tmp_path, channel("shop", policies=(rule,))) as w:
        w.poll("warehouse", stock(A=available))
        w.poll("shop", stock(A=target))
        assert w.targets("shop") == {"A": target}
        hidden = words.hides((State.ACTIVE,))
        truth = words.Truth(available, "active")
        assert words.target_quantity(truth, rule, hidden) == target


policies = st.builds(
    Policy,
    skus=st.just("*"),
    buffer=st.integers(0, 50),
    share_ppm=st.integers(0, 1_000_000),
    cap=st.none() | st.integers(0, 100),
    sold=st.booleans(),
    state=st.none() | st.sampled_from(State),
    units=st.integers(1, 12),
    made_of=st.sampled_from(Figure),
    when_out=st.none() | st.sampled_from((State.BACKORDER, State.PREORDER, State.DISABLED)),
)
figures = st.none() | st.integers(-5, 200)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    available=st.integers(-100, 200) | st.integers(0, 10**9),
    state=st.none() | st.sampled_from(State),
    more=st.fixed_dictionaries({"on_hand": figures, "incoming": figures}),
    sold=st.integers(0, 20),
    rule=policies,
    states=st.sets(st.sampled_from(State)).map(lambda chosen: tuple(sorted(chosen))),
)
@example(
    available=1, state=None, more={"on_hand": None, "incoming": None}, sold=1,
    rule=Policy("*", when_out=State.BACKORDER), states=(State.ACTIVE,),
)  # fmt: skip
def test_the_formula_in_words_is_the_formula_in_sql(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    available: int,
    state: State | None,
    more: dict[str, int | None],
    sold: int,
    rule: Policy,
    states: tuple[State, ...],
) -> None:
    folder = tmp_path_factory.mktemp("formula")
    with world(folder, channel("shop", policies=(rule,), states=states)) as w:
        w.poll("warehouse", [record("A", available, state=state, **more)])
        w.poll("shop", [Record("A", 0)])
        batch = [
            Event("1", EventKind.ORDERED, "A", sold, w.now),
            Event("2", EventKind.SHIPPED, "A", 1, w.now),
        ]
        w.database.write(record_events, EventOrigin("shop", w.now), batch, w.comparison)
        cell = w.database.read(views.shown, ["A"], now=w.now)["A"][1]
        truth = words.Truth(
            available, state, pending=-sold * rule.units, pending_on_hand=-rule.units, **more
        )
        hidden = words.hides(states)
        assert cell.target == words.target_quantity(truth, rule, hidden)
        assert cell.target_state == words.target_state(truth, rule, states, hidden)
        assert cell.target is not None
        assert cell.target >= 0
        assert rule.cap is None or cell.target <= rule.cap


def test_the_first_matching_pattern_wins_for_policy_and_for_authority(tmp_path: Path) -> None:
    rules = (Policy("DS-1*", buffer=1), Policy("DS-*", buffer=2), Policy("*", buffer=3))
    shop = channel("shop", policies=rules)
    with world(
        tmp_path, shop, channel("supplier", writes=()),
        authorities=[Authority("DS-*", "supplier", "warehouse")],
    ) as w:  # fmt: skip
        skus = ("DS-1", "DS-2", "X")
        w.poll("warehouse", [record(sku, 10) for sku in skus])
        w.poll("supplier", [record(sku, 20) for sku in skus])
        w.poll("shop", [record(sku, 0) for sku in skus])
        assert w.targets("shop") == {"DS-1": 19, "DS-2": 18, "X": 7}
        # Each is compared with the other's word where that one is the authority.
        assert w.targets("warehouse") == {"DS-1": 20, "DS-2": 20, "X": None}
        assert w.targets("supplier") == {"DS-1": None, "DS-2": None, "X": 10}


@pytest.mark.parametrize(
    ("state", "states", "target", "target_state"),
    [
        ("active", (State.ACTIVE, State.DISABLED), 7, "active"),
        ("disabled", (State.ACTIVE, State.DISABLED), 7, "disabled"),
        ("disabled", (State.ACTIVE,), 0, None),
        ("hold", (State.ACTIVE, State.DISABLED), 0, None),
        ("archived", (), 0, None),
        ("preorder", (State.ACTIVE,), 7, None),
        ("backorder", (), 7, None),
        (None, (State.ACTIVE, State.DISABLED), 7, None),
    ],
)
def test_a_state_that_a_channel_cannot_show_collapses(
    tmp_path: Path,
    state: str | None,
    states: tuple[State, ...],
    target: int,
    target_state: str | None,
) -> None:
    with world(tmp_path, channel("shop", states=states)) as w:
        w.poll("warehouse", [record("A", 7, state=state)])
        w.poll("shop", [record("A", 1, state="active")])
        cell = w.database.read(views.shown, ["A"], now=w.now)["A"][1]
        assert (cell.target, cell.target_state) == (target, target_state)


def test_each_kind_of_disagreement_is_found(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [*stock(HIGH=1, LOW=9, NEG=4, GONE=3, SAME=2), *stock(OFF=5)])
        w.twice(
            "shop",
            [*stock(HIGH=3, LOW=2, NEG=-2, SAME=2, NEW=1), record("OFF", 5, state="disabled")],
        )
        found = {
            disagreement.sku: (disagreement.kind, disagreement.delta) for disagreement in w.diff()
        }
        assert found == {
            "HIGH": (Kind.QUANTITY, -2),
            "LOW": (Kind.QUANTITY, 7),
            "NEG": (Kind.NEGATIVE, 6),
            "GONE": (Kind.MISSING, None),
            "NEW": (Kind.UNLISTED, None),
            "OFF": (Kind.STATE, None),
        }


def test_missing_may_be_ignored_and_what_is_not_sold_is_not_missed(tmp_path: Path) -> None:
    quiet = channel("quiet", report_missing=False)
    partly = channel("partly", policies=(Policy("B*", sold=False), Policy("*")))
    with world(tmp_path, quiet, partly) as w:
        w.poll("warehouse", stock(A=1, B=2))
        w.poll("quiet", stock(C=1))
        w.poll("partly", stock(C=1))
        found = {
            (disagreement.channel, disagreement.sku, disagreement.kind) for disagreement in w.diff()
        }
        assert found == {
            ("quiet", "C", Kind.UNLISTED),
            ("partly", "C", Kind.UNLISTED),
            ("partly", "A", Kind.MISSING),
        }


def test_nothing_is_missing_on_a_channel_that_was_never_read(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1, B=2))
        assert w.diff() == []
        w.poll("shop", stock(A=1))
        assert w.only().kind is Kind.MISSING


def test_the_authority_itself_is_only_held_against_zero(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=-3))
        found = w.only()
        assert (found.channel, found.kind, found.target) == ("warehouse", Kind.NEGATIVE, 0)
        assert w.updates() == []


def test_a_disagreement_keeps_its_first_sighting_over_restarts(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
        w.poll("shop", stock(A=3))
        first, when = w.only().first_seen_at, w.now
    with world(tmp_path) as w:
        w.now = when
        w.poll("shop", stock(A=4))
        found = w.only()
        assert (found.first_seen_at, found.last_seen_at, found.delta) == (first, w.now, -3)


def test_a_reduction_settles_while_an_earlier_target_would_allow_it(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", settle_reduce_ms=5 * MINUTE)) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9))
        w.poll("warehouse", stock(A=4))
        moved = w.now
        w.poll("shop", stock(A=9))
        settling = w.only()
        assert (settling.status, settling.decidable_at) == (Status.SETTLING, moved + 5 * MINUTE)
        assert w.updates() == []
        w.now = moved + 5 * MINUTE
        w.poll("shop", stock(A=9))
        assert w.only().status is Status.OPEN
        assert w.updates()[0].to_quantity == 4


def test_a_reading_above_every_recent_target_needs_no_settling(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", settle_reduce_ms=5 * MINUTE)) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9))
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=12))
        assert w.only().status is Status.OPEN


def test_a_raise_waits_for_an_authority_newer_than_the_channels_own_fall(tmp_path: Path) -> None:
    """The classic oversell: the shop has just sold, the warehouse does not know it yet."""
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9), as_of=w.now)
        w.twice("shop", stock(A=9))
        w.twice("shop", stock(A=8))
        fallen = w.only()
        assert fallen.status is Status.SETTLING
        assert fallen.reason == Reason.AUTHORITY_BEHIND
        assert w.updates() == []
        # The same old file, read again, is no newer truth.
        w.poll("warehouse", stock(A=9), as_of=w.now - 60 * MINUTE)
        assert w.only().status is Status.SETTLING
        w.poll("warehouse", stock(A=9))
        assert w.only().status is Status.OPEN


def test_the_authoritys_lag_is_added_to_the_wait_for_a_raise(tmp_path: Path) -> None:
    slow = warehouse(lag_ms=3 * MINUTE)
    with world(tmp_path) as w:
        w.reconfigure(terms(slow, channel("shop")))
        w.poll("warehouse", stock(A=9))
        w.twice("shop", stock(A=9))
        w.twice("shop", stock(A=8))
        w.poll("warehouse", stock(A=9))
        assert w.only().status is Status.SETTLING
        w.now += 2 * MINUTE
        w.poll("warehouse", stock(A=9))
        assert w.only().status is Status.OPEN


def test_a_raise_needs_a_second_reading(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=2))
        assert (w.only().status, w.only().reason) == (Status.SETTLING, Reason.SECOND_READING)
        w.poll("shop", stock(A=2))
        assert w.only().status is Status.OPEN


def test_our_own_reduction_is_not_the_channels_own_fall(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        w.database.write(
            merge.record_fresh, "shop", stock(A=4), (), [("A", "")], w.comparison,
            now=w.now + 1, own=True,
        )  # fmt: skip
        w.poll("warehouse", stock(A=6), as_of=w.now - 60 * MINUTE)
        w.twice("shop", stock(A=4))
        assert w.only().status is Status.OPEN


def test_a_clock_that_runs_ahead_makes_the_authority_no_newer(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [record("A", 9, state="active", source_at=w.now + 120 * MINUTE)])
        w.twice("shop", stock(A=9))
        w.twice("shop", stock(A=8))
        assert w.only().reason == Reason.AUTHORITY_BEHIND


def test_a_file_that_is_dated_ahead_makes_the_authority_no_newer(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9), as_of=w.now + 120 * MINUTE)
        w.twice("shop", stock(A=9))
        w.twice("shop", stock(A=8))
        assert w.only().reason == Reason.AUTHORITY_BEHIND


def test_after_the_clock_was_set_back_nothing_counts_as_fresh(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        w.now -= 60 * MINUTE
        assert (w.only().status, w.only().reason) == (Status.UNKNOWN, Reason.CHANNEL_STALE)


def test_a_stale_channel_hides_its_own_disagreements(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))
        w.now += 10 * MINUTE
        w.poll("warehouse", stock(A=4))
        assert (w.only().status, w.only().reason) == (Status.UNKNOWN, Reason.CHANNEL_STALE)
        assert w.overview().unknown == 1


def test_a_stale_authority_stops_what_rests_on_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.now += 10 * MINUTE
        w.poll("shop", stock(A=9))
        assert (w.only().status, w.only().reason) == (Status.UNKNOWN, Reason.AUTHORITY_STALE)
        assert w.updates() == []


def test_an_old_source_time_makes_a_channel_stale_where_that_is_asked_for(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.reconfigure(terms(warehouse(max_source_age_ms=5 * MINUTE), channel("shop")))
        w.poll("warehouse", stock(A=4), as_of=w.now - 6 * MINUTE)
        w.poll("shop", stock(A=9))
        assert w.only().reason == Reason.AUTHORITY_STALE


def test_observed_channels_are_compared_and_never_proposed_for(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", writes=())) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        assert w.only().status is Status.OPEN
        assert w.updates() == []


def test_a_change_of_policy_moves_targets_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=5))
        w.twice("shop", stock(A=4, B=5))
        w.reconfigure(terms(warehouse(), channel("shop", policies=(Policy("*", buffer=1),))))
        assert {disagreement.sku: disagreement.target for disagreement in w.diff()} == {
            "A": 3,
            "B": 4,
        }
        w.reconfigure(terms(warehouse(), channel("shop")))
        assert w.diff() == []


def test_a_channel_that_is_configured_no_more_closes_its_disagreements(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        w.reconfigure(terms(warehouse()))
        assert w.diff() == []
        assert [channel.name for channel in w.database.read(status_counts.channels, now=w.now)] == [
            "warehouse"
        ]
        w.reconfigure(terms(warehouse(), channel("shop")))
        assert w.only().delta == -5


def test_an_authority_that_loses_a_sku_leaves_it_unlisted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=5))
        w.poll("shop", stock(A=4, B=5))
        w.poll("warehouse", stock(A=4))
        assert (w.only().sku, w.only().kind, w.only().target) == ("B", Kind.UNLISTED, None)
