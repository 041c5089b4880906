"""`skew accept`: make a quarantined poll the channel's readings, once its effect is seen."""

import sys
from pathlib import Path

import click

from console.commands.filters import check_channel
from console.commands.options import (
    by_option,
    channel_names,
    config_option,
    example,
    json_option,
    text,
)
from console.context import load, note, open_cache


@click.command(epilog=example("skew accept shop --show", "skew accept shop --by ana"))
@config_option
@json_option
@by_option
@click.argument("channel", callback=text, shell_complete=channel_names)
@click.option("--poll", "poll_id", type=int, help="Only if this poll is the quarantined one.")
@click.option("--show", is_flag=True, help="Only show what it would change; accept nothing.")
@click.option("--yes", is_flag=True, help="In a terminal, do not ask.")
def accept(  # noqa: PLR0913 - its options.
    config: Path,
    *,
    as_json: bool,
    by: str,
    channel: str,
    poll_id: int | None,
    show: bool,
    yes: bool,
) -> int:
    """Show what a channel's quarantined poll would change, and accept it.

    The poll becomes the channel's readings. `--json` has the effect with its listings, those that
    would change most first. Exits 1 if there is no quarantined poll, or you said no.
    """
    from console.reports import json_documents
    from console.reports.incidents import incident_tables, json_incidents
    from console.reports.table import Paper
    from store.errors import NoSuchThing, NotAllowed
    from store.polling import quarantine
    from store.polling.preview import quarantine_preview
    from sync.clock import SystemClock
    from sync.corrections import decide
    from sync.targets import terms

    settings = load(config, secrets=False)
    check_channel(settings, channel)
    comparison = terms.comparison(settings)
    with open_cache(settings) as database:
        effect = database.read(quarantine_preview.preview_accepting, channel, comparison)
        if effect is None:
            raise NoSuchThing(f"channel {channel} has no quarantined poll")
        if not as_json:
            click.echo("\n".join(incident_tables.effect(effect, Paper.stdout())))
        if not show and (why := decide.why_not_allowed(settings, by)):
            raise NotAllowed(why)
        if show or not _confirmed(effect.moved, yes=yes or as_json):
            if as_json:
                click.echo(json_documents.write(json_incidents.effect(effect, accepted=False)))
            return 0 if show else 1
        merge = database.write(
            quarantine.accept,
            channel,
            comparison,
            who=by,
            now=SystemClock().now(),
            poll_id=effect.poll_id if poll_id is None else poll_id,
        )
    if as_json:
        click.echo(json_documents.write(json_incidents.effect(effect, accepted=True)))
    else:
        from console.text.format import plural

        click.echo(
            f"Accepted: {plural(merge.changed, 'listing')} of {channel} changed, "
            f"{plural(merge.opened, 'disagreement')} opened, {merge.closed:,} closed."
        )
    return 0


def _confirmed(count: int, *, yes: bool) -> bool:
    """Ask a person at a terminal; a script that says accept means it."""
    if yes or not sys.stdin.isatty():
        return True
    answer: str = click.prompt(f"Type {count} to accept it", default="", show_default=False)
    if answer.strip() == str(count):
        return True
    note("nothing was accepted")
    return False
