"""Rule 6 (docs/architecture.md): what a target is made of, its sum in words, what always holds."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.model import Figure, Policy, State
from sync.targets import policy
from sync.targets.policy import COLLAPSES, Collapse, Truth, hides


@pytest.mark.parametrize(
    ("truth", "rule", "target"),
    [
        (Truth(None), Policy("*"), None),
        (Truth(None, pending=5, on_hand=3), Policy("*", made_of=Figure.ON_HAND), None),
        (Truth(None), Policy("*", sold=False), None),
        (Truth(-5), Policy("*"), 0),
        (Truth(10, pending=-3), Policy("*"), 7),
        (Truth(2, pending=-3), Policy("*"), 0),
        (Truth(2, pending=3), Policy("*", buffer=1), 4),
        (Truth(10, pending=-3), Policy("*", share_ppm=500_000), 3),
        (Truth(10, on_hand=14), Policy("*", made_of=Figure.ON_HAND), 14),
        (Truth(10, pending=-3, on_hand=14), Policy("*", made_of=Figure.ON_HAND), 14),
        (Truth(10, on_hand=14, pending_on_hand=-2), Policy("*", made_of=Figure.ON_HAND), 12),
        (Truth(10, pending=-3, pending_on_hand=-9), Policy("*", made_of=Figure.ON_HAND), 7),
        (Truth(10, incoming=5), Policy("*", made_of=Figure.AVAILABLE_AND_INCOMING), 15),
        (Truth(10, pending=-1), Policy("*", made_of=Figure.AVAILABLE_AND_INCOMING), 9),
        (Truth(-4, incoming=5), Policy("*", made_of=Figure.AVAILABLE_AND_INCOMING), 1),
        (Truth(35), Policy("*", units=12), 2),
        (Truth(36), Policy("*", units=12), 3),
        (Truth(36), Policy("*", units=12, buffer=1), 2),
        (Truth(100), Policy("*", units=12, share_ppm=500_000), 4),
        (Truth(100), Policy("*", units=12, cap=3), 3),
        # Share and units are one division: 35 % of 100 pieces are 35, which is 8 packs of 4.
        (Truth(100), Policy("*", units=4, share_ppm=350_000), 8),
        # Rounded apart, half of 3 pieces would be 1 and no pair; together 3 ÷ 4 is none either.
        (Truth(3), Policy("*", units=2, share_ppm=500_000), 0),
        (Truth(7), Policy("*", units=2, share_ppm=600_000), 2),
    ],
)
def test_a_target_is_made_of_what_the_policy_says(
    truth: Truth, rule: Policy, target: int | None
) -> None:
    assert policy.target_quantity(truth, rule, hides(tuple(State))) == target


@pytest.mark.parametrize(
    ("truth", "rule", "committed", "line"),
    [
        (Truth(None), Policy("*"), None, "warehouse does not have this SKU"),
        (Truth(10), Policy("*"), None, "10 available → 10"),
        (
            Truth(10, on_hand=12),
            Policy("*", buffer=1, share_ppm=500_000),
            2,
            "12 on hand − 2 committed − 1 buffer, share 50 % → 4",
        ),
        (Truth(10, on_hand=12), Policy("*"), 1, "10 available → 10"),
        (
            Truth(10, pending=-3),
            Policy("*", cap=5),
            None,
            "10 available − 3 sold since, not yet in warehouse, cap 5 → 5",
        ),
        (
            Truth(10, pending=4),
            Policy("*"),
            None,
            "10 available + 4 come in since, not yet in warehouse → 14",
        ),
        (Truth(35), Policy("*", units=12), None, "35 available, ÷ 12 per unit → 2"),
        (
            Truth(10, on_hand=14, pending_on_hand=-2),
            Policy("*", made_of=Figure.ON_HAND, buffer=1),
            4,
            "14 on hand − 2 sold since, not yet in warehouse − 1 buffer → 11",
        ),
        (
            Truth(10, incoming=5),
            Policy("*", made_of=Figure.AVAILABLE_AND_INCOMING),
            None,
            "10 available + 5 incoming → 15",
        ),
        (Truth(10), Policy("*", sold=False), None, "10 available, not sold here → 0"),
        (
            Truth(10, "hold"),
            Policy("*"),
            None,
            "10 available, hold, which this channel can't show → 0",
        ),
        (
            Truth(0, "active"),
            Policy("*", when_out=State.BACKORDER),
            None,
            "0 available → 0, backorder when out",
        ),
        (Truth(3, "active"), Policy("*", when_out=State.BACKORDER), None, "3 available → 3"),
        (Truth(0, "backorder"), Policy("*", when_out=State.BACKORDER), None, "0 available → 0"),
    ],
)
def test_the_sum_is_reported_in_one_line(
    truth: Truth, rule: Policy, committed: int | None, line: str
) -> None:
    states = (State.ACTIVE, State.BACKORDER)
    text = policy.arithmetic(truth, rule, states, authority="warehouse", committed=committed)
    assert text == line


quantities = st.integers(-1_000, 10**6)
truths = st.builds(
    Truth,
    available=quantities,
    state=st.none() | st.sampled_from(State),
    pending=st.integers(-1_000, 1_000),
    on_hand=st.none() | quantities,
    incoming=st.none() | st.integers(0, 1_000),
    pending_on_hand=st.integers(-1_000, 1_000),
)
rules = st.builds(
    Policy,
    skus=st.just("*"),
    buffer=st.integers(0, 50),
    share_ppm=st.integers(0, 1_000_000),
    cap=st.none() | st.integers(0, 1_000),
    sold=st.booleans(),
    state=st.none() | st.sampled_from(State),
    units=st.integers(1, 144),
    made_of=st.sampled_from(Figure),
    when_out=st.none() | st.sampled_from(State),
)
abilities = st.sets(st.sampled_from(State)).map(lambda chosen: tuple(sorted(chosen)))


@given(truths, rules, abilities)
def test_a_target_is_never_negative_and_never_above_what_share_cap_and_buffer_allow(
    truth: Truth, rule: Policy, states: tuple[State, ...]
) -> None:
    target = policy.target_quantity(truth, rule, hides(states))
    base = policy.base_of(truth, rule.made_of)
    assert target is not None
    assert base is not None
    allowed = Fraction(max(0, base - rule.buffer) * rule.share_ppm, 1_000_000 * rule.units)
    assert 0 <= target <= allowed
    assert rule.cap is None or target <= rule.cap


@given(truths, rules, abilities, st.integers(1, 1_000))
def test_more_stock_never_lowers_a_target(
    truth: Truth, rule: Policy, states: tuple[State, ...], more: int
) -> None:
    assert truth.available is not None
    richer = Truth(
        truth.available + more, truth.state, truth.pending,
        None if truth.on_hand is None else truth.on_hand + more, truth.incoming,
        truth.pending_on_hand,
    )  # fmt: skip
    before = policy.target_quantity(truth, rule, hides(states))
    after = policy.target_quantity(richer, rule, hides(states))
    assert before is not None
    assert after is not None
    assert before <= after


@given(truths, rules, abilities)
def test_a_target_state_is_one_that_the_channel_can_show(
    truth: Truth, rule: Policy, states: tuple[State, ...]
) -> None:
    shown = policy.target_state(truth, rule, states, hides(states))
    assert shown is None or shown in states


@given(truths, rules, abilities)
def test_nothing_is_for_sale_where_it_is_not_sold_or_the_state_collapses(
    truth: Truth, rule: Policy, states: tuple[State, ...]
) -> None:
    wanted = rule.state or truth.state
    collapses = wanted is not None and COLLAPSES[State(wanted)] is Collapse.NOTHING
    if not rule.sold or (collapses and wanted not in states):
        assert policy.target_quantity(truth, rule, hides(states)) == 0


@st.composite
def dedicated(draw: st.DrawFn) -> list[Policy]:
    """Channels whose shares are at most the whole together."""
    left = 1_000_000
    found = []
    for _ in range(draw(st.integers(1, 6))):
        share = draw(st.integers(0, left))
        left -= share
        cap = draw(st.none() | st.integers(0, 1_000))
        buffer = draw(st.integers(0, 50))
        found.append(Policy("*", buffer=buffer, share_ppm=share, cap=cap))
    return found


@given(dedicated(), quantities, st.integers(-1_000, 1_000), abilities)
def test_dedicated_shares_never_promise_more_than_there_is(
    channels: list[Policy], available: int, pending: int, states: tuple[State, ...]
) -> None:
    truth = Truth(available, pending=pending)
    promised = [policy.target_quantity(truth, rule, hides(states)) or 0 for rule in channels]
    assert sum(promised) <= max(0, available + pending)


@given(dedicated(), quantities, abilities)
def test_without_pending_events_they_never_promise_more_than_is_available(
    channels: list[Policy], available: int, states: tuple[State, ...]
) -> None:
    promised = [
        policy.target_quantity(Truth(available), rule, hides(states)) or 0 for rule in channels
    ]
    assert sum(promised) <= max(0, available)
