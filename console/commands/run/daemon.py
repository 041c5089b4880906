"""`skew daemon`: the engine without a screen."""

from pathlib import Path

import click

from console.commands.options import config_option, example
from console.context import load


@click.command(epilog=example("skew daemon --config /etc/skew/acme.toml"))
@config_option
def daemon(config: Path) -> int:
    """Poll and write without a console, until SIGTERM or Ctrl-C.

    SIGHUP reloads the configuration: a wrong one is an incident, and the one before stays; channels
    that did not change go on undisturbed. `skew service install` has systemd run it.

    Logs a line for what happens, as JSON where stderr is not a terminal. Approve with
    `skew watch` or `skew approve` meanwhile. Exits 1 if another engine runs, or takes over.
    """
    settings = load(config, secrets=True)
    from functools import partial

    from console import daemon as headless
    from sync.config.load import load as load_settings

    return headless.run(settings, partial(load_settings, config))
