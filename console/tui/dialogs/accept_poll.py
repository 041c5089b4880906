"""The dialogs about a quarantined poll: what accepting it would change, and why it is discarded."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from console.reports import quarantine_effect
from console.text.format import plain_times, wrap
from console.tui.dialogs.confirm import ConfirmDialog, ReasonDialog
from console.tui.dialogs.dialog import LiveDialog
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.views import incidents
from console.tui.widgets.text import TextBlock
from store.model import Millis
from store.polling.preview.quarantine_effect import QuarantineEffect


class AcceptPollDialog(LiveDialog, ConfirmDialog):
    """Shows what accepting a quarantined poll changes, and asks.

    It shows the one that waits now: where another takes its place, that is what is asked about, and
    what was typed for the one before is gone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("pageup", "page(-1)", "Up"),
        ("pagedown", "page(1)", "Down"),
    ]

    def __init__(
        self,
        effect: QuarantineEffect,
        now: Millis,
        read: Callable[[], Awaitable[QuarantineEffect | None]],
    ) -> None:
        """`read` answers the effect of the poll that waits by now. Raises StoreError."""
        super().__init__(
            quarantine_effect.confirmation_for(effect),
            effect.moved,
            what="how many listings would change",
            yes="accept",
        )
        self.effect = effect
        self._now = now
        self._read = read
        self._before: int | None = None
        """The poll that was asked about first, where another has taken its place."""

    async def reload(self) -> None:
        effect = await self._read()
        if self.app.screen is not self:
            return  # It was answered meanwhile.
        if effect is None:
            self.dismiss(False)
        elif effect.poll_id != self.effect.poll_id:
            self._before = self._before or self.effect.poll_id
            self.effect = effect
            self._asked = quarantine_effect.confirmation_for(effect)
            self._count = effect.moved
            await self.recompose()
            self.on_mount()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog broad") as dialog:
            text = f"Accept poll {self.effect.poll_id} of {self.effect.channel}"
            dialog.border_title = write(Cell(text))
            with VerticalScroll(id="items"):
                yield TextBlock(self._text, id="accept-effect")
            yield from self.foot()

    def action_page(self, by: int) -> None:
        box = self.query_one("#items", VerticalScroll)
        box.scroll_relative(y=by * max(1, box.size.height - 1), animate=False)

    def _text(self, width: int) -> Content:
        """Why it was quarantined, what it comes to, and the listings that would move most."""
        reason = plain_times(self.effect.reason, self._now)
        rows: list[Content] = []
        if self._before is not None:
            text = f"It took the place of poll {self._before} while you looked."
            rows += [write(Cell(line, Tone.STRONG)) for line in wrap(text, width)]
        rows += [write(Cell(line, Tone.WARN)) for line in wrap(reason, width)]
        rows += [*incidents.totals(self.effect, width), write("")]
        rows += incidents.listings(self.effect, width, len(self.effect.rows))
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
