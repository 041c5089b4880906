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
    try:
        from console import mcp_server
    except ImportError:
        note("`skew mcp` needs the MCP SDK: pip install 'skew-console[mcp]'")
        return 2
    mcp_server.server(config.resolve()).run("stdio")
    return 0
