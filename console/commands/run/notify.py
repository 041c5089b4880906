"""`skew notify`: the places that are notified of trouble, and whether each takes a message."""

import asyncio
from pathlib import Path

import click

from console.commands.options import config_option, example
from console.context import load, note


@click.command(epilog=example("skew notify --test"))
@config_option
@click.option("--test", is_flag=True, help="Send a message to each place.")
def notify(config: Path, *, test: bool) -> int:
    """List the places that are notified of trouble, and of what.

    With --test each gets a message now. Exits 1 if one of them does not take it, or none is
    configured.
    """
    settings = load(config, secrets=True)
    if not settings.notify:
        note(f"{config}: nobody is notified: add [[notify]] with url and on")
        return 1
    from sync.errors import ConfigError
    from sync.notifying import sending
    from sync.secrets import resolve

    failed = False
    for place in settings.notify:
        on = ", ".join(place.on) + (f"; quiet {place.quiet}" if place.quiet else "")
        if not test:
            click.echo(f"{place.name}: {on}")
            continue
        key = f"notify.{place.name}.url"
        title = f"Skew {settings.path.resolve().parent.name}: test"
        try:
            url = resolve(place.url, key=key, base=settings.path.parent).reveal()
            sent = asyncio.run(sending.send(url, key, title, f"You will be notified of: {on}"))
        except ConfigError as error:
            note(str(error))
            sent = False
        failed = failed or not sent
        click.echo(f"{'✓' if sent else '✖'} {place.name} {'took' if sent else 'did not take'} it")
    return 1 if failed else 0
