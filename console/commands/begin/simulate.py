"""`skew simulate`: this configuration on a simulated shop that fails in every way."""

import shlex
import sys
from collections import ChainMap
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import config_option, example, json_option
from console.context import load, note

if TYPE_CHECKING:
    from sync.settings import Settings
    from sync.simulation.seeds.configured import Customers
    from sync.simulation.seeds.many import ManyResults

SEEDS = 4
STEPS = 120
NOTES_MAX = 10
"""So many lines say how far it is, where stderr is no terminal."""
INTERRUPTED = 130


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
    help="Repeat the sales, returns and deliveries that the cache knows of.",
)  # fmt: skip
@click.option(
    "--alone", is_flag=True,
    help="The shop has no connector: nothing but Skew writes stock.",
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
    alone: bool,
) -> int:
    """Try the configuration on a simulated shop that fails, and count what comes of it.

    The engine is the real one; the channels, the customers and the clock are simulated, and
    nothing is sent anywhere. Says how much was oversold and undersold with Skew and without, and
    why; which writes were wrong, and why; how long it took until all agreed, and how many incidents
    there were. The same seed is the same run. Exits 1 where Skew broke a promise. Ctrl-C ends it
    and shows what was counted.
    """
    from console.reports import json_documents
    from console.reports.simulation import outcome
    from console.reports.table import Paper
    from sync.simulation.seeds.configured import NoHistory, invented, left_out, of_the_past
    from sync.simulation.trial.shop import sources_of

    settings = load(config, secrets=False)
    if not settings.channels.keys() - sources_of(settings):
        raise click.UsageError(
            f"{settings.path} has no channel that sells: each is an authority for quantity."
        )
    others = [] if against is None else [load(against, secrets=False)]
    for other in others:
        _check_comparable(settings, other)
    unplayed = [left_out(made) for made in (settings, *others)]
    for name, why in ChainMap(*unplayed).items():
        note(f"not simulated: {name}: {why}")
    try:
        choose = of_the_past if history else invented
        customers = choose(settings, is_connected=not alone)
    except NoHistory as error:
        raise click.UsageError(f"{error}: without --history, customers are invented.") from error
    chosen = [seed] if seed is not None else list(range(seeds))
    paths = [config, *([against] if against is not None else [])]
    found = [_run(path, chosen, steps, customers) for path in paths]
    first, *rest = found
    compared = rest.pop() if rest else None
    if as_json:
        click.echo(json_documents.write(outcome.document(first, compared)))
    else:
        options = f" --steps {steps}{' --history' * history}{' --alone' * alone}"
        commands = [f"skew simulate --config {shlex.quote(str(path))}{options}" for path in paths]
        names = [path.name for path in paths]
        for line in outcome.lines(first, compared, names, commands, Paper.stdout()):
            click.echo(line)
    if any(results.is_interrupted for results in found):
        return INTERRUPTED
    return 1 if any(results.failing for results in found) else 0


def _check_comparable(settings: "Settings", other: "Settings") -> None:
    """Raise UsageError where the two could not have the same customers."""
    from sync.simulation.trial.shop import sources_of

    if list(other.channels) != list(settings.channels):
        raise click.UsageError(
            f"{other.path} must have the same channels as {settings.path}, in the same order: "
            f"{', '.join(settings.channels)}; it has {', '.join(other.channels)}."
        )
    if sources_of(other) != sources_of(settings):
        raise click.UsageError(
            f"{other.path} must have the same channels for [authority] as {settings.path}: "
            f"{', '.join(sorted(sources_of(settings)))}."
        )


def _run(config: Path, seeds: Sequence[int], steps: int, customers: "Customers") -> "ManyResults":
    from sync.simulation.seeds.configured import run_configured
    from sync.simulation.seeds.many import run_many

    def told(done: int) -> None:
        words = f"{config.name}: {done:,} of {len(seeds):,} seeds"
        if sys.stderr.isatty():
            click.echo(f"\r{words}", err=True, nl=done == len(seeds))
        elif done * NOTES_MAX // len(seeds) != (done - 1) * NOTES_MAX // len(seeds):
            note(words)

    run = partial(run_configured, config, steps=steps, customers=customers)
    found = run_many(run, seeds, told=told)
    if found.is_interrupted:
        note(f"{config.name}: interrupted; {len(found.results):,} of {len(seeds):,} seeds counted")
    return found
