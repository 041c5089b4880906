"""The table of several stores: its rows, and how each store stands. Pure."""

from collections.abc import Sequence

from console.text.format import age, cells, cut, fit, plural
from console.tui.data.several.stores import Store, StoreRow
from console.tui.data.values import DisagreementRow
from console.tui.drawing.columns import Column
from console.tui.drawing.tones import Cell, Tone
from console.tui.views.disagreements import DisagreementSheet, GroupRow
from store.model import Millis

_NAME_MAX = 16
_SIGN = 2


class StoresSheet(DisagreementSheet):
    """The list with one CHANNEL, behind the name of each row's store."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(())
        self._store = Column("store", "STORE", min(_NAME_MAX, max((5, *map(len, names)))))

    def columns(self, width: int) -> Sequence[Column]:
        return [self._store, *self._narrow(width - self._store.width - 1)]

    def known(self) -> Sequence[Column]:
        return (self._store, *super().known())

    def cells(
        self, value: DisagreementRow | GroupRow, columns: Sequence[Column], now: Millis
    ) -> Sequence[Cell | None]:
        name = value.store if isinstance(value, StoreRow) else ""
        return [Cell(name, Tone.ACCENT), *super().cells(value, columns[1:], now)]


def store_line(store: Store, now: Millis, width: int) -> list[Cell]:
    """`● acme-eu  49 disagreements  ▲37 ▼12  stale 1/7  read 0:04 ago  engine here`."""
    name = f"{fit(cut(store.name, _NAME_MAX), _NAME_MAX)}  "
    if store.trouble or store.snapshot is None:
        why = store.trouble or "not read yet"
        why = cut(why, max(0, width - _NAME_MAX - _SIGN - 3))
        return [Cell("✖ ", Tone.BAD), Cell(name, Tone.STRONG), Cell(why, Tone.BAD)]
    status = store.snapshot.status
    overview = status.overview
    newest = overview.newest_reading_at
    stale, ok = overview.channels_stale, overview.channels_stale == 0 and status.lease is not None
    engine = f"engine {status.lease.holder}" if status.lease else "no engine runs"
    parts = [
        Cell("● " if ok else "▲ ", Tone.OK if ok else Tone.WARN),
        Cell(name, Tone.STRONG),
        Cell(f"{age(now - newest)} old" if newest else "never read", Tone.DIM),
        Cell(f"  {plural(overview.disagreements, 'disagreement')}"),
        Cell(f"  ▲{overview.oversell:,}", Tone.OVER if overview.oversell else Tone.DIM),
        Cell(f" ▼{overview.undersell:,}", Tone.UNDER if overview.undersell else Tone.DIM),
        Cell(f"  stale {stale}/{overview.channels}", Tone.BAD if stale else Tone.DIM),
        Cell(f"  {engine}", Tone.DIM if status.lease else Tone.WARN),
        Cell(f"  pending {overview.pending:,}", Tone.DIM),
    ]
    if status.write_pause is not None:
        parts.insert(2, Cell("‖ WRITES PAUSED  ", Tone.BAD))
    return _fitting(parts, width - 1)


def _fitting(parts: Sequence[Cell], room: int) -> list[Cell]:
    """As many of them as there is room for; the last of those is cut."""
    fitting: list[Cell] = []
    for part in parts:
        text = cut(part.text, room)
        if text:
            fitting.append(part._replace(text=text))
        room -= cells(text)
        if room <= 0 or text != part.text:
            break
    return fitting
