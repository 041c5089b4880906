"""`skew check`: is the configuration right, what does it say, do the credentials work."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from console.context import config_option, example, json_option, load, note

if TYPE_CHECKING:
    from console.table import Paper
    from sync.channels.base import Abilities
    from sync.settings import ChannelSettings, Settings


class Answer(NamedTuple):
    """One question of the checklist, answered from the configuration alone."""

    question: str
    answer: str
    evidence: str
    ok: bool


class SignedIn(NamedTuple):
    channel: str
    ok: bool
    seen: str


@click.command(epilog=example("skew check", "skew check --online --config shops/acme.toml"))
@config_option
@json_option
@click.option("--online", is_flag=True, help="Also open every channel and sign in.")
def check(config: Path, *, as_json: bool, online: bool) -> int:
    """Validate the configuration and tell what it means; nothing is polled or written.

    Everything that is wrong is told at once. Exits 0 where all is right, and 2 where anything is
    not, with --online a refused credential included.
    """
    settings = load(config, secrets=True)
    signed_in = asyncio.run(_sign_in(settings)) if online else []
    if as_json:
        _print_json(settings, signed_in)
    else:
        from console.table import Paper

        click.echo("\n".join(_report(settings, signed_in, Paper.stdout())))
    return 0 if all(each.ok for each in signed_in) else 2


def checklist(settings: "Settings") -> list[Answer]:
    """Answer what the configuration by itself proves."""
    return [_source_of_truth(settings), _directions(settings), _states(settings)]


def _source_of_truth(settings: "Settings") -> Answer:
    said = f"quantity: {settings.authority_quantity}, state: {settings.authority_state}"
    rules = [
        f"{rule.skus}: "
        + ", ".join(f"{name} {word}" for name, word in _words(rule.quantity, rule.state))
        for rule in settings.authority_rules
    ]
    evidence = "[authority]" + (f", narrower by SKU: {'; '.join(rules)}" if rules else "")
    return Answer("What is the source of truth?", said, evidence, ok=True)


def _words(quantity: str | None, state: str | None) -> Iterator[tuple[str, str]]:
    return ((n, word) for n, word in (("quantity", quantity), ("state", state)) if word)


def _directions(settings: "Settings") -> Answer:
    pushed = [name for name, each in settings.channels.items() if each.direction == "push"]
    said = f"one way: {', '.join(pushed)} written" if pushed else "nothing is written"
    evidence = ", ".join(
        f'channels.{name}.direction = "{each.direction}"'
        for name, each in settings.channels.items()
    )
    return Answer("Is it one way or two ways?", said, evidence, ok=True)


def _states(settings: "Settings") -> Answer:
    able = {name: _abilities(each) for name, each in settings.channels.items()}
    authority = able[settings.authority_state].states
    evidence = "; ".join(
        f"{name} expresses {', '.join(sorted(each.states)) or 'none'}"
        for name, each in able.items()
    )
    said = ", ".join(sorted(authority)) or "none: states are not compared"
    return Answer("Which availability states are compared?", said, evidence, ok=True)


def _abilities(channel: "ChannelSettings") -> "Abilities":
    from sync.channels import kind

    return kind(channel.kind).abilities(channel.options)


async def _sign_in(settings: "Settings") -> list[SignedIn]:
    """Sign in to every channel at once; one's refusal does not stop another."""
    return list(await asyncio.gather(*(_try(settings, name) for name in settings.channels)))


async def _try(settings: "Settings", name: str) -> SignedIn:
    from sync.channels import open_channel
    from sync.clock import SystemClock
    from sync.errors import ChannelError, ConfigError

    channel_settings = settings.channels[name]
    try:
        channel = open_channel(channel_settings, SystemClock(), settings.path.parent)
        try:
            async with asyncio.timeout(channel_settings.timeout_ms / 1000):
                return SignedIn(name, ok=True, seen=await channel.sign_in())
        finally:
            await channel.close()
    except (ChannelError, ConfigError) as error:
        return SignedIn(name, ok=False, seen=str(error))
    except TimeoutError:
        return SignedIn(name, ok=False, seen="no answer within channels." + name + ".timeout")


def _report(settings: "Settings", signed_in: list[SignedIn], paper: "Paper") -> Iterator[str]:
    from console.table import Cell, Column
    from console.text import plural

    count = plural(len(settings.channels), "channel")
    yield paper.line(Cell("configuration OK", "green"), f": {count} in {settings.path}")
    yield paper.line(f"cache {settings.database}")
    yield ""
    columns = (
        Column("CHANNEL", flexible=True),
        Column("KIND"),
        Column("ROLE", flexible=True),
        Column("POLLED"),
        Column("POLICY", flexible=True),
        Column("CREDENTIALS", flexible=True),
    )
    yield from paper.table(columns, (_row(settings, each) for each in settings.channels.values()))
    yield ""
    for answer in checklist(settings):
        yield paper.line(f"{answer.question} ", Cell(answer.answer, "bold"))
    if signed_in:
        yield ""
    for each in signed_in:
        sign = Cell("signed in ", "green") if each.ok else Cell("refused   ", "red")
        yield paper.line(sign, f" {each.channel}: {each.seen}")


def _row(settings: "Settings", channel: "ChannelSettings") -> tuple[str, ...]:
    from console.reports import role
    from sync.assembly import secrets_of
    from sync.units import duration_text

    roles = [
        f"{attribute} authority"
        for attribute, name in _words(settings.authority_quantity, settings.authority_state)
        if name == channel.name
    ]
    credentials = [source.name for _, source in secrets_of(channel.options, "")]
    return (
        channel.name,
        channel.kind,
        role(roles, channel.direction),
        f"every {duration_text(channel.every_ms)}",
        _policy(channel),
        ", ".join(credentials) or "none",
    )


def _policy(channel: "ChannelSettings") -> str:
    from sync.units import PPM, portion_text

    parts = [f"buffer {channel.buffer}"] if channel.buffer else []
    parts += [f"share {portion_text(channel.share_ppm)}"] if channel.share_ppm != PPM else []
    parts += [f"cap {channel.cap}"] if channel.cap is not None else []
    parts += [f"{len(channel.rules)} by SKU"] if channel.rules else []
    return ", ".join(parts) or "all that is available"


def _print_json(settings: "Settings", signed_in: list[SignedIn]) -> None:
    from console import documents

    answers = [answer._asdict() for answer in checklist(settings)]
    document: documents.Json = {"checklist": answers, "warnings": list(settings.warnings)}
    if signed_in:
        document["online"] = [each._asdict() for each in signed_in]
    click.echo(documents.write(document))
    for each in signed_in:
        if not each.ok:
            note(f"{each.channel}: {each.seen}")
