"""`skew pause`, `resume` and `cancel`: what a person does with a channel rather than an update."""

import asyncio
from pathlib import Path

import click

from console.context import by_option, cache, config_option, example, load, note, text


@click.command(
    epilog=example(
        "skew pause shop --reason 'stock count'",
        "skew pause shop --for 8h --reason 'migration' --by ana",
    )
)
@config_option
@by_option
@click.argument("channel")
@click.option("--for", "span", default="1h", show_default=True, help="How long: 30m, 2h, 1d.")
@click.option(
    "--reason", metavar="TEXT", required=True, callback=text, help="Why, for everybody who looks."
)
def pause(config: Path, *, by: str, channel: str, span: str, reason: str) -> int:
    """Leave a channel alone for a while: it is neither polled nor written to.

    A running engine obeys within a second. It ends by itself, and the channel is polled at once.
    Meanwhile its readings grow old, turn stale, and what it disagrees on is unknown. A poll that
    runs goes on to its end (`skew cancel` stops it), and `skew poll CHANNEL` reads it all the same.
    """
    from console.commands.options import known_channel
    from console.text.format import clean, day_and_time
    from store.channels import pauses
    from sync.clock import SystemClock

    span_ms = _span_ms(span)
    if not reason.strip():
        raise click.BadParameter(
            "say why, for whoever finds the channel paused.", param_hint="--reason"
        )
    settings = load(config, secrets=False)
    known_channel(settings, channel)
    until = SystemClock().now() + span_ms
    with cache(settings) as database:
        database.write(pauses.pause, channel, who=by, reason=reason.strip(), until=until)
    click.echo(f"Paused: {channel} until {day_and_time(until)}, {clean(reason.strip())}")
    return 0


@click.command(epilog=example("skew resume shop"))
@config_option
@by_option
@click.argument("channel")
def resume(config: Path, *, by: str, channel: str) -> int:
    """End a channel's pause, a person's or the engine's own after refused credentials.

    A running engine polls it at once. Exits 1 if it is not paused.
    """
    from console.commands.options import known_channel
    from console.text.format import clean
    from store.channels import pauses
    from store.database import lease
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    known_channel(settings, channel)
    with cache(settings) as database:
        now = SystemClock().now()
        ended = database.write(pauses.resume, channel, who=by, now=now)
        engine = database.read(lease.current, now=now)
    click.echo(f"Resumed: {channel} by {clean(by)}; it was {clean(pauses.in_words(ended))}")
    if engine is None:
        note(f"no engine runs: `skew poll {channel}` reads it")
    return 0


@click.command(epilog=example("skew cancel shop"))
@config_option
@by_option
@click.argument("channel")
def cancel(config: Path, *, by: str, channel: str) -> int:
    """Stop the poll of a channel that runs, in whichever process.

    Nothing of it is kept but its record, which says who stopped it. Exits 1 if none runs.
    """
    from console.commands.options import known_channel
    from store.errors import NoSuchThing, StoreError
    from sync.clock import SystemClock
    from sync.engine import requests

    settings = load(config, secrets=False)
    known_channel(settings, channel)
    with cache(settings) as database:
        answers = asyncio.run(requests.ask(database, SystemClock(), "cancel", [channel], who=by))
    if answers is None:
        raise NoSuchThing(f"no poll of {channel} runs, for no engine does")
    if not answers[0].ok:
        raise StoreError(answers[0].result)
    click.echo(f"Cancelled: the poll of {channel}; its readings stand as they were.")
    return 0


def _span_ms(span: str) -> int:
    from store.channels.pauses import SPAN_MS_MAX
    from sync.units import period

    try:
        span_ms = period(span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--for") from None
    if span_ms > SPAN_MS_MAX:
        raise click.BadParameter(
            "at most 30d: a channel that nobody polls is one that nobody sees.", param_hint="--for"
        )
    return span_ms
