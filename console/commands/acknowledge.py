"""`skew acknowledge`: say of a disagreement that it may stand, and why, until it moves."""

import sys
from pathlib import Path

import click

from console.context import by_option, cache, config_option, example, json_option, load, text


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
@click.option("--undo", is_flag=True, help="As if nobody had acknowledged it.")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
def acknowledge(
    config: Path, *, as_json: bool, by: str, reason: str | None, undo: bool, ids: tuple[str, ...]
) -> int:
    """Say of disagreements that they may stand, and why, until they move.

    ID is a disagreement's, as `skew diff` tells it. It stays open in every count and is told last.
    Exits 1 if any was void.
    """
    if undo and reason:
        raise click.UsageError("Give --reason or --undo, not both.")
    if not undo and not reason:
        if not sys.stdin.isatty():
            raise click.UsageError("Give a --reason: others will ask why it may stand.")
        reason = click.prompt("Reason")
    from console.commands.options import numbers
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from store.queries import acknowledgements
    from store.queries.acknowledgements import SeenDisagreement
    from sync.clock import SystemClock

    chosen = numbers(ids, "a disagreement", "its ID (see `skew diff`)")
    with cache(load(config, secrets=False)) as database:
        if undo:
            made = database.write(acknowledgements.take_back, chosen)
        else:
            seen = [SeenDisagreement(one) for one in chosen]
            now = SystemClock().now()
            made = database.write(
                acknowledgements.acknowledge, seen, who=by, why=reason or "", now=now
            )
    if as_json:
        click.echo(json_documents.write(json_documents.decisions(made)))
    else:
        done = "no longer acknowledged" if undo else "acknowledged until it moves"
        told = tables.decisions(made, done, Paper.stdout(), noun="disagreement")
        click.echo("\n".join(told))
    return 0 if all(one.ok for one in made) else 1
