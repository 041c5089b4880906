"""`skew history`: one SKU's past, by when it was so and by when Skew came to know it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import config_option, example, json_option, text
from console.context import load, note, open_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.database.connection import Database
    from store.model import Millis
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
    settings = load(config, secrets=False)
    with open_cache(settings) as database:
        if back_at is not None:
            lines = _as_of(database, settings, sku, back_at, now=now, as_json=as_json)
        else:
            lines = _timeline(database, settings, sku, since_at, until_at, as_json=as_json)
    if lines:
        click.echo("\n".join(lines))
    return 0


def _timeline(
    database: "Database",
    settings: "Settings",
    sku: str,
    since: "Millis | None",
    until: "Millis | None",
    *,
    as_json: bool,
) -> "Sequence[str]":
    from console.reports import json_documents
    from console.reports import timeline as report
    from console.reports.table import Paper
    from store.history import retention, timeline
    from store.targets import balance

    entries = database.read(timeline.history, sku, since=since, until=until)
    balances = database.read(balance.balances, sku, since=since, until=until)
    thinned_before = database.read(retention.thinned_before)
    if not entries and not balances:
        note(_unknown(sku) if since is until is None else f"{sku}: nothing recorded in that time")
    if as_json:
        return [
            json_documents.write(json_documents.history(sku, entries, balances, thinned_before))
        ]
    paper = Paper.stdout()
    lines = report.history(entries, paper) if entries else []
    if balances:
        lines += ["", *report.account(balances, paper)]
    if thinned_before is not None and (since is None or since < thinned_before):
        lines += ["", paper.line(_thinned_out(thinned_before, settings))]
    return lines


def _as_of(
    database: "Database",
    settings: "Settings",
    sku: str,
    at: "Millis",
    *,
    now: "Millis",
    as_json: bool,
) -> "Sequence[str]":
    from console.reports import json_documents
    from console.reports import timeline as report
    from console.reports.table import Paper
    from console.text.format import day_and_time
    from store.history import as_of, retention, timeline

    state = database.read(as_of.sku_as_of, sku, at=at)
    thinned_before = database.read(retention.thinned_before)
    if at > now:
        note(f"{day_and_time(at)} is in the future: this is the state now")
    if thinned_before is not None and at < thinned_before:
        note(_thinned_out(thinned_before, settings))
    if not state.cells and not state.entries:
        entries = database.read(timeline.history, sku)
        if entries:
            first = day_and_time(entries[0].at)
            note(f"{sku}: nothing recorded up to {day_and_time(at)}; its first entry is of {first}")
        else:
            note(_unknown(sku))
    if as_json:
        return [json_documents.write(json_documents.as_of(sku, state, thinned_before))]
    return report.as_of(state, Paper.stdout()) if state.cells or state.entries else []


def _unknown(sku: str) -> str:
    return f"{sku}: SKU not found; capitals and spaces must match too"


def _thinned_out(before: "Millis", settings: "Settings") -> str:
    from console.text.format import day_and_time
    from sync.units import duration_text

    kept = f"[history] keep = {duration_text(settings.history_keep_ms)}"
    return f"what ended before {day_and_time(before)} is deleted ({kept})"
