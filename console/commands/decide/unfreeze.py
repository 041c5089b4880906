"""`skew unfreeze`: let a frozen SKU be corrected again."""

from pathlib import Path

import click

from console.commands.filters import check_channel
from console.commands.options import channel_names, config_option, example, text
from console.context import load, open_cache


@click.command(epilog=example("skew unfreeze SKU-0004411 --channel shop"))
@config_option
@click.argument("sku", callback=text)
@click.option("--channel", help="Only on this channel.", shell_complete=channel_names)
def unfreeze(config: Path, *, sku: str, channel: str | None) -> int:
    """Let a SKU be corrected again that a second writer or a loop has frozen.

    Stop the other writer first: if it sets the number back again, the SKU freezes again. Exits 1
    if the SKU is not frozen.
    """
    from console.text.format import clean, plural
    from store.corrections import freeze
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    if channel is not None:
        check_channel(settings, channel)
    with open_cache(settings) as database:
        count = database.write(freeze.unfreeze, sku, channel, now=SystemClock().now())
    click.echo(f"{plural(count, 'listing')} of {clean(sku)} can be corrected again.")
    return 0
