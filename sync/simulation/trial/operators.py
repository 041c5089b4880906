"""The people of a trial: they look, think, and decide what they saw, which may have moved."""

import asyncio
import contextlib
import random
from collections.abc import Sequence

import msgspec

from store.channels import pauses, write_pauses
from store.corrections import decisions, freeze
from store.database.connection import Database
from store.decision import Decision
from store.errors import NoSuchThing
from store.model import Correction, CorrectionStatus
from store.monitoring.witness import frozen_skus
from store.polling import quarantine
from store.queries import views
from sync.corrections import decide
from sync.settings import Settings
from sync.simulation.machine.clock import SimulatedClock
from sync.simulation.trial.faults import FaultBoard, TrialFault
from sync.simulation.trial.plan import Does, PlannedStep
from sync.targets import terms

PEOPLE = ("ana", "ben", "eve")
THINKS_S = (0.0, 12.0)
SNOOZE_MS = 30_000


class TrialDecision(msgspec.Struct, frozen=True):
    """One decision that was taken and counted."""

    what: str
    who: str
    correction: int
    at: int


class Operators:
    """Everybody who decides, at a console of their own."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: SimulatedClock,
        faults: FaultBoard,
        chance: random.Random,
        *,
        only_reductions: bool,
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._faults, self._chance, self._only_reductions = faults, chance, only_reductions
        allowed = settings.approval.people
        # Those who may, and one who may not.
        self._people = PEOPLE if allowed is None else (*allowed[:2], PEOPLE[-1])
        self.taken: list[TrialDecision] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def perform(self, step: PlannedStep) -> None:
        """Begin what a step has people do."""
        what = _DECIDES.get(step.does)
        if what is not None:
            self._begin(what, step)
        else:
            with contextlib.suppress(NoSuchThing):
                self._act(step)

    def approve_all(self) -> None:
        """Approve everything that is proposed, at once."""
        step = PlannedStep(0, Does.APPROVES_ALL, "the end", part=1.0)
        allowed = self._people[:2]
        self._decide("retried", self._found(step, "retried"), allowed[0])
        for who in allowed:
            self._decide("approved", self._found(step, "approved"), who)

    def settle_all(self) -> None:
        """Let nothing stand in the way any more: pauses, freezes, quarantines, what ended badly."""
        now = self._clock.now()
        with contextlib.suppress(NoSuchThing):
            self._database.write(write_pauses.end, who=PEOPLE[0], now=now)
        for name in self._settings.channels:
            with contextlib.suppress(NoSuchThing):
                self._database.write(pauses.resume, name, who=PEOPLE[0], now=now)
            with contextlib.suppress(NoSuchThing):
                if self._database.read(quarantine.waiting, name) is not None:
                    self._act(PlannedStep(0, Does.ACCEPTS, "the end", name))
        self._act(PlannedStep(0, Does.UNFREEZES, "the end"))

    def _begin(self, what: str, step: PlannedStep) -> None:
        people = self._people[:2] if step.does is Does.APPROVES_BOTH else (self._person(step),)
        if len(people) > 1:
            self._faults.note(TrialFault.TWO_OPERATORS)
        found = self._found(step, what)
        for who in people:
            task = asyncio.create_task(self._think(what, step, found, who))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _think(
        self, what: str, step: PlannedStep, found: Sequence[Correction], who: str
    ) -> None:
        await asyncio.sleep(self._chance.uniform(*THINKS_S) if step.part < 0.7 else 0)  # noqa: PLR2004
        self._decide(what, found, who)

    def _person(self, step: PlannedStep) -> str:
        return self._people[int(step.part * len(self._people)) % len(self._people)]

    def _found(self, step: PlannedStep, what: str) -> list[Correction]:
        """Those that a person sees and means."""
        statuses = _STATUSES[what]
        found = self._database.read(views.updates, statuses=statuses)
        if self._only_reductions and what in ("approved", "retried"):
            found = [
                correction for correction in found if decide.raise_or_reduce(correction) == "reduce"
            ]
        if step.does in (Does.APPROVES_ALL, Does.APPROVES_BOTH):
            return found
        return found[: 1 + int(step.part * 4)]

    def _decide(self, what: str, found: Sequence[Correction], who: str) -> None:
        seen = [(correction.id, correction.version) for correction in found]
        if not seen:
            return
        now, database = self._clock.now(), self._database
        if what == "approved":
            made = decide.approve(database, self._settings, seen, who=who, now=now)
        elif what == "rejected":
            made = database.write(decisions.reject, seen, who=who, now=now, reason="not today")
        elif what == "snoozed":
            until = now + SNOOZE_MS
            made = database.write(decisions.snooze, seen, who=who, now=now, until=until)
        elif what == "undone":
            made = database.write(decisions.undo, seen, who=who, now=now)
        else:
            made = database.write(decisions.retry, seen, who=who, now=now)
        self._note(what, made, who, now)

    def _note(self, what: str, made: Sequence[Decision], who: str, now: int) -> None:
        for decision in made:
            if decision.ok:
                self.taken.append(TrialDecision(what, who, decision.id, now))
            elif "changed since" in decision.why:
                self._faults.note(TrialFault.STALE_DECISION)
            elif "may not approve" in decision.why:
                self._faults.note(TrialFault.NOT_ALLOWED)

    def _act(self, step: PlannedStep) -> None:
        """Do what is done at once, to a channel or to all."""
        now, database, who = self._clock.now(), self._database, self._person(step)
        if step.does is Does.ACCEPTS:
            database.write(
                quarantine.accept, step.channel, terms.comparison(self._settings),
                who=who, now=now,
            )  # fmt: skip
        elif step.does is Does.DISCARDS:
            database.write(quarantine.discard, step.channel, who=who, why="no", now=now)
        elif step.does is Does.UNFREEZES:
            for sku in database.read(frozen_skus):
                database.write(freeze.unfreeze, sku, None, now=now, by=(who, "looked at"))
        elif step.does is Does.PAUSES:
            until = now + step.lasts_ms
            database.write(pauses.pause, step.channel, who=who, reason="tea", until=until)
        elif step.does is Does.RESUMES:
            database.write(pauses.resume, step.channel, who=who, now=now)
        elif step.does is Does.PAUSES_WRITES:
            database.write(write_pauses.begin, who=who, reason="doubt", now=now)
        elif step.does is Does.RESUMES_WRITES:
            database.write(write_pauses.end, who=who, now=now)


_PROPOSED = (CorrectionStatus.PROPOSED,)
_STATUSES = {
    "approved": _PROPOSED,
    "rejected": (*_PROPOSED, CorrectionStatus.APPROVED),
    "snoozed": _PROPOSED,
    "undone": (CorrectionStatus.APPROVED,),
    "retried": decisions.RETRIABLE,
}
_DECIDES = {
    Does.APPROVES_ALL: "approved",
    Does.APPROVES_SOME: "approved",
    Does.APPROVES_BOTH: "approved",
    Does.REJECTS: "rejected",
    Does.SNOOZES: "snoozed",
    Does.UNDOES: "undone",
    Does.RETRIES: "retried",
}
