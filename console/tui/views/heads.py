"""How a group of disagreements is written: its row in the list, its lines in the preview. Pure."""

from collections.abc import Sequence

from console.text.format import NONE, age, cells, cut, exact, money, plural, units
from console.tui.drawing.columns import Column
from console.tui.drawing.tones import Cell, Tone
from store.model import Millis
from store.queries.ranking_values import GroupTotal, Severity

OPENED, FOLDED = "▾", "▸"
_UNKNOWN = "not looked into yet"

SEVERITY_TONES = {
    Severity.OVERSELL: Tone.OVER,
    Severity.WRONGLY_SOLD: Tone.OVER,
    Severity.UNDERSELL: Tone.UNDER,
    Severity.LISTING: Tone.WARN,
}


def label(total: GroupTotal) -> str:
    return exact(total.label) or _UNKNOWN


def worth(total: GroupTotal) -> str:
    """The money at risk; `~` where it is in part an estimate."""
    if total.risk_minor is None:
        return NONE
    return ("~" if total.assumed else "") + money(total.risk_minor / 100)


def head(
    total: GroupTotal, columns: Sequence[Column], now: Millis, *, opened: bool
) -> list[Cell | None]:
    """The group's row: its name and counts run over the columns that only one listing fills."""
    own = {"risk": Cell(f"{worth(total)} ", Tone.STRONG), "age": _oldest(total, now)}
    first = next((place for place, one in enumerate(columns) if one.key in own), len(columns))
    room = sum(one.width + 1 for one in columns[:first]) - 1
    tone = SEVERITY_TONES.get(total.severity, Tone.DIM)
    own["why"] = Cell(f" {_of(total)}", Tone.DIM)
    name = Cell(_told(total, room, opened=opened), tone)
    rest = [own.get(column.key, Cell("")) for column in columns[first:]]
    return [name, *[None] * (first - 1), *rest]


def preview(total: GroupTotal | None, by: str, now: Millis, width: int) -> list[str]:
    """What the side pane tells of a group."""
    if total is None:
        return []
    told = [
        f"{plural(total.count, 'disagreement')}, {total.open:,} open",
        f"▲ {units(total.oversell_units)} too many",
        f"▼ {units(total.undersell_units)} too few",
        f"{worth(total)} at risk",
        f"the oldest {age(now - total.oldest_at)}",
        f"the worst: {total.severity.word}",
    ]
    if total.acknowledged:
        told.append(f"{total.acknowledged:,} acknowledged")
    told += ["", f"one {by}: enter opens, space marks all"]
    return [cut(one, width) for one in told]


def _told(total: GroupTotal, room: int, *, opened: bool) -> str:
    """`▸ shop  37 · ▲142 ▼3`, as much of it as there is room for."""
    over = f" ▲{units(total.oversell_units)}" if total.oversell_units else ""
    under = f" ▼{units(total.undersell_units)}" if total.undersell_units else ""
    tail = f"  {total.count:,} ·{over}{under}" if over or under else f"  {total.count:,}"
    name = f"{OPENED if opened else FOLDED} {label(total)}"
    if total.title and cells(name) + cells(total.title) + cells(tail) + 2 <= room:
        name += f"  {total.title}"
    return cut(name, max(8, room - cells(tail))) + tail


def _oldest(total: GroupTotal, now: Millis) -> Cell:
    return Cell(age(now - total.oldest_at), Tone.DIM)


def _of(total: GroupTotal) -> str:
    """The worst in it, and how many a person has acknowledged."""
    said = f", {total.acknowledged:,} acked" if total.acknowledged else ""
    return f"{total.severity.word}{said}"
