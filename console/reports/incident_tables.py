"""`skew incidents` and the effect of a quarantined poll, for people: values in, lines out."""

from collections.abc import Sequence

from console.reports import quarantine_effect
from console.reports.table import Paper, TableCell, TableColumn
from console.text import incidents as incident_words
from console.text.format import exact, signed, units
from store.channels.incident_list import IncidentSeverity, IncidentState, severity, state
from store.model import Incident, Millis
from store.polling.quarantine_preview import QuarantineEffect

Lines = list[str]

ROWS_MAX = 20

_STYLES = {
    IncidentSeverity.SEVERE: "red",
    IncidentSeverity.SERIOUS: "yellow",
    IncidentSeverity.MINOR: "yellow",
}


def incidents(found: Sequence[Incident], paper: Paper, *, now: Millis) -> Lines:
    """Incidents, each with its message below it, whole."""
    if not found:
        return [paper.line("No incidents.")]
    columns = (
        TableColumn("ID", right=True),
        TableColumn("SEVERITY"),
        TableColumn("CHANNEL", flexible=True),
        TableColumn("KIND"),
        TableColumn("LASTS", right=True),
        TableColumn("×", right=True),
        TableColumn("STATE", flexible=True),
    )
    heading, *rows = paper.table(columns, (_incident(one, now) for one in found))
    lines = [heading]
    for row, one in zip(rows, found, strict=True):
        lines += [row, *paper.paragraph(incident_words.message(one, now))]
    return lines


def effect(told: QuarantineEffect, paper: Paper) -> Lines:
    """What accepting a quarantined poll would change: totals, then what would move most."""
    lines = [
        paper.line(TableCell(f"Poll {told.poll_id} of {told.channel}", "bold"), f": {told.reason}"),
        *paper.paragraph(quarantine_effect.counts(told)),
        *paper.paragraph(quarantine_effect.moves(told)),
    ]
    for line in quarantine_effect.consequences(told):
        lines += paper.paragraph(line)
    shown = told.rows[:ROWS_MAX]
    if not shown:
        return lines
    columns = (
        TableColumn("SKU", flexible=True),
        TableColumn("CHANGE", right=True),
        TableColumn("Δ", right=True),
        TableColumn("TARGET", right=True),
        TableColumn("WOULD BE", flexible=True),
    )
    rows = (
        (
            exact(row.sku) + (f"@{row.location}" if row.location else ""),
            quarantine_effect.change(row),
            signed(quarantine_effect.row_units(row)),
            units(row.target),
            quarantine_effect.becomes(row),
        )
        for row in shown
    )
    lines += ["", *paper.table(columns, rows)]
    more = quarantine_effect.left_over(told, shown)
    return [*lines, *([paper.line(more)] if more else [])]


def _incident(one: Incident, now: Millis) -> tuple[TableCell | str, ...]:
    how = severity(one)
    closed = state(one, now) is IncidentState.CLOSED
    return (
        str(one.id),
        TableCell(f"{incident_words.GLYPHS[how]} {how}", "dim" if closed else _STYLES[how]),
        one.channel or "skew",
        one.kind,
        incident_words.span(one).long(now),
        f"{one.count:,}",
        incident_words.standing(one, now),
    )
