"""`skew init`, `channels`, `keys` and `completion`: what needs no configuration."""

from pathlib import Path

import click

from console.context import example, json_option


@click.command(epilog=example("skew init", "skew init ~/shops/acme"))
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
def init(folder: Path) -> int:
    """Write a commented skew.toml to start from; asks nothing, overwrites nothing."""
    from importlib.resources import files

    path = folder / "skew.toml"
    template = files("console").joinpath("skew.toml").read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(template)
    except FileExistsError:
        there = path if path.exists() else folder
        raise click.ClickException(f"{there} is there already; nothing was written") from None
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from None
    click.echo(f"Wrote {path}. Fill in its channels, then run: skew check --config {path}")
    return 0


@click.command(epilog=example("skew channels", "skew channels --json"))
@json_option
def channels(*, as_json: bool) -> int:
    """List the kinds of channel, and what each can read, write and promise."""
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from sync.channels import KINDS, kind

    able = [kind(name).ABILITIES for name in KINDS]
    if as_json:
        click.echo(json_documents.write(json_documents.channels(able)))
    else:
        click.echo("\n".join(tables.channels(able, Paper.stdout())))
    return 0


@click.command(epilog=example("skew keys", "skew keys --json | jq -r '.actions[].name'"))
@json_option
def keys(*, as_json: bool) -> int:
    """List the console's actions with their keys, and the file in which you set your own.

    Exits 2 where that file is wrong, with everything that is wrong with it.
    """
    from console import preferences
    from console.reports import json_documents, tables
    from console.reports.table import Paper

    read, path = preferences.load(), preferences.path()
    if as_json:
        click.echo(json_documents.write(json_documents.keys(read.actions, path)))
    else:
        click.echo("\n".join(tables.keys(read.actions, path, Paper.stdout())))
    return 0


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
