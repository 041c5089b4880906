"""The demo's tour: eight steps from the first look to a correction that was read back.

Each says what to look at and which key to press, and is over when that was done.
"""

from collections.abc import Sequence
from typing import NamedTuple

from console.keys.action import PageName
from store.model import Correction, CorrectionStatus


class TourStep(NamedTuple):
    """What to look at, and the action that leads on."""

    look: str
    does: str
    """The action of the table whose key leads on."""
    press: str
    """What that key does here."""
    on: PageName | None = None
    """The page that has it; None: the key does the same everywhere."""
    to: PageName | None = None
    """The page that it leads to: once that is seen the step is over, however one came there."""


STEPS: tuple[TourStep, ...] = (
    TourStep(
        "Each row is a SKU of which a channel shows another number than it should: Δ −9 is nine"
        " too many on sale. The worst stand first.",
        "next_worst",
        "goes to the next of them",
        PageName.DISAGREEMENTS,
    ),
    TourStep(
        "What is under the cursor is explained beside or below the list. There is more to know.",
        "detail",
        "opens the SKU",
        PageName.DISAGREEMENTS,
        PageName.SKU,
    ),
    TourStep(
        "The SKU on every channel: what each shows, what it should show, and why it differs. Its"
        " stock over time is below. Trouble with a whole channel has a page of its own.",
        "show_incidents",
        "turns to the incidents",
        to=PageName.INCIDENTS,
    ),
    TourStep(
        "The market's export has lost its stock column: all zeros. That poll was quarantined (■),"
        " and nothing of it counts. With the cursor on it, judge it.",
        "discard",
        "discards it: ↓ and enter choose why",
        PageName.INCIDENTS,
    ),
    TourStep(
        "The market's last good numbers count again. They are old, so it is stale until its next"
        " poll, in a moment. Now put something right.",
        "show_disagreements",
        "leads back to the list",
        to=PageName.DISAGREEMENTS,
    ),
    TourStep(
        "UPDATE says what would be written. Choose a row that has one with ↓ or ↑. Nothing is"
        " written that you have not approved.",
        "approve",
        "approves it; a dialog may ask for y",
        PageName.DISAGREEMENTS,
    ),
    TourStep(
        "Approved. It waits a few seconds, so that you can take it back; then it is written, and"
        " the channel is read again.",
        "show_updates",
        "turns to the updates, to watch it",
        to=PageName.UPDATES,
    ),
    TourStep("", "clear", "ends the tour"),
)
_TO_COME = (
    "Trouble with a whole channel is listed here. In a few seconds the market's export loses its"
    " stock column, and that poll is quarantined."
)
"""Instead of what the step says where nobody has that incident yet."""
_APPROVE = next(number for number, step in enumerate(STEPS) if step.does == "approve")
_WATCH = len(STEPS) - 1

_GOES_ON = {
    CorrectionStatus.APPROVED: "is approved and waits for its hold to pass",
    CorrectionStatus.APPLYING: "is being written",
    CorrectionStatus.APPLIED: "is written; the channel is read again",
}


class Tour:
    """How far the tour has come."""

    def __init__(self) -> None:
        self.number = 0
        self.approved: tuple[int, ...] = ()
        """The updates that were approved on it."""
        self.is_done = False
        self.is_quarantined = False
        """Whether the poll waits that is to be judged on the way."""
        self.has_pointed = False
        """Whether the cursor was put on it."""
        self._told = ""
        self._last: tuple[int, ...] = ()

    @property
    def step(self) -> TourStep:
        return STEPS[self.number]

    @property
    def look(self) -> str:
        """What the step says."""
        to_come = _TO_COME if self.step.does == "discard" and not self.is_quarantined else ""
        return self._told or to_come or self.step.look

    def is_here(self, page: PageName) -> bool:
        """Whether what the step asks for can be done on this page."""
        return self.step.on in (None, page)

    def walked(self) -> None:
        """Note that the cursor was led through the list."""
        if self.step.does == "next_worst":
            self._go_on()

    def see(self, page: PageName) -> None:
        """Note which page is on the screen."""
        if self.step.to is page:
            self._go_on()

    def judged(self) -> None:
        """Note that no quarantined poll waits any more."""
        if self.step.does == "discard":
            self._go_on()

    def approve(self, ids: Sequence[int]) -> None:
        """Note what was approved last; while the tour has not come so far, it leads on nowhere."""
        before, self._last = self._last, tuple(ids)
        if self.step.does == "approve" and ids and self._last != before:
            self.approved = self._last
            self._go_on()

    def follow(self, updates: Sequence[Correction]) -> None:
        """Say how what was approved fares, and lead back where it came to nothing."""
        if self.is_done or not updates:
            return
        update = updates[0]
        status = update.status
        about = f"#{update.id}, {update.sku} on {update.channel},"
        if status is CorrectionStatus.VERIFIED:
            self.number, self.is_done = _WATCH, True
            shown = "" if update.to_quantity is None else f" and shows {update.to_quantity}"
            self._told = (
                f"{about} is verified: {update.channel} was read again{shown}. That is all that"
                " Skew does: compare, explain, ask you, write, and read back."
            )
        elif status in _GOES_ON:
            if self.number == _WATCH:
                self._told = f"{about} {_GOES_ON[status]} …"
        else:
            self.number = _APPROVE
            self._told = (
                f"{about} is {str(status).replace('_', ' ')} now and will not be written. Choose"
                " another row that has an update."
            )

    def _go_on(self) -> None:
        self.number += 1
        self._told = ""
