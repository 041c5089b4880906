"""`skew why`: why one SKU is as it is on each channel, also where it agrees."""

from pathlib import Path

import click

from console.commands.options import channel_names, config_option, example, json_option, text
from console.context import load, note, open_cache


@click.command(epilog=example("skew why SKU-0004411", "skew why SKU-0004411 --channel shop"))
@config_option
@json_option
@click.argument("sku", callback=text)
@click.option("--channel", callback=text, help="Only this channel.", shell_complete=channel_names)
def why(config: Path, *, as_json: bool, sku: str, channel: str | None) -> int:
    """Say why one SKU is as it is, also where it agrees or nothing is proposed.

    For each channel: what it shows, who decides, the rule and the sum of its target, the state,
    what disagrees and its cause, what stands in the way, and what is done. Exits 1 where the SKU
    is not found.
    """
    from console.commands.filters import check_channel
    from console.reports import json_documents, sku_why
    from console.reports.streaming.outlet import Outlet
    from console.reports.streaming.parts import lines_text
    from console.reports.table import Paper
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    if channel is not None:
        check_channel(settings, channel)
    now = SystemClock().now()
    with (
        Outlet() as outlet,
        open_cache(settings) as database,
        database.snapshot() as snapshot,
    ):
        found = sku_why.read(snapshot, settings, sku, channel, now=now)
        if found is None:
            note(f"{sku}: SKU not found; capitals and spaces must match too")
            if as_json:
                outlet.write(json_documents.write({"sku": sku, "listings": []}) + "\n")
            return 1
        if as_json:
            outlet.write(json_documents.write(found.document()) + "\n")
        else:
            outlet.write(lines_text(found.lines(Paper.stdout())))
    return 0
