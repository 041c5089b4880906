"""The dialogs before a channel is paused, and before another's pause is ended.

Each is dismissed with the operator's answer, or None or False where they went back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.text.format import age, plural, time_of_day, until_text
from console.tui.data.values import PauseEffect
from console.tui.dialogs.confirm import OfferedReasons, key_hints
from console.tui.dialogs.dialog import Dialog
from console.tui.drawing.tones import Cell, Tone, lines, write
from store.channels.pauses import SPAN_MS_MAX
from store.model import Millis
from store.queries.values import ChannelHealth
from sync.clock import Clock
from sync.units import period

SPAN = "1h"
REASONS = (
    "stock count",
    "maintenance on the channel's side",
    "an import is running",
    "the channel asked us to stop",
)


@dataclass(frozen=True, slots=True)
class PauseRequest:
    """For how long, and why."""

    span_ms: int
    reason: str


class PauseDialog(OfferedReasons[PauseRequest | None]):
    """Shows what a pause does, and asks for how long and why."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Back")]

    def __init__(self, effect: PauseEffect, offered: Sequence[str], clock: Clock) -> None:
        super().__init__()
        self._effect = effect
        self._offered = tuple(dict.fromkeys((*offered, *REASONS)))[:6]
        self._clock = clock

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tight") as dialog:
            dialog.border_title = write(Cell(f"Pause {self._effect.channel}"))
            yield Static(effect_text(self._effect, self._clock.now()), id="effect")
            yield Static(write(Cell("For how long (30m, 2h, 3d), and why:", Tone.DIM)), id="ask")
            yield Input(SPAN, placeholder="for how long: 30m, 2h, 3d", id="span", max_length=12)
            yield Static(id="until")
            yield Input(placeholder="why? everybody sees it", id="reason", max_length=200)
            yield OptionList(*(Option(write(Cell(reason))) for reason in self._offered))
            yield Static(key_hints(("enter", "pause"), ("tab", "the next field"), ("esc", "back")))

    def on_mount(self) -> None:
        self._show_until()
        self.query_one("#span", Input).focus()

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(Input.Changed, "#span")
    def _show_until(self) -> None:
        """Say until when it would be, or what is wrong with the span."""
        span_ms, wrong = self._span()
        content = write(Cell(f"✖ {wrong}", Tone.BAD))
        if span_ms is not None:
            now = self._clock.now()
            until = until_text(now + span_ms, now)
            content = write(Cell(f"until {until}, then it is polled at once", Tone.DIM))
        self.query_one("#until", Static).update(content)

    @on(Input.Submitted, "#span")
    def _span_typed(self) -> None:
        if self._span()[0] is not None:
            self.query_one("#reason", Input).focus()

    @on(Input.Submitted, "#reason")
    def _reason_typed(self, event: Input.Submitted) -> None:
        self._end(event.value)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._end(self._offered[event.option_index])

    def _end(self, reason: str) -> None:
        span_ms, _ = self._span()
        if span_ms is not None and reason.strip():
            self.dismiss(PauseRequest(span_ms, reason.strip()))

    def _span(self) -> tuple[int | None, str]:
        """The span that is typed, or what is wrong with it."""
        try:
            span_ms = int(period(self.query_one("#span", Input).value))
        except ValueError:
            return None, "a number and a unit, such as 30m, 2h or 3d"
        if span_ms > SPAN_MS_MAX:
            return None, "at most 30d"
        return span_ms, ""


class ResumeDialog(Dialog[bool]):
    """Shows whose pause would end, and asks: `y`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "answer(False)", "No"),
        ("n", "answer(False)", "No"),
        ("y", "answer(True)", "Yes"),
    ]

    def __init__(self, channel: ChannelHealth, now: Millis) -> None:
        super().__init__()
        self._channel = channel
        self._now = now

    def compose(self) -> ComposeResult:
        channel = self._channel
        until = channel.paused_until or self._now
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = write(Cell(f"Resume {channel.name}"))
            yield Static(
                lines(
                    write(
                        Cell(f"paused by {channel.paused_by}: {channel.paused_reason}", Tone.STRONG)
                    ),
                    write(
                        Cell(f"until {time_of_day(until)}, in {age(until - self._now)}", Tone.DIM)
                    ),
                    write(Cell("It is polled at once, and approved updates for it are written.")),
                    write(),
                )
            )
            yield Static(key_hints(("y", "resume"), ("n", "back")))

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 (a key's parameter)
        self.dismiss(answer)


def effect_text(effect: PauseEffect, now: Millis) -> Content:
    """What does not happen meanwhile, and what that does to the disagreements."""
    rows = [write(Cell("Not polled and not written to; the other channels go on.", Tone.STRONG))]
    whose = "every channel's" if effect.authority else "its"
    count = plural(effect.disagreements, "disagreement")
    turn = "turns" if effect.disagreements == 1 else "turn"
    then = f": {whose} {count} {turn} unknown" if effect.disagreements else ""
    if effect.stale_at is None:
        rows.append(write(Cell("Never read: what it shows stays unknown until then.")))
    else:
        left = effect.stale_at - now
        when = f"in {age(left)}, at {time_of_day(effect.stale_at)}" if left > 0 else "at once"
        rows.append(write(Cell(f"It turns stale {when}{then}.", Tone.WARN)))
    if effect.approved:
        waits = "waits" if effect.approved == 1 else "wait"
        text = f"{plural(effect.approved, 'approved update')} for it {waits}, and may expire."
        rows.append(write(Cell(text, Tone.WARN)))
    if effect.running:
        rows.append(write(Cell("The running poll is finished first.", Tone.DIM)))
    return lines(*rows)
