"""What a trial is made of: steps, each at its instant, all drawn from one seed before it begins.

Dropping steps leaves the others as they are: so a failing trial can be cut down to what it needs.
Demand, decisions and faults come from streams of their own: a trial without Skew has the same
demand.
"""

import random
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

import msgspec

from store.model import Millis
from sync.simulation.trial.faults import OF_CHANNELS, TrialFault

GAP_MS = (50, 650)
"""From one step to the next, shortest and longest."""
BASKETS = (1, 1, 1, 1, 2, 2, 3, 5)
WAREHOUSE_DELAY_MS = (500, 7_000)
FREED_DELAY_MS = (8_000, 14_000)
"""Later than any sale is booked: nothing is freed that was not booked."""
LASTS_MS = (3_000, 25_000)
SHARES = (0.3, 0.7, 1.0)
POPULAR = 3
"""A shop sells much of a few things, and little of most."""


class Does(StrEnum):
    """What a step does."""

    SELLS = "sells"
    GIVES_BACK = "gives back"
    RECEIVES = "receives"
    SELLS_HERE = "sells at the warehouse"
    COUNTS = "counts"
    EDITS = "edits"
    MISSES = "misses"
    DISABLES = "disables"
    ENABLES = "enables"
    FAULT = "fault"
    APPROVES_ALL = "approves all"
    APPROVES_SOME = "approves some"
    APPROVES_BOTH = "two approve at once"
    REJECTS = "rejects"
    SNOOZES = "snoozes"
    UNDOES = "undoes"
    RETRIES = "retries"
    ACCEPTS = "accepts a poll"
    DISCARDS = "discards a poll"
    UNFREEZES = "unfreezes"
    PAUSES = "pauses"
    RESUMES = "resumes"
    PAUSES_WRITES = "pauses all writes"
    RESUMES_WRITES = "resumes all writes"
    CRASHES = "crashes"
    STOPS = "is stopped"
    RESTARTS = "restarts"


DEMAND: Mapping[Does, float] = MappingProxyType(
    {
        Does.SELLS: 40, Does.GIVES_BACK: 6, Does.RECEIVES: 6, Does.SELLS_HERE: 4, Does.COUNTS: 4,
        Does.EDITS: 8, Does.MISSES: 3, Does.DISABLES: 0.7, Does.ENABLES: 1.2,
    }
)  # fmt: skip
"""What happens in the shop, with Skew as without it."""

DECISIONS: Mapping[Does, float] = MappingProxyType(
    {
        Does.APPROVES_ALL: 5, Does.APPROVES_SOME: 5, Does.APPROVES_BOTH: 1.5, Does.REJECTS: 0.7,
        Does.SNOOZES: 0.5, Does.UNDOES: 0.7, Does.RETRIES: 1, Does.ACCEPTS: 0.4,
        Does.DISCARDS: 0.4, Does.UNFREEZES: 0.7, Does.PAUSES: 0.2, Does.RESUMES: 0.4,
        Does.PAUSES_WRITES: 0.15, Does.RESUMES_WRITES: 0.4,
    }
)  # fmt: skip

_ON_OUTLETS = (Does.SELLS, Does.EDITS, Does.MISSES)

PROCESSES: Mapping[Does, float] = MappingProxyType(
    {Does.CRASHES: 1.2, Does.STOPS: 0.5, Does.RESTARTS: 0.3}
)


class PlannedStep(msgspec.Struct, frozen=True):
    """One step. What its numbers mean depends on what it does."""

    at: Millis
    """Since the trial began."""
    does: Does
    name: str
    """Unique in its plan: an order is found by it again."""
    channel: str = ""
    sku: str = ""
    units: int = 0
    lasts_ms: int = 0
    part: float = 0.0
    """From 0 to 1: which of several, or how many of them."""
    fault: TrialFault | None = None


class TrialRates(msgspec.Struct, frozen=True):
    """How often each sort of step comes, beside the others."""

    demand: float = 72.0
    decisions: float = 14.0
    faults: float = 9.0
    processes: float = 0.6
    stretch: float = 1.0
    """How many times longer all gaps and faults are: a shop that is polled less often."""
    states: bool = True
    """Whether what is sold is disabled and enabled, too."""


