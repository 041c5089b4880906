"""One SKU's timeline and account in words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from console.reports.table import Paper, TableColumn, TableInParts
from console.text.format import LEAST, NONE, day_and_time, shown, signed, units
from store.model import Millis
from store.queries.values import HistoryEntry

if TYPE_CHECKING:
    from store.accounts.balance import Balance
    from store.accounts.reading_history import Reading
    from store.history.as_of import SkuAsOf

_COLUMNS = (
    TableColumn("AT"),
    TableColumn("CHANNEL", flexible=True),
    TableColumn("KIND"),
    TableColumn("WHAT", flexible=True),
)


class TimelineTable:
    """A timeline, oldest first, part by part."""

    def __init__(self, paper: Paper, *, at: Millis | None = None) -> None:
        """`at`: an instant, of which each entry says whether it was known by then."""
        self._at = at
        columns = _COLUMNS if at is None else (*_COLUMNS, TableColumn("THEN"))
        self._table = TableInParts(paper, columns)

    def lines(self, part: Iterable[HistoryEntry]) -> list[str]:
        """The next entries; the first part has the columns' titles before them."""
        return self._table.lines(self._row(entry) for entry in part)

    def _row(self, entry: HistoryEntry) -> tuple[str, ...]:
        row = (day_and_time(entry.at), entry.channel, entry.kind, what_happened(entry))
        return row if self._at is None else (*row, _when_known(entry.known_at, self._at))


def account(balances: "Sequence[Balance]", paper: Paper) -> list[str]:
    """Each listing's account: opening + events + updates + unexplained = closing."""
    columns = (
        TableColumn("CHANNEL", flexible=True),
        TableColumn("OPENING", right=True),
        TableColumn("EVENTS", right=True),
        TableColumn("UPDATES", right=True),
        TableColumn("UNEXPLAINED", right=True),
        TableColumn("CLOSING", right=True),
        TableColumn("FROM"),
        TableColumn("UNTIL"),
    )
    return paper.table(
        columns,
        (
            (
                _where(balance.channel, balance.location),
                units(balance.opening),
                signed(balance.events),
                signed(balance.corrections),
                signed(balance.unexplained),
                units(balance.closing),
                day_and_time(balance.from_at),
                day_and_time(balance.until_at),
            )
            for balance in balances
        ),
    )


def as_of(state: "SkuAsOf", paper: Paper) -> list[str]:
    """What was true at an instant, beside what was known then, and what was open."""
    columns = (
        TableColumn("CHANNEL", flexible=True),
        TableColumn("WAS"),
        TableColumn("KNOWN THEN"),
        TableColumn("TARGET", right=True),
        TableColumn("WHAT WAS", flexible=True),
    )
    cells = paper.table(
        columns,
        (
            (
                _where(cell.channel, cell.location),
                _shown(cell.true),
                _shown(cell.known),
                NONE if cell.target is None else units(cell.target.quantity),
                _when_known(cell.known_at, state.at),
            )
            for cell in state.cells
        ),
    )
    still = [
        paper.line(f"Open at that time: {entry.channel}, {what_happened(entry)}")
        for entry in state.open
    ]
    return [paper.line(f"At {day_and_time(state.at)}"), *cells, *still]


def _shown(reading: "Reading | None") -> str:
    if reading is None:
        return NONE
    if not reading.present:
        return "not listed"
    if reading.available is None:
        return shown(None, reading.state)
    state = f" {reading.state}" if reading.state else ""
    return f"{units(reading.available, at_least=reading.at_least)}{state}"


def _when_known(known_at: Millis | None, at: Millis) -> str:
    """A sign and words: colour means nothing here."""
    if known_at is None:
        return NONE
    if known_at <= at:
        return "● known"
    return f"○ not known until {day_and_time(known_at)}"


def _where(channel: str, location: str) -> str:
    return f"{channel}/{location}" if location else channel


def what_happened(entry: HistoryEntry) -> str:
    """One line of a timeline in words."""
    detail = entry.detail
    place = "" if entry.kind == "event" else _place(detail)
    return _SENTENCES.get(entry.kind, _any)(detail) + place


def _place(detail: Mapping[str, object]) -> str:
    return f" at {detail['location']}" if detail.get("location") else ""


def _reading(detail: Mapping[str, object]) -> str:
    if not detail.get("present"):
        return "not listed"
    if detail.get("available") is None:
        return f"shows no number, {detail.get('state') or 'not counted'}"
    least = LEAST if detail.get("at_least") else ""
    parts = [f"shows {least}{detail.get('available')}"]
    if detail.get("on_hand") is not None:
        parts.append(f"{detail['on_hand']} on hand")
    if detail.get("committed"):
        parts.append(f"{detail['committed']} committed")
    if detail.get("state"):
        parts.append(str(detail["state"]))
    return ", ".join(parts)


def _target(detail: Mapping[str, object]) -> str:
    state = f", {detail['state']}" if detail.get("state") else ""
    quantity = detail.get("quantity")
    return "no target" if quantity is None else f"target {quantity}{state}"


def _disagreement(detail: Mapping[str, object]) -> str:
    delta = detail.get("delta")
    by = f", {signed(delta)}" if isinstance(delta, int) else ""
    closed = detail.get("closed_at")
    until = f", until {day_and_time(closed)}" if isinstance(closed, int) else ", open"
    return f"{detail.get('disagreement')}{by}{until}"


def _correction(detail: Mapping[str, object]) -> str:
    change = _change(detail)
    note = f": {detail['note']}" if detail.get("note") else ""
    step = str(detail.get("step"))
    step = _STEPS.get(step, step.replace("_", " "))
    return f"#{detail.get('id')} {change} {step} by {detail.get('who')}{note}"


def _change(detail: Mapping[str, object]) -> str:
    """What it would change: a number, a state, or both."""
    ends = (("from", "to"), ("from_state", "to_state"))
    pairs = [(detail.get(before), detail.get(after)) for before, after in ends]
    if detail.get("from_at_least"):
        pairs[0] = (f"{LEAST}{detail.get('from')}", detail.get("to"))
    moved = [(was, to) for was, to in pairs if to is not None and was != to] or pairs[:1]
    return ", ".join(f"{_or_none(was)} → {_or_none(to)}" for was, to in moved)


def _event(detail: Mapping[str, object]) -> str:
    parts = [f"{str(detail.get('event')).replace('_', ' ')} {detail.get('quantity')}"]
    if detail.get("of"):
        parts[0] += (
            f" of {detail['of']}, which changes this SKU by {signed(_number(detail.get('moves')))}"
        )
    parts[0] += _place(detail)
    if detail.get("order"):
        parts.append(f"order {detail['order']}")
    parts.append(_FATES.get(str(detail.get("fate")), str(detail.get("fate"))))
    if detail.get("unseen"):
        parts.append("not yet counted by the authority")
    if detail.get("received_at") is not None:
        parts.append(f"reported {day_and_time(_number(detail['received_at']))}")
    return ", ".join(parts)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _any(detail: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items() if value is not None)


def _or_none(value: object) -> str:
    return NONE if value is None else str(value)


_STEPS = {"asked anew": "retried"}
"""The audit's names of steps, where there is a better word by now: what is stored stays."""

_FATES = {
    "projected": "moved the targets",
    "included": "the authority had counted it already",
    "explains": "explains this channel's readings only",
    "excess": "more than its order took: moved nothing",
    "copy": "another channel reported this order too",
}

_SENTENCES = {
    "reading": _reading,
    "event": _event,
    "target": _target,
    "disagreement": _disagreement,
    "correction": _correction,
}
