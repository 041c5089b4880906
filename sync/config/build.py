"""Put the decoded tables together: defaults, overlays, and the checks between tables.

Nothing raises here: everything that is wrong is added to `errors`, and the tables that are right
are still checked, so that one run reports all.
"""

import errno
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from store.model import Component
from sync import locations, values
from sync.config import build_channel, schema, warnings
from sync.config.decoding import Findings, nearest, refuse_unknown, table
from sync.errors import ConfigError
from sync.secrets import resolve
from sync.settings import (
    ApprovalRule,
    ApprovalSettings,
    ApprovalWindow,
    AuthorityRule,
    ChannelSettings,
    ConsoleSettings,
    EventSettings,
    NotifySettings,
    PushLimits,
    ServeSettings,
    Settings,
)
from sync.targets import directions

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
    "serve",
    "web",
    "console",
    "notify",
)


def settings(
    data: Mapping[str, object],
    *,
    source: str,
    base: Path,
    environ: Mapping[str, str] | None,
    errors: list[ConfigError],
) -> Settings | None:
    """Put a configuration together; None where `errors` has any.

    `source` is the file's name, `base` its folder. With `environ` None no secret is looked up.
    """
    found = Findings(errors)
    refuse_unknown(data, _TABLES, "", found)
    skew = _top(data, "skew", schema.SkewTable, found)
    authority = _top(data, "authority", schema.AuthorityTable, found)
    approval = _top(data, "approval", schema.ApprovalTable, found)
    push = _top(data, "push", schema.PushTable, found)
    events = _top(data, "events", schema.EventsTable, found)
    history = _top(data, "history", schema.HistoryTable, found)
    notify = _notify(data.get("notify", []), found)
    serve = _top(data, "serve", schema.ServeTable, found)
    web = _top(data, "web", schema.WebTable, found)
    console = _top(data, "console", schema.ConsoleTable, found)
    catalogue = _top(data, "catalogue", schema.CatalogueTable, found)
    guard = _top(data, "guard", schema.GuardTable, found) or schema.GuardTable()
    known = build_channel.ChannelBuilder(found, base, guard).all(data)
    bundles = _bundles(found, base, catalogue)
    _check_names(found, data, tuple(known))
    if authority is not None:
        _check_between(found, authority, known)
    if environ is not None:
        _check_secrets(found, base, environ)
    if skew is not None and skew.database is not None:
        _check_place(found, base / Path(skew.database).expanduser())
    if not (skew and authority and approval and push and events and history and serve):
        return None
    if not (web and console):
        return None
    if errors:
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
        channels={name: channel for name, channel in known.items() if channel},
        approval=_approval(approval),
        push=PushLimits(**msgspec.structs.asdict(push)),
        events=EventSettings(unseen_after_ms=int(events.unseen_after), ahead_ms=int(events.ahead)),
        history_keep_ms=int(history.keep),
        notify=notify,
        serve=_serve(serve),
        web_url=web.url,
        console=_console(console, base),
        bundles=bundles,
    )
    return msgspec.structs.replace(assembled, warnings=(*found.warnings, *warnings.of(assembled)))


def _console(written: schema.ConsoleTable, base: Path) -> ConsoleSettings:
    return ConsoleSettings(
        banner=written.banner,
        banner_tone=written.banner_tone or "red",
        read_only=written.read_only,
        views=None if written.views is None else base / Path(written.views).expanduser(),
    )


def _top(data: Mapping[str, object], name: str, shape: type[T], found: Findings) -> T | None:
    """Decode a table that stands at the top of the file, or its defaults where it is not."""
    value = data.get(name, {})
    if isinstance(value, dict):
        return table(value, shape, name, found)
    found.refuse(name, f"must be a table: write [{name}]")
    return None


def _bundles(
    found: Findings, base: Path, written: schema.CatalogueTable | None
) -> tuple[Component, ...]:
    if written is None or written.bundles is None:
        return ()
    from sync.config import catalogue

    try:
        path = base / Path(written.bundles).expanduser()
        bundles, skipped = catalogue.bundles(path, "catalogue.bundles")
    except ConfigError as error:
        found.errors.append(error)
        return ()
    found.warnings.extend(skipped)
    return bundles


def _check_place(found: Findings, path: Path) -> None:
    """Refuse a place for the cache to which nothing leads: links in a circle, a name too long."""
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR):
            found.refuse("skew.database", f"{path} can't be a file: {error.strerror}")


