"""`skew status`: the health of everything, for people and monitors."""

from pathlib import Path

import click

from console.commands.options import config_option, example, json_option
from console.context import load, open_cache


@click.command(
    epilog=example("skew status", "skew status --json | jq '.channels[] | select(.age_s > 600)'")
)
@config_option
@json_option
def status(config: Path, *, as_json: bool) -> int:
    """Show the health of everything: channels, counts, incidents.

    Exits 0 when all is well, and 1 while anything is open or stale or all writes are paused, so
    that a monitor can call it. A snoozed incident does not count until its time.
    """
    from console.commands.look.health import report
    from store.queries import status_counts
    from sync.clock import SystemClock
    from sync.corrections import decide

    settings, now = load(config, secrets=False), SystemClock().now()
    with open_cache(settings) as database:
        counts = database.read(status_counts.status, now=now)
    return report(counts, as_json=as_json, window=decide.window_at(settings, now))
