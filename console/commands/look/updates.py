"""`skew updates`: pending updates, and what became of the others."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import channel_names, config_option, example, json_option, text
from console.context import load, open_cache

if TYPE_CHECKING:
    from collections.abc import Iterable

    from console.reports.streaming.outlet import Outlet
    from store.model import Correction


@click.command(epilog=example("skew updates", "skew updates --all --channel shop --json"))
@config_option
@json_option
@click.option("--channel", callback=text, help="Only this channel.", shell_complete=channel_names)
@click.option("--sku", callback=text, help="Only this SKU.")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
def updates(
    config: Path, *, as_json: bool, channel: str | None, sku: str | None, everything: bool
) -> int:
    """List the pending updates, and with --all what became of the others.

    `--json` always has all of them.
    """
    from console.reports.streaming import json_rows
    from console.reports.streaming.json_stream import JsonStream
    from console.reports.streaming.outlet import Outlet
    from console.reports.streaming.parts import in_parts
    from store.corrections import update_list
    from store.model import LIVE_CORRECTIONS

    settings = load(config, secrets=False)
    statuses = () if everything or as_json else LIVE_CORRECTIONS
    with (
        Outlet() as outlet,
        open_cache(settings) as database,
        database.snapshot() as snapshot,
    ):
        listed = snapshot.read(update_list.in_order, statuses=statuses, channel=channel, sku=sku)
        if as_json:
            document = JsonStream(outlet.write)
            document.texts("updates", (map(json_rows.update, part) for part in in_parts(listed)))
            document.end()
        else:
            _write_table(listed, outlet, "No updates yet." if everything else "No pending updates.")
    return 0


def _write_table(listed: "Iterable[Correction]", outlet: "Outlet", nothing: str) -> None:
    from console.reports import tables
    from console.reports.streaming.parts import in_parts, lines_text
    from console.reports.table import Paper
    from sync.clock import SystemClock

    paper, is_empty = Paper.stdout(), True
    table = tables.UpdateTable(paper, now=SystemClock().now())
    for part in in_parts(listed):
        is_empty = False
        outlet.write(lines_text(table.lines(part)))
    if is_empty:
        outlet.write(lines_text([paper.line(nothing)]))
