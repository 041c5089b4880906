"""Put the decoded tables together: defaults, overlays, and the checks between tables.

Called by `sync.config` only. Nothing raises here: everything that is wrong is added to `errors`,
and the tables that are right are still checked, so that one run tells all.
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from store.model import Direction
from sync import channels, tables
from sync.decoding import Findings, join, nearest, refuse_unknown, table
from sync.errors import ConfigError
from sync.secrets import SecretSource, resolve
from sync.settings import (
    ApprovalRule,
    ApprovalSettings,
    AuthorityRule,
    ChannelRule,
    ChannelSettings,
    GuardSettings,
    PushLimits,
    Settings,
)

T = TypeVar("T", bound=msgspec.Struct)

_TABLES = (
    "skew",
    "authority",
    "channels",
    "approval",
    "guard",
    "push",
    "events",
    "history",
    "catalogue",
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LATER = "this version cannot do it, and comparing without it would mislead: remove the key"
_REFUSED = {
    "aliases": _LATER,
    "locations": _LATER,
    "flows": 'this version has only direction = "observe" and "push": remove the key',
}


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the functions below share while one configuration is put together."""

    found: Findings
    warnings: list[str]

    def refuse(self, key: str, message: str) -> None:
        self.found.refuse(key, message)

    def table(self, data: Mapping[str, object], name: str, shape: type[T]) -> T | None:
        """Decode a table that stands at the top of the file, or its defaults where it is not."""
        value = data.get(name, {})
        if isinstance(value, dict):
            return table(value, shape, name, self.found)
        self.refuse(name, f"must be a table: write [{name}]")
        return None


def settings(
    data: Mapping[str, object],
    *,
    source: str,
    base: Path,
    environ: Mapping[str, str] | None,
    errors: list[ConfigError],
) -> Settings | None:
    """Put a configuration together; None, or an incomplete one, where `errors` has any."""
    reader = _Reader(Findings(errors), [])
    refuse_unknown(data, _TABLES, "", reader.found)
    _later_tables(reader, data)
    skew = reader.table(data, "skew", tables.SkewTable)
    authority = reader.table(data, "authority", tables.AuthorityTable)
    approval = reader.table(data, "approval", tables.ApprovalTable)
    push = reader.table(data, "push", tables.PushTable)
    history = reader.table(data, "history", tables.HistoryTable)
    guard = reader.table(data, "guard", tables.GuardTable) or tables.GuardTable()
    found = _channels(reader, data, guard)
    _check_names(reader, data, tuple(found))
    if environ is not None:
        _check_secrets(reader, base, environ)
    if not (skew and authority and approval and push and history) or errors:
        return None
    path = base / Path(source).name
    assembled = Settings(
        path=path,
        database=_database(skew.database, base, path),
        authority_quantity=authority.quantity,
        authority_state=authority.state or authority.quantity,
        authority_rules=tuple(
            AuthorityRule(skus=rule.skus, quantity=rule.quantity, state=rule.state)
            for rule in authority.rules
        ),
        channels={name: channel for name, channel in found.items() if channel},
        approval=_approval(approval),
        push=PushLimits(**msgspec.structs.asdict(push)),
        history_keep_ms=int(history.keep),
    )
    reader.warnings.extend(_doubts(assembled))
    return msgspec.structs.replace(assembled, warnings=tuple(reader.warnings))


def secrets_of(options: msgspec.Struct, key: str) -> Iterator[tuple[str, SecretSource]]:
    """Find every secret that a channel's options name, with its dotted key."""
    for field in msgspec.structs.fields(options):
        value = getattr(options, field.name)
        if isinstance(value, SecretSource):
            yield join(key, field.encode_name), value
        elif isinstance(value, msgspec.Struct):
            yield from secrets_of(value, join(key, field.encode_name))


def _later_tables(reader: _Reader, data: Mapping[str, object]) -> None:
    if "events" in data:
        reader.warnings.append("events: this version takes no events; the table has no effect")
    if "history" in data:
        reader.warnings.append("history: this version keeps all history; the table has no effect")
    catalogue = data.get("catalogue")
    if isinstance(catalogue, dict):
        refuse_unknown(catalogue, ("bundles",), "catalogue", reader.found)
        if "bundles" in catalogue:
            reader.refuse("catalogue.bundles", _LATER)
    elif catalogue is not None:
        reader.refuse("catalogue", "must be a table: write [catalogue]")


