"""The dialogs that stand between a key and an act: a question, the effect, a reason, a span.

Each is dismissed with the operator's answer, or None where they went back. The page under it goes
on being read.
"""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.text.confirmation import Confirmation, typed_count
from console.text.format import fit, plural, until_text, wrap
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.views.approval import effect, items
from console.tui.widgets.text import TextBlock
from store.model import Correction, Millis
from sync.corrections.decide import ApprovalPreview
from sync.units import duration, duration_text

T = TypeVar("T")

SPAN_MS_MIN = 60_000
"""A snooze that is shorter would be none."""

ROOMY = 30
"""On a screen of fewer lines a dialog has no frame round its input."""

WHY_RETRIED = ("the cause is fixed", "the channel was down", "the listing was unlocked")

REASONS = ("the channel is right", "wait for the next delivery", "counted again", "wrong price")


class ConfirmDialog(Dialog[bool]):
    """Dismissed with whether the operator wants it; never by a bare enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "answer(False)", "No"),
        ("n", "answer(False)", "No"),
        ("y", "yes", "Yes"),
    ]

    def __init__(self, asked: Confirmation, count: int, *, what: str, yes: str) -> None:
        """`count` has to be typed where `asked` says so: `what` names it, `yes` the act."""
        super().__init__()
        self._asked = asked
        self._count = count
        self._what = what
        self._yes = yes

    def foot(self) -> ComposeResult:
        """The question itself, for the dialog's foot."""
        yield Static(self._question(), id="question")
        if self._asked is Confirmation.COUNT:
            yield Input(id="count", max_length=9, restrict=r"\d*", select_on_focus=False)

    def on_mount(self) -> None:
        if self._asked is Confirmation.COUNT:
            self.query_one("#count", Input).focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._make_room)

    def _make_room(self) -> None:
        """Let the list of what is asked about shrink, so that the question stays in sight."""
        # A style can't say it: the list may take what the other parts leave of a dialog that is
        # itself only as high as it must be.
        box = self.query_one_optional("#items", VerticalScroll)
        dialog = box.parent if box is not None else None
        if box is None or not isinstance(dialog, Vertical):
            return
        dialog.set_class(self.size.height < ROOMY, "tight")
        others = [part for part in dialog.children if part is not box]
        taken = sum(part.outer_size.height + part.styles.margin.height for part in others)
        least = dialog.gutter.height + box.styles.margin.height
        # As the styles have it: of a broad dialog the list is the greater part.
        whole, part = (96, 48) if dialog.has_class("broad") else (90, 30)
        room = self.size.height * whole // 100 - taken - least
        box.styles.max_height = max(1, min(room, self.size.height * part // 100))

    def action_yes(self) -> None:
        if self._asked is Confirmation.YES:
            self.dismiss(True)

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 (a key's parameter)
        self.dismiss(answer)

    @on(Input.Submitted, "#count")
    def _typed(self, event: Input.Submitted) -> None:
        if event.value == str(self._count):
            self.dismiss(True)
        else:
            self.query_one("#question", Static).update(self._question(wrong=True))

    def _question(self, *, wrong: bool = False) -> Content:
        if self._asked is Confirmation.NOTHING:
            return key_hints(("esc", "back"))
        if self._asked is Confirmation.YES:
            return key_hints(("y", self._yes), ("n", "back"))
        return write(
            Cell("✖ wrong: " if wrong else "", Tone.BAD),
            Cell(f"type {self._what}, {self._count}, and enter", Tone.WARN),
            Cell("   esc back", Tone.DIM),
        )


def key_hints(*pairs: tuple[str, str]) -> Content:
    """The keys of a dialog, with what each does there."""
    parts = [
        cell for name, word in pairs for cell in (Cell(name, Tone.ACCENT), Cell(f" {word}   "))
    ]
    return write(*parts)


class ApproveDialog(ConfirmDialog):
    """Shows what approving a batch does, and asks."""

    def __init__(
        self,
        batch: Sequence[Correction],
        asked: Confirmation,
        outlook: ApprovalPreview,
        *,
        left_out: str = "",
        why_asked: str = "",
    ) -> None:
        super().__init__(
            # Where all of it would be refused there is nothing to ask.
            Confirmation.NOTHING if outlook.over else asked,
            typed_count(batch),
            what=f"the number of {'units' if len(batch) == 1 else 'updates'}",
            yes="approve",
        )
        self._batch = batch
        self._outlook = outlook
        self._left_out = left_out
        self._why_asked = why_asked

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = write(Cell(f"Approve {plural(len(self._batch), 'update')}"))
            yield TextBlock(self._effect, id="effect")
            with VerticalScroll(id="items"):
                yield TextBlock(self._items, id="confirmed")
            yield from self.foot()

    def _effect(self, width: int) -> Content:
        text = wrap(self._why_asked, width) if self._why_asked else ()
        why = [write(Cell(line, Tone.DIM)) for line in text]
        return lines(effect(self._batch, self._outlook, self._left_out, width), *why)

    def _items(self, width: int) -> Content:
        return items(self._batch, width)


class OfferedReasons(Dialog[T]):
    """A dialog with an input and a list of reasons below it, which ↓ leads to."""

    takes_early = EarlyKeys.TEXT

    def on_key(self, event: events.Key) -> None:
        offered = self.query_one(OptionList)
        if event.key == "down" and not offered.has_focus:
            offered.focus()
            offered.highlighted = 0
            event.stop()


class ReasonDialog(OfferedReasons[str | None]):
    """Asks why, and offers the last reasons and some usual ones."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Back")]

    def __init__(
        self,
        about: str,
        offered: Sequence[str],
        *,
        verb: str = "Reject",
        text: str = "Nothing new is proposed until its target or reading changes.",
        reasons: Sequence[str] = REASONS,
    ) -> None:
        """`offered` are the operator's last reasons; `text` says what the act means."""
        super().__init__()
        self._about = about
        self._verb = verb
        self._text = text
        self._offered = tuple(dict.fromkeys((*offered, *reasons)))[:6]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = write(Cell(f"{self._verb} {self._about}"))
            yield Static(write(Cell(self._text, Tone.DIM)))
            yield Input(placeholder="why?", id="reason", max_length=200)
            yield OptionList(*(Option(write(Cell(reason))) for reason in self._offered))
            yield Static(
                key_hints(
                    ("enter", self._verb.lower()),
                    ("↓", "suggested reasons"),
                    ("esc", "back"),
                )
            )

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(Input.Submitted, "#reason")
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._offered[event.option_index])


class RetryDialog(ReasonDialog):
    """Asks why what failed should go well now."""

    def __init__(self, about: str, offered: Sequence[str]) -> None:
        super().__init__(
            about,
            offered,
            verb="Retry",
            text="It is proposed again where it still disagrees, and needs a new approval.",
            reasons=WHY_RETRIED,
        )


class SnoozeDialog(Dialog[int | None]):
    """Asks for how long, in milliseconds."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Back")]
    SPANS: ClassVar[tuple[int, ...]] = (900_000, 3_600_000, 14_400_000, 86_400_000)

    def __init__(self, about: str, now: Millis) -> None:
        super().__init__()
        self._about = about
        self._now = now

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = write(Cell(f"Snooze {self._about}"))
            yield OptionList(*(Option(self._option(span)) for span in self.SPANS))
            yield Input(placeholder="or your own: 30m, 2h, 3d", id="span", max_length=12)
            yield Static(id="wrong")
            keys = (("enter", "snooze"), ("tab", "your own time"), ("esc", "back"))
            yield Static(key_hints(*keys))

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.SPANS[event.option_index])

    @on(Input.Submitted, "#span")
    def _typed(self, event: Input.Submitted) -> None:
        try:
            span = int(duration(event.value))
        except ValueError as error:
            self._say_wrong(str(error))
            return
        if span < SPAN_MS_MIN:
            self._say_wrong("a snooze lasts at least a minute")
            return
        self.dismiss(span)

    def _say_wrong(self, why: str) -> None:
        self.query_one("#wrong", Static).update(write(Cell(f"✖ {why}", Tone.BAD)))

    def _option(self, span: int) -> Content:
        until = until_text(self._now + span, self._now)
        return write(Cell(fit(duration_text(span), 6)), Cell(f"until {until}", Tone.DIM))
