"""`skew poll`: one round of polls."""

import asyncio
from pathlib import Path

import click

from console.commands.options import channel_names, config_option, example, json_option
from console.context import load, note, open_cache


@click.command(epilog=example("skew poll", "skew poll warehouse shop --json"))
@config_option
@json_option
@click.option(
    "--full", is_flag=True, help="Read everything, also where asking for what changed would do."
)
@click.argument("channels", metavar="[CHANNEL…]", nargs=-1, shell_complete=channel_names)
def poll(config: Path, *, as_json: bool, full: bool, channels: tuple[str, ...]) -> int:
    """Poll every channel once, or the named ones, and compare.

    A paused channel is polled only if you name it. A running engine does the round for this
    command. Exits 1 if a channel failed or was quarantined.
    """
    settings = load(config, secrets=True)
    from console.commands.filters import check_channel
    from console.commands.run.one_round import engine_for_one_round
    from console.text import remedies
    from store.channels import incidents, pauses
    from store.model import PollOutcome
    from sync.clock import SystemClock

    for name in channels:
        check_channel(settings, name)
    with open_cache(settings) as database:
        paused = database.read(pauses.by_people, now=SystemClock().now())
        engine = engine_for_one_round(settings, database, "skew poll")
        reports = asyncio.run(engine.poll(list(dict.fromkeys(channels)) or None, full=full))
        unreadable = remedies.unreadable_records(database.read(incidents.open_incidents))
    if as_json:
        from console.reports import json_documents

        click.echo(json_documents.write(json_documents.polls(reports)))
        for report in reports:
            problem = report.error or unreadable.get(report.channel)
            if problem:
                named = report.channel in problem
                note(problem if named else f"{report.channel}: {problem}")
    else:
        from console.reports import tables
        from console.reports.table import Paper

        click.echo("\n".join(tables.polls(reports, Paper.stdout(), unreadable)))
    if not channels:
        for pause in paused.values():
            note(f"{pause.channel} not polled: {remedies.pause_with_remedy(pause)}")
    return 0 if all(report.outcome is PollOutcome.GOOD for report in reports) else 1
