"""Causes that show only beside other listings: a common offset or ratio, a swap, a shared pool.

Pure.
"""

from store.causes.facts import CHANGES, MANY, SiblingListing
from store.model import Cause, Kind
from sync.causes.case import CauseCase
from sync.clock import rfc3339


def buffer(case: CauseCase) -> Cause | None:
    """Many SKUs of the channel are off by the same number."""
    peers, delta = case.facts.peers, case.disagreement.delta
    if case.disagreement.kind is not Kind.QUANTITY or not delta:
        return None
    count = peers.deltas.get(delta, 0)
    if not _many(count, peers.open):
        return None
    kept = (
        f"as if {case.channel} kept {delta} back itself"
        if delta > 0
        else f"as if the settings kept {-delta} back and {case.channel} did not"
    )
    words = (
        f"{_of(count, peers.open, case)} show {abs(delta)} too {'few' if delta > 0 else 'many'}, "
        f"this one included: {kept}"
    )
    return Cause("buffer", _part(count, peers.open), words)


def unit_of_measure(case: CauseCase) -> Cause | None:
    """Many SKUs of the channel are off by the same factor."""
    peers, disagreement = case.facts.peers, case.disagreement
    if disagreement.kind is not Kind.QUANTITY or peers.ratio < 2 or not _has_ratio(case):  # noqa: PLR2004
        return None
    if not _many(peers.ratio_count, peers.open):
        return None
    if peers.target_is_larger:
        what = f"1 for every {peers.ratio} of the target, as if it counted packs"
    else:
        what = f"{peers.ratio} for every 1 of the target, as if it counted single pieces"
    words = (
        f"{_of(peers.ratio_count, peers.open, case)} show {what}, this one included "
        f"({case.shown} and {case.wanted}): set units for {disagreement.channel}"
    )
    return Cause("unit of measure", _part(peers.ratio_count, peers.open), words)


def mapping(case: CauseCase) -> Cause | None:
    """Two SKUs of the channel show each other's target."""
    other, disagreement = case.facts.swapped_with, case.disagreement
    if other is None or disagreement.kind is not Kind.QUANTITY:
        return None
    words = (
        f"{disagreement.sku} shows {case.shown}, the target of {other}, and {other} shows "
        f"{case.wanted}, the target of {disagreement.sku}; no other pair on {case.channel} does: "
        "they may be swapped there"
    )
    return Cause("mapping", 0.8, words)


def shared_pool(case: CauseCase) -> Cause | None:
    """Another channel has shown the same numbers all along, though it should not."""
    if not case.numeric:
        return None
    sibling = next((other for other in case.facts.siblings if _is_alike(case, other)), None)
    if sibling is None:
        return None
    values = _common(case.facts.changes, sibling.values)
    words = (
        f"{case.channel} and {sibling.channel} showed the same through {len(values) - 1} "
        f"changes ({', '.join(map(str, values))}), but should show {case.wanted} and "
        f"{sibling.target}: they may sell from one pool"
    )
    return Cause("shared pool", 0.8, words)


def moved_together(case: CauseCase) -> Cause | None:
    """Another SKU of the channel moved just as this one did: by an update of ours, or each time."""
    twin = next(iter(case.facts.twins), None)
    if not case.numeric or twin is None:
        return None
    if twin.update is None:
        if case.own_events:
            return None
        words = (
            f"{case.disagreement.sku} and {twin.sku} on {case.channel} moved together through "
            f"{len(twin.values) - 1} changes ({', '.join(map(str, twin.values))})"
        )
    else:
        words = (
            f"{case.disagreement.sku} moved from {twin.update.from_quantity} to {case.shown} on "
            f"{case.channel} when update #{twin.update.id} of {twin.sku} did, verified at "
            f"{rfc3339(twin.update.ended_at)}"
        )
    words += ": they may sell from one pool, of which one is enough to write"
    return Cause("shared pool", 0.8 if twin.update is None else 0.7, words)


def _many(count: int, total: int) -> bool:
    # A few SKUs that are off by the same number are chance, and a hundred of ten thousand may be as
    # well. Only an error in the settings puts at least half of a channel's differences off alike.
    return count >= MANY and 2 * count >= total


def _part(count: int, total: int) -> float:
    """A confidence: which share of its peers shows the same."""
    return round(min(0.95, count / total), 2)


def _of(count: int, total: int, case: CauseCase) -> str:
    return f"{count:,} of the {total:,} open quantity disagreements of {case.channel}"


def _has_ratio(case: CauseCase) -> bool:
    peers = case.facts.peers
    if peers.target_is_larger:
        return case.wanted > case.shown and case.shown == case.wanted // peers.ratio
    return case.shown > case.wanted and case.wanted == case.shown // peers.ratio


def _is_alike(case: CauseCase, sibling: SiblingListing) -> bool:
    if sibling.target is None or sibling.target == case.disagreement.target:
        return False
    return len(_common(case.facts.changes, sibling.values)) > CHANGES


def _common(mine: tuple[int | None, ...], theirs: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """What both have shown alike, up to now."""
    length = 0
    for my_value, their_value in zip(reversed(mine), reversed(theirs), strict=False):
        if my_value != their_value:
            break
        length += 1
    return mine[len(mine) - length :]
