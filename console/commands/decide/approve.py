"""`skew approve`: let pending updates be written."""

import sys
from pathlib import Path

import click

from console.commands.decide.updates.outcome import print_outcome
from console.commands.decide.updates.selection import (
    SelectedUpdates,
    UpdateSelection,
    selection_options,
)
from console.commands.options import by_option, config_option, example, json_option, text
from console.context import load, note, open_cache


@click.command(
    epilog=example(
        "skew approve 881 882",
        "skew approve 881@3 --note 'recounted'",
        "skew approve --all --channel shop --by ana",
    )
)
@config_option
@json_option
@by_option
@click.option("--note", "note_text", metavar="TEXT", callback=text, help="Why, for the audit.")
@click.option("--yes", is_flag=True, help="In a terminal, do not ask before approving --all.")
@selection_options
def approve(
    config: Path,
    *,
    as_json: bool,
    by: str,
    note_text: str | None,
    yes: bool,
    selection: UpdateSelection,
) -> int:
    """Let pending updates be written, once their hold has passed.

    ID@VERSION approves only the version that you saw. Exits 1 if any could not be approved.
    """
    from console.reports import tables
    from console.reports.table import Paper
    from console.text import remedies
    from store.channels import write_pauses
    from store.model import CorrectionStatus
    from sync.clock import SystemClock
    from sync.corrections import decide

    settings = load(config, secrets=False)
    with open_cache(settings) as database:
        selected = SelectedUpdates(settings, database, selection, (CorrectionStatus.PROPOSED,))
        effect = None
        if selected.corrections is not None:
            count = len(selected.corrections)
            effect = decide.blast_radius(selected.corrections)
            if not as_json:
                click.echo("\n".join(tables.effect(effect, count, Paper.stdout())))
            if not _confirmed(count, yes=yes or as_json):
                return 1
        decisions = decide.approve(
            database, settings, selected.seen, who=by, now=SystemClock().now(), note=note_text
        )
        stopped = database.read(write_pauses.in_force)
    if stopped is not None:
        note(f"what is approved waits: {remedies.write_pause_with_remedy(stopped)}")
    return print_outcome(decisions, "approved", effect, as_json=as_json)


def _confirmed(count: int, *, yes: bool) -> bool:
    """Ask a person at a terminal; a script that says --all means it."""
    if yes or count == 0 or not sys.stdin.isatty():
        return True
    answer: str = click.prompt(f"Type {count} to approve", default="", show_default=False)
    if answer.strip() == str(count):
        return True
    note("nothing was approved")
    return False
