"""`skew cancel`: stop the poll of a channel."""

import asyncio
from pathlib import Path

import click

from console.commands.filters import check_channel
from console.commands.options import by_option, channel_names, config_option, example
from console.context import load, open_cache


@click.command(epilog=example("skew cancel shop"))
@config_option
@by_option
@click.argument("channel", shell_complete=channel_names)
def cancel(config: Path, *, by: str, channel: str) -> int:
    """Stop a channel's running poll, in whichever process it runs.

    The channel's readings stay as they were; the record of the poll says who stopped it. Exits 1
    if no poll runs.
    """
    from store.errors import NoSuchThing, StoreError
    from sync.clock import SystemClock
    from sync.engine import requests

    settings = load(config, secrets=False)
    check_channel(settings, channel)
    with open_cache(settings) as database:
        answers = asyncio.run(requests.ask(database, SystemClock(), "cancel", [channel], who=by))
    if answers is None:
        raise NoSuchThing(f"no poll of {channel} is running: no engine is running")
    if not answers[0].ok:
        raise StoreError(answers[0].result)
    click.echo(f"Cancelled: the poll of {channel}; its readings stay as they were.")
    return 0