def _database(written: str | None, base: Path, source: Path) -> Path:
    """Find the cache: as written, or one of its own in the user's data folder.

    The name carries a digest of the file's place, because two configurations that shared a cache
    would each take the other's channels for its own.
    """
    if written is not None:
        return base / Path(written).expanduser()
    import platformdirs

    whole = (base / source.name).resolve()
    digest = hashlib.sha256(str(whole).encode()).hexdigest()[:12]
    folder = re.sub(r"[^A-Za-z0-9_-]+", "-", whole.parent.name) or "root"
    return platformdirs.user_data_path("skew", appauthor=False) / f"{folder}-{digest}.db"


def _channels(
    reader: _Reader, data: Mapping[str, object], guard: tables.GuardTable
) -> dict[str, ChannelSettings | None]:
    """Decode every channel; one that is wrong keeps its name, so that others may refer to it."""
    written = data.get("channels")
    if not isinstance(written, dict) or not written:
        reader.refuse("channels", "no channel: add a table [channels.NAME] with a `kind`")
        return {}
    found: dict[str, ChannelSettings | None] = {}
    for name, value in written.items():
        key = join("channels", name)
        if not _NAME.fullmatch(name):
            reader.refuse(key, "a channel's name is letters, digits, - and _, at most 64")
        elif isinstance(value, dict):
            found[name] = _channel(reader, name, value, guard)
        else:
            reader.refuse(key, f"must be a table: write [channels.{name}]")
    return found


def _channel(
    reader: _Reader, name: str, written: Mapping[str, object], guard: tables.GuardTable
) -> ChannelSettings | None:
    key = f"channels.{name}"
    kind = written.get("kind")
    if isinstance(kind, str) and kind not in channels.KINDS:
        known = ", ".join(f'"{each}"' for each in channels.KINDS)
        close = nearest(kind, channels.KINDS) if kind else ""
        advice = f"{close} " if close.startswith("did") else ""
        reader.refuse(f"{key}.kind", f"is not a kind that this version has: {advice}it has {known}")
        return None
    if not isinstance(kind, str):
        reader.refuse(f"{key}.kind", 'is missing: add `kind = "csv"` or another (`skew channels`)')
        return None
    shape = channels.kind(kind).Options
    own_names = {field.encode_name for field in msgspec.structs.fields(shape)}
    left = _without_later(reader, key, written, own_names)
    common_names = {field.encode_name for field in msgspec.structs.fields(tables.ChannelTable)}
    refuse_unknown(left, (*common_names, *own_names), key, reader.found)
    own = {k: v for k, v in left.items() if k in own_names}
    rest = {k: v for k, v in left.items() if k in common_names - own_names or k == "kind"}
    options = table(own, shape, key, reader.found)
    common = table(rest, tables.ChannelTable, key, reader.found)
    if options is None or common is None:
        return None
    if common.direction == "push" and not channels.kind(kind).abilities(options).writes:
        way = "add its `write` table" if "write" in own_names else f'kind "{kind}" is only read'
        reader.refuse(f"{key}.direction", f'"push" needs a way to write: {way}, or say "observe"')
    return _channel_settings(name, common, options, guard)


def _without_later(
    reader: _Reader, key: str, written: Mapping[str, object], own_names: set[str]
) -> dict[str, object]:
    """Take out what DESIGN.md has and this version has not: refused, or warned of if harmless."""
    left = dict(written)
    for name, message in _REFUSED.items():
        if name in left and name not in own_names:
            del left[name]
            reader.refuse(f"{key}.{name}", message)
    if "units" not in own_names and left.pop("units", 1) != 1:
        reader.refuse(f"{key}.units", f"other than 1, {_LATER}")
    if "events" not in own_names and left.pop("events", None) is not None:
        reader.warnings.append(f"{key}.events: this version takes no events; it has no effect")
    if left.get("direction") == "two-way":
        del left["direction"]
        reader.refuse(
            f"{key}.direction", 'must be "observe" or "push": this version has no two-way'
        )
    if left.get("when_out") in ("backorder", "preorder", "disable"):
        del left["when_out"]
        reader.refuse(f"{key}.when_out", f'other than "sold-out", {_LATER}')
    return left


def _channel_settings(
    name: str, common: tables.ChannelTable, options: msgspec.Struct, guard: tables.GuardTable
) -> ChannelSettings:
    return ChannelSettings(
        name=name,
        kind=common.kind,
        direction=Direction(common.direction),
        every_ms=int(common.every),
        stale_after_ms=_plain(common.stale_after) or 3 * common.every,
        max_source_age_ms=_plain(common.max_source_age),
        lag_ms=int(common.lag),
        timeout_ms=int(common.timeout),
        rate_per_s=common.rate,
        read_back_within_ms=int(common.read_back_within),
        report_missing=common.missing == "report",
        settle_reduce_ms=int(common.settle.reduce),
        settle_raise_ms=int(common.settle.raise_),
        buffer=common.buffer,
        share_ppm=int(common.share),
        cap=common.cap,
        when_out=common.when_out,
        rules=tuple(
            ChannelRule(
                skus=rule.skus,
                buffer=rule.buffer,
                share_ppm=_plain(rule.share),
                cap=rule.cap,
                sold=rule.sold,
                state=rule.state,
            )
            for rule in common.rules
        ),
        guard=_guard(guard, common.guard),
        options=options,
    )


