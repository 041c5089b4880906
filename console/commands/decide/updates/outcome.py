"""What became of a decision on updates: printed, and the exit code for it."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from store.decision import Decision
    from sync.corrections.decide import BlastRadius


def print_outcome(
    decisions: "list[Decision]", done: str, effect: "BlastRadius | None" = None, *, as_json: bool
) -> int:
    """Print what each decision came to; answer 0 where all were done, else 1."""
    from console.reports import json_documents, tables
    from console.reports.table import Paper

    if as_json:
        click.echo(json_documents.write(json_documents.decisions(decisions, effect)))
    else:
        click.echo("\n".join(tables.decisions(decisions, done, Paper.stdout())))
    return 0 if all(decision.ok for decision in decisions) else 1
