"""`skew revert`: propose the values from before a batch that was written."""

from pathlib import Path

import click

from console.commands.decide.updates.selection import seen_versions
from console.commands.options import by_option, config_option, example, json_option
from console.context import load, note, open_cache


@click.command(epilog=example("skew revert 881"))
@config_option
@json_option
@by_option
@click.argument("batch", metavar="BATCH")
def revert(config: Path, *, as_json: bool, by: str, batch: str) -> int:
    """Turn a batch back: propose the values from before, as updates that you approve.

    BATCH is the ID of any update of it. What has moved since it was written is left out and
    named. Once the values from before are written, nothing is proposed there until the stock
    changes. Exits 1 if nothing was proposed.
    """
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from console.text.format import plural
    from store.corrections import reverts
    from sync.clock import SystemClock
    from sync.corrections.decide import blast_radius

    ((number, _),) = seen_versions([batch])
    now = SystemClock().now()
    with open_cache(load(config, secrets=False)) as database:
        found = database.write(reverts.revert_batch, number, who=by, now=now)
    if found is None:
        note(f"#{number} not found among the updates that were approved")
        return 1
    effect = blast_radius(found.proposed)
    if as_json:
        document = json_documents.updates(found.proposed)
        left_out = json_documents.decisions(found.left_out)["decisions"]
        click.echo(
            json_documents.write(
                {"effect": json_documents.effect_of(effect), **document, "left_out": left_out}
            )
        )
    else:
        paper = Paper.stdout()
        lines = tables.updates(found.proposed, paper, now=now, nothing="Nothing to turn back.")
        if found.proposed:
            lines += tables.effect(effect, len(found.proposed), paper)
            ids = " ".join(f"{update.id}@{update.version}" for update in found.proposed)
            lines.append(paper.line(f"Approve with: skew approve {ids}"))
        if found.left_out:
            lines.append(paper.line(f"{plural(len(found.left_out), 'update')} left out:"))
            lines += [paper.line(f"  #{left.id}: {left.why}") for left in found.left_out]
        click.echo("\n".join(lines))
    return 0 if found.proposed else 1
