"""`skew simulate`: this configuration on a simulated shop that fails in every way."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import config_option, example, json_option
from console.context import load, note

if TYPE_CHECKING:
    from sync.simulation.channel import Item
    from sync.simulation.seeds.many import ManyResults

SEEDS = 4
STEPS = 120


@click.command(
    epilog=example("skew simulate", "skew simulate --against buffer-2.toml --seeds 20 --json")
)
@config_option
@json_option
@click.option("--seed", type=click.IntRange(0), help="Only this seed: repeats one run exactly.")
@click.option(
    "--seeds", type=click.IntRange(1, 10_000), default=SEEDS, show_default=True, help="So many."
)
@click.option(
    "--steps", type=click.IntRange(10, 100_000), default=STEPS, show_default=True,
    help="Sales, deliveries, decisions and faults of each seed.",
)  # fmt: skip
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="FILE",
    help="Compare with this configuration, on the same seeds.",
)  # fmt: skip
@click.option(
    "--history", is_flag=True,
    help="Take the SKUs that moved most, and their stock, from the cache.",
)  # fmt: skip
def simulate(  # noqa: PLR0913 - one for each option.
    config: Path,
    *,
    as_json: bool,
    seed: int | None,
    seeds: int,
    steps: int,
    against: Path | None,
    history: bool,
) -> int:
    """Try the configuration on a simulated shop that fails, and count what comes of it.

    The engine is the real one; the channels, the customers and the clock are simulated, and
    nothing is sent anywhere. Says how much was oversold and undersold with Skew and without,
    which writes were wrong, how long it took until all agreed, and how many incidents there were.
    The same seed is the same run. Exits 1 where Skew broke a promise.
    """
    from console.reports import json_documents
    from console.reports.simulation import outcome
    from console.reports.table import Paper
    from sync.simulation.seeds.configured import invented_items, items_of, left_out

    settings = load(config, secrets=False)
    other = None if against is None else load(against, secrets=False)
    if other is not None and list(other.channels) != list(settings.channels):
        raise click.UsageError(f"{against} must have the same channels as {config}.")
    for name in left_out(settings):
        note(f"{name}: not simulated")
    items = items_of(settings) if history else invented_items()
    chosen = [seed] if seed is not None else list(range(seeds))
    found = _run(config, chosen, steps, items)
    compared = None if against is None else _run(against, chosen, steps, items)
    if as_json:
        click.echo(json_documents.write(outcome.document(found, compared)))
    else:
        names = [config.name, *([against.name] if against is not None else [])]
        for line in outcome.lines(found, compared, names, Paper.stdout()):
            click.echo(line)
    return 1 if found.failing or (compared is not None and compared.failing) else 0


def _run(config: Path, seeds: Sequence[int], steps: int, items: "Sequence[Item]") -> "ManyResults":
    from sync.simulation.seeds.configured import run_configured
    from sync.simulation.seeds.many import run_many

    def told(done: int) -> None:
        note(f"{config.name}: {done} of {len(seeds)} seeds")

    run = partial(run_configured, config, steps=steps, items=items)
    return run_many(run, seeds, told=told)
