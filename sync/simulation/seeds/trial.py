"""One trial: a seed's plan, performed beside the real engine, and judged."""

import asyncio
import gc
import hashlib
import random
from collections.abc import Sequence
from functools import partial

from store.database.connection import Database
from store.monitoring import witness
from sync.simulation.machine.clock import BEGAN, SimulatedClock
from sync.simulation.machine.loop import SimulatedLoop
from sync.simulation.machine.process import Process
from sync.simulation.machine.threads import SimulatedThreads
from sync.simulation.promises.cells import CellWatch
from sync.simulation.promises.error_origins import ErrorTracer
from sync.simulation.promises.judge import Judge, Promise
from sync.simulation.promises.writes import WriteWatch
from sync.simulation.seeds.drawn import DrawnTrial
from sync.simulation.seeds.results import TrialFigures, TrialResult
from sync.simulation.trial.engines import EngineProcess
from sync.simulation.trial.faults import FaultBoard, TrialFault
from sync.simulation.trial.operators import Operators
from sync.simulation.trial.plan import DECISIONS, DEMAND, Does, PlannedStep
from sync.simulation.trial.remote import TrialWire
from sync.simulation.trial.shop import TrialShop, made

MEASURE_EVERY = 8
LOOK_EVERY = 10
"""The cells are looked at after so many steps."""
HISTORY_EVERY = 50
SKEW_SHARE = 250
"""A channel's clock goes wrong by so many milliseconds for each unit of a step."""
QUIET_POLLS = 5
UNSEEN_POLLS = 12
SLICE_S = 2.0
RESTARTS_WITHIN_S = (0.5, 20.0)


