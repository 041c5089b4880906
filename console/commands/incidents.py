"""`skew incidents`: trouble with channels, and who knows of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.context import by_option, cache, config_option, example, json_option, load, note, text

if TYPE_CHECKING:
    from store.database.connection import Database
    from store.model import Millis

    Act = Callable[[Database, int, Millis], None]


@click.group(
    invoke_without_command=True,
    epilog=example(
        "skew incidents",
        "skew incidents --all --channel shop --json",
        "skew incidents acknowledge 12 --by ana",
        "skew incidents snooze 12 --for 2h",
    ),
)
@config_option
@json_option
@click.option("--all", "everything", is_flag=True, help="The closed ones too, newest first.")
@click.option("--channel", "channels", multiple=True, help="Only this channel. May be repeated.")
@click.pass_context
def incidents(
    ctx: click.Context, config: Path, *, as_json: bool, everything: bool, channels: tuple[str, ...]
) -> int:
    """List the open incidents, the worst first; acknowledge and snooze them by their ID.

    A snoozed incident is not counted and nobody is told of it until its time, unless it gets
    worse. Exits 1 while any is open and not snoozed.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from console.commands.options import known_channel
    from console.reports import incident_tables, json_documents, json_incidents
    from console.reports.table import Paper
    from store.channels import incident_list
    from store.channels.incident_list import IncidentFilter, IncidentState
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    for channel in channels:
        known_channel(settings, channel)
    now = SystemClock().now()
    wanted = IncidentFilter(channels=channels, states=tuple(IncidentState) if everything else ())
    with cache(settings) as database:
        ids = database.read(incident_list.incident_ids, wanted, now=now)
        found = database.read(incident_list.incidents_by_id, ids)
    if as_json:
        click.echo(json_documents.write(json_incidents.incidents(found, now=now)))
    else:
        click.echo("\n".join(incident_tables.incidents(found, Paper.stdout(), now=now)))
    quiet = (IncidentState.CLOSED, IncidentState.SNOOZED)
    return 1 if any(incident_list.state(one, now) not in quiet for one in found) else 0


@incidents.command(epilog=example("skew incidents acknowledge 12 --by ana"))
@config_option
@by_option
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID…")
def acknowledge(config: Path, *, by: str, ids: tuple[int, ...]) -> int:
    """Note that you have seen incidents; they stay open. Exits 1 if any is over."""
    from store.channels import incidents as store

    def act(database: "Database", number: int, now: "Millis") -> None:
        database.write(store.acknowledge, number, who=by, now=now)

    return _each(config, ids, act, "acknowledged")


@incidents.command(epilog=example("skew incidents snooze 12 --for 2h"))
@config_option
@by_option
@click.option(
    "--for", "span", default="1h", show_default=True, callback=text, help="How long: 30m, 2h, 1d."
)
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID…")
def snooze(config: Path, *, by: str, span: str, ids: tuple[int, ...]) -> int:
    """Have nobody told of incidents for a while, unless they get worse.

    Exits 1 if any is over.
    """
    from store.channels import incidents as store
    from sync.units import period

    try:
        span_ms = period(span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--for") from None

    def act(database: "Database", number: int, now: "Millis") -> None:
        database.write(store.snooze, number, who=by, until=now + span_ms)

    return _each(config, ids, act, f"snoozed for {span}")


@incidents.command(epilog=example("skew incidents wake 12"))
@config_option
@by_option
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID…")
def wake(config: Path, *, by: str, ids: tuple[int, ...]) -> int:
    """End the snooze of incidents: they are told again. Exits 1 if any is not snoozed."""
    from store.channels import incidents as store

    def act(database: "Database", number: int, now: "Millis") -> None:
        database.write(store.wake, number, who=by, now=now)

    return _each(config, ids, act, "told again")


def _each(config: Path, ids: Sequence[int], act: "Act", done: str) -> int:
    """Do it to each, say which could not be, and how many were."""
    from console.text.format import plural
    from store.errors import NoSuchThing
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    void = 0
    with cache(settings) as database:
        for number in dict.fromkeys(ids):
            try:
                act(database, number, SystemClock().now())
            except NoSuchThing as error:
                void += 1
                note(str(error))
    moved = len(set(ids)) - void
    if moved:
        click.echo(f"{plural(moved, 'incident')} {done}.")
    return 1 if void else 0
