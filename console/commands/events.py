"""`skew events`: what moved, from outside."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from console.context import cache, config_option, example, json_option, load, note

if TYPE_CHECKING:
    from sync.polling.event_import import EventImport

_LINE = (
    '{"channel":"shop","id":"9","kind":"ordered","sku":"A","quantity":2,'
    '"at":"2026-11-24T14:02:11Z"}'
)


class _Lines(click.File):
    """A file of lines to be read, or stdin, which a process may have none of."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        try:
            return super().convert(value, param, ctx)
        except RuntimeError:
            self.fail("there is no stdin to read.", param, ctx)


@click.group(epilog=example("skew events import sales.jsonl"))
@config_option
def events(config: Path) -> None:
    """Take stock events from elsewhere than the channels."""
    # The command below reads this one from the context.
    del config


@events.command(
    "import",
    epilog=example("skew events import sales.jsonl", f"echo '{_LINE}' | skew events import -"),
)
@config_option
@json_option
@click.argument("file", metavar="FILE", type=_Lines("rb"))
def import_(config: Path, file: BinaryIO, *, as_json: bool) -> int:
    """Take events from FILE, one JSON object a line; `-` reads stdin.

    A line has channel, id, kind, sku, quantity and at, and may have location and order, in the
    channel's own names and units. The kinds are ordered, cancelled, shipped, return_received,
    restocked, received, adjusted, held and released; only adjusted may be negative. An event that
    is known already changes nothing, so a file may be taken again.

    Exits 1 if any line was refused; each is named on stderr, and the others are taken.
    """
    from console.reports import json_documents
    from sync.channels.translation import event_in_our_names
    from sync.clock import SystemClock
    from sync.polling.event_import import take_lines
    from sync.targets import terms

    settings = load(config, secrets=False)
    with cache(settings) as database:
        intake = take_lines(
            database,
            file,
            terms.comparison(settings),
            now=SystemClock().now,
            ahead_ms=settings.events.ahead_ms,
            named=event_in_our_names(settings),
        )
    for line, reason in intake.refused:
        note(f"line {line}: {reason}")
    if intake.stopped_at is not None:
        note(f"this is no file of events: nothing from line {intake.stopped_at:,} on was read")
    click.echo(json_documents.write(json_documents.intake(intake)) if as_json else _summary(intake))
    return 1 if intake.refused else 0


def _summary(intake: "EventImport") -> str:
    known = f"; {intake.repeats:,} known already" if intake.repeats else ""
    refused = f"; {len(intake.refused):,} refused" if intake.refused else ""
    events = "1 event" if intake.taken == 1 else f"{intake.taken:,} events"
    return f"Took {events}{known}{refused}."