class TrialRun:
    """One seed's day with Skew."""

    def __init__(self, seed: int, given: DrawnTrial, steps: Sequence[PlannedStep]) -> None:
        self._seed, self._given, self._steps = seed, given, steps
        self._loop = SimulatedLoop()
        self._chance = random.Random(f"{seed} machine")  # noqa: S311 - a play, not a secret
        self._faults = FaultBoard(random.Random(f"{seed} strikes"), self._now)  # noqa: S311
        self._clock = SimulatedClock(self._loop)
        self._judge = Judge()
        self._figures = TrialFigures()
        self._measured_at = self._looked_at = 0
        self._engines: list[EngineProcess] = []
        self._writes: WriteWatch

    def run(self) -> TrialResult:
        """Perform all of it."""
        loop = self._loop
        try:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(self._run())
        finally:
            for engine in self._engines:
                engine.kill()
            asyncio.set_event_loop(None)
            loop.close()

    def _now(self) -> int:
        return self._clock.now() - BEGAN

    async def _run(self) -> TrialResult:
        given, settings = self._given, self._given.settings
        shop = self._shop = made(
            settings, given.items, seed=self._seed, is_connected=given.is_connected
        )
        people = Process("operators")
        desk = Database.open(
            settings.database,
            threads=SimulatedThreads(
                self._loop, self._chance, people, committed=lambda: self._committed("people")
            ),
        )
        eye = Database.open(settings.database, read_only=True, threads=self._threads_of("eye"))
        only_reductions = given.regime == "reductions"
        self._operators = Operators(
            desk, settings, self._clock, self._faults, self._chance, only_reductions=only_reductions
        )
        causes = self._causes = ErrorTracer(eye, settings, shop, self._faults)
        shop.sold_beyond, shop.world.oversold = causes.sold_beyond, causes.fell_short
        self._writes = WriteWatch(
            self._judge, eye, settings, shop, self._operators.taken, self._now, causes,
            only_reductions=only_reductions,
        )  # fmt: skip
        self._cells = CellWatch(self._judge, eye, settings, shop, self._now)
        self._wire = TrialWire(
            self._loop, shop, self._faults, self._chance, self._clock,
            self._writes.departed, self._writes.arrived, self._writes.refused_whole,
        )  # fmt: skip
        self._engines = [self._engine("daemon"), self._engine("console")]
        for engine in self._engines:
            engine.begin()
        try:
            for number, step in enumerate(self._steps):
                await self._come_to(step.at)
                self._perform(step)
                self._check(number)
            await self._calm_down(eye)
            self._cells.look_at_end()
            ran_until = self._now()
            for engine in self._engines:
                await engine.end()
            self._cells.look_at_decisions(
                self._operators.taken, self._writes.written, ran_until=ran_until
            )
            self._cells.look_at_file()
            return self._result(eye)
        finally:
            for engine in self._engines:
                engine.kill()
            desk.close()
            eye.close()

    def _threads_of(self, name: str) -> SimulatedThreads:
        return SimulatedThreads(self._loop, self._chance, Process(name))

    def _engine(self, name: str) -> EngineProcess:
        engine: EngineProcess
        engine = EngineProcess(
            name, self._wire, self._given.settings,
            lambda channel: self._given.abilities[channel.name], self._chance,
            lambda: self._committed(engine.process.name), tick_s=self._given.tick_s,
        )  # fmt: skip
        return engine

    def _committed(self, who: str) -> None:
        if self._engines:
            self._writes.committed(who)

    async def _come_to(self, at: int) -> None:
        await asyncio.sleep(max(0, at - self._now()) / 1000)
        self._wire.world_now()

    def _perform(self, step: PlannedStep) -> None:
        if step.does in DEMAND:
            if step.does is Does.EDITS:
                self._faults.note(TrialFault.SECOND_WRITER)
            before = self._shop.excess_events
            self._shop.perform(step)
            if self._shop.excess_events > before:
                self._faults.note(TrialFault.EXCESS_EVENT)
        elif step.does in DECISIONS:
            self._operators.perform(step)
        elif step.does is Does.FAULT:
            self._begin_fault(step)
        else:
            self._perform_process(step)

    def _begin_fault(self, step: PlannedStep) -> None:
        assert step.fault is not None
        channel = step.channel
        if step.fault is TrialFault.CREDENTIALS:
            self._wire.refused.add(channel)
            self._loop.call_later(step.lasts_ms / 1000, self._wire.refused.discard, channel)
        elif step.fault is TrialFault.CLOCK_SKEW:
            self._wire.skews_ms[channel] = step.units * SKEW_SHARE
            self._faults.note(step.fault, channel)
        else:
            on = "" if step.fault is TrialFault.CACHE_BUSY else channel
            lasts = step.lasts_ms // (4 if on == "" else 1)
            self._faults.begin(step.fault, on, lasts_ms=lasts, share=step.part)

    def _perform_process(self, step: PlannedStep) -> None:
        running = [engine for engine in self._engines if engine.is_running]
        engine = running[0] if running else self._engines[step.units % len(self._engines)]
        if engine.process.is_stopped:
            return
        begin = partial(self._begin_again, engine, engine.began)
        if step.does is Does.CRASHES:
            engine.kill_after(step.units)
            self._loop.call_later(1 + step.lasts_ms / 4_000, begin)
        elif step.does is Does.STOPS:
            engine.process.stop()
            self._faults.note(TrialFault.STOPPED)
            # Mostly for longer than its lease lasts.
            self._loop.call_later(5 + step.lasts_ms / 500, engine.process.wake, self._loop)
        elif engine.process.is_alive:
            self._faults.note(TrialFault.RESTART)
            self._loop.create_task(self._restart(engine))

    async def _restart(self, engine: EngineProcess) -> None:
        began = engine.began
        await engine.end()
        self._begin_again(engine, began)

    def _begin_again(self, engine: EngineProcess, began: int) -> None:
        if engine.began != began or engine.process.is_stopped:
            return
        if engine.process.is_alive and engine.engine is not None:
            # It has not come to the await at which it was to die: it dies here.
            engine.kill()
        self._faults.note(TrialFault.CRASH)
        engine.begin()

    def _check(self, number: int) -> None:
        if number % MEASURE_EVERY == 0:
            self._measure()
        if number % LOOK_EVERY == 0:
            self._cells.look(is_running=self._runs() and not self._was_busy())
            self._looked_at = self._now()
        if number % HISTORY_EVERY == 0:
            items = self._given.items
            self._cells.look_at_history(items[number // HISTORY_EVERY % len(items)].sku)

    def _was_busy(self) -> bool:
        """Whether an engine that runs may have come to nothing since the cells were looked at."""
        return self._faults.any_since(self._looked_at, {TrialFault.CACHE_BUSY}, {""})

    def _runs(self) -> bool:
        return any(engine.is_running for engine in self._engines)

    async def _calm_down(self, eye: Database) -> None:
        """Let nothing fail any more, have people decide everything, and let the engine work."""
        self._faults.end_all()
        self._wire.refused.clear()
        self._wire.skews_ms.clear()
        for engine in self._engines:
            engine.process.dies_after = None
            if engine.process.is_stopped:
                engine.process.wake(self._loop)
            if not engine.process.is_alive:
                engine.begin()
        settings = self._given.settings
        slowest = max(channel.every_ms for channel in settings.channels.values())
        settles = max(channel.settle_raise_ms for channel in settings.channels.values())
        unseen = min(settings.events.unseen_after_ms, UNSEEN_POLLS * slowest)
        end = self._now() + QUIET_POLLS * slowest + settles + unseen
        began = self._now()
        while self._now() < end:
            self._operators.settle_all()
            self._operators.approve_all()
            await self._come_to(self._now() + round(SLICE_S * 1000 * self._given.rates.stretch))
            if not self._is_right():
                self._figures.converged_s = None
                continue
            calm_s = (self._now() - began) / 1000
            if self._figures.converged_s is None:
                self._figures.converged_s = calm_s
            is_calm = calm_s - self._figures.converged_s > 2 * slowest / 1000
            if is_calm and not eye.read(witness.is_unfinished):
                # Every channel has been polled twice since, and nothing was undone.
                break
        self._cells.look(is_running=self._runs())
        for item in self._given.items:
            self._cells.look_at_history(item.sku)

    def _is_right(self) -> bool:
        shop = self._shop
        return all(
            item.available == shop.right(outlet, item.sku, shop.world.truly_free(item.sku))
            for outlet in shop.outlets
            for item in shop.world.outlets[outlet].items()
        )

    def _measure(self) -> None:
        now = self._now()
        self._figures.undersold_unit_hours += undersold(self._shop, now - self._measured_at)
        self._measured_at = now

    def _result(self, eye: Database) -> TrialResult:
        # An exception that nobody took is complained about when its task is collected: now, and not
        # whenever the collector would have come.
        gc.collect()
        for trouble in (*self._loop.troubles, *(t for e in self._engines for t in e.troubles)):
            self._judge.check(Promise.INTACT, False, self._now(), trouble)
        rows = eye.read(witness.digest_rows)
        figures = self._figures
        figures.oversold_units = self._shop.world.oversold_units
        figures.sold_here = self._shop.sold_here
        figures.wrong_writes = sum(self._causes.wrong.values())
        figures.alerts = eye.read(witness.incident_count)
        text = repr((rows, figures, sorted(self._faults.struck.items()), self._wire.calls))
        return TrialResult(
            self._seed,
            len(self._steps),
            self._wire.calls,
            dict(sorted(self._faults.struck.items())),
            dict(self._judge.checked),
            self._judge.broken,
            figures,
            hashlib.sha256(text.encode()).hexdigest(),
            len(self._writes.written),
            self._writes.races,
            dict(sorted(self._causes.wrong.items())),
            dict(sorted(self._causes.oversold.items())),
        )


def undersold(shop: TrialShop, span_ms: int) -> float:
    """Unit-hours that the outlets showed too little, over a span in which nothing moved."""
    if span_ms <= 0:
        return 0.0
    units = 0
    for outlet in shop.outlets:
        for item in shop.world.outlets[outlet].items():
            right = shop.right(outlet, item.sku, shop.world.truly_free(item.sku))
            units += max(0, right - item.available)
    return units * span_ms / 3_600_000
