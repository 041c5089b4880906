"""`skew discard`: throw a quarantined poll away."""

import sys
from pathlib import Path

import click

from console.commands.filters import check_channel
from console.commands.options import by_option, channel_names, config_option, example, text
from console.context import load, open_cache


@click.command(epilog=example("skew discard shop --reason 'a test export'"))
@config_option
@by_option
@click.argument("channel", callback=text, shell_complete=channel_names)
@click.option(
    "--reason", "--note", "reason", metavar="TEXT", callback=text, help="Why, for the record."
)
@click.option("--poll", "poll_id", type=int, help="Only if this poll is the quarantined one.")
def discard(config: Path, *, by: str, channel: str, reason: str | None, poll_id: int | None) -> int:
    """Discard a channel's quarantined poll; its last good readings count again.

    The next poll is checked like any other. In a terminal it asks for a reason if you give none.
    Exits 1 if there is no quarantined poll.
    """
    from store.polling import quarantine
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    check_channel(settings, channel)
    with open_cache(settings) as database:
        # The poll is read before the reason is asked for. While a person types, another poll may
        # take its place, and that one must not be discarded for a reason that is not its own.
        quarantined = database.read(quarantine.waiting, channel)
        if quarantined is not None and not reason and sys.stdin.isatty():
            reason = click.prompt("Reason")
        discarded = database.write(
            quarantine.discard,
            channel,
            who=by,
            why=reason or "no reason given",
            now=SystemClock().now(),
            poll_id=quarantined[0] if quarantined is not None and poll_id is None else poll_id,
        )
    click.echo(f"Discarded: poll {discarded} of {channel}; its last good readings count again.")
    return 0
