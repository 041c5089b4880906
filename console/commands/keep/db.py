"""`skew db`: the cache's file, looked through for damage or made smaller."""

from pathlib import Path

import click

from console.commands.options import config_option, example, json_option
from console.context import load


@click.group(epilog=example("skew db check", "skew db vacuum"))
@config_option
def db(config: Path) -> None:
    """Look after the cache's file."""
    # The commands below read this one from the context.
    del config


@db.command(epilog=example("skew db check", "skew db check --json | jq .free_bytes"))
@config_option
@json_option
def check(config: Path, *, as_json: bool) -> int:
    """Read the whole file and look for damage; say how large it is, and how much of it is free.

    Writes nothing, and may run while everything runs. Exits 1 if anything is damaged.
    """
    settings = load(config, secrets=False)
    from msgspec.structs import asdict

    from console.reports import json_documents
    from console.text.format import clean, megabytes, plural
    from store.database.maintenance import condition

    found = condition.check(settings.database)
    if as_json:
        click.echo(json_documents.write(asdict(found)))
        return 1 if found.problems else 0
    for problem in found.problems:
        click.echo(f"✖ {clean(problem)}")
    if found.problems:
        click.echo(f"{found.path} is damaged: `skew restore FILE` goes back to a backup.")
        return 1
    each = f", {found.bytes / found.listings:,.0f} bytes for each" if found.listings else ""
    click.echo(
        f"✓ {found.path} is whole: schema {found.schema}, {megabytes(found.bytes)} of which "
        f"{megabytes(found.free_bytes)} are free, {megabytes(found.log_bytes)} of log; "
        f"{plural(found.listings, 'listing')}{each}."
    )
    return 0


@db.command(epilog=example("skew db vacuum"))
@config_option
@json_option
def vacuum(config: Path, *, as_json: bool) -> int:
    """Make the file smaller: without what is free in it.

    Seldom needed: what is free is used again. Needs as much room as the cache, and that no engine
    runs. Exits 1 if one does.
    """
    settings = load(config, secrets=False)
    from msgspec.structs import asdict

    from console.reports import json_documents
    from console.text.format import megabytes
    from store.database.maintenance import condition
    from sync.clock import SystemClock

    done = condition.vacuum(settings.database, now=SystemClock().now())
    if as_json:
        click.echo(json_documents.write(asdict(done)))
    else:
        click.echo(f"{megabytes(done.bytes_before)} → {megabytes(done.bytes_after)}.")
    return 0
