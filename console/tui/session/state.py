"""What the screens need of the app they stand in: time, who is there, the log.

It knows no widget, so that a screen can be tested without the app.
"""

import re
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from types import MappingProxyType
from typing import NamedTuple, Protocol

import msgspec
from textual.content import Content

from console.keys import ACTIONS, shown_key
from console.keys.action import Action
from console.keys.search import PaletteEntry
from console.text.confirmation import DecisionTarget, is_held
from console.text.format import cells, clean, cut, time_of_day
from console.text.reasons import why_text
from console.tui.data.replay import Replay, ShownClock
from console.tui.data.values import StatusSnapshot
from console.tui.drawing.tones import Cell, Tone, write
from console.tui.session.story import Story
from console.tui.views.header import ConsoleStatus, Mode, WritesPaused
from store.decision import Decision
from store.errors import StoreError
from store.model import Correction, Millis
from sync.clock import Clock

LOG_MAX = 1_000
MANY = 5_000
"""So many rows are read or decided in some tenth of a second."""
ANSWER_STANDS_MS: Millis = 10_000
NO_REMEDIES: Mapping[str, str] = MappingProxyType({})
RECENT_MAX = 6
_BACK = ("previous_change", "hour_back", "go_to")
"""What leads into the past from now."""

_FOLDERS = re.compile(r"(?<!\S)/(?:[^/\s]+/)+")


class LogLine(NamedTuple):
    at: Millis
    text: str
    tone: Tone
    aside: bool = False
    """It answers no key: what does stands before it for a while."""


class Collector(Protocol):
    """The engine as the console sees it: `sync.engine.thread.EngineThread`."""

    @property
    def mode(self) -> str: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def holder(self) -> str: ...
    @property
    def followed(self) -> tuple[str, ...]: ...
    def wake(self) -> None: ...


