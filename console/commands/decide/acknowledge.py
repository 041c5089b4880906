"""`skew acknowledge`: say of a disagreement that it may stand, and why, until it changes."""

import sys
from pathlib import Path

import click

from console.commands import options
from console.commands.options import by_option, config_option, example, json_option, text
from console.context import load, open_cache


@click.command(
    epilog=example(
        "skew acknowledge 17 18 --reason 'a recount is due on Monday'",
        "skew acknowledge 17 --undo",
    )
)
@config_option
@json_option
@by_option
@click.option("--reason", metavar="TEXT", callback=text, help="Why it may stand.")
@click.option("--undo", is_flag=True, help="Take the acknowledgement back.")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
def acknowledge(
    config: Path, *, as_json: bool, by: str, reason: str | None, undo: bool, ids: tuple[str, ...]
) -> int:
    """Let disagreements stand, with a reason, until they change.

    ID is a disagreement's, as `skew diff` lists it. It stays open in every count and is listed
    last. Exits 1 if any could not be acknowledged.
    """
    if undo and reason:
        raise click.UsageError("Give --reason or --undo, not both.")
    if not undo and not reason:
        if not sys.stdin.isatty():
            raise click.UsageError("Give a --reason: others will ask why it may stand.")
        reason = click.prompt("Reason")
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from store.queries import acknowledgements
    from store.queries.acknowledgements import SeenDisagreement
    from sync.clock import SystemClock

    numbers = options.ids(ids, "a disagreement", "skew diff")
    with open_cache(load(config, secrets=False)) as database:
        if undo:
            decisions = database.write(acknowledgements.take_back, numbers)
        else:
            seen = [SeenDisagreement(number) for number in numbers]
            now = SystemClock().now()
            decisions = database.write(
                acknowledgements.acknowledge, seen, who=by, why=reason or "", now=now
            )
    if as_json:
        click.echo(json_documents.write(json_documents.decisions(decisions)))
    else:
        done = "no longer acknowledged" if undo else "acknowledged until it changes"
        lines = tables.decisions(decisions, done, Paper.stdout(), noun="disagreement")
        click.echo("\n".join(lines))
    return 0 if all(decision.ok for decision in decisions) else 1
