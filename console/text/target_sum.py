"""The policy's sum for one channel, from what the cells of its SKU show. Pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from store.model import Terms
from store.queries.values import ShownCell
from sync.targets import policy


def arithmetic(
    sku: str, channel: str, location: str, cells: Sequence[ShownCell], terms: Terms
) -> str:
    """The policy's sum in one line, for the channel at that location."""
    mine = next((one for one in terms.channels if one.name == channel), None)
    here = {one.channel: one for one in cells if one.location == location}
    if mine is None or channel not in here:
        return ""
    rule = next(one for one in terms.authorities if fnmatchcase(sku, one.skus))
    if channel == rule.quantity or "quantity" in mine.inflow:
        return "its own word is the truth"
    source = next(one for one in terms.channels if one.name == rule.quantity)
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
