"""`skew snooze`: put pending updates off."""

from pathlib import Path

import click

from console.commands.decide.updates.outcome import print_outcome
from console.commands.decide.updates.selection import (
    SelectedUpdates,
    UpdateSelection,
    selection_options,
)
from console.commands.options import (
    by_option,
    config_option,
    example,
    for_option,
    json_option,
    period,
)
from console.context import load, open_cache


@click.command(epilog=example("skew snooze 881 --for 2h"))
@config_option
@json_option
@by_option
@for_option
@selection_options
def snooze(config: Path, *, as_json: bool, by: str, span: str, selection: UpdateSelection) -> int:
    """Put pending updates off; they are proposed again afterwards.

    Exits 1 if any could not be snoozed.
    """
    from store.corrections import decisions
    from store.model import CorrectionStatus
    from sync.clock import SystemClock

    span_ms = period(span)
    settings = load(config, secrets=False)
    with open_cache(settings) as database:
        selected = SelectedUpdates(settings, database, selection, (CorrectionStatus.PROPOSED,))
        now = SystemClock().now()
        decided = database.write(
            decisions.snooze, selected.seen, who=by, now=now, until=now + span_ms
        )
    return print_outcome(decided, f"snoozed for {span}", as_json=as_json)
