"""From the authority's quantity to a channel's target, for one listing, in Python and words. Pure.

The store computes the same in SQL for many at once (`store.targets.policy_sql`); a property test
holds the two equal.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

import msgspec

from store.model import Figure, Policy, State

WHOLE_PPM = 1_000_000


class Collapse(StrEnum):
    """What becomes of a state on a channel that cannot express it."""

    ALLOTMENT = "the quantity that the policy allots"
    NOTHING = "nothing for sale"


COLLAPSES: Mapping[State, Collapse] = MappingProxyType(
    {
        State.ACTIVE: Collapse.ALLOTMENT,
        # To be delivered later, and sold now: as many as the authority allots, 0 where it has none.
        State.PREORDER: Collapse.ALLOTMENT,
        State.BACKORDER: Collapse.ALLOTMENT,
        State.HOLD: Collapse.NOTHING,
        State.DISABLED: Collapse.NOTHING,
        State.ARCHIVED: Collapse.NOTHING,
    }
)
"""What a state becomes on a channel that can't show it (rule 6, docs/architecture.md)."""

OUT_STATES: Mapping[str, State | None] = MappingProxyType(
    {
        "sold-out": None,
        "backorder": State.BACKORDER,
        "preorder": State.PREORDER,
        "disable": State.DISABLED,
    }
)
"""`when_out` as it is written → the state to show where there is nothing left; None: none."""


class Truth(msgspec.Struct, frozen=True):
    """What the authority has of one item, in the smallest pieces, and what it has yet to see."""

    available: int | None
    """None where it lacks the SKU, or nothing has been read of it."""
    state: str | None = None
    pending: int = 0
    """What the events that it has not seen add to what is available."""
    on_hand: int | None = None
    incoming: int | None = None
    pending_on_hand: int = 0


def policy_for(sku: str, policies: tuple[Policy, ...]) -> Policy:
    """The first policy whose pattern matches; the last one matches all."""
    return next(policy for policy in policies if fnmatchcase(sku, policy.skus))


def hides(states: Collection[State]) -> tuple[State, ...]:
    """Find the states that are a quantity of 0 on a channel that expresses `states`."""
    return tuple(
        state
        for state, collapse in COLLAPSES.items()
        if collapse is Collapse.NOTHING and state not in states
    )


def base_of(truth: Truth, made_of: Figure) -> int | None:
    """What the target is made of, before the policy: None where there is no truth.

    A figure that the authority does not report is left out: what is available stands for on hand,
    and nothing for incoming.
    """
    if truth.available is None:
        return None
    if made_of is Figure.ON_HAND and truth.on_hand is not None:
        return truth.on_hand + truth.pending_on_hand
    available = truth.available + truth.pending
    if made_of is Figure.AVAILABLE_AND_INCOMING:
        return available + (truth.incoming or 0)
    return available


def target_quantity(truth: Truth, policy: Policy, hidden: Collection[State]) -> int | None:
    """What a channel should show, in its own units; None where there is no truth.

    min(cap, ⌊share × max(0, base − buffer) ÷ units⌋), and 0 where it is not sold or its state is
    one of `hidden`: those that the channel can't express and that mean "not for sale".
    """
    base = base_of(truth, policy.made_of)
    if base is None:
        return None
    if not policy.sold or _state_wanted(truth, policy) in hidden:
        return 0
    pieces = max(0, base - policy.buffer)
    # One division at the end, in whole numbers: rounding the share first and the units after would
    # lose up to one unit more, and the SQL that must agree with this divides once, too.
    allotted = pieces * policy.share_ppm // (WHOLE_PPM * policy.units)
    return allotted if policy.cap is None else min(policy.cap, allotted)


def target_state(
    truth: Truth, policy: Policy, states: Collection[State], hidden: Collection[State]
) -> str | None:
    """The state that the channel should show; None where it is not compared.

    With `when_out`, what is for sale and has a target of 0 shows that state instead. A SKU that
    is not sold here has nothing to run out of.
    """
    shown = _state_wanted(truth, policy)
    if policy.when_out in states and policy.sold and truth.available is not None:
        shown = shown or State.ACTIVE
        if shown == State.ACTIVE and target_quantity(truth, policy, hidden) == 0:
            shown = policy.when_out
    return shown if shown in states else None


def _state_wanted(truth: Truth, policy: Policy) -> str | None:
    return policy.state if policy.state is not None else truth.state


def arithmetic(
    truth: Truth,
    policy: Policy,
    states: Collection[State],
    *,
    authority: str = "the authority",
    committed: int | None = None,
) -> str:
    """The target's sum as one line: `12 on hand − 2 committed − 1 buffer, share 50 % → 4`.

    `states` are those that the channel expresses. `authority` is whose figures these are;
    `committed`, in pieces, is the difference between its on hand and its available.
    """
    hidden = hides(states)
    target = target_quantity(truth, policy, hidden)
    if target is None:
        return f"{authority} does not have this SKU"
    parts = [_pieces(truth, policy, authority, committed)]
    if policy.share_ppm != WHOLE_PPM:
        parts.append(f"share {policy.share_ppm / 10_000:g} %")
    if policy.units != 1:
        parts.append(f"÷ {policy.units} per unit")
    if policy.cap is not None:
        parts.append(f"cap {policy.cap}")
    wanted = _state_wanted(truth, policy)
    if not policy.sold:
        parts.append("not sold here")
    elif wanted in hidden:
        parts.append(f"{wanted}, which this channel can't show")
    shown = target_state(truth, policy, states, hidden)
    out = policy.when_out is not None and shown == policy.when_out and shown != wanted
    return f"{', '.join(parts)} → {target}" + (f", {shown} when out" if out else "")


def _pieces(truth: Truth, policy: Policy, authority: str, committed: int | None) -> str:
    """The sum before shares and units: what there is, what is not seen yet, what is kept back."""
    on_hand, pending = truth.on_hand, truth.pending
    if policy.made_of is Figure.ON_HAND and on_hand is not None:
        words, pending = f"{on_hand} on hand", truth.pending_on_hand
    elif on_hand is not None and committed is not None and on_hand - committed == truth.available:
        words = f"{on_hand} on hand − {committed} committed"
    else:
        words = f"{truth.available} available"
    if pending:
        moved = "sold" if pending < 0 else "come in"
        words += f" {_signed(pending)} {moved} since, not yet in {authority}"
    if policy.made_of is Figure.AVAILABLE_AND_INCOMING and truth.incoming:
        words += f" {_signed(truth.incoming)} incoming"
    if policy.buffer:
        words += f" − {policy.buffer} buffer"
    return words


def _signed(number: int) -> str:
    return f"− {-number}" if number < 0 else f"+ {number}"
