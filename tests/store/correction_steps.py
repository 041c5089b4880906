"""The steps of a correction's life, one by one, and one that went all its way."""

from store.corrections import audit, decisions, lifecycle
from store.database import lease
from store.decision import Decision
from store.model import Correction, CorrectionStatus, Record
from store.polling import merge
from tests.store.world import MINUTE, World, stock

HOLD_MS = 5_000


EXPIRES_MS = 15 * MINUTE


TOKEN = "token"


def oversold(w: World) -> Correction:
    """A shop that shows 9 where it should show 4, and the proposal that follows."""
    w.poll("warehouse", stock(A=4))
    w.twice("shop", stock(A=9))
    (proposal,) = w.updates()
    return proposal


def approve(w: World, *ids: int, who: str = "ana", **more: object) -> list[Decision]:
    seen = [(correction_id, None) for correction_id in ids]
    terms = {"hold_ms": HOLD_MS, "expires_ms": EXPIRES_MS} | more
    return w.database.write(decisions.approve, seen, who=who, now=w.now, **terms)  # type: ignore[arg-type]


def begin(w: World, *ids: int) -> list[int]:
    w.now += HOLD_MS
    w.database.write(lease.acquire, holder="e", token=TOKEN, now=w.now, span_ms=MINUTE)
    return w.database.write(lifecycle.begin_applying, ids, token=TOKEN, now=w.now)


def finish(w: World, correction_id: int, status: CorrectionStatus) -> None:
    w.database.write(lifecycle.finish, correction_id, status, now=w.now, result="as it went")


def steps(w: World, correction_id: int) -> list[str]:
    return [row.step for row in w.database.read(audit.rows, correction_id)]


def status(w: World, correction_id: int) -> CorrectionStatus:
    (found,) = w.database.read(lifecycle.by_id, [correction_id])
    return found.status


def correct(w: World, sku: str = "A", channel: str = "shop") -> Correction:
    """Approve, write and prove the SKU's proposal on the channel; answer it as it ended."""
    (proposal,) = (
        correction
        for correction in w.updates()
        if (correction.sku, correction.channel, correction.status)
        == (sku, channel, CorrectionStatus.PROPOSED)
    )
    approve(w, proposal.id)
    begin(w, proposal.id)
    w.database.write(lifecycle.mark_applied, [proposal.id], now=w.now, result="200")
    shown = Record(sku, proposal.to_quantity or 0, proposal.location, state=proposal.to_state)
    w.database.write(
        merge.record_fresh, channel, [shown], (), [(sku, proposal.location)], w.comparison,
        now=w.now, own=True,
    )  # fmt: skip
    finish(w, proposal.id, CorrectionStatus.VERIFIED)
    (ended,) = w.database.read(lifecycle.by_id, [proposal.id])
    assert ended.status is CorrectionStatus.VERIFIED
    return ended
