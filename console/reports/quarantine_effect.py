"""What accepting a quarantined poll would change, in words, and how it must be confirmed. Pure."""

from collections.abc import Sequence

from console.text.confirmation import BIG_ROWS, BIG_TO_ZERO, BIG_UNITS, Confirmation
from console.text.format import NONE, money, plural, signed, units
from store.polling.preview.quarantine_effect import EffectRow, QuarantineEffect


def confirmation_for(effect: QuarantineEffect) -> Confirmation:
    """How accepting it must be confirmed: always with `y`, and a big one by its count."""
    big = (
        effect.moved > BIG_ROWS
        or effect.units_up + effect.units_down > BIG_UNITS
        or effect.to_zero > BIG_TO_ZERO
        or effect.targets_to_zero > BIG_TO_ZERO
    )
    return Confirmation.COUNT if big else Confirmation.YES


def counts(effect: QuarantineEffect) -> str:
    """What the poll held, against the last good one."""
    poll = effect.counts
    parts = [f"{poll.seen:,} of {poll.known:,} known listings seen"]
    parts += [
        f"{number:,} {word}"
        for number, word in (
            (poll.changed, "changed"),
            (poll.zeroed, "newly at zero"),
            (poll.gone, "gone"),
            (poll.added, "added"),
            (poll.refused, "can't be read"),
        )
        if number
    ]
    if poll.announced is not None and poll.announced != poll.seen:
        parts.append(f"{poll.announced:,} announced by the channel")
    return ", ".join(parts)


def moves(effect: QuarantineEffect) -> str:
    """How much would change on the channel itself."""
    worth = f"worth ▲ {money(effect.money_up)} ▼ {money(effect.money_down)}"
    if effect.unpriced:
        worth += f", {effect.unpriced:,} without a price"
    if effect.unpriced and effect.unpriced == effect.moved:
        worth = "no prices"
    return (
        f"{plural(effect.moved, 'listing')} would change: ▲ {plural(effect.units_up, 'unit')} up, "
        f"▼ {units(effect.units_down)} down, {plural(effect.to_zero, 'SKU')} to zero; {worth}"
    )


def consequences(effect: QuarantineEffect) -> list[str]:
    """What it would do to each channel's disagreements and targets; a line each."""
    lines = []
    for channel in effect.channels:
        parts = [
            f"{plural(number, 'disagreement')} would {verb}"
            for number, verb in ((channel.opened, "open"), (channel.closed, "close"))
            if number
        ]
        if channel.targets_to_zero:
            parts.append(f"{plural(channel.targets_to_zero, 'target')} would drop to zero")
        lines.append(f"{channel.channel}: {', '.join(parts)}")
    return lines or ["no disagreement would open or close"]


def becomes(row: EffectRow) -> str:
    """What the listing's disagreement would come to, there and on the other channels."""
    parts = []
    if row.disagrees:
        parts.append(f"{row.disagrees} {signed(row.delta)}" if row.delta else row.disagrees)
    elif row.target is not None:
        parts.append("agrees again" if row.disagreed else "agrees")
    if row.elsewhere:
        parts.append(f"differs on {plural(row.elsewhere, 'other channel')}")
    return ", ".join(parts) or NONE


def change(row: EffectRow) -> str:
    """Before → after: the number, or the state where only that would move."""
    if row.before is not None and row.before == row.after:
        return f"{row.before_state or NONE} → {row.after_state or NONE}"
    return f"{_shown(row.before)} → {_shown(row.after)}"


def left_over(effect: QuarantineEffect, shown: Sequence[EffectRow]) -> str:
    """Say how many more listings would change than are shown; empty where none."""
    more = effect.moved - len(shown)
    return f"… and {more:,} more, each smaller" if more > 0 else ""


def row_units(row: EffectRow) -> int:
    return (row.after or 0) - (row.before or 0)


def _shown(quantity: int | None) -> str:
    return "not listed" if quantity is None else units(quantity)
