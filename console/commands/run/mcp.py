"""`skew mcp`: for programs that decide, to read."""

from pathlib import Path

import click

from console.commands.options import config_option, example
from console.context import load, note


@click.command(epilog=example("skew mcp --config /srv/skew/skew.toml"))
@config_option
def mcp(config: Path) -> int:
    """Answer an assistant over MCP, on stdin and stdout: it can read, and decide nothing.

    Its tools are status, disagreements, pending_updates, why and history. Needs the extra `mcp`.
    Exits 2 where that or the configuration is wrong.
    """
    load(config, secrets=False)
    from sync import extras

    if lacking := extras.lack("mcp"):
        note(f"`skew mcp` {lacking}")
        return 2
    from console import mcp_server

    mcp_server.server(config.resolve()).run("stdio")
    return 0
