"""Rule 6 in words: each state × policy × ability, by hand; and what always holds."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.model import NOT_FOR_SALE, Figure, Policy, State
from sync import policy
from sync.policy import COLLAPSES, OUT_STATES, Collapse, Truth, hides

ALL = tuple(State)

# The authority's state | whether the channel can show that one ("it": all six, "others": the other
# five, "none": no states) | what it should show where the authority has 7 | and where it has 0.
# "-" is a state that is not compared.
PLAIN = """
active    it      7 active     0 active
active    others  7 -          0 -
active    none    7 -          0 -
preorder  it      7 preorder   0 preorder
preorder  others  7 -          0 -
preorder  none    7 -          0 -
backorder it      7 backorder  0 backorder
backorder others  7 -          0 -
backorder none    7 -          0 -
hold      it      7 hold       0 hold
hold      others  0 -          0 -
hold      none    0 -          0 -
disabled  it      7 disabled   0 disabled
disabled  others  0 -          0 -
disabled  none    0 -          0 -
archived  it      7 archived   0 archived
archived  others  0 -          0 -
archived  none    0 -          0 -
-         it      7 -          0 -
"""

OUT_BACKORDER = """
active    it      7 active     0 backorder
active    others  7 -          0 backorder
active    none    7 -          0 -
preorder  it      7 preorder   0 preorder
preorder  others  7 -          0 -
preorder  none    7 -          0 -
backorder it      7 backorder  0 backorder
backorder others  7 -          0 -
backorder none    7 -          0 -
hold      it      7 hold       0 hold
hold      others  0 -          0 -
hold      none    0 -          0 -
disabled  it      7 disabled   0 disabled
disabled  others  0 -          0 -
disabled  none    0 -          0 -
archived  it      7 archived   0 archived
archived  others  0 -          0 -
archived  none    0 -          0 -
-         it      7 active     0 backorder
"""

OUT_PREORDER = """
active    it      7 active     0 preorder
active    others  7 -          0 preorder
active    none    7 -          0 -
preorder  it      7 preorder   0 preorder
preorder  others  7 -          0 -
preorder  none    7 -          0 -
backorder it      7 backorder  0 backorder
backorder others  7 -          0 -
backorder none    7 -          0 -
hold      it      7 hold       0 hold
hold      others  0 -          0 -
hold      none    0 -          0 -
disabled  it      7 disabled   0 disabled
disabled  others  0 -          0 -
disabled  none    0 -          0 -
archived  it      7 archived   0 archived
archived  others  0 -          0 -
archived  none    0 -          0 -
-         it      7 active     0 preorder
"""

OUT_DISABLE = """
active    it      7 active     0 disabled
active    others  7 -          0 disabled
active    none    7 -          0 -
preorder  it      7 preorder   0 preorder
preorder  others  7 -          0 -
preorder  none    7 -          0 -
backorder it      7 backorder  0 backorder
backorder others  7 -          0 -
backorder none    7 -          0 -
hold      it      7 hold       0 hold
hold      others  0 -          0 -
hold      none    0 -          0 -
disabled  it      7 disabled   0 disabled
disabled  others  0 -          0 -
disabled  none    0 -          0 -
archived  it      7 archived   0 archived
archived  others  0 -          0 -
archived  none    0 -          0 -
-         it      7 active     0 disabled
"""

NOT_SOLD = """
active    it      0 active     0 active
active    others  0 -          0 -
active    none    0 -          0 -
preorder  it      0 preorder   0 preorder
preorder  others  0 -          0 -
preorder  none    0 -          0 -
backorder it      0 backorder  0 backorder
backorder others  0 -          0 -
backorder none    0 -          0 -
hold      it      0 hold       0 hold
hold      others  0 -          0 -
hold      none    0 -          0 -
disabled  it      0 disabled   0 disabled
disabled  others  0 -          0 -
disabled  none    0 -          0 -
archived  it      0 archived   0 archived
archived  others  0 -          0 -
archived  none    0 -          0 -
-         it      0 -          0 -
"""

# Under a rule it is the rule's state that counts, whatever the authority's: "it" and "others" are
# of the rule's.
RULE_HOLD = """
active    it      7 hold       0 hold
active    others  0 -          0 -
active    none    0 -          0 -
preorder  it      7 hold       0 hold
preorder  others  0 -          0 -
preorder  none    0 -          0 -
backorder it      7 hold       0 hold
backorder others  0 -          0 -
backorder none    0 -          0 -
hold      it      7 hold       0 hold
hold      others  0 -          0 -
hold      none    0 -          0 -
disabled  it      7 hold       0 hold
disabled  others  0 -          0 -
disabled  none    0 -          0 -
archived  it      7 hold       0 hold
archived  others  0 -          0 -
archived  none    0 -          0 -
-         it      7 hold       0 hold
"""

RULE_ACTIVE_OUT_BACKORDER = """
active    it      7 active     0 backorder
active    others  7 -          0 backorder
active    none    7 -          0 -
preorder  it      7 active     0 backorder
preorder  others  7 -          0 backorder
preorder  none    7 -          0 -
backorder it      7 active     0 backorder
backorder others  7 -          0 backorder
backorder none    7 -          0 -
hold      it      7 active     0 backorder
hold      others  7 -          0 backorder
hold      none    7 -          0 -
disabled  it      7 active     0 backorder
disabled  others  7 -          0 backorder
disabled  none    7 -          0 -
archived  it      7 active     0 backorder
archived  others  7 -          0 backorder
archived  none    7 -          0 -
-         it      7 active     0 backorder
"""

TABLES = [
    (Policy("*"), PLAIN),
    (Policy("*", when_out=State.BACKORDER), OUT_BACKORDER),
    (Policy("*", when_out=State.PREORDER), OUT_PREORDER),
    (Policy("*", when_out=State.DISABLED), OUT_DISABLE),
    (Policy("*", sold=False), NOT_SOLD),
    # What is not sold here has nothing to run out of.
    (Policy("*", sold=False, when_out=State.BACKORDER), NOT_SOLD),
    (Policy("*", state=State.HOLD), RULE_HOLD),
    (Policy("*", state=State.HOLD, when_out=State.BACKORDER), RULE_HOLD),
    (Policy("*", state=State.ACTIVE, when_out=State.BACKORDER), RULE_ACTIVE_OUT_BACKORDER),
]


@pytest.mark.parametrize(
    ("rule", "row"), [(rule, row) for rule, table in TABLES for row in table.strip().splitlines()]
)
def test_each_state_by_each_policy_on_each_channel(rule: Policy, row: str) -> None:
    state, can, *shown = row.split()
    about = rule.state or state
    states = {"it": ALL, "others": tuple(s for s in ALL if s != about), "none": ()}[can]
    for available, quantity, expected in ((7, shown[0], shown[1]), (0, shown[2], shown[3])):
        truth = Truth(available, None if state == "-" else state)
        hidden = hides(states)
        assert policy.target_quantity(truth, rule, hidden) == int(quantity)
        assert (policy.target_state(truth, rule, states, hidden) or "-") == expected


def test_every_table_has_every_state_on_every_channel() -> None:
    for _, table in TABLES:
        rows = [tuple(row.split()[:2]) for row in table.strip().splitlines()]
        every = {(state.value, can) for state in State for can in ("it", "others", "none")}
        assert set(rows) == {*every, ("-", "it")}
        assert len(rows) == len(set(rows))


def test_the_table_of_what_collapses_is_the_one_that_the_store_begins_with() -> None:
    assert sorted(COLLAPSES) == sorted(State)
    assert hides(()) == NOT_FOR_SALE
    assert hides(ALL) == ()
    assert hides((State.HOLD, State.ACTIVE)) == (State.DISABLED, State.ARCHIVED)
    assert all(state is None or COLLAPSES[state] for state in OUT_STATES.values())


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
    assert policy.target_quantity(truth, rule, hides(ALL)) == target


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
            "10 available, hold, which this channel cannot show → 0",
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
def test_the_sum_is_told_in_one_line(
    truth: Truth, rule: Policy, committed: int | None, line: str
) -> None:
    states = (State.ACTIVE, State.BACKORDER)
    told = policy.arithmetic(truth, rule, states, authority="warehouse", committed=committed)
    assert told == line


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
