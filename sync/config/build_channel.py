"""One `[channels.NAME]` table → its settings, with everything that is wrong in it.

Nothing raises here: what is wrong is added to the findings.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from store.model import Direction
from sync import channels, locations, values
from sync.channels.plugins import BrokenPlugin
from sync.config import schema
from sync.config.decoding import Findings, join, nearest, refuse_unknown, table
from sync.errors import ConfigError
from sync.settings import ChannelRule, ChannelSettings, GuardSettings, WebhookSettings
from sync.targets import directions
from sync.targets.policy import OUT_STATES

_BASIC = 'write auth = { basic = { username = "…", password = { env = "NAME" } } }'
_ELSEWHERE = {
    "username": _BASIC,
    "password": _BASIC,
    "api_key": 'write headers = { "X-Api-Key" = { env = "NAME" } }, or token for a Bearer token',
} | {
    name: f"it belongs in auth: auth = {{ {name} = {{ … }} }}"
    for name in ("basic", "query", "oauth", "oauth1", "login")
}
"""Keys that a kind with `auth` has elsewhere, or that another kind has."""

SWEEP_EVERY_MS = 3_600_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class ChannelBuilder(msgspec.Struct, frozen=True):
    """What the channels of one configuration share while they are put together."""

    found: Findings
    base: Path
    """The folder of the configuration."""
    guard: schema.GuardTable
    """`[guard]`, which a channel's own lies over."""

    def all(self, data: Mapping[str, object]) -> dict[str, ChannelSettings | None]:
        """Decode every channel; a wrong one keeps its name, so that others may refer to it."""
        written = data.get("channels")
        if not isinstance(written, dict) or not written:
            message = "there are none: add a table [channels.NAME] with a `kind`"
            self.found.refuse("channels", message)
            return {}
        settings: dict[str, ChannelSettings | None] = {}
        for name, value in written.items():
            key = join("channels", name)
            if not _NAME.fullmatch(name):
                message = "a channel's name is 1 to 64 letters, digits, - and _"
                self.found.refuse(key, message)
            elif isinstance(value, dict):
                made = self._described if "use" in value else self._channel
                settings[name] = made(name, value)
            else:
                self.found.refuse(key, f"must be a table: write [channels.{name}]")
        return settings

    def _described(self, name: str, written: Mapping[str, object]) -> ChannelSettings | None:
        """Put a channel together that uses a ready-made description."""
        from sync.config.described import say_where, under

        described = under(name, written, self.base, self.found)
        if described is None:
            return None
        before = len(self.found.errors)
        settings = self._channel(name, described.table)
        errors, key = self.found.errors[before:], f"channels.{name}"
        self.found.errors[before:] = say_where(errors, key, written, described.description)
        if settings is None:
            return None
        return msgspec.structs.replace(settings, described_by=described.description.origin())

    def _channel(self, name: str, written: Mapping[str, object]) -> ChannelSettings | None:
        key = f"channels.{name}"
        kind = _kind(written.get("kind"), key, self.found)
        if kind is None:
            return None
        shape = channels.kind(kind).OPTIONS
        own_names = {field.encode_name for field in msgspec.structs.fields(shape)}
        common_names = {field.encode_name for field in msgspec.structs.fields(schema.ChannelTable)}
        left = dict(written)
        # `events` is a key of some kinds only. An operator who adds it to another kind has seen it
        # work elsewhere, so she gets a way to do it and not the nearest word.
        if "events" in left and "events" not in own_names:
            del left["events"]
            self.found.refuse(
                f"{key}.events",
                f'is not a key of kind "{kind}": remove it; '
                "`skew events import` reads a channel's events from a file",
            )
        for other in sorted(left.keys() & _ELSEWHERE.keys() - own_names):
            if "auth" in own_names:
                del left[other]
                message = f'is not a key of kind "{kind}": {_ELSEWHERE[other]}'
                self.found.refuse(f"{key}.{other}", message)
        refuse_unknown(left, (*common_names, *own_names), key, self.found)
        own = {k: v for k, v in left.items() if k in own_names}
        rest = {k: v for k, v in left.items() if k in common_names - own_names or k == "kind"}
        options = table(own, shape, key, self.found)
        common = table(rest, schema.ChannelTable, key, self.found)
        if options is None or common is None:
            return None
        settings = self._settings(name, common, options)
        self._check_sweeps(settings, written=common.sweep_every is not None)
        # From here on the table itself is right. What follows compares its keys with each other and
        # with the kind's abilities, and a channel that fails it must not be compared with others.
        before = len(self.found.errors)
        self._check_abilities(settings, own_names)
        for place, message in directions.wrong_in(settings):
            self.found.refuse(place, message)
        return settings if len(self.found.errors) == before else None

    def _settings(
        self, name: str, common: schema.ChannelTable, options: msgspec.Struct
    ) -> ChannelSettings:
        can = channels.kind(common.kind).abilities(options)
        return ChannelSettings(
            name=name,
            kind=common.kind,
            direction=Direction(common.direction),
            every_ms=int(common.every),
            sweep_every_ms=_plain(common.sweep_every) or SWEEP_EVERY_MS,
            stale_after_ms=_plain(common.stale_after) or 3 * common.every,
            max_source_age_ms=_plain(common.max_source_age),
            lag_ms=int(common.lag),
            timeout_ms=int(common.timeout),
            rate_per_s=common.rate,
            rate_share_ppm=int(common.rate_share),
            credentials_expire_at=_plain(common.credentials_expire),
            read_back_within_ms=_plain(common.read_back_within) or can.applies_within_ms,
            report_missing=common.missing == "report",
            writes_all=common.duplicates == "write-all",
            settle_reduce_ms=int(common.settle.reduce),
            settle_raise_ms=int(common.settle.raise_),
            buffer=common.buffer,
            share_ppm=int(common.share),
            cap=common.cap,
            when_out=common.when_out,
            units=common.units,
            made_of=common.made_of,
            locations=self._own_locations(name, common.locations or {}, options),
            aliases=self._aliases(name, common.aliases),
            link=common.link,
            flows=_flows(common.flows),
            rules=tuple(map(_rule, common.rules)),
            guard=_guard(self.guard, common.guard),
            webhook=_webhook(common.webhook),
            options=options,
        )

    def _own_locations(
        self, name: str, written: Mapping[str, tuple[str, ...]], options: msgspec.Struct
    ) -> Mapping[str, tuple[str, ...]]:
        """The map by the names that the kind itself gives its locations, however it is written.

        A kind's options may have a method `location_name` for that, which raises ValueError for
        one at which no listing can stand.
        """
        named = getattr(options, "location_name", str)
        try:
            return MappingProxyType({named(own): members for own, members in written.items()})
        except ValueError as error:
            self.found.refuse(f"channels.{name}.locations", str(error))
            return MappingProxyType({})

    def _aliases(self, name: str, written: str | None) -> Mapping[str, str]:
        if written is None:
            return MappingProxyType({})
        from sync.config import catalogue

        try:
            path = self.base / Path(written).expanduser()
            found, skipped = catalogue.aliases(path, f"channels.{name}.aliases")
        except ConfigError as error:
            self.found.errors.append(error)
            return MappingProxyType({})
        self.found.warnings.extend(skipped)
        return MappingProxyType(dict(found))

    def _check_sweeps(self, settings: ChannelSettings, *, written: bool) -> None:
        """Refuse `sweep_every` where each poll reads everything anyway."""
        if not written:
            return
        if not channels.kind(settings.kind).abilities(settings.options).since:
            why = f'this channel, of kind "{settings.kind}", can\'t list what changed'
        elif shared := locations.summed(settings.locations):
            own = ", ".join(map(values.quoted, next(iter(shared.values()))))
            why = f"several locations are one: {own}. Their sum needs all of them"
        elif settings.writes_all:
            why = 'duplicates = "write-all" makes several listings one, which needs all of them'
        else:
            return
        message = f"has no effect: {why}, so each poll reads everything. Leave sweep_every out"
        self.found.refuse(f"channels.{settings.name}.sweep_every", message)

    def _check_abilities(self, settings: ChannelSettings, own_names: set[str]) -> None:
        key = f"channels.{settings.name}"
        can = channels.kind(settings.kind).abilities(settings.options)
        if settings.direction is Direction.PUSH and not can.writes:
            with_keys = " with these keys" if channels.kind(settings.kind).ABILITIES.writes else ""
            way = f'kind "{settings.kind}"{with_keys} is only read'
            if "write" in own_names:
                way = "add its `write` table"
            elif "update" in own_names:
                way = (
                    'add update = "UPDATE stock SET available = :quantity WHERE sku = :sku AND '
                    'available = :previous"'
                )
            elif "export" in own_names:
                way = 'add export = "out/corrections-{batch}.csv"'
            message = f'"push" needs a way to write: {way}, or write "observe"'
            self.found.refuse(f"{key}.direction", message)
        if settings.writes_all and not can.refs:
            way = "each listing needs an id of its own, and its write must name it"
            if "fields" in own_names:
                way += ': add `ref` to fields, and {ref} to write.url or "$ref" to write.body'
            elif "select" in own_names:
                way += ": have `ref` in columns, and :ref in update"
            self.found.refuse(f"{key}.duplicates", f'"write-all" can\'t work here: {way}')
        if can.changes and (shared := locations.summed(settings.locations)):
            own = ", ".join(map(values.quoted, next(iter(shared.values()))))
            self.found.refuse(
                f"{key}.changes",
                f"can't work where several locations are one: {own}. A file of changes may name "
                "one of them only; give each a place of its own in `locations`, or leave `changes` "
                "out",
            )
        out = OUT_STATES[settings.when_out]
        if out is not None and out not in can.states:
            shown = ", ".join(sorted(can.states)) or "no states at all"
            self.found.refuse(
                f"{key}.when_out",
                f'"{settings.when_out}" needs the state {out}, which this channel can\'t show; '
                f'it can show {shown}. "sold-out" always works',
            )


