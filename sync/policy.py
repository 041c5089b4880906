"""From the authority's word to a channel's target, for one listing, in Python and in words. Pure.

The store computes the same in SQL for many at once (`store.comparison`); a property test holds
the two equal. The console's arithmetic line and the reports use this one.
"""

from fnmatch import fnmatchcase

from store.model import NOT_FOR_SALE, Policy, State

WHOLE_PPM = 1_000_000


def policy_for(sku: str, policies: tuple[Policy, ...]) -> Policy:
    """The first policy whose pattern matches; the last one matches all."""
    return next(policy for policy in policies if fnmatchcase(sku, policy.skus))


def target_quantity(
    available: int | None, state: str | None, policy: Policy, states: tuple[State, ...]
) -> int | None:
    """What a channel that can express `states` should show; None where there is no truth.

    `available` and `state` are the authority's. min(cap, ⌊share × max(0, available − buffer)⌋),
    and 0 where the state cannot be expressed and means "not for sale" (rule 6).
    """
    if available is None:
        return None
    wanted = policy.state if policy.state is not None else state
    hidden = wanted in NOT_FOR_SALE and wanted not in states
    if hidden or not policy.sold:
        return 0
    allotted = max(0, available - policy.buffer) * policy.share_ppm // WHOLE_PPM
    return allotted if policy.cap is None else min(policy.cap, allotted)


def target_state(state: str | None, policy: Policy, states: tuple[State, ...]) -> str | None:
    """The state that the channel should show; None where states are not compared."""
    wanted = policy.state if policy.state is not None else state
    return wanted if wanted in states else None


def arithmetic(
    available: int | None,
    state: str | None,
    policy: Policy,
    states: tuple[State, ...],
    *,
    on_hand: int | None = None,
    committed: int | None = None,
) -> str:
    """The target's sum as one line: `12 on hand − 2 committed − 1 buffer, share 50 % → 4`."""
    if available is None:
        return "the authority does not have this SKU"
    if on_hand is not None and committed is not None and on_hand - committed == available:
        parts = [f"{on_hand} on hand − {committed} committed"]
    else:
        parts = [f"{available} available"]
    if policy.buffer:
        parts[0] += f" − {policy.buffer} buffer"
    if policy.share_ppm != WHOLE_PPM:
        parts.append(f"share {policy.share_ppm / 10_000:g} %")
    if policy.cap is not None:
        parts.append(f"cap {policy.cap}")
    wanted = policy.state if policy.state is not None else state
    if not policy.sold:
        parts.append("not sold here")
    elif wanted in NOT_FOR_SALE and wanted not in states:
        parts.append(f"{wanted}, which this channel cannot show")
    return f"{', '.join(parts)} → {target_quantity(available, state, policy, states)}"
