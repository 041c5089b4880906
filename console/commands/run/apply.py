"""`skew apply`: write what is approved, once."""

import asyncio
from pathlib import Path

import click

from console.commands.options import config_option, example, json_option
from console.context import load, note, open_cache


@click.command(epilog=example("skew apply", "skew apply --json | jq '.updates[].status'"))
@config_option
@json_option
def apply(config: Path, *, as_json: bool) -> int:
    """Write what is approved and whose hold has passed, and read it back.

    Each listing is read again first. A running engine does the round for this command. Exits 1
    if any did not end verified.
    """
    settings = load(config, secrets=True)
    from console.commands.run.one_round import engine_for_one_round
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from console.text import remedies
    from console.text.format import plural
    from store.channels import write_pauses
    from store.corrections import lifecycle
    from store.model import CorrectionStatus
    from store.queries import views
    from sync.clock import SystemClock

    complaints: dict[str, str] = {}
    with open_cache(settings) as database:
        engine = engine_for_one_round(settings, database, "skew apply", complaints)
        results = asyncio.run(engine.apply()).results
        now = SystemClock().now()
        approved = database.read(views.updates, statuses=(CorrectionStatus.APPROVED,))
        unwritten = [update.id for update in results if update.status is CorrectionStatus.APPROVED]
        held_back = database.read(lifecycle.approved, unwritten, now=now)
        stopped = database.read(write_pauses.in_force)
    holds = [
        update.hold_until - now
        for update in approved
        if update.hold_until and update.hold_until > now
    ]
    if as_json:
        click.echo(json_documents.write(json_documents.updates(results)))
    elif results:
        click.echo("\n".join(tables.updates(results, Paper.stdout(), now=now)))
    else:
        click.echo("Nothing to write yet." if holds else "Nothing to write.")
    if stopped is not None and not held_back:
        note(remedies.write_pause_with_remedy(stopped))
    for why in remedies.why_not_written(held_back, complaints):
        note(why)
    if later := remedies.applied_later(results, now):
        note(later)
    if holds:
        seconds = max(holds) / 1000
        note(
            f"{plural(len(holds), 'approved update')} still on hold; all can be written in "
            f"{seconds:.0f} s"
        )
    return 0 if all(update.status is CorrectionStatus.VERIFIED for update in results) else 1
