"""Which corrections go into one call of a channel's `write`, and in which order. Pure."""

from collections.abc import Sequence
from typing import cast

from store.corrections.lifecycle import ApprovedCorrection
from sync.channels.base import AddressedChannel, Channel, ListingRef

FIRST_FEW = 3
"""Written and read back before the rest of a batch: a surprise then costs this many listings. Where
nothing shows right after a write, a few first would prove nothing."""


def calls(channel: Channel, approved: Sequence[ApprovedCorrection]) -> list[list[int]]:
    """Cut corrections into calls: a few first, then the channel's own largest batches.

    Their order stays. Where changes of several addresses can't go together, those of one follow
    each other, and what lowers still goes before what raises: a call is one request then, and each
    change is looked at once more right before its request leaves.
    """
    can = channel.abilities
    groups: dict[tuple[bool, str], list[int]] = {}
    for approval in approved:
        correction = approval.correction
        group = (False, "")
        if can.by_address:
            listing = ListingRef(correction.sku, correction.location, approval.ref)
            address = cast("AddressedChannel", channel).address(listing)
            group = (correction.units >= 0, address)
        groups.setdefault(group, []).append(correction.id)
    found: list[list[int]] = []
    size = can.batch_max if can.later else min(FIRST_FEW, can.batch_max)
    for _, ids in sorted(groups.items(), key=lambda group: group[0][0]):
        start = 0
        while start < len(ids):
            found.append(ids[start : start + size])
            start, size = start + size, can.batch_max
    return found
