"""`skew resume`: end a channel's pause, or the pause of all writes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.filters import check_channel
from console.commands.options import by_option, channel_names, config_option, example
from console.context import load, note, open_cache

if TYPE_CHECKING:
    from sync.settings import Settings


@click.command(epilog=example("skew resume shop", "skew resume --all"))
@config_option
@by_option
@click.argument("channel", required=False, shell_complete=channel_names)
@click.option("--all", "everything", is_flag=True, help="The pause of all writes.")
def resume(config: Path, *, by: str, channel: str | None, everything: bool) -> int:
    """End a channel's pause, or, with --all, the pause of all writes.

    A channel's pause is a person's or the engine's own, after refused credentials; a running
    engine polls it at once. Exits 1 if it is not paused. A pause of all writes is ended by --all
    alone, and --all ends no channel's own pause.
    """
    if everything and channel is not None:
        raise click.UsageError("--all ends the pause of all writes: leave the channel's name out")
    if everything:
        return _resume_all(load(config, secrets=False), by)
    if channel is None:
        raise click.UsageError("name a channel, or --all for all writes")
    return _resume_channel(load(config, secrets=False), channel, by)


def _resume_channel(settings: "Settings", channel: str, by: str) -> int:
    from console.text import remedies
    from console.text.format import clean
    from store.channels import pauses, write_pauses
    from store.database import lease
    from store.errors import NoSuchThing
    from sync.clock import SystemClock

    check_channel(settings, channel)
    with open_cache(settings) as database:
        now = SystemClock().now()
        stopped = database.read(write_pauses.in_force)
        try:
            ended = database.write(pauses.resume, channel, who=by, now=now)
        except NoSuchThing as error:
            if stopped is None:
                raise
            held = remedies.write_pause_with_remedy(stopped)
            raise NoSuchThing(f"{error} by itself: {held}") from error
        engine = database.read(lease.current, now=now)
    click.echo(f"Resumed: {channel} by {clean(by)}; it was {clean(pauses.in_words(ended))}")
    if stopped is not None:
        note(f"{channel} is not written to: {remedies.write_pause_with_remedy(stopped)}")
    if engine is None:
        note(f"no engine runs: `skew poll {channel}` polls it now")
    return 0


def _resume_all(settings: "Settings", by: str) -> int:
    from console.text import remedies
    from console.text.format import clean, plural
    from store.channels import pauses, write_pauses
    from store.queries import status_counts
    from sync.clock import SystemClock

    with open_cache(settings) as database:
        now = SystemClock().now()
        ended = database.write(write_pauses.end, who=by, now=now)
        status = database.read(status_counts.status, now=now)
        left = database.read(pauses.by_people, now=now)
    was = write_pauses.in_words(ended).replace(" are ", " were ", 1)
    click.echo(f"Resumed: all writes, by {clean(by)}; {clean(was)}")
    if approved := status.updates["approved"]:
        them = "it" if approved == 1 else "them"
        how = f"the engine writes {them}"
        if status.lease is None:
            how = f"no engine runs: `skew apply` writes {them}"
        note(f"{plural(approved, 'approved update')} waiting; {how}")
    for pause in left.values():
        note(f"{pause.channel} stays {remedies.pause_with_remedy(pause)}")
    return 0
