"""`skew watch`: the live console, or the past in it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import config_options, example, text
from console.commands.run import live
from console.commands.screen import need_terminal, screen_options, screen_preferences
from console.context import load

if TYPE_CHECKING:
    from store.model import Millis
    from sync.settings import Settings


def _operator(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Take a name that can stand in the audit."""
    from console.text.operators import name_error

    name = text(ctx, param, value)
    wrong = name_error(name) if name is not None else ""
    if wrong:
        raise click.BadParameter(f"the name {wrong}.")
    return name


@click.command(
    epilog=example(
        "skew watch",
        "skew watch --read-only",
        "skew watch --view buyers",
        "skew watch --config eu.toml --config us.toml",
        "skew watch --at 2h",
    )
)
@config_options
@click.option(
    "--by", metavar="NAME", callback=_operator, help="Who decides.  [default: asked once]"
)
@click.option("--read-only", is_flag=True, help="Show everything, refuse every decision.")
@click.option("--view", metavar="NAME", callback=text, help="Open this view; `v` saves them.")
@click.option("--at", metavar="TIME", help="The console as it was then; read-only.")
@screen_options
@click.option("--fresh", is_flag=True, help="Forget the last page, filter, sort and theme.")
def watch(  # noqa: PLR0913 - a parameter for each option.
    configs: tuple[Path, ...],
    *,
    by: str | None,
    read_only: bool,
    view: str | None,
    at: str | None,
    theme: str | None,
    ascii_only: bool | None,
    fresh: bool,
) -> int:
    """Open the live console.

    It polls and writes by itself, unless a daemon already does so for this cache: then it shows
    what the daemon finds, and takes your decisions. With `--at` it shows the past instead, such as
    2026-11-23T14:00:00Z or 2h ago, and [ and ] go from change to change.

    With several --config the disagreements of all these stores stand in one table, read-only, and
    enter opens a row's store. A store whose cache can't be read is named with the reason.
    """
    if len(configs) > 1:
        for option, value in (("--at", at), ("--view", view), ("--by", by)):
            if value is not None:
                raise click.UsageError(f"{option} needs one --config; several open one table")
        return _several(configs, theme=theme, ascii_only=ascii_only, fresh=fresh)
    (config,) = configs
    if at is None:
        return live.open_console(
            config, by=by, read_only=read_only, view=view, theme=theme, ascii_only=ascii_only,
            fresh=fresh,
        )  # fmt: skip
    settings = live.read(config, looks_only=True)
    then = _past(settings, at)
    need_terminal(live.INSTEAD)
    from console.tui import watch as console

    preferences = screen_preferences(
        settings.path, theme=theme, ascii_only=ascii_only, by=by, fresh=fresh
    )
    return console.past(settings, then, preferences=live.with_views(settings, preferences, view))


def _several(
    configs: tuple[Path, ...], *, theme: str | None, ascii_only: bool | None, fresh: bool
) -> int:
    """Open the table of several stores. Raises ConfigErrors."""
    from functools import partial

    all_of = [load(config, secrets=False) for config in configs]
    caches = [settings.database.resolve() for settings in all_of]
    for config, cache in zip(configs, caches, strict=True):
        if caches.count(cache) > 1:
            raise click.UsageError(f"--config {config}: names a cache that another one names too")
    need_terminal("`skew status` and `skew diff` need none, for each configuration")
    from console.tui import stores

    preferring = partial(screen_preferences, theme=theme, ascii_only=ascii_only, fresh=fresh)
    return stores.several(
        all_of,
        preferences=preferring(None),
        preferences_of=lambda settings: preferring(settings.path),
    )


def _past(settings: "Settings", at: str) -> "Millis":
    """Read the time to show. Raises click's BadParameter where nothing is kept of it."""
    from console.text.format import instant
    from console.tui.data import replay
    from store.database.connection import Database
    from store.errors import NoSuchThing
    from sync.clock import SystemClock

    now = SystemClock().now()
    then = instant(at, now, "at")
    if not settings.database.exists():
        raise click.BadParameter(
            f"there is no cache yet at {settings.database}.", param_hint="--at"
        )
    try:
        with Database.open(settings.database, read_only=True) as database:
            replay.check(database, then, now)
    except NoSuchThing as error:
        raise click.BadParameter(f"{error}.", param_hint="--at") from None
    return then
