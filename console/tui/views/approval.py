"""What approving a batch would do, written for the dialog that asks before it is done. Pure."""

from collections.abc import Sequence

from textual.content import Content

from console.text.format import fit, money, plural, signed, units, wrap
from console.text.reasons import held_back_text
from console.text.update_words import change_text, change_type
from console.tui.drawing.tones import Cell, Tone, lines, within, write
from console.tui.views.disagreements import tone_of
from store.model import Correction
from sync.corrections.decide import ApprovalPreview, BlastRadius, blast_radius

LISTED_MAX = 200
"""More items than a person would read are counted, not listed."""

CHANNELS_MAX = 8


def effect(
    batch: Sequence[Correction], outlook: ApprovalPreview, left_out: str, width: int
) -> Content:
    """The blast radius in words: in all, on each channel, and what it would meet."""
    rows = _in_all(blast_radius(batch), len(batch))
    by_channel: dict[str, list[Correction]] = {}
    for correction in batch:
        by_channel.setdefault(correction.channel, []).append(correction)
    if len(by_channel) > 1:
        rows += [
            _on(name, updates, width) for name, updates in list(by_channel.items())[:CHANNELS_MAX]
        ]
        more = len(by_channel) - CHANNELS_MAX
        rows += [write(Cell(f"… and {plural(more, 'channel')} more", Tone.DIM))] if more > 0 else []
    rows += [
        write(Cell(line, tone))
        for text, tone in _meets(outlook, len(batch), left_out)
        for line in wrap(text, width)
    ]
    return lines(*rows)


def _in_all(total: BlastRadius, count: int) -> list[Content]:
    # Where nothing has a price, a worth of 0.00 would read as "costs nothing".
    priced = total.unpriced < count
    unpriced = f", {total.unpriced} without a price" if priced and total.unpriced else ""
    down, up = (
        f"  {money(worth)}" if priced else "" for worth in (total.money_down, total.money_up)
    )
    return [
        write(
            Cell(
                f"{plural(total.skus, 'SKU')} on {plural(total.channels, 'channel')}", Tone.STRONG
            ),
        ),
        write(
            Cell(f"▼ {plural(total.units_down, 'unit')} down", Tone.OVER),
            Cell(down, Tone.DIM),
            Cell(f"     ▲ {plural(total.units_up, 'unit')} up", Tone.UNDER),
            Cell(f"{up}{unpriced if priced else '  no prices'}", Tone.DIM),
        ),
        write(
            Cell(f"{total.to_zero} to zero", Tone.BAD if total.to_zero else Tone.DIM),
        ),
    ]


def _on(channel: str, batch: Sequence[Correction], width: int) -> Content:
    """One channel's part, in columns."""
    part = blast_radius(batch)
    down = f"▼ {units(part.units_down)}" if part.units_down else ""
    up = f"▲ {units(part.units_up)}" if part.units_up else ""
    count = plural(len(batch), "update") if width >= _ROOMY else f"{len(batch):,}"
    return within(
        width,
        Cell(fit(channel, 10), Tone.STRONG),
        Cell(fit(count, 12 if width >= _ROOMY else 5, right=True)),
        Cell(fit(down, 8, right=True), Tone.OVER),
        Cell(fit(money(part.money_down) if down else "", 8, right=True), Tone.DIM),
        Cell(fit(up, 8, right=True), Tone.UNDER),
        Cell(fit(money(part.money_up) if up else "", 8, right=True), Tone.DIM),
        Cell(f"  {part.to_zero} to zero" if part.to_zero else "", Tone.BAD),
    )


def _meets(outlook: ApprovalPreview, count: int, left_out: str) -> list[tuple[str, Tone]]:
    """What stands in its way, in whole or in part."""
    lines = []
    if left_out:
        lines.append((f"left out: {left_out}", Tone.WARN))
    lines += [
        (f"{held} of {count} can't be approved now: {held_back_text(reason)}", Tone.WARN)
        for reason, held in outlook.not_now.items()
    ]
    if outlook.first:
        which = "it needs" if count == 1 else f"{outlook.first} of {count} need"
        words = f"a second person (more than {outlook.above} units): yours is the first of two"
        lines.append((f"{which} {words}", Tone.WARN))
    if outlook.again:
        which = "" if count == 1 else f"{outlook.again} of {count}: "
        lines.append((f"{which}you approved already, now another person must", Tone.WARN))
    if outlook.over:
        lines.append((f"✖ {outlook.over}: all of it would be refused; mark fewer rows", Tone.BAD))
    return lines


_ROOMY = 66
"""From this width on all the columns fit."""


def items(batch: Sequence[Correction], width: int) -> Content:
    """Each update: before → after."""
    rows = [_item(correction, width) for correction in batch[:LISTED_MAX]]
    if len(batch) > LISTED_MAX:
        rows.append(write(Cell(f"… and {len(batch) - LISTED_MAX:,} more", Tone.DIM)))
    return lines(*rows)


def _item(correction: Correction, width: int) -> Content:
    roomy = width >= _ROOMY
    return within(
        width,
        Cell(fit(f"#{correction.id}", 7), Tone.DIM),
        Cell(fit(correction.sku, 15 if roomy else 13), Tone.STRONG),
        Cell(fit(correction.channel, 11 if roomy else 9)),
        Cell(fit(change_text(correction), 16 if roomy else 13, right=True)),
        Cell(
            fit(signed(correction.units) if correction.units else "", 7, right=True),
            tone_of(correction.units),
        ),
        Cell(f"  {change_type(correction)}", Tone.DIM),
    )
