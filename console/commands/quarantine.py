"""`skew accept` and `skew discard`: what becomes of a quarantined poll, its effect once seen."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.context import by_option, cache, config_option, example, json_option, load, note, text

if TYPE_CHECKING:
    from store.polling.quarantine_preview import QuarantineEffect


@click.command(epilog=example("skew accept shop --show", "skew accept shop --by ana"))
@config_option
@json_option
@by_option
@click.argument("channel", callback=text)
@click.option("--poll", "poll_id", type=int, help="Only if this poll is the one set aside.")
@click.option("--show", is_flag=True, help="Only tell what it would change; accept nothing.")
@click.option("--yes", is_flag=True, help="Do not ask in a terminal.")
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
    """Believe a channel's quarantined poll after all, once it has told what that changes.

    What was set aside becomes the channel's readings. `--json` has the effect with its listings,
    those that would move most first.
    """
    from console.commands.options import known_channel
    from console.reports import json_documents, json_incidents
    from store.errors import NoSuchThing
    from store.polling import quarantine, quarantine_preview
    from sync.clock import SystemClock
    from sync.targets import terms

    settings = load(config, secrets=False)
    known_channel(settings, channel)
    comparison = terms.comparison(settings)
    with cache(settings) as database:
        told = database.read(quarantine_preview.of_accepting, channel, comparison)
        if told is None:
            raise NoSuchThing(f"channel {channel} has no quarantined poll")
        if not as_json:
            _show(told)
        if show or not _confirmed(told, yes=yes or as_json):
            if as_json:
                click.echo(json_documents.write(json_incidents.effect(told, accepted=False)))
            return 0 if show else 1
        merge = database.write(
            quarantine.accept,
            channel,
            comparison,
            who=by,
            now=SystemClock().now(),
            poll_id=told.poll_id if poll_id is None else poll_id,
        )
    if as_json:
        click.echo(json_documents.write(json_incidents.effect(told, accepted=True)))
    else:
        click.echo(
            f"Accepted: {merge.changed:,} listings of {channel} changed, {merge.opened:,} "
            f"disagreements opened, {merge.closed:,} closed."
        )
    return 0


@click.command(epilog=example("skew discard shop --reason 'a test export'"))
@config_option
@by_option
@click.argument("channel", callback=text)
@click.option(
    "--reason", "--note", "reason", metavar="TEXT", callback=text, help="Why, for the record."
)
@click.option("--poll", "poll_id", type=int, help="Only if this poll is the one set aside.")
def discard(config: Path, *, by: str, channel: str, reason: str | None, poll_id: int | None) -> int:
    """Throw a channel's quarantined poll away; its last good readings count again.

    The next poll is judged anew. In a terminal it asks for a reason if none is given.
    """
    from console.commands.options import known_channel
    from store.polling import quarantine
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    known_channel(settings, channel)
    with cache(settings) as database:
        found = database.read(quarantine.waiting, channel)
        if found is not None and not reason and sys.stdin.isatty():
            reason = click.prompt("Reason")
        discarded = database.write(
            quarantine.discard,
            channel,
            who=by,
            why=reason or "no reason given",
            now=SystemClock().now(),
            poll_id=found[0] if found is not None and poll_id is None else poll_id,
        )
    click.echo(f"Discarded poll {discarded} of {channel}: its last good readings count again.")
    return 0


def _show(told: "QuarantineEffect") -> None:
    from console.reports import incident_tables
    from console.reports.table import Paper

    click.echo("\n".join(incident_tables.effect(told, Paper.stdout())))


def _confirmed(told: "QuarantineEffect", *, yes: bool) -> bool:
    """Ask a person at a terminal; a script that says accept means it."""
    if yes or not sys.stdin.isatty():
        return True
    answer: str = click.prompt(f"Type {told.moved} to believe it", default="", show_default=False)
    if answer.strip() == str(told.moved):
        return True
    note("nothing was accepted")
    return False
