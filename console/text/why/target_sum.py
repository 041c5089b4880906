"""How a channel's target is calculated, in one line: `12 on hand − 2 committed → 10`. Pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from store.model import Terms
from store.queries.values import ShownCell
from sync.targets import policy


def target_sum(
    sku: str, channel: str, location: str, cells: Sequence[ShownCell], terms: Terms
) -> str:
    """The sum for the channel at that location; empty where the channel has no such listing."""
    mine = next(
        (channel_terms for channel_terms in terms.channels if channel_terms.name == channel), None
    )
    here = {cell.channel: cell for cell in cells if cell.location == location}
    if mine is None or channel not in here:
        return ""
    rule = next(authority for authority in terms.authorities if fnmatchcase(sku, authority.skus))
    if channel == rule.quantity or "quantity" in mine.inflow:
        return "this is the authority"
    source = next(authority for authority in terms.channels if authority.name == rule.quantity)
    # Committed pieces are in the authority's own units; the sum is in single pieces.
    committed = here[source.name].committed if source.name in here else None
    units = policy.policy_for(sku, source.policies).units
    cell = here[channel]
    return policy.arithmetic(
        policy.Truth(
            cell.truth,
            cell.truth_state,
            cell.pending,
            cell.truth_on_hand,
            cell.truth_incoming,
            cell.pending_on_hand,
        ),
        policy.policy_for(sku, mine.policies),
        mine.states,
        authority=source.name,
        committed=None if committed is None else committed * units,
    )
