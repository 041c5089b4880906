"""The demo's story as the screen tells it: a line at a time, stepped, silenced, begun again.

What happens in the simulated shop is told in the order in which it happens; what was wrong there
before it opened is told whenever nothing new happens, by turns with what waits to be judged.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

from console.tui.session.tour import Tour
from store.model import Freshness, Millis
from store.queries.values import ChannelHealth

READ_MS = 3_500
"""How long a line stands at least."""

BRIEFLY_MS = 2_500
"""The same while others wait: a story that lags behind the list explains nothing of it."""


class StoryLine(Protocol):
    """A line of the story: how far into the day (0: from before it), of what, and what."""

    @property
    def at(self) -> Millis: ...
    @property
    def channel(self) -> str: ...
    @property
    def sku(self) -> str: ...
    @property
    def text(self) -> str: ...


class DemoStage(Protocol):
    """The simulated shop, as far as its story can be directed: `console.demo.SimulatedShop`."""

    def told(self) -> Sequence[StoryLine]:
        """What has happened since this was asked last."""
        ...

    def step(self) -> None:
        """Have the next line happen now, and hold the day there."""
        ...

    def resume(self) -> None:
        """Let the day go on."""
        ...

    def begin_again(self) -> None:
        """Begin the day anew."""
        ...

    def shut(self, channel: str) -> None:
        """Have a channel answer that it is busy, until it is opened."""
        ...

    def open(self, channel: str) -> None:
        """Have it answer again, and truly."""
        ...


class Telling(Enum):
    """How the story goes on."""

    BY_ITSELF = auto()
    BY_KEY = auto()
    SILENT = auto()


class Story:
    """See the module. It reads no clock: whoever tells it says what time it is."""

    def __init__(self, stage: DemoStage, *, tour: Tour | None = None) -> None:
        self.stage = stage
        self.tour = tour
        """While it lasts it stands where the story would."""
        self.telling = Telling.BY_ITSELF
        self.line: StoryLine | None = None
        self.waits_for_judgement = ""
        """The channel whose quarantined poll waits for somebody to judge it."""
        self.asks = False
        """Whether that stands where a line would."""
        self._shown_at: Millis = 0
        self._new: deque[StoryLine] = deque()
        self._before: deque[StoryLine] = deque()
        self._has_waited = False

    def tick(self, now: Millis) -> None:
        """Go on to the next line where the one that stands has had its time."""
        self._hear()
        stood = now - self._shown_at
        if self.telling is Telling.BY_KEY:
            # The story waits for its key, but whoever rests longer is told what to do.
            self.asks |= bool(self.waits_for_judgement) and stood >= 2 * READ_MS
        elif self.telling is Telling.SILENT or self.tour is not None:
            return
        elif stood >= (BRIEFLY_MS if self._new else READ_MS):
            self._turn(now)

    def step(self, now: Millis) -> None:
        """Tell the next line at once, have it happen where none waits; then wait for the key."""
        self.telling = Telling.BY_KEY
        self._hear()
        if not self._new:
            self.stage.step()
            self._hear()
        self._turn(now)

    def silence_or_go_on(self) -> None:
        """Fall silent; where it is silent or waits for its key, go on by itself."""
        if self.telling is Telling.BY_ITSELF:
            self.telling = Telling.SILENT
        else:
            self.telling = Telling.BY_ITSELF
            self.stage.resume()

    def begin_again(self) -> None:
        """Tell everything anew."""
        self._new.clear()
        self._before.clear()
        self.line, self._shown_at = None, 0
        self.telling = Telling.BY_ITSELF
        self.stage.begin_again()

    def end_tour(self) -> None:
        self.tour = None
        self.stage.resume()

    def follow(self, channels: Sequence[ChannelHealth]) -> str:
        """Keep the first quarantined poll until it is judged; the channel to be polled then.

        The next poll would replace it before anybody has read why. So its channel answers nothing
        from then on, as a host that is down.
        """
        waiting = [c.name for c in channels if c.freshness is Freshness.QUARANTINED]
        if self.waits_for_judgement and self.waits_for_judgement not in waiting:
            judged, self.waits_for_judgement = self.waits_for_judgement, ""
            self.asks = False
            self.stage.open(judged)
            return judged
        if self.tour is not None and self._has_waited and not self.waits_for_judgement:
            self.tour.judged()
        if waiting and not self._has_waited:
            self._has_waited = True
            self.waits_for_judgement = waiting[0]
            self.stage.shut(waiting[0])
        return ""

    @property
    def is_shown(self) -> bool:
        """Whether it has a place on the screen."""
        return self.tour is not None or self.telling is not Telling.SILENT

    def _hear(self) -> None:
        for line in self.stage.told():
            (self._new if line.at else self._before).append(line)

    def _turn(self, now: Millis) -> None:
        waiting = self._new or self._before
        if self.waits_for_judgement and not self._new and not self.asks:
            self.asks, self._shown_at = True, now
        elif waiting:
            self.asks, self.line, self._shown_at = False, waiting.popleft(), now
