"""`skew demo`: a simulated shop, and the console on it."""

import click

from console.commands.options import example, period
from console.commands.screen import need_terminal, screen_options, screen_preferences


@click.command(epilog=example("skew demo", "skew demo --tour", "skew demo --headless --for 30s"))
@click.option("--headless", is_flag=True, help="No console: print the final status and exit.")
@click.option("--tour", is_flag=True, help="Lead through eight steps, to a verified correction.")
@click.option("--for", "span", metavar="SPAN", help="How long to run, such as 30s.")
@screen_options
def demo(
    *,
    headless: bool,
    tour: bool,
    span: str | None,
    theme: str | None,
    ascii_only: bool | None,
) -> int:
    """Start simulated channels on this machine, over real HTTP, and the console on them.

    Needs no configuration, leaves nothing behind, and connects to nothing outside this machine.
    """
    from console import demo as simulated_shop

    for_ms = None if span is None else period(span)
    if headless and tour:
        raise click.UsageError("--tour leads through the console, and --headless has none.")
    if headless:
        return simulated_shop.run(None, for_ms=for_ms)
    need_terminal("`skew demo --headless` needs none")
    preferences = screen_preferences(None, theme=theme, ascii_only=ascii_only)
    return simulated_shop.run(preferences, for_ms=for_ms, tour=tour)
