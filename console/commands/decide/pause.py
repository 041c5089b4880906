"""`skew pause`: leave a channel alone for a while, or stop all writes at once."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.filters import check_channel
from console.commands.options import (
    by_option,
    channel_names,
    config_option,
    example,
    for_option,
    period,
    text,
)
from console.context import load, note, open_cache, open_database

if TYPE_CHECKING:
    from sync.settings import Settings
    from sync.units import Period


@click.command(
    epilog=example(
        "skew pause shop --reason 'stock count'",
        "skew pause shop --for 8h --reason 'migration' --by ana",
        "skew pause --all --reason 'wrong prices in the feed'",
    )
)
@config_option
@by_option
@click.argument("channel", required=False, shell_complete=channel_names)
@for_option
@click.option("--all", "everything", is_flag=True, help="All writes, on every channel, at once.")
@click.option(
    "--reason", metavar="TEXT", required=True, callback=text, help="Why, for everybody who looks."
)
def pause(
    config: Path,
    *,
    by: str,
    channel: str | None,
    span: str,
    everything: bool,
    reason: str,
) -> int:
    """Leave a channel alone for a while, or, with --all, stop all writes at once.

    A paused channel is neither polled nor written to. A running engine obeys within a second. The
    pause ends by itself, and the channel is polled at once. Meanwhile its readings turn stale, and
    its disagreements are unknown. A poll that runs already goes on (`skew cancel` stops it), and
    `skew poll CHANNEL` polls it all the same.

    --all keeps every write from being sent, to every channel, those configured later included, by
    every engine and command, until `skew resume --all`. What is being written at that moment is
    finished and read back. Polls go on.
    """
    reason = reason.strip()
    if not reason:
        raise click.BadParameter(
            "is empty: say why, for whoever finds it paused.", param_hint="--reason"
        )
    if everything:
        if channel is not None:
            raise click.UsageError("--all pauses all writes: leave the channel's name out")
        if (
            click.get_current_context().get_parameter_source("span")
            is click.core.ParameterSource.COMMANDLINE
        ):
            raise click.UsageError("--all has no --for: it holds until `skew resume --all`")
        return _pause_all(load(config, secrets=False), by, reason)
    if channel is None:
        raise click.UsageError("name a channel, or --all for all writes")
    return _pause_channel(load(config, secrets=False), channel, _pause_span(span), by, reason)


def _pause_channel(
    settings: "Settings", channel: str, span_ms: "Period", by: str, reason: str
) -> int:
    from console.text.format import clean, day_and_time
    from store.channels import pauses
    from sync.clock import SystemClock

    check_channel(settings, channel)
    until = SystemClock().now() + span_ms
    with open_cache(settings) as database:
        database.write(pauses.pause, channel, who=by, reason=reason, until=until)
    click.echo(f"Paused: {channel} until {day_and_time(until)}, {clean(reason)}")
    return 0


def _pause_all(settings: "Settings", by: str, reason: str) -> int:
    from console.text.format import clean, plural
    from store.channels import write_pauses
    from store.queries import status_counts
    from sync.clock import SystemClock

    now = SystemClock().now()
    # The cache is not brought in line with the configuration first: that may take its time, and
    # this must not.
    with open_database(settings.database) as database:
        before = database.read(write_pauses.in_force)
        pause = database.write(write_pauses.begin, who=by, reason=reason, now=now)
        counts = database.read(status_counts.status, now=now).updates
    state = "Paused" if before is None else "Paused already"
    click.echo(
        f"{state}: {clean(write_pauses.in_words(pause))}; `skew resume --all` ends the pause"
    )
    writing = counts["applying"] + counts["applied"]
    if writing:
        note(f"{plural(writing, 'update')} being written now: finished, and read back")
    if counts["approved"]:
        note(f"{plural(counts['approved'], 'approved update')} not written, and may expire")
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
