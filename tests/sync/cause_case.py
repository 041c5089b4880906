"""A disagreement with facts written by hand, and what its cause is found to be."""

from store.causes.facts import Facts, KnownEvent, Update
from store.event_kinds import EFFECTS, EventKind
from store.model import (
    Authority,
    Cause,
    ChannelTerms,
    CorrectionStatus,
    Direction,
    Disagreement,
    Kind,
    Millis,
    Policy,
    State,
    Status,
    Terms,
)
from sync.causes import explain

NOON = 1_795_435_200_000
"""2026-11-23 12:00:00 UTC."""
SECOND = 1000
MINUTE = 60 * SECOND

ITEM = 7


def at(minute: float) -> Millis:
    return NOON + round(minute * MINUTE)


NOW = at(10)
SINCE = at(0)


def differs(shows: int | None, should: int | None, **more: object) -> Disagreement:
    """Shop's SKU A, open since noon."""
    numeric = shows is not None and should is not None
    values: dict[str, object] = {
        "id": 1,
        "listing_id": 1,
        "sku": "A",
        "title": "",
        "channel": "shop",
        "location": "",
        "kind": Kind.QUANTITY,
        "status": Status.OPEN,
        "reason": None,
        "decidable_at": None,
        "available": shows,
        "state": None,
        "observed_at": SINCE,
        "target": should,
        "target_state": None,
        "delta": (should or 0) - (shows or 0) if numeric else None,
        "price_minor": None,
        "first_seen_at": SINCE,
        "last_seen_at": NOW,
        "correction_id": None,
        "correction_status": None,
        "correction_version": None,
    }
    return Disagreement(**(values | more))  # type: ignore[arg-type]


def event(
    kind: EventKind = EventKind.ORDERED,
    quantity: int = 1,
    *,
    by: str = "shop",
    minute: float = 0,
    **more: object,
) -> KnownEvent:
    """One event, received in the minute in which it happened."""
    effect = EFFECTS[kind]
    values: dict[str, object] = {
        "channel": by,
        "event_id": f"{by}-{minute:g}",
        "kind": kind,
        "sku": "A",
        "quantity": quantity,
        "at": at(minute),
        "received_at": at(minute),
        "order": None,
        "repeats": 0,
        "direct": True,
        "item_id": ITEM,
        "available": effect.available * quantity,
        "on_hand": effect.on_hand * quantity,
        "unseen": False,
    }
    return KnownEvent(**(values | more))  # type: ignore[arg-type]


def update(
    before: int,
    after: int,
    status: CorrectionStatus = CorrectionStatus.VERIFIED,
    *,
    minute: float = -1,
) -> Update:
    return Update(881, status, before, None, after, None, at(minute), at(minute))


def shop(policy: Policy | None = None, **more: object) -> ChannelTerms:
    values: dict[str, object] = {
        "name": "shop",
        "kind": "simulated",
        "direction": Direction.PUSH,
        "roles": (),
        "every_ms": MINUTE,
        "stale_after_ms": 3 * MINUTE,
        "max_source_age_ms": None,
        "lag_ms": 0,
        "settle_reduce_ms": 0,
        "settle_raise_ms": 0,
        "states": (State.ACTIVE, State.DISABLED),
        "writes": ("quantity",),
        "report_missing": True,
        "policies": (policy or Policy("*"),),
    }
    return ChannelTerms(**(values | more))  # type: ignore[arg-type]


def cause_of(disagreement: Disagreement, policy: Policy | None = None, /, **facts: object) -> Cause:
    """The cause, by these facts: the authority is the warehouse, the shop was read at minute 5."""
    known: dict[str, object] = {
        "disagreement_id": disagreement.id,
        "authority": "warehouse",
        "truth_quantity": disagreement.target,
        "reports_events": True,
        "as_of": at(5),
        "since": SINCE,
    }
    terms = Terms((Authority("*", "warehouse", "warehouse"),), (shop(policy),))
    by_id = {disagreement.id: Facts(**(known | facts))}  # type: ignore[arg-type]
    found = explain.causes([disagreement], by_id, terms, now=NOW)
    return found[disagreement.id]


def kind_of(disagreement: Disagreement, policy: Policy | None = None, /, **facts: object) -> str:
    return cause_of(disagreement, policy, **facts).kind
