"""A correction that went all its way, for tests of what comes after it."""

from store import corrections, decisions, lease, readings
from store.model import Correction, CorrectionStatus, Record
from tests.store.world import MINUTE, World

HOLD_MS = 5_000
TOKEN = "token"


def correct(w: World, sku: str = "A", channel: str = "shop") -> Correction:
    """Approve, write and prove the SKU's proposal on the channel; answer it as it ended."""
    (proposal,) = (
        one
        for one in w.updates()
        if (one.sku, one.channel, one.status) == (sku, channel, CorrectionStatus.PROPOSED)
    )
    w.database.write(
        decisions.approve, [(proposal.id, None)], who="ana", now=w.now,
        hold_ms=HOLD_MS, expires_ms=MINUTE,
    )  # fmt: skip
    w.now += HOLD_MS
    w.database.write(lease.acquire, holder="e", token=TOKEN, now=w.now, span_ms=MINUTE)
    w.database.write(corrections.begin_applying, [proposal.id], token=TOKEN, now=w.now)
    w.database.write(corrections.applied, [proposal.id], now=w.now, result="200")
    shown = Record(sku, proposal.to_quantity or 0, proposal.location, state=proposal.to_state)
    w.database.write(
        readings.record_fresh, channel, [shown], (), [(sku, proposal.location)], w.comparison,
        now=w.now, own=True,
    )  # fmt: skip
    w.database.write(
        corrections.finish, proposal.id, CorrectionStatus.VERIFIED, now=w.now, result="shown"
    )
    (ended,) = w.database.read(corrections.by_id, [proposal.id])
    assert ended.status is CorrectionStatus.VERIFIED
    return ended
