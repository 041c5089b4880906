"""`skew history`: one SKU's past, by when it was so and by when Skew came to know it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import config_option, example, json_option, text
from console.context import load, note, open_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from console.reports.streaming.outlet import Outlet
    from store.accounts.balance import Balance
    from store.database.connection import Snapshot
    from store.history.as_of import SkuAsOf
    from store.model import Millis
    from store.queries.values import HistoryEntry
    from sync.settings import Settings


@click.command(
    epilog=example(
        "skew history SKU-0004411 --since 2h",
        "skew history SKU-0004411 --at 2026-11-23T14:00:00Z",
    )
)
@config_option
@json_option
@click.argument("sku", callback=text)
@click.option("--since", metavar="TIME", help="From this time on.  [default: all that is kept]")
@click.option("--until", metavar="TIME", help="Up to this time.  [default: now]")
@click.option("--at", metavar="TIME", help="What was true at this time, and what was known then.")
def history(
    config: Path, *, as_json: bool, sku: str, since: str | None, until: str | None, at: str | None
) -> int:
    """Show one SKU's timeline on all channels, and which of its movements are unexplained.

    The timeline is in the order in which Skew came to know things. A TIME is RFC 3339 in UTC, such
    as 2026-11-23T14:00:00Z, or how long ago it was, such as 90s, 5m, 2h or 7d.
    """
    if at is not None and (since is not None or until is not None):
        raise click.UsageError("--at is a single time: leave out --since and --until.")
    from console.text.format import instant
    from sync.clock import SystemClock

    now = SystemClock().now()
    since_at, until_at, back_at = (
        None if text is None else instant(text, now, name)
        for name, text in (("since", since), ("until", until), ("at", at))
    )
    if since_at is not None and until_at is not None and since_at > until_at:
        raise click.UsageError("--since is later than --until.")
    from console.reports.streaming.outlet import Outlet

    settings = load(config, secrets=False)
    with (
        Outlet() as outlet,
        open_cache(settings) as database,
        database.snapshot() as snapshot,
    ):
        report = _Report(snapshot, settings, sku, outlet)
        if back_at is not None:
            report.as_of(back_at, now=now, as_json=as_json)
        elif as_json:
            report.timeline_json(since_at, until_at)
        else:
            report.timeline_table(since_at, until_at)
    return 0


class _Report:
    """One SKU's past, written as it is read."""

    def __init__(
        self, snapshot: "Snapshot", settings: "Settings", sku: str, outlet: "Outlet"
    ) -> None:
        from store.history import retention

        self._snapshot = snapshot
        self._settings = settings
        self._sku = sku
        self._outlet = outlet
        self._thinned_before = snapshot.read(retention.thinned_before)

    def timeline_json(self, since: "Millis | None", until: "Millis | None") -> None:
        from console.reports import json_documents
        from console.reports.streaming import json_rows
        from console.reports.streaming.json_stream import JsonStream
        from console.reports.streaming.parts import in_parts

        document = JsonStream(self._outlet.write)
        document.value("sku", self._sku)
        entries = _Counted(self._entries(since, until))
        document.texts("entries", (map(json_rows.entry, part) for part in in_parts(entries)))
        balances = self._balances(since, until)
        document.value("conservation", [json_documents.balance(found) for found in balances])
        document.value("thinned_before", self._thinned())
        document.end()
        if not entries.count and not balances:
            self._note_nothing(since, until)

    def timeline_table(self, since: "Millis | None", until: "Millis | None") -> None:
        from console.reports import timeline as report
        from console.reports.streaming.parts import in_parts
        from console.reports.table import Paper

        paper = Paper.stdout()
        table = report.TimelineTable(paper)
        entries = _Counted(self._entries(since, until))
        for part in in_parts(entries):
            self._print(table.lines(part))
        balances = self._balances(since, until)
        if balances:
            self._print(["", *report.account(balances, paper)])
        before = self._thinned_before
        if before is not None and (since is None or since < before):
            self._print(["", paper.line(_thinned_out(before, self._settings))])
        if not entries.count and not balances:
            self._note_nothing(since, until)

    def as_of(self, at: "Millis", *, now: "Millis", as_json: bool) -> None:
        from console.text.format import day_and_time
        from store.history import as_of, timeline

        state = self._snapshot.read(as_of.sku_as_of, self._sku, at=at)
        entries = _Counted(self._snapshot.read(as_of.happened, self._sku, at=at))
        before = self._thinned_before
        if at > now:
            note(f"{day_and_time(at)} is in the future: this is the state now")
        if before is not None and at < before:
            note(_thinned_out(before, self._settings))
        if as_json:
            self._as_of_json(state, entries)
        else:
            self._as_of_table(state, entries)
        if state.cells or entries.count:
            return
        first = next(self._snapshot.read(timeline.entries, self._sku), None)
        if first is None:
            note(_unknown(self._sku))
        else:
            nothing = f"{self._sku}: nothing recorded up to {day_and_time(at)}"
            note(f"{nothing}; its first entry is of {day_and_time(first.at)}")

    def _as_of_json(self, state: "SkuAsOf", entries: "_Counted") -> None:
        from console.reports import json_documents
        from console.reports.streaming import json_rows
        from console.reports.streaming.json_stream import JsonStream
        from console.reports.streaming.parts import in_parts

        def texts(part: "Sequence[HistoryEntry]") -> "Iterator[str]":
            return (json_rows.entry_as_of(entry, state.at) for entry in part)

        document = JsonStream(self._outlet.write)
        for key, value in json_documents.as_of(self._sku, state).items():
            document.value(key, value)
        document.texts("entries", map(texts, in_parts(entries)))
        document.value("thinned_before", self._thinned())
        document.end()

    def _as_of_table(self, state: "SkuAsOf", entries: "_Counted") -> None:
        from console.reports import timeline as report
        from console.reports.streaming.parts import in_parts
        from console.reports.table import Paper

        paper = Paper.stdout()
        table = report.TimelineTable(paper, at=state.at)
        parts = in_parts(entries)
        first = next(parts, [])
        if not state.cells and not first:
            return
        self._print([*report.as_of(state, paper), "", *table.lines(first)])
        for part in parts:
            self._print(table.lines(part))

    def _entries(self, since: "Millis | None", until: "Millis | None") -> "Iterator[HistoryEntry]":
        from store.history import timeline

        return self._snapshot.read(timeline.entries, self._sku, since=since, until=until)

    def _balances(self, since: "Millis | None", until: "Millis | None") -> "list[Balance]":
        from store.accounts import balance

        return self._snapshot.read(balance.balances, self._sku, since=since, until=until)

    def _thinned(self) -> str | None:
        from sync.clock import rfc3339

        return rfc3339(self._thinned_before)

    def _print(self, lines: "list[str]") -> None:
        from console.reports.streaming.parts import lines_text

        self._outlet.write(lines_text(lines))

    def _note_nothing(self, since: "Millis | None", until: "Millis | None") -> None:
        if since is until is None:
            note(_unknown(self._sku))
        else:
            note(f"{self._sku}: nothing recorded in that time")


class _Counted:
    """Entries as they come, and how many there were."""

    def __init__(self, entries: "Iterable[HistoryEntry]") -> None:
        self.count = 0
        self._entries = entries

    def __iter__(self) -> "Iterator[HistoryEntry]":
        for entry in self._entries:
            self.count += 1
            yield entry


def _unknown(sku: str) -> str:
    return f"{sku}: SKU not found; capitals and spaces must match too"


def _thinned_out(before: "Millis", settings: "Settings") -> str:
    from console.text.format import day_and_time
    from sync.units import duration_text

    kept = f"[history] keep = {duration_text(settings.history_keep_ms)}"
    return f"what ended before {day_and_time(before)} is deleted ({kept})"
