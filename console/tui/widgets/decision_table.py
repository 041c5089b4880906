"""A list of what can be decided, whose rows say for a moment why they were refused."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import TypeVar

from console.text.format import clean
from console.tui.data.values import DisagreementRow
from console.tui.drawing.tones import Cell, Tone
from console.tui.widgets.table import VirtualTable
from store.model import Correction

V = TypeVar("V")

REFUSED_S = 8.0
"""So long a row says why it was refused: long enough to be read."""


class DecisionTable(VirtualTable[V]):
    """A list on whose rows decisions are made, and refused."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self._refused: dict[int, str] = {}

    def refuse(self, why: Mapping[int, str]) -> None:
        """Say at the rows in view of these updates why each was refused."""
        self._say({
            self.ids[line]: why[number]
            for line, value in self.lines()
            if (number := update_of(value)) in why and number is not None
        })  # fmt: skip

    def refuse_here(self, why: str) -> None:
        """Say at the row under the cursor why nothing was done."""
        if self.cursor_id is not None and self.current is not None:
            self._say({self.cursor_id: why})

    def _say(self, refused: Mapping[int, str]) -> None:
        self._refused = dict(refused)
        self._flashes |= dict.fromkeys(refused, monotonic() + REFUSED_S)
        self.refresh()
        if refused:
            self.set_timer(REFUSED_S, self._unflash)

    def cells(self, row_id: int, value: V) -> Sequence[Cell | None]:
        """What a row says: while it flashes, beside its SKU why it was refused."""
        own = super().cells(row_id, value)
        why = self._refused.get(row_id)
        if why is None or self._flashes.get(row_id, 0) <= monotonic():
            return own
        keys = [column.key for column in self.columns.shown]
        after = min(keys.index("sku") + 1 if "sku" in keys else 0, len(keys) - 1)
        rest: list[Cell | None] = [None] * (len(keys) - after - 1)
        return [*own[:after], Cell(clean(f"✗ {why}"), Tone.WARN), *rest]


def update_of(value: object) -> int | None:
    """The number of the update that a row stands for; None where it stands for none."""
    if isinstance(value, DisagreementRow):
        return value.disagreement.correction_id
    return value.id if isinstance(value, Correction) else None
