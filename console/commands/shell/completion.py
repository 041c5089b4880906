"""`skew completion`: the shell completes commands, options and channels."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from console.commands.options import example
from console.context import note

SHELLS = ("bash", "zsh", "fish")

_STARTED = """\
# zsh knows compdef only after this.
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
"""


@click.command(
    epilog=example(
        "skew completion --install",
        "skew completion bash > /usr/share/bash-completion/completions/skew",
        'eval "$(skew completion zsh)"',
    )
)
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@click.option("--install", "installs", is_flag=True, help="Install it for you, not print it.")
def completion(shell: str | None, *, installs: bool) -> int:
    """Print the script that completes `skew` in your shell, or install it.

    Without a name it is for your login shell. --install writes the script to a file of its own, and
    for bash and zsh one line to their start file that reads it; it says where, and how to undo it.
    Done again, it renews the script. Exits 1 if it can't be written.
    """
    shell = shell or _login_shell()
    if not installs:
        click.echo(_script(shell))
        return 0
    script, start_file = _places(shell, os.environ)
    try:
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text((_STARTED if shell == "zsh" else "") + _script(shell) + "\n")
        click.echo(f"wrote {script}")
        undo = f"rm {_shell_word(script)}"
        if start_file is not None:
            line = f". {_shell_word(script)}  # skew completion"
            if _add_line(start_file, line):
                click.echo(f"added to {start_file}: {line}")
            undo += f", and delete the line `{line}` in {start_file}"
    except OSError as error:
        note(f"{error.filename or script}: {error.strerror or error}")
        return 1
    click.echo(f"It works in every new {shell}. To undo it: {undo}")
    return 0


def _login_shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(
            f"your login shell ({name or 'SHELL is not set'}) is not known here: "
            "name bash, zsh or fish"
        )
    return name


def _script(shell: str) -> str:
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    assert complete is not None
    root = click.get_current_context().find_root().command
    return complete(root, {}, "skew", "_SKEW_COMPLETE").source().rstrip()


def _places(shell: str, environ: Mapping[str, str]) -> tuple[Path, Path | None]:
    """The script's file, and the file at the shell's start that must read it."""
    home = Path.home()
    if shell == "fish":
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        return config / "fish" / "completions" / "skew.fish", None
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    script = data / "skew" / f"completion.{shell}"
    if shell == "bash":
        # Not the folder of bash-completion, which a bare machine has not.
        return script, home / ".bashrc"
    return script, Path(environ.get("ZDOTDIR") or home) / ".zshrc"


def _add_line(path: Path, line: str) -> bool:
    """Add a line to a file that may not be there; whether it was not in it yet."""
    before = path.read_bytes() if path.exists() else b""
    if line.encode() in before.splitlines():
        return False
    with path.open("ab") as file:
        file.write((b"" if before.endswith(b"\n") or not before else b"\n") + f"{line}\n".encode())
    return True


def _shell_word(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
