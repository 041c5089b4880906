"""`skew demo`, `watch`, `daemon`, `poll` and `apply`: what starts an engine or asks one."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from console.context import (
    cache,
    config_option,
    example,
    json_option,
    load,
    login_name,
    note,
    screen_options,
    text,
)

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import FilteringBoundLogger

    from console.tui.session.preferences import SessionPreferences
    from store.database.connection import Database
    from store.model import Millis
    from sync.engine.engine import Engine
    from sync.settings import Settings


_WITHOUT_A_CURSOR = ("", "dumb", "unknown")


def _operator(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Take a name that can stand in the audit."""
    from console.text.operators import name_error

    name = text(ctx, param, value)
    wrong = name_error(name) if name is not None else ""
    if wrong:
        raise click.BadParameter(f"it {wrong}.")
    return name


@click.command(epilog=example("skew demo", "skew demo --headless --for 30s"))
@click.option("--headless", is_flag=True, help="No console: print the final status and exit.")
@click.option("--for", "span", metavar="SPAN", help="How long to run, such as 30s.")
@screen_options
def demo(*, headless: bool, span: str | None, theme: str | None, plain: bool | None) -> int:
    """Start simulated channels on this machine, over real HTTP, and the console on them.

    Needs no configuration, leaves nothing behind, and talks to nobody else.
    """
    from console import demo as living_shop

    for_ms = None if span is None else _span_ms(span)
    if not headless:
        _need_terminal("`skew demo --headless` needs none")
    preferences = None if headless else _preferences(None, theme=theme, plain=plain)
    return living_shop.run(preferences, for_ms=for_ms)


@click.command(epilog=example("skew watch", "skew watch --read-only", "skew watch --at 2h"))
@config_option
@click.option(
    "--by", metavar="NAME", callback=_operator, help="Who decides.  [default: asked once]"
)
@click.option("--read-only", is_flag=True, help="Look, and change nothing.")
@click.option("--at", metavar="TIME", help="The screen as it was then; read-only.")
@screen_options
@click.option("--fresh", is_flag=True, help="Begin as new: page, filter and theme forgotten.")
def watch(  # noqa: PLR0913 - a parameter for each option.
    config: Path,
    *,
    by: str | None,
    read_only: bool,
    at: str | None,
    theme: str | None,
    plain: bool | None,
    fresh: bool,
) -> int:
    """Open the live console.

    It polls and writes by itself, unless a daemon already does so for this cache: then it shows
    what that one finds, and takes your decisions. With `--at` it shows the past instead, such as
    2026-11-23T14:00:00Z or 2h ago, and [ and ] lead from change to change.
    """
    settings = load(config, secrets=not read_only and at is None)
    then = None if at is None else _past(settings, at)
    _need_terminal("`skew daemon` and the reports need none")
    from console.tui import watch

    preferences = _preferences(settings.path, theme=theme, plain=plain, by=by, fresh=fresh)
    if then is not None:
        return watch.past(settings, then, preferences=preferences)
    code = watch.live(settings, read_only=read_only, preferences=preferences)
    _tell_what_is_left(settings)
    return code


@click.command(epilog=example("skew daemon --config /etc/skew/acme.toml"))
@config_option
def daemon(config: Path) -> int:
    """Poll and apply without a screen, until SIGTERM or Ctrl-C.

    Logs a line for what happens, as JSON where stderr is no terminal. Approve with `skew watch`
    or `skew approve` beside it.
    """
    settings = load(config, secrets=True)
    from console import daemon as headless

    return headless.run(settings)


@click.command(epilog=example("skew poll", "skew poll warehouse shop --json"))
@config_option
@json_option
@click.argument("channels", metavar="[CHANNEL…]", nargs=-1)
def poll(config: Path, *, as_json: bool, channels: tuple[str, ...]) -> int:
    """Poll every channel once, or the named ones, and compare; no scheduler.

    A channel that somebody has paused is polled only where it is named.
    Where an engine is running already, it is asked to. Exits 1 if a channel failed or was
    quarantined.
    """
    settings = load(config, secrets=True)
    from console.commands.options import known_channel
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from console.text import remedies
    from store.channels import incidents, pauses
    from store.model import PollOutcome
    from sync.clock import SystemClock

    for name in channels:
        known_channel(settings, name)
    with cache(settings) as database:
        paused = database.read(pauses.by_people, now=SystemClock().now())
        engine = _engine(settings, database, "skew poll")
        made = asyncio.run(engine.poll(list(dict.fromkeys(channels)) or None))
        unread = remedies.unread(database.read(incidents.open_incidents))
    if as_json:
        click.echo(json_documents.write(json_documents.polls(made)))
        for one in made:
            said = one.error or unread.get(one.channel)
            if said:
                note(said if one.channel in said else f"{one.channel}: {said}")
    else:
        click.echo("\n".join(tables.polls(made, Paper.stdout(), unread)))
    if not channels:
        for pause in paused.values():
            note(f"{pause.channel} not polled: {remedies.of_pause(pause)}")
    return 0 if all(one.outcome is PollOutcome.GOOD for one in made) else 1


