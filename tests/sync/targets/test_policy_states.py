"""Rule 6 by hand: each state × policy × ability."""

import pytest

from store.model import NOT_FOR_SALE, Policy, State
from sync.targets import policy
from sync.targets.policy import COLLAPSES, OUT_STATES, Truth, hides

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
