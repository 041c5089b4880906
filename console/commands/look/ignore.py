"""`skew ignore`: rules by which disagreements are never told of again, until they grow."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.filters import check_channel
from console.commands.look.diff import KINDS
from console.commands.options import (
    by_option,
    channel_names,
    config_option,
    example,
    ids,
    json_option,
    text,
)
from console.context import load, open_cache

if TYPE_CHECKING:
    from store.corrections.ignore_rules import IgnoreWhere
    from store.database.connection import Database
    from store.model import Millis


@click.group(
    invoke_without_command=True,
    epilog=example(
        "skew ignore",
        "skew ignore add --like 17 --reason 'the till rounds'",
        "skew ignore add --sku 'DS-*' --channel shop --up-to 2 --until 30d --reason 'shared stock'",
        "skew ignore end 3",
    ),
)
@config_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Also the rules that have ended.")
@click.pass_context
def ignore(ctx: click.Context, config: Path, *, as_json: bool, everything: bool) -> int:
    """List the rules that ignore disagreements; set and end them.

    What a rule ignores is not agreement: `skew status` counts it apart, and `skew diff --ignored`
    lists it. It comes back when it is off by more than the rule says, and when the rule ends.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from console.reports import json_documents
    from console.reports.decisions import ignore_rules as report
    from console.reports.table import Paper
    from store.corrections import ignore_rules
    from sync.clock import SystemClock

    now = SystemClock().now()
    with open_cache(load(config, secrets=False)) as database:
        rules = database.read(ignore_rules.rules, now=now, ended=everything)
    if as_json:
        document = {"rules": [report.rule_json(rule) for rule in rules]}
        click.echo(json_documents.write(document))
    else:
        click.echo("\n".join(report.table(rules, Paper.stdout(), now=now)))
    return 0


@ignore.command(
    epilog=example(
        "skew ignore add --like 17 --reason 'the till rounds'",
        "skew ignore add --sku 'DS-*' --channel shop --up-to 2 --until 30d --reason 'shared stock'",
    )
)
@config_option
@json_option
@by_option
@click.option("--like", metavar="ID", callback=text, help="As `skew diff` lists it: an example.")
@click.option("--sku", metavar="PATTERN", callback=text, help="This SKU, or a pattern with *.")
@click.option("--channel", shell_complete=channel_names, help="Only on this channel.")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@click.option("--up-to", "up_to", metavar="UNITS", callback=text, help="Off by so many at most.")
@click.option("--until", metavar="TIME", callback=text, help="30d, or a time.  [default: ended]")
@click.option("--reason", metavar="TEXT", callback=text, help="Why nobody need look at it.")
@click.option("--show", is_flag=True, help="Only show what it would ignore; set nothing.")
@click.option("--yes", is_flag=True, help="In a terminal, do not ask.")
def add(  # noqa: PLR0913 - its options.
    config: Path,
    *,
    as_json: bool,
    by: str,
    like: str | None,
    sku: str | None,
    channel: str | None,
    kind: str | None,
    up_to: str | None,
    until: str | None,
    reason: str | None,
    show: bool,
    yes: bool,
) -> int:
    """Ignore what fits, now and from now on, and show first what that is.

    With --like a rule is as its example: that SKU on its channel, of its kind, off by no more than
    it is now; what else is given takes the place of that. What is proposed for it ends; what a
    person has approved is written. Exits 1 if you said no.
    """
    from console.reports import json_documents
    from console.reports.decisions import ignore_rules as report
    from console.reports.table import Paper
    from store.corrections import ignore_rules
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    if channel is not None:
        check_channel(settings, channel)
    now = SystemClock().now()
    given = {"skus": sku, "channel": channel, "kind": kind, "units_max": up_to, "until": until}
    with open_cache(settings) as database:
        where = _where(database, like, given, now=now)
        found = database.read(ignore_rules.preview, where, now=now)
        if not as_json:
            click.echo("\n".join(report.preview(found, where, Paper.stdout(), now=now)))
        rule = None
        if not show:
            reason = _reason(reason)
            if _confirmed(yes=yes or as_json):
                rule = database.write(ignore_rules.add, where, who=by, why=reason, now=now)
    if as_json:
        document = {
            "would_ignore": report.preview_json(found),
            "rule": None if rule is None else report.rule_json(rule),
        }
        click.echo(json_documents.write(document))
    elif rule is not None:
        click.echo(report.made(rule))
    return 0 if rule is not None or show else 1


@ignore.command(epilog=example("skew ignore end 3 --reason 'the till is mended'"))
@config_option
@by_option
@click.option("--reason", metavar="TEXT", callback=text, help="Why, for the history.")
@click.argument("rules", nargs=-1, required=True, metavar="RULE…")
def end(config: Path, *, by: str, reason: str | None, rules: tuple[str, ...]) -> int:
    """End rules: what they ignored is open again, and an update is proposed for it.

    RULE is the number that `skew ignore` lists. An ended rule stays in the history. Exits 1 if any
    has ended already.
    """
    from console.context import note
    from console.text.format import plural
    from store.corrections import ignore_rules
    from store.errors import NoSuchThing
    from sync.clock import SystemClock

    numbers, refused = ids(rules, "a rule", "skew ignore"), 0
    with open_cache(load(config, secrets=False)) as database:
        for number in numbers:
            now = SystemClock().now()
            try:
                back = database.write(ignore_rules.end, number, who=by, why=reason, now=now)
            except NoSuchThing as error:
                refused += 1
                note(str(error))
                continue
            click.echo(f"Rule {number} ended: {plural(back, 'disagreement')} no longer ignored.")
    return 1 if refused else 0


def _where(
    database: "Database", like: str | None, given: dict[str, str | None], *, now: "Millis"
) -> "IgnoreWhere":
    """What the options say, over the example's. Raises click's UsageError and NoSuchThing."""
    import msgspec

    from console.text import ignoring
    from store.corrections.ignore_rules import IgnoreWhere
    from store.errors import NoSuchThing
    from store.model import Kind
    from store.queries import views

    where = IgnoreWhere()
    if like is not None:
        (number,) = ids([like], "a disagreement", "skew diff")
        found = database.read(views.disagreements_by_id, [number], now=now)
        if not found:
            raise NoSuchThing(
                f"disagreement {number} is not open; `skew diff` lists those that are"
            )
        where = ignoring.like(found[0])
    readers: dict[str, Callable[[str], object]] = {
        "skus": ignoring.pattern,
        "channel": str,
        "kind": Kind,
        "units_max": ignoring.units,
        "until": lambda written: ignoring.until(written, now),
    }
    changes = {}
    for name, written in given.items():
        if written is not None:
            try:
                changes[name] = readers[name](written)
            except ValueError as error:
                option = {"skus": "--sku", "units_max": "--up-to"}.get(name, f"--{name}")
                raise click.BadParameter(str(error), param_hint=option) from None
    where = msgspec.structs.replace(where, **changes)
    if why := ignoring.too_wide(where):
        raise click.UsageError(why)
    return where


def _reason(given: str | None) -> str:
    """Why, asked of a person at a terminal where it is not given."""
    if given and given.strip():
        return given.strip()
    if not sys.stdin.isatty():
        raise click.UsageError("Give a --reason: others will ask why it is ignored.")
    return str(click.prompt("Reason"))


def _confirmed(*, yes: bool) -> bool:
    """Ask a person at a terminal; a script that says add means it."""
    return yes or not sys.stdin.isatty() or click.confirm("Ignore these from now on?")