def _database(written: str | None, base: Path, source: Path) -> Path:
    """Find the cache: as written, or one of its own in the user's data folder."""
    if written is not None:
        return base / Path(written).expanduser()
    import platformdirs

    # The name has a digest of the configuration's path, because two configurations that shared a
    # cache would each take the other's channels for its own.

    whole = (base / source.name).resolve()
    digest = hashlib.sha256(str(whole).encode()).hexdigest()[:12]
    folder = re.sub(r"[^A-Za-z0-9_-]+", "-", whole.parent.name) or "root"
    return platformdirs.user_data_path("skew", appauthor=False) / f"{folder}-{digest}.db"


def _approval(written: schema.ApprovalTable) -> ApprovalSettings:
    return ApprovalSettings(
        mode=written.mode,
        hold_ms=int(written.hold),
        expires_ms=int(written.expires),
        second_person_above=written.second_person_above,
        ask_above=written.ask_above,
        ask_above_money=written.ask_above_money,
        max_failed_ppm=int(written.max_failed),
        max_disagreeing_ppm=int(written.max_disagreeing),
        people=None if written.people is None else tuple(written.people),
        rules=tuple(ApprovalRule(**msgspec.structs.asdict(rule)) for rule in written.rules),
        windows=tuple(
            ApprovalWindow(
                cron=window.cron,
                timezone=window.timezone,
                duration_ms=int(window.duration),
                effect=window.effect,
                reason=window.reason,
            )
            for window in written.windows
        ),
    )


def _notify(written: object, found: Findings) -> tuple[NotifySettings, ...]:
    if not isinstance(written, list):
        found.refuse("notify", "must be a list of tables: write [[notify]]")
        return ()
    places: list[NotifySettings] = []
    for number, value in enumerate(written):
        key = f"notify[{number}]"
        if not isinstance(value, dict):
            found.refuse(key, "must be a table: write [[notify]]")
            continue
        decoded = table(value, schema.NotifyTable, key, found)
        if decoded is None:
            continue
        same = sum(place.url.name == decoded.url.name for place in places)
        name = f"{decoded.url.name} {same + 1}" if same else decoded.url.name
        places.append(
            NotifySettings(name=name, url=decoded.url, on=tuple(decoded.on), quiet=decoded.quiet)
        )
    return tuple(places)


def _serve(written: schema.ServeTable) -> ServeSettings | None:
    if written.listen is None:
        return None
    at = written.listen
    return ServeSettings(host=at.host, port=at.port, webhooks=written.webhooks)


def _check_between(
    found: Findings,
    authority: schema.AuthorityTable,
    known: Mapping[str, ChannelSettings | None],
) -> None:
    """Check directions and locations against the authority: rule 2, docs/architecture.md."""
    state = authority.state or authority.quantity
    authorities = {
        "quantity": _names(authority.quantity, (rule.quantity for rule in authority.rules)),
        "state": _names(state, (rule.state for rule in authority.rules)),
    }
    right = {name: channel for name, channel in known.items() if channel is not None}
    for key, message in directions.wrong_between(right, authorities):
        found.refuse(key, message)
    maps = {name: channel.locations for name, channel in right.items()}
    for name, message in locations.wrong_between(maps, authorities["quantity"]):
        found.refuse(f"channels.{name}.locations", message)


def _names(first: str, narrower: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((first, *(name for name in narrower if name is not None))))


def _check_secrets(found: Findings, base: Path, environ: Mapping[str, str]) -> None:
    for key, source in found.secrets:
        try:
            resolve(source, key=key, base=base, environ=environ)
        except ConfigError as error:
            found.errors.append(error)


def _check_names(found: Findings, data: Mapping[str, object], names: Sequence[str]) -> None:
    """Check every name of a channel, and one authority per SKU: rule 1, docs/architecture.md."""
    # This reads the file's own tables, not the decoded ones: a table with another error is not
    # decoded, and a wrong name in it must still be reported in the same run.
    first: dict[tuple[object, str], str] = {}
    for key, attribute, channel, skus in _named_channels(data):
        if channel not in names:
            found.refuse(
                f"{key}.{attribute}",
                f"{values.quoted(channel)} is not a channel; {nearest(channel, names)}",
            )
        if skus is not None and (there := first.setdefault((skus, attribute), key)) != key:
            found.refuse(
                f"{key}.{attribute}",
                f"{there} already names a channel for these SKUs: keep one of the two",
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
