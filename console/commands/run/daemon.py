"""`skew daemon`: the engine without a screen."""

from pathlib import Path

import click

from console.commands.options import config_option, example
from console.context import load


@click.command(epilog=example("skew daemon --config /etc/skew/acme.toml"))
@config_option
def daemon(config: Path) -> int:
    """Poll and write without a console, until SIGTERM or Ctrl-C.

    Logs a line for what happens, as JSON where stderr is not a terminal. Approve with
    `skew watch` or `skew approve` meanwhile. Exits 1 if another engine runs, or takes over.
    """
    settings = load(config, secrets=True)
    from console import daemon as headless

    return headless.run(settings)
