"""What accepting a quarantined poll would change, in words: for the commands, dialogs and pages.

Pure. `caution` asks here how much asking the acceptance needs.
"""

from collections.abc import Sequence

from console.text.confirmation import BIG_ROWS, BIG_TO_ZERO, BIG_UNITS, Asking
from console.text.format import NONE, money, plural, signed, units
from store.polling.quarantine_preview import EffectRow, QuarantineEffect


def asking(effect: QuarantineEffect) -> Asking:
    """How accepting it must be asked for: never without, and big ones by their count."""
    big = (
        effect.moved > BIG_ROWS
        or effect.units_up + effect.units_down > BIG_UNITS
        or effect.to_zero > BIG_TO_ZERO
        or effect.targets_to_zero > BIG_TO_ZERO
    )
    return Asking.COUNT if big else Asking.YES


def counts(effect: QuarantineEffect) -> str:
    """What the poll held, against the last good one."""
    found = effect.counts
    parts = [f"{found.seen:,} of {found.known:,} known listings seen"]
    parts += [
        f"{number:,} {word}"
        for number, word in (
            (found.changed, "changed"),
            (found.zeroed, "newly at zero"),
            (found.gone, "gone"),
            (found.added, "added"),
            (found.refused, "unreadable"),
        )
        if number
    ]
    if found.announced is not None and found.announced != found.seen:
        parts.append(f"{found.announced:,} announced")
    return ", ".join(parts)


def moves(effect: QuarantineEffect) -> str:
    """How much would move on the channel itself."""
    worth = f"worth ▲ {money(effect.money_up)} ▼ {money(effect.money_down)}"
    unpriced = f", {effect.unpriced:,} without a price" if effect.unpriced else ""
    return (
        f"{plural(effect.moved, 'listing')} would move: ▲ {units(effect.units_up)} units up, "
        f"▼ {units(effect.units_down)} down, {plural(effect.to_zero, 'SKU')} to zero; "
        f"{worth}{unpriced}"
    )


def consequences(effect: QuarantineEffect) -> list[str]:
    """What it would do to each channel's disagreements and targets; a line each."""
    lines = []
    for one in effect.channels:
        parts = [
            f"{plural(number, 'disagreement')} {verb}"
            for number, verb in ((one.opened, "opened"), (one.closed, "closed"))
            if number
        ]
        if one.targets_to_zero:
            parts.append(f"{plural(one.targets_to_zero, 'target')} down to zero")
        lines.append(f"{one.channel}: {', '.join(parts)}")
    return lines or ["no disagreement would open or close"]


def becomes(row: EffectRow) -> str:
    """What the listing's disagreement would come to, there and on the other channels."""
    told = []
    if row.disagrees:
        told.append(f"{row.disagrees} {signed(row.delta)}" if row.delta else row.disagrees)
    elif row.target is not None:
        told.append("agrees again" if row.disagreed else "agrees")
    if row.elsewhere:
        told.append(f"differs on {plural(row.elsewhere, 'other channel')}")
    return ", ".join(told) or NONE


def change(row: EffectRow) -> str:
    """Before → after: the number, or the state where only that would move."""
    if row.before is not None and row.before == row.after:
        return f"{row.before_state or NONE} → {row.after_state or NONE}"
    return f"{_shown(row.before)} → {_shown(row.after)}"


def left_over(effect: QuarantineEffect, shown: Sequence[EffectRow]) -> str:
    """Say how many more listings would move than are shown; empty where none."""
    more = effect.moved - len(shown)
    return f"… and {more:,} more, each smaller" if more > 0 else ""


def row_units(row: EffectRow) -> int:
    return (row.after or 0) - (row.before or 0)


def _shown(quantity: int | None) -> str:
    return "not listed" if quantity is None else units(quantity)
