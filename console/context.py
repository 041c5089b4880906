"""What the commands share: their options, the configuration they ask for, and the open cache."""

import getpass
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from console.text.format import clean

if TYPE_CHECKING:
    from store.database.connection import Database
    from sync.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def text(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Take an argument that can be kept and printed; a shell can pass bytes that are none."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise click.BadParameter("it is not UTF-8.") from None
    return value


def example(*lines: str) -> str:
    """Write a command's examples for the foot of its help, each on its own line."""
    return "\n".join(("\b", "Example:" if len(lines) == 1 else "Examples:", *_indented(lines)))


def config_option(command: F) -> F:
    """Add `--config FILE`, which may also stand before the command."""
    return click.option(
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=_chosen,
        help="The configuration.  [default: skew.toml, or SKEW_CONFIG]",
    )(command)


def json_option(command: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")(
        command
    )


def by_option(command: F) -> F:
    """Add `--by NAME`, who decides; the login name unless said."""
    return click.option(
        "--by", metavar="NAME", callback=text, default=login_name, help="Who decides."
    )(command)


def screen_options(command: F) -> F:
    """Add what says how the console looks on this terminal: `--theme` and `--ascii`."""
    from console.text.themes import PALETTES

    theme = click.option(
        "--theme",
        type=click.Choice(list(PALETTES)),
        help="The colours; `t` changes them.  [default: as left, or as the terminal can]",
    )
    plain = click.option(
        "--ascii/--glyphs",
        "plain",
        default=None,
        help="Show nothing but ASCII, or everything.  [default: as the terminal can]",
    )
    return theme(plain(command))


def login_name() -> str:
    """The user's name on this machine, for the audit."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def load(config: Path, *, secrets: bool) -> "Settings":
    """Load the configuration and print its warnings; `secrets`: they must all be there.

    Raises ConfigErrors.
    """
    from sync.config.load import load as load_settings

    settings = load_settings(config, os.environ if secrets else None)
    for warning in settings.warnings:
        note(f"{config}: {warning}")
    return settings


@contextmanager
def cache(settings: "Settings") -> Iterator["Database"]:
    """Open the cache, brought in line with the configuration unless an engine keeps it so."""
    from store.database import lease
    from store.database.connection import Database
    from sync.clock import SystemClock
    from sync.targets import terms

    now = SystemClock().now()
    with Database.open(settings.database) as database:
        if database.read(lease.current, now=now) is None:
            database.write(terms.comparison(settings).configure, now=now)
        yield database


def note(line: str) -> None:
    """Say something that is not the result: on stderr."""
    click.echo(f"skew: {clean(line)}", err=True)


def _chosen(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path:
    before = ctx.parent.params.get("config") if ctx.parent else None
    return value or before or Path(os.environ.get("SKEW_CONFIG") or "skew.toml")


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
