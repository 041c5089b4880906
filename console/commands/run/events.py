"""`skew events import`: stock events from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from console.commands.options import config_option, example, json_option
from console.context import load, note, open_cache

if TYPE_CHECKING:
    from sync.polling.event_import import EventImport

_LINE = (
    '{"channel":"shop","id":"9","kind":"ordered","sku":"A","quantity":2,'
    '"at":"2026-11-24T14:02:11Z"}'
)


class _LinesFile(click.File):
    """A file of lines, or stdin; a process may have been started without one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        try:
            return super().convert(value, param, ctx)
        except RuntimeError:
            self.fail("this process has no stdin.", param, ctx)


@click.group(epilog=example("skew events import sales.jsonl"))
@config_option
def events(config: Path) -> None:
    """Import stock events that no channel reports by itself."""
    # The command below reads this one from the context.
    del config


@events.command(
    "import",
    epilog=example("skew events import sales.jsonl", f"echo '{_LINE}' | skew events import -"),
)
@config_option
@json_option
@click.argument("file", metavar="FILE", type=_LinesFile("rb"))
def import_(config: Path, file: BinaryIO, *, as_json: bool) -> int:
    """Import events from FILE, one JSON object a line; `-` reads stdin.

    A line has channel, id, kind, sku, quantity and at, and may have location and order, in the
    channel's own names and units. The kinds are ordered, cancelled, shipped, return_received,
    restocked, received, adjusted, held and released; only adjusted may be negative. An event that
    is known already changes nothing, so a file may be imported again.

    Exits 1 if any line was refused. Each refused line is named on stderr; the others are imported.
    """
    from console.reports import json_documents
    from sync.channels.translation import event_in_our_names
    from sync.clock import SystemClock
    from sync.polling.event_import import import_events
    from sync.targets import terms

    settings = load(config, secrets=False)
    with open_cache(settings) as database:
        imported = import_events(
            database,
            file,
            terms.comparison(settings),
            now=SystemClock().now,
            ahead_ms=settings.events.ahead_ms,
            translate=event_in_our_names(settings),
        )
    for line, reason in imported.refused:
        note(f"line {line}: {reason}")
    if imported.stopped_at is not None:
        note(
            "this does not look like a file of events: nothing was read from line "
            f"{imported.stopped_at:,} on"
        )
    if as_json:
        click.echo(json_documents.write(json_documents.event_import(imported)))
    else:
        click.echo(_summary(imported))
    return 1 if imported.refused else 0


def _summary(imported: "EventImport") -> str:
    from console.text.format import plural

    known = f"; {imported.repeats:,} known already" if imported.repeats else ""
    refused = f"; {plural(len(imported.refused), 'line')} refused" if imported.refused else ""
    return f"Imported {plural(imported.taken, 'event')}{known}{refused}."
