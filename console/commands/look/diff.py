"""`skew diff`: which listings disagree, what each should show, and why."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import config_option, example, json_option
from console.context import load, note, open_cache

if TYPE_CHECKING:
    from console.text.disagreement_groups import Explained, GroupBy
    from store.database.connection import Database
    from store.model import Millis
    from store.queries.uncounted import UncountedListing
    from store.queries.values import DisagreementFilter
    from sync.settings import Settings

GROUPINGS = ("cause", "channel", "sku")
KINDS = ("quantity", "state", "missing", "unlisted", "negative", "duplicate")


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
@click.option("--by", type=click.Choice(GROUPINGS), help="Group them: those of one cause together.")
def diff(  # noqa: PLR0913 - its options.
    config: Path,
    *,
    as_json: bool,
    as_csv: bool,
    channels: tuple[str, ...],
    skus: tuple[str, ...],
    kinds: tuple[str, ...],
    by: "GroupBy | None",
) -> int:
    """List the disagreements: what each channel shows, what it should show, and why.

    Exits 0 where all could be compared and nothing disagrees, else 1. What could not be compared
    stands on stderr.
    """
    if as_json and as_csv:
        raise click.UsageError("Choose one of --json and --csv.")
    from console.commands.filters import disagreement_filter
    from console.text import remedies
    from console.text.format import clean
    from store.channels import incidents
    from store.queries import uncounted, views
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    wanted, is_wanted = disagreement_filter(settings, channels=channels, skus=skus, kinds=kinds)
    now = SystemClock().now()
    with open_cache(settings) as database:
        disagreements = _explained(database, settings, wanted, is_wanted, now)
        health = database.read(views.channels, now=now)
        open_incidents = database.read(incidents.open_incidents)
        # Of one kind of disagreement is asked: these are of none.
        found = [] if kinds else database.read(uncounted.uncounted)
    apart = [
        listing
        for listing in found
        if is_wanted(listing.sku) and (not channels or listing.channel in channels)
    ]
    not_compared = list(remedies.not_compared(health, open_incidents, channels))
    for reason in not_compared:
        note(reason)
    form = "json" if as_json else "csv" if as_csv else "table"
    if form == "table" and (text := remedies.blind(health, channels)):
        click.echo(clean(text))
    _print(disagreements, apart, form, by, now=now, all_compared=not not_compared)
    # A script that asks whether all is well must not hear yes while something can't be seen.
    return 1 if disagreements or not_compared else 0


def _explained(
    database: "Database",
    settings: "Settings",
    wanted: "DisagreementFilter",
    is_wanted: Callable[[str], bool],
    now: "Millis",
) -> "list[Explained]":
    """Read disagreements with their causes, from one snapshot each."""
    from store.causes import find_facts, similar_skus
    from store.queries import views
    from sync.causes import explain
    from sync.targets import terms

    disagreements = [
        disagreement
        for disagreement in database.read(views.disagreements, wanted, now=now)
        if is_wanted(disagreement.sku)
    ]
    # Similar SKUs are looked up in an index that is filled a part at a time, so that no reader
    # waits for it. Here a person waits for the answer: it is filled to its end first.
    if any(disagreement.kind in similar_skus.KINDS_WITH_SIMILAR for disagreement in disagreements):
        while database.read(similar_skus.is_behind):
            database.write(similar_skus.fill)
    ids = [disagreement.id for disagreement in disagreements]
    facts = database.read(find_facts.find, ids)
    causes = explain.causes(disagreements, facts, terms.terms(settings), now=now)
    return [(disagreement, causes.get(disagreement.id)) for disagreement in disagreements]


def _print(
    disagreements: "list[Explained]",
    apart: "list[UncountedListing]",
    form: str,
    by: "GroupBy | None",
    *,
    now: "Millis",
    all_compared: bool,
) -> None:
    """Print in one of the forms `json`, `csv` and `table`; `by` groups them."""
    from console.reports import disagreements as report
    from console.reports import json_documents
    from console.reports.table import Paper
    from console.text.disagreement_groups import grouped, in_order

    groups = grouped(disagreements, by) if by else []
    if form == "json":
        document = (
            json_documents.diff_by(groups, apart)
            if by
            else json_documents.diff(disagreements, apart)
        )
        click.echo(json_documents.write(document))
    elif form == "csv":
        click.echo(report.diff_csv(in_order(groups) if by else disagreements), nl=False)
    else:
        paper = Paper.stdout()
        lines = (
            report.by_group(groups, paper, now=now)
            if groups
            else report.diff(disagreements, paper, now=now, all_compared=all_compared)
        )
        click.echo("\n".join([*lines, *report.uncounted(apart, paper)]))