@dataclass(slots=True, eq=False, repr=False)
class ConsoleState:
    """The console's own state: small, and nothing of it is data."""

    name: str
    clock: Clock
    """The time that it is; from the start on the time that is shown: of the past, there."""
    operator: str
    read_only: bool
    engine: Collector | None
    """None where this console runs none: read-only."""
    request_refresh: Callable[[], None]
    """Have everything read again, soon."""
    replay: Replay | None = None
    """The past that is shown, and the clock with it; None: now."""
    story: Story | None = None
    """The demo's; None: what is shown is no demo."""
    paused: bool = False
    snapshot: StatusSnapshot | None = None
    """Everything but the lists, as it was read last."""
    engine_shown: str = ""
    """What of the engine was shown when the log was written last."""
    followed_told: int = 0
    """How many of the engines that ours followed are in the log."""
    follows: bool = False
    """Whether the log's last word is that another engine collects."""
    hyperlinks: bool = False
    """Whether the terminal can show them."""
    is_served: bool = False
    """Whether it is seen in a browser, on another machine."""
    trouble: str = ""
    """Why the cache could not be read last time; empty where it could."""
    last: tuple[int, ...] = ()
    """The updates that the operator approved last, while they can be taken back."""
    held_until: Millis = 0
    hold_ms: Millis = 0
    """How long that was when it was approved: a clock that is set back makes it no longer."""
    actions: tuple[Action, ...] = ACTIONS
    """The table of actions, with this operator's keys."""
    busy: str = ""
    """What goes on because the operator asked, in a few words: a batch that is being written."""
    log: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_MAX))
    chosen: deque[PaletteEntry] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))
    """What was chosen in the palette, the newest first."""
    live_clock: Clock = field(init=False)
    """The time that it is, for what goes on below a visit to the past."""
    _shown: ShownClock = field(init=False)
    _is_read_only_now: bool = field(init=False)

    def __post_init__(self) -> None:
        self.live_clock = self.clock
        self.clock = self._shown = ShownClock(self.clock)
        self._is_read_only_now = self.read_only

    def visit(self, replay: Replay | None) -> None:
        """Show the past for a while, with what is now below it; None: now again."""
        self.replay = self._shown.visited = replay
        self.read_only = self._is_read_only_now or replay is not None

    @property
    def is_visiting(self) -> bool:
        """Whether the past is shown in a console of now, which goes on below."""
        return self._shown.visited is not None

    def key(self, name: str) -> str:
        """The key of an action, as it is shown; empty where it has none."""
        return next((shown_key(action) for action in self.actions if action.name == name), "")

    def usable_key(self, name: str) -> str:
        """The same, and empty too where this console can't do it: read-only, or of the past."""
        refused = any(action.name == name and self.refuses(action) for action in self.actions)
        return "" if refused else self.key(name)

    @property
    def timely_actions(self) -> list[Action]:
        """The actions of all pages, as the palette lists them: now, or of the past."""
        past = self.replay is not None
        return [
            action
            for action in self.actions
            if action.past in (None, past) and (self.story is not None or not action.demo)
        ]

    def choose(self, entry: PaletteEntry) -> None:
        """Note what was chosen in the palette."""
        if entry in self.chosen:
            self.chosen.remove(entry)
        self.chosen.appendleft(entry)

    def say(self, text: str, tone: Tone = Tone.PLAIN, *, aside: bool = False) -> None:
        """Put a line in the log: the newest stands above the legend.

        `aside`: no answer to what the operator did, and no outcome of it.
        """
        self.log.appendleft(LogLine(self.live_clock.now(), text, tone, aside))

    def say_what_takes_long(self, text: str, count: int) -> None:
        """Put in the log what is being done to so many rows, where it may take a second or more."""
        if count >= MANY:
            self.say(text, Tone.DIM)

    async def guarded(self, read: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run a read; trouble with the cache turns the console to DISCONNECTED, never ends it."""
        try:
            await read()
        except StoreError as error:
            self.fail(error)

    def fail(self, error: StoreError) -> None:
        """Note why the cache can't be read; the folder is left out, for the header has no room."""
        self.trouble = _FOLDERS.sub("", clean(str(error)))

    def status(self) -> ConsoleStatus:
        """What the header says of the console itself."""
        if self.replay is not None and not self.trouble:
            status = ConsoleStatus(self.name, Mode.REPLAY, "", True, self.operator, True)
            return msgspec.structs.replace(status, stopped=self._writes_paused())
        window = None if self.snapshot is None else self.snapshot.window
        engine, running = self._engine()
        mode = Mode.LIVE if running and not self.trouble else Mode.DISCONNECTED
        if self.paused:
            mode = Mode.PAUSED
        if self.trouble:
            engine = self.trouble
        running = running and not self.trouble
        status = ConsoleStatus(self.name, mode, engine, running, self.operator, self.read_only)
        return msgspec.structs.replace(status, stopped=self._writes_paused(), window=window)

    def _writes_paused(self) -> WritesPaused | None:
        pause = None if self.snapshot is None else self.snapshot.status.write_pause
        if pause is None:
            return None
        key = self.usable_key("pause_writes")
        return WritesPaused(pause.by, pause.reason, f" ({key} resumes)" if key else "")

    def _engine(self) -> tuple[str, bool]:
        lease = self.snapshot.status.lease if self.snapshot is not None else None
        if self.engine is None:
            held = lease is not None
            return (f"engine {lease.holder}" if lease else "no engine runs: nothing is read", held)
        if self.engine.problem:
            return f"engine stopped: {_FOLDERS.sub('', self.engine.problem)}", False
        states = {
            "starting": ("engine starting", True),
            "running": ("engine here", True),
            "attached": ("attached", lease is not None),
        }
        return states.get(str(self.engine.mode), ("engine stopped", False))

    def log_engine(self) -> None:
        """Put it in the log when someone else begins or ceases to collect."""
        if self.engine is None:
            return
        # Asked first: whoever is among these came before what is shown now.
        followed = self.engine.followed
        now, _ = self._engine()
        before, self.engine_shown = self.engine_shown, now
        if self.engine.problem and now != before:
            self.say(now, Tone.BAD)
        # Another engine may have come and gone between two looks.
        for holder in followed[self.followed_told :]:
            self.say(f"attached: {holder} collects, you decide here", Tone.ACCENT)
            self.follows = True
        self.followed_told = len(followed)
        if self.follows and now == "engine here":
            self.say("the other engine has gone: this one collects now", Tone.ACCENT)
            self.follows = False

    def refuses(self, action: Action) -> str:
        """Why an action can't be done in this console at all; empty where it can."""
        is_past = self.replay is not None
        refusals = (
            (action.writes and is_past, "the past can't be changed"),
            (action.writes and self.read_only, "this console is read-only"),
            # Its files would lie on that machine, wherever somebody in a browser says.
            (
                action.name == "export" and self.is_served,
                "this console runs on another machine, and files would stay there",
            ),
            (action.demo and self.story is None, "only the demo has a story"),
            (
                action.past is True and not is_past,
                f"this is now; {self._ways_back()} into the past",
            ),
            (action.past is False and is_past, "the past stands still"),
        )
        return next((why for refused, why in refusals if refused), "")

    def _ways_back(self) -> str:
        *first, last = [key for name in _BACK if (key := self.key(name))] or ["the palette"]
        return f"{', '.join(first)} and {last} lead" if first else f"{last} leads"

    def able(self, picked: DecisionTarget, *, marks: bool) -> tuple[str, ...]:
        """The deciding actions that can be done now, for the legend."""
        names = []
        if picked.seen and not picked.why_not:
            names += ["reject", "snooze"] if picked.not_now else ["approve", "reject", "snooze"]
        if marks:
            names += ["approve_marked", "reject_marked"]
        if picked.decided or (self.last and self.held_until > self.live_clock.now()):
            names.append("undo")
        return tuple(names)

    def line(self, width: int, lead: str = "") -> Content:
        """The newest of the log, with the countdown of what can still be undone."""
        parts = [Cell(f"{lead} ·" if lead and self.log else lead, Tone.STRONG)]
        # A clock that is set back would let the countdown begin above the hold. The engine still
        # waits by the clock, so this only keeps the number believable.
        left = min(self.held_until - self.live_clock.now(), self.hold_ms or self.held_until)
        room = width - cells(parts[0].text) - 1
        for number, line in enumerate(self._answer_first()):
            text = f" {time_of_day(line.at)[:8]} {line.text}"
            if number == 0 and self.last and left > 0 and self.replay is None:
                text += f" ({self.key('undo')} undo, {-(-left // 1000)}s)"
            text = text if number == 0 else f" ·{text}"
            if cells(text) > room:
                parts.append(Cell(cut(text, room), line.tone if number == 0 else Tone.DIM))
                break
            room -= cells(text)
            parts.append(Cell(text, line.tone if number == 0 else Tone.DIM))
        return write(*parts)

    def _answer_first(self) -> Iterator[LogLine]:
        """The log, the newest first; but no incident hides at once what a key has come to."""
        since = self.live_clock.now() - ANSWER_STANDS_MS
        fresh = takewhile(lambda line: line.at >= since, self.log)
        answer = next((line for line in fresh if not line.aside), None)
        if answer is not None:
            yield answer
        yield from (line for line in self.log if line is not answer)

    def remember(self, batch: list[Correction]) -> None:
        """Note what was approved, for as long as it can be undone."""
        now = self.live_clock.now()
        held = [correction for correction in batch if is_held(correction, now)]
        self.last = tuple(correction.id for correction in held)
        self.held_until = max((correction.hold_until or 0 for correction in held), default=0)
        self.hold_ms = max(0, self.held_until - now)


def refusals(decided: list[Decision], remedies: Mapping[str, str] = NO_REMEDIES) -> str:
    """What stood in the way of the acts that were not done, the commonest first.

    `remedies` has by what stood in the way what makes the act possible.
    """
    return _by_reason([decision for decision in decided if not decision.ok], remedies)


def notes(decided: list[Decision]) -> str:
    """What there is to say of the acts that were done: `#7: a second person must approve it`."""
    return _by_reason([decision for decision in decided if decision.ok and decision.why]).replace(
        "noted: ", ""
    )


def _by_reason(decided: list[Decision], remedies: Mapping[str, str] = NO_REMEDIES) -> str:
    reasons: dict[str, list[int]] = {}
    for decision in decided:
        why = why_text(decision)
        remedy = remedies.get(why)
        reasons.setdefault(f"{why}; {remedy}" if remedy else why, []).append(decision.id)
    return "; ".join(
        f"{_numbers(ids)}: {why}" for why, ids in sorted(reasons.items(), key=_fewest_last)
    )


def _fewest_last(reason: tuple[str, list[int]]) -> int:
    _, ids = reason
    return -len(ids)


def _numbers(ids: list[int]) -> str:
    shown = ", ".join(f"#{number}" for number in ids[:3])
    return f"{shown} and {len(ids) - 3} more" if len(ids) > 3 else shown  # noqa: PLR2004
