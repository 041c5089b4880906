"""`skew completion`: the shell completes commands and flags."""

import click

from console.commands.options import example


@click.command(
    epilog=example(
        "skew completion bash > ~/.local/share/bash-completion/completions/skew",
        'eval "$(skew completion zsh)"',
    )
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> int:
    """Print the script that completes `skew` in your shell."""
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    assert complete is not None
    root = click.get_current_context().find_root().command
    click.echo(complete(root, {}, "skew", "_SKEW_COMPLETE").source())
    return 0
