"""`skew check`: is the configuration right, does it fit what happens, do the credentials work."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import click
import msgspec

from console.commands.options import config_option, example, json_option
from console.context import load, note

if TYPE_CHECKING:
    from console.reports.table import Paper
    from store.checklist.values import Measured
    from sync.channels.base import Channel, DescribedChannel, KeySighting
    from sync.checklist.case import Answer, ChecklistCase
    from sync.settings import ChannelSettings, Settings
    from sync.transport.notices import ChannelNotices


REQUESTS_MAX = 6
"""Trying a description asks so often: sign-in, two pages, a record, events, and one to spare."""


Look = Callable[[str, "Channel"], Awaitable["SignIn"]]
"""What is done with an open channel."""


class SignIn(NamedTuple):
    """How signing in to a channel went."""

    channel: str
    ok: bool
    seen: str
    """What the channel showed of itself, or why it refused."""
    wrong: tuple[str, ...] = ()
    """What would not work although the sign-in did."""
    warnings: tuple[str, ...] = ()
    """What may not be as it is meant."""
    keys: tuple["KeySighting", ...] = ()
    """What each key of its description found."""


@click.command(epilog=example("skew check", "skew check --online --config shops/acme.toml"))
@config_option
@json_option
@click.option(
    "--online", is_flag=True, help="Also open every channel, sign in, and try what is described."
)
def check(config: Path, *, as_json: bool, online: bool) -> int:
    """Check the configuration and answer the six questions; nothing is polled or written.

    The answers come from the configuration and from how the channels behaved in the last seven
    days, and files are looked at. Exits 0 where all is right, and 2 where anything is wrong, which
    comes first: the configuration, a file, an answer where settings and behaviour disagree, or
    with --online a refused credential or a description that finds nothing.
    """
    from console.tui.session import memory, saved_views
    from sync import checklist, extras
    from sync.errors import ConfigError

    settings = load(config, secrets=True)
    # The engine works without it, and would only log it at the first trouble.
    if settings.notify and (lacking := extras.lack("notify")):
        raise ConfigError("notify", lacking)
    saved_views.load(settings, memory.SessionMemory(None, ""))
    case = checklist.case(settings, _measure(settings))
    answers = checklist.answers(case)
    sign_ins = asyncio.run(_sign_in(settings, online=online))
    if as_json:
        _print_json(case, answers, sign_ins, online=online)
    else:
        from console.reports.table import Paper

        click.echo("\n".join(_report(case, answers, sign_ins, Paper.stdout())))
    well = all(sign_in.ok for sign_in in sign_ins) and all(answer.ok for answer in answers)
    return 0 if well else 2


def _measure(settings: "Settings") -> "Measured | None":
    """Read from the cache how the channels behaved; None where there is no cache yet."""
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


async def _sign_in(settings: "Settings", *, online: bool) -> list[SignIn]:
    """Sign in to every channel at once, else look at the local ones; one's trouble stops none."""
    from sync import channels

    wanted = [
        name
        for name, channel in settings.channels.items()
        if online or channels.kind(channel.kind).abilities(channel.options).is_local
    ]
    others = [name for name in settings.channels if name not in wanted]
    opened = await asyncio.gather(*(_sign_in_to(settings, name, None) for name in others))
    seen = await asyncio.gather(
        *(_sign_in_to(settings, name, _try_out if online else _look) for name in wanted)
    )
    # That a channel can be opened goes without saying: what it needs is installed.
    return [*seen, *(sign_in for sign_in in opened if not sign_in.ok)]


