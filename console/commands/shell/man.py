"""`skew man`: the manual page."""

import click

from console.commands.options import example


@click.command(epilog=example("skew man | man -l -", "skew man > ~/.local/share/man/man1/skew.1"))
def man() -> int:
    """Print the manual page: what --help says of every command.

    pip and pipx install it, too, so that `man skew` finds it; `uv tool` installs no manual pages.
    """
    from console.commands.shell import manual_page

    root = click.get_current_context().find_root().command
    assert isinstance(root, click.Group)
    click.echo(manual_page.page(root), nl=False)
    return 0
