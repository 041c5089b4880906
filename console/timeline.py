"""One SKU's timeline in words: `skew history`, and the detail screen."""

from collections.abc import Mapping, Sequence

from console.table import Column, Paper
from console.text import NONE, day_and_time, signed
from store.panels import HistoryEntry


def history(entries: Sequence[HistoryEntry], paper: Paper) -> list[str]:
    """A timeline, oldest first."""
    columns = (
        Column("AT"),
        Column("CHANNEL", flexible=True),
        Column("KIND"),
        Column("WHAT", flexible=True),
    )
    return paper.table(
        columns,
        (
            (day_and_time(entry.at), entry.channel, entry.kind, what_happened(entry))
            for entry in entries
        ),
    )


def what_happened(entry: HistoryEntry) -> str:
    """One line of a timeline in words; the screens show it too."""
    detail = entry.detail
    place = f" at {detail['location']}" if detail.get("location") else ""
    return _SENTENCES.get(entry.kind, _any)(detail) + place


def _reading(detail: Mapping[str, object]) -> str:
    if not detail.get("present"):
        return "not listed"
    parts = [f"shows {detail.get('available')}"]
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
    change = f"{_or_none(detail.get('from'))} → {_or_none(detail.get('to'))}"
    note = f": {detail['note']}" if detail.get("note") else ""
    step = str(detail.get("step")).replace("_", " ")
    return f"#{detail.get('id')} {change} {step} by {detail.get('who')}{note}"


def _any(detail: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items() if value is not None)


def _or_none(value: object) -> str:
    return NONE if value is None else str(value)


_SENTENCES = {
    "reading": _reading,
    "target": _target,
    "disagreement": _disagreement,
    "correction": _correction,
}