def _guard(whole: tables.GuardTable, own: tables.GuardTable) -> GuardSettings:
    chosen = {
        f"{name}_ppm": int(portion)
        for name in ("max_zeroed", "max_changed", "max_shrunk")
        for portion in (_first(getattr(own, name), getattr(whole, name)),)
        if portion is not None
    }
    return GuardSettings(**chosen)


def _plain(value: int | None) -> int | None:
    """Leave the unit behind: msgspec, which fingerprints the terms, writes plain ints only."""
    return None if value is None else int(value)


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _approval(written: tables.ApprovalTable) -> ApprovalSettings:
    return ApprovalSettings(
        mode=written.mode,
        hold_ms=int(written.hold),
        expires_ms=int(written.expires),
        second_person_above=written.second_person_above,
        rules=tuple(ApprovalRule(**msgspec.structs.asdict(rule)) for rule in written.rules),
    )


def _check_secrets(reader: _Reader, base: Path, environ: Mapping[str, str]) -> None:
    for key, source in reader.found.secrets:
        try:
            resolve(source, key=key, base=base, environ=environ)
        except ConfigError as error:
            reader.found.errors.append(error)


def _check_names(reader: _Reader, data: Mapping[str, object], names: Sequence[str]) -> None:
    """Hold every name of a channel against the channels there are, and rule 1.

    It reads what is written, not what was decoded: another error in a table must not hide these.
    """
    first: dict[tuple[object, str], str] = {}
    for key, attribute, channel, skus in _named_channels(data):
        if channel not in names:
            reader.refuse(f"{key}.{attribute}", f"is no channel: {nearest(channel, names)}")
        if skus is not None and (there := first.setdefault((skus, attribute), key)) != key:
            reader.refuse(
                f"{key}.{attribute}",
                f"{there} already names one for these SKUs: keep one of them",
            )


def _named_channels(data: Mapping[str, object]) -> Iterator[tuple[str, str, str, str | None]]:
    """Every place that names a channel: key, attribute, the name, and an authority's pattern."""
    for name in ("authority", "approval"):
        written = data.get(name)
        if not isinstance(written, dict):
            continue
        rules = written.get("rules")
        places = [(name, written, False)]
        places += [
            (f"{name}.rules[{n}]", rule, name == "authority")
            for n, rule in enumerate(rules if isinstance(rules, list) else ())
            if isinstance(rule, dict)
        ]
        attributes = ("quantity", "state") if name == "authority" else ("channel",)
        for key, place, is_authority in places:
            skus = str(place.get("skus")) if is_authority else None
            for attribute in attributes:
                if isinstance(channel := place.get(attribute), str):
                    yield key, attribute, channel, skus


def _doubts(settings: Settings) -> Iterator[str]:
    """Warn of what is allowed and hardly meant."""
    for name, channel in settings.channels.items():
        key = f"channels.{name}"
        if channel.stale_after_ms < channel.every_ms:
            yield f"{key}.stale_after: shorter than `every`, so it is stale between any two polls"
        if _sent_in_the_clear(channel):
            yield f"{key}.url: http:// sends its credential unencrypted: write https://"
        if channel.direction is Direction.PUSH and _is_all_authority(settings, name):
            yield f"{key}.direction: it is the authority for everything, so nothing is ever pushed"
    if settings.approval.mode == "rules" and not settings.approval.rules:
        yield 'approval.mode: "rules" without [[approval.rules]] approves nothing'


def _sent_in_the_clear(channel: ChannelSettings) -> bool:
    """Whether a credential goes over plain HTTP to another machine."""
    url = str(getattr(channel.options, "url", ""))
    if not url.lower().startswith("http:") or not any(secrets_of(channel.options, "")):
        return False
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _is_all_authority(settings: Settings, name: str) -> bool:
    ruled = {rule.quantity for rule in settings.authority_rules}
    ruled |= {rule.state for rule in settings.authority_rules}
    return {settings.authority_quantity, settings.authority_state} == {name} and ruled <= {
        name,
        None,
    }
