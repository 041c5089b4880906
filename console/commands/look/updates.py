"""`skew updates`: pending updates, and what became of the others."""

from pathlib import Path

import click

from console.commands.options import config_option, example, json_option, text
from console.context import load, open_cache


@click.command(epilog=example("skew updates", "skew updates --all --channel shop --json"))
@config_option
@json_option
@click.option("--channel", callback=text, help="Only this channel.")
@click.option("--sku", callback=text, help="Only this SKU.")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
def updates(
    config: Path, *, as_json: bool, channel: str | None, sku: str | None, everything: bool
) -> int:
    """List the pending updates, and with --all what became of the others.

    `--json` always has all of them.
    """
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from store.model import LIVE_CORRECTIONS
    from store.queries import views
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    statuses = () if everything or as_json else LIVE_CORRECTIONS
    with open_cache(settings) as database:
        listed = database.read(views.updates, statuses=statuses, channel=channel, sku=sku)
    if as_json:
        click.echo(json_documents.write(json_documents.updates(listed)))
    else:
        nothing = "No updates yet." if everything else "No pending updates."
        now = SystemClock().now()
        click.echo("\n".join(tables.updates(listed, Paper.stdout(), now=now, nothing=nothing)))
    return 0
