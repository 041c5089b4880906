"""The dialogs about a quarantined poll: what accepting it would change, and why it is discarded."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from console.reports import quarantine_effect
from console.text.format import plain_times, wrap
from console.tui.dialogs.confirm import ConfirmDialog, ReasonDialog
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.views import incidents
from console.tui.widgets.text import TextBlock
from store.model import Millis
from store.polling.quarantine_effect import QuarantineEffect


class AcceptPollDialog(ConfirmDialog):
    """Shows what accepting a quarantined poll changes, and asks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("pageup", "page(-1)", "Up"),
        ("pagedown", "page(1)", "Down"),
    ]

    def __init__(self, effect: QuarantineEffect, now: Millis) -> None:
        super().__init__(
            quarantine_effect.confirmation_for(effect),
            effect.moved,
            what="how many listings would change",
            yes="accept",
        )
        self._effect = effect
        self._now = now

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog broad") as dialog:
            text = f"Accept poll {self._effect.poll_id} of {self._effect.channel}"
            dialog.border_title = write(Cell(text))
            with VerticalScroll(id="items"):
                yield TextBlock(self._text, id="accept-effect")
            yield from self.foot()

    def action_page(self, by: int) -> None:
        box = self.query_one("#items", VerticalScroll)
        box.scroll_relative(y=by * max(1, box.size.height - 1), animate=False)

    def _text(self, width: int) -> Content:
        """Why it was quarantined, what it comes to, and the listings that would move most."""
        reason = plain_times(self._effect.reason, self._now)
        rows = [write(Cell(line, Tone.WARN)) for line in wrap(reason, width)]
        rows += [*incidents.totals(self._effect, width), write("")]
        rows += incidents.listings(self._effect, width, len(self._effect.rows))
        return lines(*rows)


class DiscardPollDialog(ReasonDialog):
    """Asks why a quarantined poll is discarded."""

    def __init__(self, about: str, offered: Sequence[str]) -> None:
        super().__init__(
            about,
            offered,
            verb="Discard",
            text="Its last good readings count again; the next poll is judged on its own.",
            reasons=WHY_DISCARDED,
        )


WHY_DISCARDED = (
    "a test export",
    "cut short on the way",
    "exported by mistake",
    "the channel was down",
)