def _kind(kind: object, key: str, found: Findings) -> str | None:
    known = channels.names()
    if not isinstance(kind, str):
        found.refuse(f"{key}.kind", 'is missing: add `kind = "csv"` or another (`skew channels`)')
    elif kind not in known:
        close = nearest(kind, known) if kind else ""
        advice = f"{close} " if close.startswith("did") else ""
        listed = ", ".join(known)
        found.refuse(f"{key}.kind", f"{values.quoted(kind)} is not a kind; {advice}known: {listed}")
    else:
        try:
            channels.kind(kind)
        except BrokenPlugin as error:
            found.refuse(f"{key}.kind", str(error))
        else:
            return kind
    return None


def _rule(rule: schema.ChannelRuleTable) -> ChannelRule:
    return ChannelRule(
        skus=rule.skus,
        buffer=rule.buffer,
        share_ppm=_plain(rule.share),
        cap=rule.cap,
        sold=rule.sold,
        state=rule.state,
        units=rule.units,
        made_of=rule.made_of,
    )


def _flows(written: schema.FlowsTable) -> Mapping[str, Literal["in", "out"]]:
    ways: dict[str, Literal["in", "out"]] = {}
    for name in directions.ATTRIBUTES:
        way = getattr(written, name)
        if way is not None:
            ways[name] = "in" if way == "in" else "out"
    return MappingProxyType(ways)


def _webhook(written: schema.WebhookTable | None) -> WebhookSettings | None:
    return None if written is None else WebhookSettings(**msgspec.structs.asdict(written))


def _guard(whole: schema.GuardTable, own: schema.GuardTable) -> GuardSettings:
    chosen = {
        f"{name}_ppm": int(portion)
        for name in ("max_zeroed", "max_changed", "max_shrunk", "max_jumped")
        for portion in (_first(getattr(own, name), getattr(whole, name)),)
        if portion is not None
    }
    return GuardSettings(**chosen)


def _plain(value: int | None) -> int | None:
    """Leave the unit behind: msgspec, which fingerprints the terms, writes plain ints only."""
    return None if value is None else int(value)


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
