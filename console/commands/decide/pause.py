"""`skew pause`: leave a channel alone for a while."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.filters import check_channel
from console.commands.options import by_option, config_option, example, for_option, period, text
from console.context import load, open_cache

if TYPE_CHECKING:
    from sync.units import Period


@click.command(
    epilog=example(
        "skew pause shop --reason 'stock count'",
        "skew pause shop --for 8h --reason 'migration' --by ana",
    )
)
@config_option
@by_option
@click.argument("channel")
@for_option
@click.option(
    "--reason", metavar="TEXT", required=True, callback=text, help="Why, for everybody who looks."
)
def pause(config: Path, *, by: str, channel: str, span: str, reason: str) -> int:
    """Leave a channel alone for a while: it is neither polled nor written to.

    A running engine obeys within a second. The pause ends by itself, and the channel is polled at
    once. Meanwhile its readings turn stale, and its disagreements are unknown. A poll that runs
    already goes on (`skew cancel` stops it), and `skew poll CHANNEL` polls it all the same.
    """
    from console.text.format import clean, day_and_time
    from store.channels import pauses
    from sync.clock import SystemClock

    span_ms = _pause_span(span)
    if not reason.strip():
        raise click.BadParameter(
            "is empty: say why, for whoever finds the channel paused.", param_hint="--reason"
        )
    settings = load(config, secrets=False)
    check_channel(settings, channel)
    until = SystemClock().now() + span_ms
    with open_cache(settings) as database:
        database.write(pauses.pause, channel, who=by, reason=reason.strip(), until=until)
    click.echo(f"Paused: {channel} until {day_and_time(until)}, {clean(reason.strip())}")
    return 0


def _pause_span(span: str) -> "Period":
    from store.channels.pauses import SPAN_MS_MAX

    span_ms = period(span)
    if span_ms > SPAN_MS_MAX:
        raise click.BadParameter(
            f"{span!r} is too long: at most 30d, so that no channel stays paused unnoticed.",
            param_hint="--for",
        )
    return span_ms
