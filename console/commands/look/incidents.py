"""`skew incidents`: trouble with channels, and who has seen it."""

from collections.abc import Callable, Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.filters import check_channel
from console.commands.options import (
    by_option,
    channels_option,
    config_option,
    example,
    for_option,
    json_option,
    period,
)
from console.context import load, note, open_cache

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from console.reports.streaming.outlet import Outlet
    from store.channels.incident_list import IncidentState
    from store.database.connection import Database, Snapshot
    from store.model import Incident, Millis

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
@click.option("--all", "everything", is_flag=True, help="Also the closed ones, newest first.")
@channels_option
@click.pass_context
def incidents(
    ctx: click.Context, config: Path, *, as_json: bool, everything: bool, channels: tuple[str, ...]
) -> int:
    """List the open incidents, the worst first; acknowledge and snooze them by their ID.

    A snoozed incident neither counts nor alarms until its time, unless it gets worse. Exits 1
    while any is open and not snoozed.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from console.reports.streaming.outlet import Outlet
    from store.channels import incident_list
    from store.channels.incident_list import IncidentFilter, IncidentState
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    for channel in channels:
        check_channel(settings, channel)
    now = SystemClock().now()
    wanted = IncidentFilter(channels=channels, states=tuple(IncidentState) if everything else ())
    with (
        Outlet() as outlet,
        open_cache(settings) as database,
        database.snapshot() as snapshot,
    ):
        ids = snapshot.read(incident_list.incident_ids, wanted, now=now)
        states = _write(snapshot, ids, outlet, now=now, as_json=as_json)
    quiet = (IncidentState.CLOSED, IncidentState.SNOOZED)
    return 1 if states.difference(quiet) else 0


def _write(
    snapshot: "Snapshot", ids: "array[int]", outlet: "Outlet", *, now: "Millis", as_json: bool
) -> "set[IncidentState]":
    """Write these incidents as they are read; answer which states they are in."""
    from console.reports.incidents import incident_tables, json_incidents
    from console.reports.streaming.json_stream import JsonStream
    from console.reports.streaming.parts import in_parts, lines_text
    from console.reports.table import Paper
    from store.channels import incident_list

    states: set[IncidentState] = set()

    def parts() -> "Iterator[list[Incident]]":
        for part in in_parts(ids):
            listed = snapshot.read(incident_list.incidents_by_id, part)
            states.update(incident_list.state(incident, now) for incident in listed)
            yield listed

    if as_json:
        document = JsonStream(outlet.write)
        document.texts(
            "incidents",
            ([dumps(json_incidents.incident(row, now)) for row in part] for part in parts()),
        )
        document.end()
        return states
    paper = Paper.stdout()
    table = incident_tables.IncidentTable(paper, now=now)
    for part in parts():
        outlet.write(lines_text(table.lines(part)))
    if not ids:
        outlet.write(lines_text([paper.line("No incidents.")]))
    return states


@incidents.command(epilog=example("skew incidents acknowledge 12 --by ana"))
@config_option
@by_option
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID…")
def acknowledge(config: Path, *, by: str, ids: tuple[int, ...]) -> int:
    """Note that you have seen incidents; they stay open. Exits 1 if any is closed already."""
    from store.channels import incidents as store

    def act(database: "Database", number: int, now: "Millis") -> None:
        database.write(store.acknowledge, number, who=by, now=now)

    return _for_each(config, ids, act, "acknowledged")


@incidents.command(epilog=example("skew incidents snooze 12 --for 2h"))
@config_option
@by_option
@for_option
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID…")
def snooze(config: Path, *, by: str, span: str, ids: tuple[int, ...]) -> int:
    """Let incidents neither count nor alarm for a while, unless they get worse.

    Exits 1 if any is closed already.
    """
    from store.channels import incidents as store

    span_ms = period(span)

    def act(database: "Database", number: int, now: "Millis") -> None:
        database.write(store.snooze, number, who=by, until=now + span_ms)

    return _for_each(config, ids, act, f"snoozed for {span}")


@incidents.command(epilog=example("skew incidents wake 12"))
@config_option
@by_option
@click.argument("ids", nargs=-1, type=int, required=True, metavar="ID…")
def wake(config: Path, *, by: str, ids: tuple[int, ...]) -> int:
    """End the snooze of incidents: they count again. Exits 1 if any is not snoozed."""
    from store.channels import incidents as store

    def act(database: "Database", number: int, now: "Millis") -> None:
        database.write(store.wake, number, who=by, now=now)

    return _for_each(config, ids, act, "awake again")


def _for_each(config: Path, ids: Sequence[int], act: "Act", done: str) -> int:
    """Act on each, print how many it was done to, and note why it was not on the others."""
    from console.text.format import plural
    from store.errors import NoSuchThing
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    refused = 0
    with open_cache(settings) as database:
        for number in dict.fromkeys(ids):
            try:
                act(database, number, SystemClock().now())
            except NoSuchThing as error:
                refused += 1
                note(str(error))
    count = len(set(ids)) - refused
    if count:
        click.echo(f"{plural(count, 'incident')} {done}.")
    return 1 if refused else 0
