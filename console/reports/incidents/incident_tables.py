"""Incidents, and the effect of a quarantined poll, as lines of text."""

from collections.abc import Sequence

from console.reports import quarantine_effect
from console.reports.table import Paper, TableCell, TableColumn, TableInParts
from console.text import incidents as incident_words
from console.text.format import show_blanks, signed, units
from store.channels.incident_list import IncidentSeverity, IncidentState, severity, state
from store.model import Incident, Millis
from store.polling.preview.quarantine_effect import QuarantineEffect

Lines = list[str]

ROWS_MAX = 20

_COLUMNS = (
    TableColumn("ID", right=True),
    TableColumn("SEVERITY"),
    TableColumn("CHANNEL", flexible=True),
    TableColumn("KIND"),
    TableColumn("LASTS", right=True),
    TableColumn("TIMES", right=True),
    TableColumn("STATE", flexible=True),
)
_STYLES = {
    IncidentSeverity.SEVERE: "red",
    IncidentSeverity.SERIOUS: "yellow",
    IncidentSeverity.MINOR: "yellow",
}


class IncidentTable:
    """Incidents part by part, each with its message below it, whole."""

    def __init__(self, paper: Paper, *, now: Millis) -> None:
        self._paper = paper
        self._now = now
        self._table = TableInParts(paper, _COLUMNS)

    def lines(self, part: Sequence[Incident]) -> Lines:
        """The next ones; the first part has the columns' titles before them."""
        table = self._table.lines(_incident(incident, self._now) for incident in part)
        lines, rows = table[: -len(part)], table[-len(part) :]
        for row, incident in zip(rows, part, strict=True):
            message = incident_words.message_text(incident, self._now)
            lines += [row, *self._paper.paragraph(message)]
        return lines


def effect(effect: QuarantineEffect, paper: Paper) -> Lines:
    """What accepting a quarantined poll would change: totals, then what would change most."""
    lines = [
        paper.line(
            TableCell(f"Poll {effect.poll_id} of {effect.channel}", "bold"), f": {effect.reason}"
        ),
        *paper.paragraph(quarantine_effect.counts(effect)),
        *paper.paragraph(quarantine_effect.moves(effect)),
    ]
    for line in quarantine_effect.consequences(effect):
        lines += paper.paragraph(line)
    shown = effect.rows[:ROWS_MAX]
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
            show_blanks(row.sku) + (f"@{row.location}" if row.location else ""),
            quarantine_effect.change(row),
            signed(quarantine_effect.row_units(row)),
            units(row.target),
            quarantine_effect.becomes(row),
        )
        for row in shown
    )
    lines += ["", *paper.table(columns, rows)]
    more = quarantine_effect.left_over(effect, shown)
    return [*lines, *([paper.line(more)] if more else [])]


def _incident(incident: Incident, now: Millis) -> tuple[TableCell | str, ...]:
    how_bad = severity(incident)
    closed = state(incident, now) is IncidentState.CLOSED
    return (
        str(incident.id),
        TableCell(
            f"{incident_words.GLYPHS[how_bad]} {how_bad}",
            "dim" if closed else _STYLES[how_bad],
        ),
        incident.channel or "skew",
        incident.kind,
        incident_words.time_span(incident).long(now),
        f"{incident.count:,}",
        incident_words.state_text(incident, now),
    )
