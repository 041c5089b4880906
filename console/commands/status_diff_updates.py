"""`skew status`, `diff` and `updates`: what is in the cache, with its trust."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.context import cache, config_option, example, json_option, load, note, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.text.groups import By, Explained
    from store.database.connection import Database
    from store.model import Millis
    from store.queries.values import DisagreementFilter
    from sync.settings import Settings

GROUPINGS = ("cause", "channel", "sku")
KINDS = ("quantity", "state", "missing", "unlisted", "negative", "duplicate")


@click.command(
    epilog=example("skew status", "skew status --json | jq '.channels[] | select(.age_s > 600)'")
)
@config_option
@json_option
def status(config: Path, *, as_json: bool) -> int:
    """Tell the health of everything: channels, counts, incidents.

    Exits 0 when all is well, and 1 while anything is open or stale, so that a monitor can call it.
    A snoozed incident counts for nothing until its time.
    """
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from store.model import Freshness
    from store.queries import views
    from sync.clock import SystemClock

    with cache(load(config, secrets=False)) as database:
        counts = database.read(views.status, now=SystemClock().now())
    _print(
        json_documents.write(json_documents.status(counts))
        if as_json
        else tables.status(counts, Paper.stdout())
    )
    well = all(channel.freshness is Freshness.FRESH for channel in counts.channels)
    return 0 if well and not counts.overview.open and not counts.overview.incidents else 1


@click.command(
    epilog=example(
        "skew diff --channel shop --kind quantity",
        "skew diff --by cause",
        "skew diff --sku 'DS-*' --csv > disagreements.csv",
    )
)
@config_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated, safe for a spreadsheet.")
@click.option("--channel", "channels", multiple=True, help="Only this channel. May be repeated.")
@click.option("--sku", "skus", multiple=True, help="Only this SKU, or a pattern with *.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind.")
@click.option("--by", type=click.Choice(GROUPINGS), help="Group them: what has one cause together.")
def diff(  # noqa: PLR0913 - its options.
    config: Path,
    *,
    as_json: bool,
    as_csv: bool,
    channels: tuple[str, ...],
    skus: tuple[str, ...],
    kinds: tuple[str, ...],
    by: "By | None",
) -> int:
    """List the disagreements: what each channel shows, what it should show, and why.

    Exits 0 where there are none, and 1 where there are some. What could not be compared is told
    on stderr.
    """
    if as_json and as_csv:
        raise click.UsageError("Choose one of --json and --csv.")
    from console.commands.options import disagreement_filter
    from console.text import remedies
    from store.channels import incidents
    from store.queries import views
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    wanted, chosen = disagreement_filter(settings, channels=channels, skus=skus, kinds=kinds)
    now = SystemClock().now()
    with cache(settings) as database:
        found = _explained(database, settings, wanted, chosen, now)
        health = database.read(views.channels, now=now)
        troubles = database.read(incidents.open_incidents)
    not_compared = list(remedies.not_compared(health, troubles, channels))
    for each in not_compared:
        note(each)
    form = "json" if as_json else "csv" if as_csv else "table"
    _print_differences(found, form, by, now=now, all_compared=not not_compared)
    return 1 if found else 0


@click.command(epilog=example("skew updates", "skew updates --all --channel shop --json"))
@config_option
@json_option
@click.option("--channel", callback=text, help="Only this channel.")
@click.option("--sku", callback=text, help="Only this SKU.")
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
def updates(
    config: Path, *, as_json: bool, channel: str | None, sku: str | None, everything: bool
) -> int:
    """List the pending updates, and with --all what became of the others.

    `--json` always has all of them.
    """
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from store.model import LIVE_CORRECTIONS
    from store.queries import views
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    statuses = () if everything or as_json else LIVE_CORRECTIONS
    with cache(settings) as database:
        found = database.read(views.updates, statuses=statuses, channel=channel, sku=sku)
    if as_json:
        _print(json_documents.write(json_documents.updates(found)))
    else:
        _print(tables.updates(found, Paper.stdout(), now=SystemClock().now()))
    return 0


def _explained(
    database: "Database",
    settings: "Settings",
    wanted: "DisagreementFilter",
    chosen: "Callable[[str], bool]",
    now: "Millis",
) -> "list[Explained]":
    """Read disagreements with their causes, from one snapshot each."""
    from store.causes import find_facts, similar_skus
    from store.queries import views
    from sync.causes import explain
    from sync.targets import terms

    found = [one for one in database.read(views.disagreements, wanted, now=now) if chosen(one.sku)]
    if any(one.kind in similar_skus.ASKS_FOR_ALIKE for one in found):
        while database.read(similar_skus.is_behind):
            database.write(similar_skus.fill)
    known = database.read(find_facts.find, [one.id for one in found])
    causes = explain.causes(found, known, terms.terms(settings), now=now)
    return [(one, causes.get(one.id)) for one in found]


def _print_differences(
    found: "list[Explained]", form: str, by: "By | None", *, now: "Millis", all_compared: bool
) -> None:
    """Print in one of the forms `json`, `csv` and `table`; `by` groups them."""
    from console.reports import disagreements, json_documents
    from console.reports.table import Paper
    from console.text.groups import grouped, in_order

    groups = grouped(found, by) if by else []
    if form == "json":
        document = json_documents.diff_by(groups) if by else json_documents.diff(found)
        _print(json_documents.write(document))
    elif form == "csv":
        click.echo(disagreements.diff_csv(in_order(groups) if by else found), nl=False)
    elif groups:
        _print(disagreements.by_group(groups, Paper.stdout(), now=now))
    else:
        paper = Paper.stdout()
        _print(disagreements.diff(found, paper, now=now, all_compared=all_compared))


def _print(text: str | list[str]) -> None:
    click.echo(text if isinstance(text, str) else "\n".join(text))