def plan(  # noqa: PLR0913 - all that steps are drawn from.
    seed: int,
    steps: int,
    *,
    outlets: Sequence[str],
    sources: Sequence[str],
    skus: Sequence[str],
    bundles: Sequence[str] = (),
    rates: TrialRates,
) -> list[PlannedStep]:
    """Draw the steps of one seed, in the order of their instants."""
    when = random.Random(f"{seed} when")  # noqa: S311 - a play, not a secret
    streams = {
        sort: random.Random(f"{seed} {sort}")  # noqa: S311
        for sort in ("demand", "decisions", "faults", "processes")
    }
    weights = (rates.demand, rates.decisions, rates.faults, rates.processes)
    drawn: list[PlannedStep] = []
    orders: list[PlannedStep] = []
    at = 0
    for number in range(steps):
        at += round(when.randint(*GAP_MS) * rates.stretch)
        (sort,) = when.choices(tuple(streams), weights)
        chance = streams[sort]
        name = f"{number}"
        if sort == "demand":
            step = _demand(chance, at, name, outlets, (skus, bundles), orders)
            if not rates.states and step.does in (Does.DISABLES, Does.ENABLES):
                step = msgspec.structs.replace(step, does=Does.SELLS, units=1)
        elif sort == "faults":
            step = _fault(chance, at, name, (*outlets, *sources))
        else:
            kinds = DECISIONS if sort == "decisions" else PROCESSES
            (does,) = chance.choices(tuple(kinds), tuple(kinds.values()))
            step = PlannedStep(
                at, does, name, chance.choice((*outlets, *sources)),
                lasts_ms=chance.randint(*LASTS_MS), part=chance.random(),
                units=chance.randint(1, 400),
            )  # fmt: skip
        if sort != "demand" or step.does is Does.MISSES:
            step = msgspec.structs.replace(step, lasts_ms=round(step.lasts_ms * rates.stretch))
        if step.does is Does.SELLS:
            orders.append(step)
        drawn.append(step)
    return drawn


def _demand(
    chance: random.Random,
    at: Millis,
    name: str,
    outlets: Sequence[str],
    listed: tuple[Sequence[str], Sequence[str]],
    orders: Sequence[PlannedStep],
) -> PlannedStep:
    (does,) = chance.choices(tuple(DEMAND), tuple(DEMAND.values()))
    # Always as many draws, whatever it comes to: so a step does not change those after it.
    outlet, part = chance.choice(outlets), chance.random()
    place = chance.random()
    sells = does in (Does.SELLS, Does.SELLS_HERE)
    skus, bundles = listed
    # Nobody has a bundle in stock: only what it is made of.
    shown = (*bundles, *skus) if does in _ON_OUTLETS else skus
    sku = shown[int(len(shown) * (place**POPULAR if sells else place))]
    basket, many = chance.choice(BASKETS), chance.randint(4, 24)
    booked, freed = chance.randint(*WAREHOUSE_DELAY_MS), chance.randint(*FREED_DELAY_MS)
    lasts = chance.randint(*LASTS_MS)
    if does is Does.GIVES_BACK and orders:
        order = orders[int(part * len(orders))]
        return PlannedStep(at, does, order.name, order.channel, order.sku, basket, freed, part)
    if does is Does.GIVES_BACK:
        does = Does.SELLS
    units = many if does in (Does.RECEIVES, Does.COUNTS, Does.EDITS) else basket
    span = lasts if does is Does.MISSES else booked
    return PlannedStep(at, does, name, outlet, sku, units, span, part)


def _fault(chance: random.Random, at: Millis, name: str, channels: Sequence[str]) -> PlannedStep:
    (fault,) = chance.choices(tuple(OF_CHANNELS), tuple(OF_CHANNELS.values()))
    return PlannedStep(
        at, Does.FAULT, name, chance.choice(channels), lasts_ms=chance.randint(*LASTS_MS),
        part=chance.choice(SHARES), units=chance.randint(-120, 240), fault=fault,
    )  # fmt: skip
