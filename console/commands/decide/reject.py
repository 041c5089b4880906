"""`skew reject`: refuse pending updates."""

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
from console.context import load, open_cache


@click.command(epilog=example("skew reject 881 --note 'recount tomorrow'"))
@config_option
@json_option
@by_option
@click.option(
    "--note", "--reason", "reason", metavar="TEXT", callback=text, help="Why, for the audit."
)
@selection_options
def reject(
    config: Path, *, as_json: bool, by: str, reason: str | None, selection: UpdateSelection
) -> int:
    """Reject pending updates; nothing new is proposed there until the stock changes.

    It stops an approved update too, if that is not being written yet. In a terminal it asks for a
    reason if you give none. Exits 1 if any could not be rejected.
    """
    if not reason:
        reason = click.prompt("Reason") if sys.stdin.isatty() else "no reason given"
    from store.corrections import decisions
    from store.model import CorrectionStatus
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    with open_cache(settings) as database:
        statuses = (CorrectionStatus.PROPOSED, CorrectionStatus.SNOOZED)
        selected = SelectedUpdates(settings, database, selection, statuses)
        decided = database.write(
            decisions.reject, selected.seen, who=by, now=SystemClock().now(), reason=reason
        )
    return print_outcome(decided, "rejected", as_json=as_json)
