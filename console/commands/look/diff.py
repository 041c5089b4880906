"""`skew diff`: which listings disagree, what each should show, and why."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from console.commands.options import channels_option, config_option, example, json_option, text
from console.context import load, note, open_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from console.reports.streaming.disagreement_pages import DisagreementPages
    from console.reports.streaming.outlet import Outlet
    from console.text.disagreement_groups import GroupBy
    from store.database.connection import Database, Snapshot
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
@channels_option
@click.option(
    "--sku", "skus", multiple=True, callback=text, help="Only this SKU, or a pattern with *."
)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind.")
@click.option("--ignored", is_flag=True, help="Only what a rule ignores: skew ignore.")
@click.option("--by", type=click.Choice(GROUPINGS), help="Group them: those of one cause together.")
def diff(  # noqa: PLR0913 - its options.
    config: Path,
    *,
    as_json: bool,
    as_csv: bool,
    channels: tuple[str, ...],
    skus: tuple[str, ...],
    kinds: tuple[str, ...],
    ignored: bool,
    by: "GroupBy | None",
) -> int:
    """List the disagreements: what each channel shows, what it should show, and why.

    Exits 0 where all could be compared and nothing disagrees, else 1. What could not be compared
    stands on stderr. What a rule ignores is counted below the list, and listed by --ignored.
    """
    if as_json and as_csv:
        raise click.UsageError("Choose one of --json and --csv.")
    from console.commands.filters import disagreement_filter
    from console.reports.streaming import csv_rows
    from console.reports.streaming.outlet import Outlet

    settings = load(config, secrets=False)
    wanted, is_wanted = disagreement_filter(
        settings, channels=channels, skus=skus, kinds=kinds, ignored=ignored
    )
    question = _Question(wanted, is_wanted, by, "json" if as_json else "csv" if as_csv else "table")
    # The cache is closed before the outlet hands over what its reader was too slow for.
    with (
        Outlet(unfinished=csv_rows.UNFINISHED if as_csv else "") as outlet,
        open_cache(settings) as database,
    ):
        return _report(database, settings, question, outlet)


class _Question(NamedTuple):
    """What was asked: the filter, whether a SKU passes it, and how the answer is to look."""

    wanted: "DisagreementFilter"
    is_wanted: Callable[[str], bool]
    by: "GroupBy | None"
    form: str


class _Below(NamedTuple):
    """What stands below the list: what is not counted, and how many a rule ignores."""

    apart: "Iterable[UncountedListing]"
    ignored: int


def _report(
    database: "Database", settings: "Settings", question: _Question, outlet: "Outlet"
) -> int:
    """Write all of one snapshot as it is read; answer the exit code."""
    from console.reports.streaming.disagreement_pages import DisagreementPages
    from console.text import remedies
    from console.text.format import clean
    from store.channels import incidents
    from store.queries import status_counts, uncounted
    from sync.clock import SystemClock
    from sync.targets import terms

    now = SystemClock().now()
    wanted = question.wanted
    _fill_similar(database, wanted)
    with database.snapshot() as snapshot:
        health = snapshot.read(status_counts.channels, now=now)
        open_incidents = snapshot.read(incidents.open_incidents)
        not_compared = list(remedies.not_compared(health, open_incidents, wanted.channels))
        for reason in not_compared:
            note(reason)
        if question.form == "table" and (text := remedies.blind(health, wanted.channels)):
            outlet.write(f"{clean(text)}\n")
        pages = DisagreementPages(
            snapshot, wanted, question.is_wanted, terms.terms(settings), now=now
        )
        ignored = 0 if wanted.ignored else _count_ignored(snapshot, question, now=now)
        # Of one kind of disagreement is asked: these are of none.
        found = iter(()) if wanted.kinds or wanted.ignored else snapshot.read(uncounted.in_order)
        apart = (
            listing
            for listing in found
            if question.is_wanted(listing.sku)
            and (not wanted.channels or listing.channel in wanted.channels)
        )
        below = _Below(apart, ignored)
        if question.form == "json":
            count = _write_json(pages, below, question.by, outlet)
        elif question.form == "csv":
            count = _write_csv(pages, question.by, outlet)
        else:
            count = _write_table(
                pages, below, question.by, outlet, now=now, all_compared=not not_compared
            )
    # A script that asks whether all is well must not hear yes while something can't be seen.
    return 1 if count or not_compared else 0


def _count_ignored(snapshot: "Snapshot", question: _Question, *, now: "Millis") -> int:
    """How many that were asked for a rule ignores."""
    import msgspec

    from store.queries import views

    hidden = msgspec.structs.replace(question.wanted, ignored=True)
    ids = snapshot.read(views.disagreement_ids, hidden, now=now)
    if not ids or question.is_wanted(""):
        return len(ids)  # Whatever the SKU.
    rows = snapshot.read(views.disagreements_by_id, ids, now=now)
    return sum(question.is_wanted(row.sku) for row in rows)


def _fill_similar(database: "Database", wanted: "DisagreementFilter") -> None:
    """Complete the index of similar SKUs, where one that is asked for needs it."""
    import msgspec

    from store.causes import similar_skus
    from store.queries import views
    from sync.clock import SystemClock

    # It is filled a part at a time, so that no reader waits for it. Here a person waits for the
    # answer: it is filled to its end first, before the snapshot, which would not see it.
    kinds = [kind for kind in similar_skus.KINDS_WITH_SIMILAR if kind in (wanted.kinds or [kind])]
    if not kinds or not database.read(similar_skus.is_behind):
        return
    now = SystemClock().now()
    asked = msgspec.structs.replace(wanted, kinds=tuple(kinds))
    if database.read(views.disagreement_ids, asked, now=now):
        while database.read(similar_skus.is_behind):
            database.write(similar_skus.fill)


def _write_json(
    pages: "DisagreementPages",
    below: _Below,
    by: "GroupBy | None",
    outlet: "Outlet",
) -> int:
    from console.reports import json_documents
    from console.reports.streaming import json_rows
    from console.reports.streaming.json_stream import JsonStream
    from console.reports.streaming.parts import in_parts

    count = 0

    def texts() -> "Iterator[list[str]]":
        nonlocal count
        for page in pages.pages():
            count += len(page)
            yield [json_rows.disagreement(*explained) for explained in page]

    document = JsonStream(outlet.write)
    if by:
        document.value("groups", [json_documents.group(total) for total in pages.group(by).sums()])
    document.texts("disagreements", texts())
    document.texts("uncounted", (map(json_rows.uncounted, part) for part in in_parts(below.apart)))
    document.value("ignored", below.ignored)
    document.end()
    return count


def _write_csv(pages: "DisagreementPages", by: "GroupBy | None", outlet: "Outlet") -> int:
    from console.reports.streaming import csv_rows

    count = 0
    if by:
        pages.group(by)
    outlet.write(csv_rows.disagreements_heading())
    for page in pages.pages():
        count += len(page)
        outlet.write(csv_rows.disagreements(page))
    return count


def _write_table(
    pages: "DisagreementPages",
    below: _Below,
    by: "GroupBy | None",
    outlet: "Outlet",
    *,
    now: "Millis",
    all_compared: bool,
) -> int:
    from console.reports import disagreements as report
    from console.reports.streaming.parts import lines_text
    from console.reports.table import Paper

    paper = Paper.stdout()
    table = report.DisagreementTable(paper, now=now, grouping=pages.group(by) if by else None)
    for page in pages.pages():
        outlet.write(lines_text(table.lines(page)))
    outlet.write(lines_text(table.total(all_compared=all_compared, ignored=below.ignored)))
    outlet.write(lines_text(report.uncounted(below.apart, paper)))
    return table.count