async def _sign_in_to(settings: "Settings", name: str, how: Look | None) -> SignIn:
    """Look at a channel; without a `how`, only open it."""
    from sync.channels import open_channel
    from sync.clock import SystemClock
    from sync.errors import ChannelError, ConfigError
    from sync.transport.rate_limit import RateLimitMeter

    channel_settings = settings.channels[name]
    try:
        meter = RateLimitMeter()
        channel = open_channel(channel_settings, SystemClock(), settings.path.parent, meter)
        try:
            if how is None:
                return SignIn(name, ok=True, seen="")
            async with asyncio.timeout(REQUESTS_MAX * channel_settings.timeout_ms / 1000):
                sign_in = await how(name, channel)
            announced = _announced(channel_settings, meter.notices)
            return sign_in._replace(warnings=(*sign_in.warnings, *announced))
        finally:
            await channel.close()
    except (ChannelError, ConfigError) as error:
        return SignIn(name, ok=False, seen=str(error))
    except TimeoutError:
        words = f"took longer than {REQUESTS_MAX} × channels.{name}.timeout"
        return SignIn(name, ok=False, seen=words)


def _announced(channel: "ChannelSettings", notices: "ChannelNotices") -> Iterator[str]:
    """What a channel's answers have announced: that a way of asking ends, or a credential."""
    if notices.words():
        yield notices.words()
    ends = _ending(channel, notices.credential_ends)
    if ends and ends != _ending(channel, {}):
        yield ends


def _ending(channel: "ChannelSettings", ends: "Mapping[str, int]") -> str:
    """What is to say of credentials that end soon, or have ended."""
    from sync.clock import SystemClock
    from sync.polling import expiry

    return expiry.words(channel, ends, SystemClock().now())


def _ending_soon(settings: "Settings") -> list[str]:
    """What the configuration says of credentials that end soon."""
    found = ((name, _ending(channel, {})) for name, channel in settings.channels.items())
    return [f"channels.{name}: {words}" for name, words in found if words]


async def _look(name: str, channel: "Channel") -> SignIn:
    """Look at a channel; of a file try its first rows too, and keep what is wrong with them."""
    if not channel.abilities.files:
        return SignIn(name, ok=True, seen=await channel.sign_in())
    tried = await _try_out(name, channel)
    return tried._replace(keys=tuple(sighting for sighting in tried.keys if not sighting.ok))


async def _try_out(name: str, channel: "Channel") -> SignIn:
    """Sign in, and try what is described of the channel."""
    if not channel.abilities.described:
        return await _look(name, channel)
    sighting = await cast("DescribedChannel", channel).try_out()
    return SignIn(
        name,
        ok=not sighting.wrong,
        seen=sighting.seen,
        wrong=tuple(sighting.wrong),
        warnings=tuple(sighting.warnings),
        keys=tuple(sighting.keys),
    )


def _report(
    case: "ChecklistCase", answers: "tuple[Answer, ...]", sign_ins: list[SignIn], paper: "Paper"
) -> Iterator[str]:
    from console.reports import checklist, descriptions
    from console.reports.table import TableCell, TableColumn
    from console.text.format import plural

    settings = case.settings
    wrong = [text for sign_in in sign_ins for text in _wrong(sign_in)]
    wrong += [text for answer in answers for text in answer.wrong]
    yield from (paper.line(TableCell("✖ ", "red"), text) for text in wrong)
    for text in _ending_soon(settings):
        yield paper.line(TableCell("warning", "yellow"), f" {text}")
    count = f"{plural(len(settings.channels), 'channel')} in {settings.path}"
    if wrong:
        yield paper.line(count)
    else:
        yield paper.line(TableCell("configuration OK", "green"), f": {count}")
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
    yield from paper.table(columns, (_row(case, channel) for channel in settings.channels.values()))
    for channel in settings.channels.values():
        if channel.described_by is not None:
            yield from paper.paragraph(f"{channel.name}: {descriptions.origin(channel)}", "")
    if settings.bundles:
        count = plural(len({component.bundle for component in settings.bundles}), "bundle")
        yield paper.line(f"{count} with {plural(len(settings.bundles), 'component')}")
    yield ""
    yield from checklist.lines(answers, paper)
    if sign_ins:
        yield ""
    for sign_in in sign_ins:
        signed_in = sign_in.ok or bool(sign_in.wrong)
        sign = TableCell("found  ", "green") if signed_in else TableCell("failed ", "red")
        yield paper.line(sign, f" {_with_channel(sign_in.channel, sign_in.seen)}")
        width = max((len(sighting.key) for sighting in sign_in.keys), default=0)
        for sighting in sign_in.keys:
            mark = " " if sighting.ok else "✖"
            yield from paper.paragraph(f"{mark} {sighting.key:{width}}  {sighting.found}")
        for warning in sign_in.warnings:
            yield paper.line(TableCell("warning", "yellow"), f" {sign_in.channel}: {warning}")


