"""`skew check`: is the configuration right, does it fit what happens, do the credentials work."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from console.context import config_option, example, json_option, load, note

if TYPE_CHECKING:
    from console.reports.table import Paper
    from store.checklist.values import Measured
    from sync.checklist.case import Answer, ChecklistCase
    from sync.settings import ChannelSettings, Settings


class SignedIn(NamedTuple):
    channel: str
    ok: bool
    seen: str


@click.command(epilog=example("skew check", "skew check --online --config shops/acme.toml"))
@config_option
@json_option
@click.option("--online", is_flag=True, help="Also open every channel and sign in.")
def check(config: Path, *, as_json: bool, online: bool) -> int:
    """Validate the configuration and answer the six questions; nothing is polled or written.

    The answers come from the configuration and from how the channels behaved in the last seven
    days. Everything that is wrong is told at once. Exits 0 where all is right, and 2 where
    anything is not: an answer where settings and behaviour disagree, or with --online a refused
    credential, included.
    """
    settings = load(config, secrets=True)
    case, answers = _judge(settings)
    signed_in = asyncio.run(_sign_in(settings)) if online else []
    if as_json:
        _print_json(case, answers, signed_in)
    else:
        from console.reports.table import Paper

        click.echo("\n".join(_report(case, answers, signed_in, Paper.stdout())))
    well = all(each.ok for each in signed_in) and all(each.ok for each in answers)
    return 0 if well else 2


def _judge(settings: "Settings") -> "tuple[ChecklistCase, tuple[Answer, ...]]":
    from sync import checklist

    case = checklist.case(settings, _measure(settings))
    return case, checklist.answers(case)


def _measure(settings: "Settings") -> "Measured | None":
    """Read how the channels behaved from the cache, if there is one; it is never made here."""
    from store.checklist import measure
    from store.database.connection import Database
    from sync.clock import SystemClock

    if not settings.database.exists():
        return None
    with Database.open(settings.database, read_only=True) as database:
        return database.read(
            measure.measure,
            now=SystemClock().now(),
            unseen_after_ms=settings.events.unseen_after_ms,
        )


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


def _report(
    case: "ChecklistCase", answers: "tuple[Answer, ...]", signed_in: list[SignedIn], paper: "Paper"
) -> Iterator[str]:
    from console.reports import checklist
    from console.reports.table import TableCell, TableColumn
    from console.text.format import plural

    settings = case.settings
    count = plural(len(settings.channels), "channel")
    yield paper.line(TableCell("configuration OK", "green"), f": {count} in {settings.path}")
    yield paper.line(f"cache {settings.database}")
    yield ""
    columns = (
        TableColumn("CHANNEL", flexible=True),
        TableColumn("KIND"),
        TableColumn("ROLE", flexible=True),
        TableColumn("POLLED"),
        TableColumn("POLICY", flexible=True),
        TableColumn("CREDENTIALS", flexible=True),
    )
    yield from paper.table(columns, (_row(case, each) for each in settings.channels.values()))
    if settings.bundles:
        count = plural(len({one.bundle for one in settings.bundles}), "bundle")
        yield paper.line(f"{count} of {plural(len(settings.bundles), 'component')}")
    yield ""
    yield from checklist.lines(answers, paper)
    if signed_in:
        yield ""
    for each in signed_in:
        sign = TableCell("signed in ", "green") if each.ok else TableCell("refused   ", "red")
        yield paper.line(sign, f" {each.channel}: {each.seen}")


def _row(case: "ChecklistCase", channel: "ChannelSettings") -> tuple[str, ...]:
    from console.reports.tables import role
    from sync.config.decoding import secrets_of
    from sync.units import duration_text

    attributes = ("quantity", "state")
    roles = [f"{one} authority" for one in attributes if channel.name in case.authorities(one)]
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
    from console.text.format import plural
    from store.model import Figure
    from sync.units import PPM, portion_text

    parts = [f"made of {channel.made_of}"] if channel.made_of != Figure.AVAILABLE else []
    parts += [f"buffer {channel.buffer}"] if channel.buffer else []
    parts += [f"share {portion_text(channel.share_ppm)}"] if channel.share_ppm != PPM else []
    parts += [f"cap {channel.cap}"] if channel.cap is not None else []
    parts += [f"units of {channel.units}"] if channel.units != 1 else []
    parts += [f"{channel.when_out} when out"] if channel.when_out != "sold-out" else []
    parts += [_places(channel.locations)] if channel.locations else []
    aliases = plural(len(channel.aliases), "alias", "aliases")
    parts += [aliases] if channel.aliases else []
    parts += [f"{len(channel.rules)} by SKU"] if channel.rules else []
    return ", ".join(parts) or "all that is available"


def _places(locations: "Mapping[str, tuple[str, ...]]") -> str:
    """How many places of the authority it sells from, and as how many of its own."""
    from console.text.format import plural

    told = plural(sum(map(len, locations.values())), "location")
    pools = [own for own, members in locations.items() if len(members) > 1]
    if not pools:
        return told
    if len(locations) == 1:
        return f"{told} as one pool"
    return f"{told} as {len(locations)}, {plural(len(pools), 'pool')}"


def _print_json(
    case: "ChecklistCase", answers: "tuple[Answer, ...]", signed_in: list[SignedIn]
) -> None:
    from console.reports import checklist, json_documents

    document: json_documents.Json = {
        "checklist": checklist.answers_json(answers),
        "warnings": list(case.settings.warnings),
        "measured": checklist.measured_json(case),
    }
    if signed_in:
        document["online"] = [each._asdict() for each in signed_in]
    click.echo(json_documents.write(document))
    for each in signed_in:
        if not each.ok:
            note(f"{each.channel}: {each.seen}")
