"""`skew undo`: take decisions back: approvals during their hold, snoozes and rejections."""

from pathlib import Path

import click

from console.commands.decide.updates.outcome import print_outcome
from console.commands.decide.updates.selection import (
    SelectedUpdates,
    UpdateSelection,
    selection_options,
)
from console.commands.options import by_option, config_option, example, json_option
from console.context import load, open_cache


@click.command(epilog=example("skew undo 881"))
@config_option
@json_option
@by_option
@selection_options
def undo(config: Path, *, as_json: bool, by: str, selection: UpdateSelection) -> int:
    """Take approvals back, as long as their hold lasts, and by ID snoozes and rejections, too.

    What was snoozed or rejected is proposed again, unless its target or reading has moved. With
    --all only approvals are taken back. Exits 1 if any could not be taken back.
    """
    from store.corrections import decisions
    from store.model import CorrectionStatus
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    with open_cache(settings) as database:
        selected = SelectedUpdates(settings, database, selection, (CorrectionStatus.APPROVED,))
        decided = database.write(decisions.undo, selected.seen, who=by, now=SystemClock().now())
    return print_outcome(decided, "taken back", as_json=as_json)
