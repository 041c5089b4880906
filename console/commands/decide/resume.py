"""`skew resume`: end a channel's pause."""

from pathlib import Path

import click

from console.commands.filters import check_channel
from console.commands.options import by_option, config_option, example
from console.context import load, note, open_cache


@click.command(epilog=example("skew resume shop"))
@config_option
@by_option
@click.argument("channel")
def resume(config: Path, *, by: str, channel: str) -> int:
    """End a channel's pause, a person's or the engine's own after refused credentials.

    A running engine polls it at once. Exits 1 if it is not paused.
    """
    from console.text.format import clean
    from store.channels import pauses
    from store.database import lease
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    check_channel(settings, channel)
    with open_cache(settings) as database:
        now = SystemClock().now()
        ended = database.write(pauses.resume, channel, who=by, now=now)
        engine = database.read(lease.current, now=now)
    click.echo(f"Resumed: {channel} by {clean(by)}; it was {clean(pauses.in_words(ended))}")
    if engine is None:
        note(f"no engine runs: `skew poll {channel}` polls it now")
    return 0