@click.command(epilog=example("skew apply", "skew apply --json | jq '.updates[].status'"))
@config_option
@json_option
def apply(config: Path, *, as_json: bool) -> int:
    """Write what is approved and whose hold has passed, and read it back.

    Each listing is read afresh first. Exits 1 if any did not end verified.
    """
    settings = load(config, secrets=True)
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from console.text import remedies
    from store.corrections import lifecycle
    from store.model import CorrectionStatus
    from store.queries import views
    from sync.clock import SystemClock

    trouble: dict[str, str] = {}
    with cache(settings) as database:
        engine = _engine(settings, database, "skew apply", trouble)
        results = asyncio.run(engine.apply()).results
        now = SystemClock().now()
        waiting = database.read(views.updates, statuses=(CorrectionStatus.APPROVED,))
        unwritten = [one.id for one in results if one.status is CorrectionStatus.APPROVED]
        standings = database.read(lifecycle.standing, unwritten, now=now)
    if as_json:
        click.echo(json_documents.write(json_documents.updates(results)))
    elif results:
        click.echo("\n".join(tables.updates(results, Paper.stdout(), now=now)))
    else:
        click.echo("Nothing was due.")
    for why in remedies.waiting(standings, trouble):
        note(why)
    holds = [one.hold_until - now for one in waiting if one.hold_until and one.hold_until > now]
    if holds:
        note(f"{len(holds)} still in their hold; the last passes in {max(holds) / 1000:.0f} s")
    return 0 if all(one.status is CorrectionStatus.VERIFIED for one in results) else 1


def _past(settings: "Settings", at: str) -> "Millis":
    """Read the time to show; there must be something to show of it."""
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


def _engine(
    settings: "Settings", database: "Database", name: str, trouble: dict[str, str] | None = None
) -> "Engine":
    """Make an engine for one round; what its channels complain of is put into `trouble`."""
    from sync.clock import SystemClock
    from sync.engine.engine import SILENT, Engine
    from sync.engine.lease import name_of_this_process

    log = SILENT if trouble is None else _listener(trouble)
    holder = name_of_this_process(name)
    return Engine(settings, database, clock=SystemClock(), holder=holder, log=log)


def _listener(trouble: dict[str, str]) -> "FilteringBoundLogger":
    """Make a log that keeps what each channel last complained of, and prints nothing."""
    import logging

    import structlog

    def keep(_logger: object, _method: str, event: "MutableMapping[str, Any]") -> NoReturn:
        if "channel" in event and "error" in event:
            trouble[event["channel"]] = event["error"]
        raise structlog.DropEvent

    made: FilteringBoundLogger = structlog.wrap_logger(
        None,
        processors=[keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    return made


def _tell_what_is_left(settings: "Settings") -> None:
    """Say on leaving the console what is approved and has nobody to write it."""
    from console.text import remedies
    from store.database import lease
    from store.database.connection import Database
    from store.model import CorrectionStatus
    from store.queries import views
    from sync.clock import SystemClock

    now = SystemClock().now()
    with Database.open(settings.database, read_only=True) as database:
        approved = database.read(views.updates, statuses=(CorrectionStatus.APPROVED,))
        left = remedies.left_behind(len(approved), database.read(lease.current, now=now))
    if left:
        note(left)


def _preferences(
    configuration: Path | None,
    *,
    theme: str | None,
    plain: bool | None,
    by: str | None = None,
    fresh: bool = False,
) -> "SessionPreferences":
    """Read how the operator wants the console. Raises ConfigErrors where their file is wrong."""
    from console.tui.session import preferences

    said = preferences.CommandLineChoices(theme=theme, ascii=plain, operator=by)
    return preferences.begin(configuration, said, login_name(), fresh=fresh)


def _need_terminal(instead: str) -> None:
    """Refuse to paint the console into a pipe or a file: Textual reads stdin, writes stderr."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"The console needs a terminal; {instead}.")
    if os.environ.get("TERM", "") in _WITHOUT_A_CURSOR:
        raise click.UsageError(
            f"The console needs a terminal that can place its cursor, and TERM says that this one"
            f" can't; {instead}."
        )


def _span_ms(span: str) -> int:
    from sync.units import period

    try:
        return period(span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--for") from None
