"""The scripted day as it is played on a world: told, held, stepped and begun again.

Whoever else reads the world must not meanwhile: the server calls all of this under its lock. Only
`told` may be emptied by another thread.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from store.model import Millis
from sync.simulation.script import Step, perform
from sync.simulation.world import World

TOLD_MAX = 200


class ToldLine(NamedTuple):
    """A line of the story that has just come true."""

    at: Millis
    """How far into the day: 0 is what was so when it began."""
    channel: str
    sku: str
    """Empty where it is about the whole channel."""
    text: str


class Play:
    """See the module. Nothing happens until `begin`; then the day is lived again without end."""

    def __init__(
        self,
        world: World,
        steps: Sequence[Step],
        *,
        again_after_ms: int,
        holds_at: Millis | None = None,
    ) -> None:
        """`holds_at`: so far into the day it holds by itself, once."""
        self.told: deque[ToldLine] = deque(maxlen=TOLD_MAX)
        self.is_held = False
        self._world = world
        self._steps = steps
        self._again_after_ms = again_after_ms
        self._holds_at = holds_at
        self._next = 0
        self._at: Millis = 0
        """How far the day had come at `_since`, an instant of the world."""
        self._since: Millis = 0
        self._turn = 0
        """What was scheduled in an earlier turn does not come any more."""

    def begin(self) -> None:
        """Play the day from its first line on, whatever was played before."""
        self.told.clear()
        self._next = self._at = 0
        self._go_on()

    def hold(self) -> None:
        """Let no further line come true; the trade beneath goes on."""
        if not self.is_held:
            self._at += self._world.now - self._since
            self._turn += 1
            self.is_held = True

    def resume(self) -> None:
        """Go on where it was held."""
        if self.is_held:
            self._holds_at = None
            self._go_on()

    def step(self) -> None:
        """Have all come true now up to the next line that has a story, and hold there."""
        self.hold()
        while not self._happen().story:
            pass

    def _go_on(self) -> None:
        self.is_held = False
        self._turn += 1
        self._schedule()

    def _schedule(self) -> None:
        self._since = self._world.now
        is_over = self._next == len(self._steps)
        due = self._again_after_ms if is_over else self._steps[self._next].at
        if self._holds_at is not None and due > self._holds_at:
            self.hold()
            return
        turn = self._turn
        self._world.schedule(max(0, due - self._at), lambda: self._come(turn))

    def _come(self, turn: int) -> None:
        if turn == self._turn:
            self._happen()
            self._schedule()

    def _happen(self) -> Step:
        if self._next == len(self._steps):
            self._next = 0
        step = self._steps[self._next]
        self._next += 1
        self._at = step.at
        perform(self._world, step)
        if step.story:
            self.told.append(ToldLine(step.at, step.channel, step.sku, step.story))
        return step
