"""A shop that lives at random, and what the live views said of it at each step.

Acts are numbers, so that Hypothesis can shrink a life that broke something.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from store.causes import find_facts
from store.channels import incidents
from store.corrections import audit, decisions, ignore_rules, late, lifecycle
from store.corrections import propose as propose_module
from store.corrections.guards import obstacles
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.history import timeline
from store.model import (
    CorrectionStatus,
    IncidentKind,
    Kind,
    Millis,
    Policy,
    Record,
    Refused,
    State,
)
from store.polling import merge, quarantine, staging
from store.polling.events import EventOrigin
from store.polling.recognition.memory import PollMemory
from store.polling.sweep import Sweep
from store.queries import status_counts, views
from store.queries.values import DisagreementFilter, HistoryEntry, Sort
from tests.store import correction_steps
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World, channel

SKUS = ("A", "B", "C")
CHANNELS = ("warehouse", "shop", "market")

SECOND = 1_000


def channels() -> tuple[Any, ...]:
    """A shop that settles, and a market with a buffer that shows when it is out."""
    return (
        channel("shop", settle_reduce_ms=2 * MINUTE, settle_raise_ms=3 * MINUTE, lag_ms=2_000),
        channel(
            "market",
            stale_after_ms=4 * MINUTE,
            policies=(Policy("*", buffer=1, when_out=State.DISABLED),),
        ),
    )


@dataclass(slots=True)
class Snapshot:
    """What the views answered at one instant."""

    at: Millis
    answers: dict[str, Any]


@dataclass(slots=True)
class Life:
    """Draws acts and notes what the live views say after each."""

    w: World
    pick: Callable[[int], int]
    """A number below the one given: what is drawn."""
    snapshots: list[Snapshot] = field(default_factory=list)
    aside: dict[str, Millis] = field(default_factory=dict)
    doubtful: list[tuple[Millis, Millis]] = field(default_factory=list)
    """From when an accepted poll was taken to when it was accepted: promised is nothing."""
    orders: int = 0

    def live(self, acts: int) -> None:
        for _ in range(acts):
            self.w.now += (1, SECOND, 20 * SECOND, MINUTE, 3 * MINUTE)[self.pick(5)]
            act = ACTS[self.pick(len(ACTS))]
            act(self)
            self.snapshots.append(Snapshot(self.w.now, ask(self.w.database, self.w.now)))

    @property
    def name(self) -> str:
        return CHANNELS[self.pick(len(CHANNELS))]


def ask(database: Database, now: Millis) -> dict[str, Any]:
    """Everything that the screens ask, at an instant."""
    wanted = DisagreementFilter()
    ids = {sort: list(database.read(views.disagreement_ids, wanted, now=now, sort=sort))
           for sort in Sort}  # fmt: skip
    found = ids[Sort.RISK]
    updates = database.read(views.updates)
    return {
        "status": database.read(status_counts.status, now=now),
        "ids": ids,
        "rows": database.read(views.disagreements_by_id, found, now=now),
        "shown": database.read(views.shown, SKUS, now=now),
        "facts": database.read(find_facts.find, found),
        "updates": updates,
        "live": list(database.read(views.update_ids)),
        "audit": {
            correction.id: database.read(audit.rows, correction.id) for correction in updates
        },
        "incidents": database.read(incidents.open_incidents),
        "history": {sku: _in_order(database.read(timeline.history, sku)) for sku in SKUS},
        "held back": {
            correction.id: database.read(obstacles.of, correction, now=now)
            for correction in updates
        },
    }


def _in_order(entries: list[HistoryEntry]) -> list[HistoryEntry]:
    """Entries of one instant are in no order."""
    return sorted(entries, key=lambda entry: (entry.known_at, str(entry)))


def _record(sku: str, available: int, state: str = "active") -> Record:
    return Record(sku, available, state=state, price_minor=250, on_hand=9)


def _records(life: Life) -> tuple[list[Record], list[Refused]]:
    records, refused = [], []
    for sku in SKUS:
        fate = life.pick(12)
        if fate == 0:
            continue
        if fate == 1:
            refused.append(Refused("line 3", "is no number", sku))
            continue
        state = "disabled" if fate == 2 else "active"
        record = _record(sku, life.pick(5) - 1, state)
        records += [record] * (2 if fate == 3 else 1)
    if life.pick(12) == 0:
        refused.append(Refused("line 9", "has no SKU"))
    return records, refused


def _sweep(life: Life, name: str) -> Sweep:
    w = life.w
    memory = w.memories.setdefault(name, PollMemory())
    sweep = w.database.write(staging.begin, name, memory, now=w.now)
    w.now += SECOND
    w.database.write(staging.stage, sweep, *_records(life))
    return sweep


def poll(life: Life) -> None:
    name = life.name
    sweep = _sweep(life, name)
    life.w.database.write(
        merge.merge, sweep, life.w.comparison, now=life.w.now, as_of=None
    )  # fmt: skip
    life.w.database.write(late.verify_late, name, now=life.w.now)
    life.aside.pop(name, None)


def fail(life: Life) -> None:
    sweep = _sweep(life, life.name)
    life.w.database.write(merge.fail, sweep, "502, it says", now=life.w.now)


def quarantine_poll(life: Life) -> None:
    name = life.name
    sweep = _sweep(life, name)
    reason = f"implausible at {life.w.now}"
    life.w.database.write(quarantine.quarantine_poll, sweep, reason, now=life.w.now, as_of=None)
    life.aside[name] = life.w.now


def accept(life: Life) -> None:
    for name, since in list(life.aside.items()):
        life.w.database.write(quarantine.accept, name, life.w.comparison, who="ana", now=life.w.now)
        life.doubtful.append((since, life.w.now))
        del life.aside[name]


def discard(life: Life) -> None:
    for name in list(life.aside):
        life.w.database.write(quarantine.discard, name, who="bob", why="no", now=life.w.now)
        del life.aside[name]


def read_again(life: Life) -> None:
    sku, name = SKUS[life.pick(3)], life.name
    shown = [] if life.pick(6) == 0 else [_record(sku, life.pick(5))]
    life.w.database.write(
        merge.record_fresh, name, shown, (), [(sku, "")], life.w.comparison,
        now=life.w.now, own=False,
    )  # fmt: skip


def sell(life: Life) -> None:
    life.orders += 1
    at = life.w.now - life.pick(3) * MINUTE
    event = Event(str(life.orders), EventKind.ORDERED, SKUS[life.pick(3)], 1, at)
    source = EventOrigin(CHANNELS[1 + life.pick(2)], life.w.now)
    life.w.database.write(record_events, source, [event], life.w.comparison)


def propose(life: Life) -> None:
    life.w.database.write(propose_module.propose, now=life.w.now)


def decide(life: Life) -> None:
    """Take one update a step further, or put it off, or turn it down."""
    w = life.w
    updates = [correction for correction in w.updates() if correction.status in _STEPS]
    if not updates:
        return propose(life)
    correction = updates[life.pick(len(updates))]
    steps = _STEPS[correction.status]
    steps[life.pick(len(steps))](life, correction.id)
    return None


def _approve(life: Life, update: int) -> None:
    who = ("ana", "bob")[life.pick(2)]
    correction_steps.approve(life.w, update, who=who, second_person_above=1, note="as agreed")


def _snooze(life: Life, update: int) -> None:
    until = life.w.now + 2 * MINUTE
    life.w.database.write(
        decisions.snooze, [(update, None)], who="ana", now=life.w.now, until=until
    )


def _reject(life: Life, update: int) -> None:
    life.w.database.write(
        decisions.reject, [(update, None)], who="bob", now=life.w.now, reason="no"
    )


def _undo(life: Life, update: int) -> None:
    life.w.database.write(decisions.undo, [(update, None)], who="ana", now=life.w.now)


def _due(life: Life, update: int) -> None:
    life.w.database.write(lifecycle.due, now=life.w.now)
    correction_steps.begin(life.w, update)


def _unsent(life: Life, update: int) -> None:
    life.w.database.write(lifecycle.release, [update], now=life.w.now, why="refused")


def _applied(life: Life, update: int) -> None:
    life.w.database.write(lifecycle.mark_applied, [update], now=life.w.now, result="200")


def _end(life: Life, update: int) -> None:
    ends = (CorrectionStatus.VERIFIED, CorrectionStatus.NOT_APPLIED, CorrectionStatus.UNKNOWN)
    correction_steps.finish(life.w, update, ends[life.pick(3)])


_STEPS: dict[CorrectionStatus, tuple[Callable[[Life, int], None], ...]] = {
    CorrectionStatus.PROPOSED: (_approve, _approve, _approve, _snooze, _reject),
    CorrectionStatus.SNOOZED: (_approve, _reject, _undo),
    CorrectionStatus.REJECTED: (_undo,),
    CorrectionStatus.APPROVED: (_undo, _due, _due, _due, _reject),
    CorrectionStatus.APPLYING: (_unsent, _applied, _end),
    CorrectionStatus.APPLIED: (_end,),
}


def trouble(life: Life) -> None:
    """Raise, see or end an incident."""
    kind = (IncidentKind.CREDENTIALS, IncidentKind.STALE)[life.pick(2)]
    name, w = life.name, life.w
    what = life.pick(3)
    if what == 0:
        w.database.write(incidents.resolve, name, kind, now=w.now)
    elif what == 1:
        opened = w.database.read(incidents.open_incidents)
        unseen = [incident.id for incident in opened if incident.acknowledged_by is None]
        for number in unseen[:1]:
            w.database.write(incidents.acknowledge, number, who="bob", now=w.now)
    else:
        w.database.write(incidents.raise_incident, name, kind, "401", now=w.now)


def ignore(life: Life) -> None:
    """Set a rule, or end one."""
    w = life.w
    rules = w.database.read(ignore_rules.rules, now=w.now)
    if rules and life.pick(2):
        number = rules[life.pick(len(rules))].id
        w.database.write(ignore_rules.end, number, who="bob", why="no", now=w.now)
        return
    where = ignore_rules.IgnoreWhere(
        ("*", *SKUS)[life.pick(4)],
        (None, "shop")[life.pick(2)],
        (None, Kind.QUANTITY)[life.pick(2)],
        (None, 1, 2)[life.pick(3)],
        (None, w.now + 2 * MINUTE)[life.pick(2)],
    )
    w.database.write(ignore_rules.add, where, who="ana", why="so it is", now=w.now)


def first_polls(life: Life) -> None:
    """Every channel read twice, so that there is something to disagree about."""
    for _ in range(2):
        for name in CHANNELS:
            life.w.now += SECOND
            records = [_record(sku, 3) for sku in SKUS]
            life.w.poll(name, records)


ACTS: tuple[Callable[[Life], None], ...] = (
    poll, poll, poll, poll, poll, decide, decide, decide, decide, sell, propose, fail,
    quarantine_poll, accept, discard, read_again, trouble,
    ignore,
)  # fmt: skip