def _row(case: "ChecklistCase", channel: "ChannelSettings") -> tuple[str, ...]:
    from console.reports.tables import role
    from sync.config.decoding import secrets_of
    from sync.units import duration_text

    attributes = ("quantity", "state")
    roles = [
        f"{attribute} authority"
        for attribute in attributes
        if channel.name in case.authorities(attribute)
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
    from console.text.format import plural
    from store.model import Figure
    from sync.units import PPM, portion_text

    parts = [f"made of {channel.made_of}"] if channel.made_of != Figure.AVAILABLE else []
    parts += [f"buffer {channel.buffer}"] if channel.buffer else []
    parts += [f"share {portion_text(channel.share_ppm)}"] if channel.share_ppm != PPM else []
    parts += [f"cap {channel.cap}"] if channel.cap is not None else []
    parts += [f"units of {channel.units}"] if channel.units != 1 else []
    parts += [f"{channel.when_out} when out"] if channel.when_out != "sold-out" else []
    parts += [_locations(channel.locations)] if channel.locations else []
    aliases = plural(len(channel.aliases), "alias", "aliases")
    parts += [aliases] if channel.aliases else []
    parts += [f"{plural(len(channel.rules), 'rule')} by SKU"] if channel.rules else []
    return ", ".join(parts) or "shows all that is available"


def _locations(locations: "Mapping[str, tuple[str, ...]]") -> str:
    """How many locations of the authority it sells from, and how many of its own these are."""
    from console.text.format import plural

    count = plural(sum(map(len, locations.values())), "location")
    pools = [own for own, members in locations.items() if len(members) > 1]
    if not pools:
        return count
    if len(locations) == 1:
        return f"{count} as one pool"
    return f"{count} as {len(locations)}, of which {plural(len(pools), 'pool')}"


def _print_json(
    case: "ChecklistCase",
    answers: "tuple[Answer, ...]",
    sign_ins: list[SignIn],
    *,
    online: bool,
) -> None:
    from console.reports import checklist, descriptions, json_documents

    document: json_documents.Json = {
        "checklist": checklist.answers_json(answers),
        "warnings": [*case.settings.warnings, *_ending_soon(case.settings)],
        "measured": checklist.measured_json(case),
    }
    using = [channel for channel in case.settings.channels.values() if channel.described_by]
    if using:
        document["described"] = [descriptions.origin_json(channel) for channel in using]
    if online:
        document["online"] = [
            {
                **sign_in._asdict(),
                "keys": [msgspec.structs.asdict(sighting) for sighting in sign_in.keys],
            }
            for sign_in in sign_ins
        ]
    click.echo(json_documents.write(document))
    for sign_in in sign_ins:
        for text in _wrong(sign_in):
            note(text)


def _wrong(sign_in: SignIn) -> list[str]:
    """All that is wrong with a channel that was signed in to, or could not be."""
    if sign_in.ok:
        return []
    return [_with_channel(sign_in.channel, text) for text in sign_in.wrong or (sign_in.seen,)]


def _with_channel(channel: str, text: str) -> str:
    """What was seen, with the channel's name once: most errors begin with it already."""
    return text if text.startswith(f"{channel}: ") else f"{channel}: {text}"
