"""`[channels.NAME]` of the kind `http`: its keys, and what of them does not belong together."""

import re
from urllib.parse import parse_qsl, urlsplit

import msgspec

from store.model import State
from sync import secrets
from sync.channels.api import expressions
from sync.channels.api.auth import headers
from sync.channels.api.auth.table import AuthTable
from sync.channels.http import placeholders
from sync.channels.http.event_table import PLACEHOLDER, EventOptions
from sync.channels.http.listing import table
from sync.channels.http.listing.table import QUANTITIES, EachTable, ListTable
from sync.channels.http.writing.table import WriteTable
from sync.channels.words import NumberWords, WordTable
from sync.secrets import SecretSource
from sync.times.time_zones import TimeZone
from sync.values import RECORD_FIELDS, quoted

_ID_NAME = re.compile(r"[a-z][a-z_]*", re.ASCII)
_TAKEN = ("page", "offset", "cursor")


class HttpOptions(ListTable, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    timezone: TimeZone | None = None
    """Of its times that name none; by default UTC."""
    ids: dict[str, str] = msgspec.field(default_factory=dict)
    """More identities than `ref`, for URLs and bodies: `{name}` and `$name`."""
    headers: dict[str, str | SecretSource] = msgspec.field(default_factory=dict)
    """Sent with every request."""
    token: SecretSource | None = None
    auth: AuthTable | None = None
    error: str | None = None
    """JMESPath to the error in an answer that says 200."""
    states: dict[str, State] = msgspec.field(default_factory=dict)
    """The channel's word → our state. Empty: its words are ours."""
    words: WordTable = msgspec.field(default_factory=dict)
    """What it says where a number belongs → what it means."""
    write: WriteTable | None = None
    events: EventOptions | None = None

    def __post_init__(self) -> None:
        _check_url("url", self.url)
        _refuse_placeholders("url", self.url, ())
        table.check(self)
        self._check_each_url("each.url", self.each)
        unknown = [name for name in self.fields if name not in RECORD_FIELDS]
        if unknown:
            raise ValueError(
                f"fields {quoted(unknown[0])} is not a field; known: {', '.join(RECORD_FIELDS)}"
            )
        if "sku" not in self.fields or not any(name in self.fields for name in QUANTITIES):
            raise ValueError("fields needs sku, and available or on_hand")
        if self.states and "state" not in self.fields:
            raise ValueError('states has no effect without `state = "…"` in fields')
        NumberWords(self.words)
        self._check_ids()
        expressions.check("error", self.error)
        self._check_sign_in()
        self._check_csv()
        if self.write is not None:
            self._check_write(self.write)
        if self.events is not None:
            self._check_events(self.events)

    def _check_csv(self) -> None:
        if self.format != "csv":
            return
        if self.states:
            raise ValueError('states has no effect with format = "csv", whose states are our words')
        if self.write is not None and self.write.read is not None:
            raise ValueError('write.read has no effect with format = "csv", which has rows only')

    def _check_ids(self) -> None:
        for name, expression in self.ids.items():
            if not _ID_NAME.fullmatch(name):
                raise ValueError(
                    f"ids {quoted(name)} can't be written as a placeholder; use a-z and _: parent"
                )
            if name in _TAKEN or f"${name}" in placeholders.IN_BODY:
                raise ValueError(f"ids {quoted(name)} is a name of ours; write such as parent")
            expressions.check(f"ids.{name}", expression)
            table.check_parts(f"ids.{name}", expression, self)
        if self.ids and self.write is None:
            raise ValueError("ids has no effect without a write: they stand in its URLs and body")

    def _check_each_url(self, name: str, each: EachTable | None) -> None:
        if each is not None and each.url is not None:
            _check_url(name, each.url)
            if _origin(each.url) != _origin(self.url):
                raise ValueError(f"{name} must be on the same host and port as url")

    def _check_sign_in(self) -> None:
        headers.check("headers", self.headers)
        if self.auth is None:
            sets = {"authorization"} if self.token is not None else set()
            by = "token"
        else:
            if self.token is not None:
                raise ValueError("token can't stand beside auth: keep one of the two")
            for name, url in self.auth.urls():
                _check_url(name, url)
                _refuse_placeholders(name, url, ())
            for name, expression in self.auth.expressions().items():
                expressions.check(name, expression)
            sets, by = self.auth.headers_set(), "auth"
            names = {name for name, _ in parse_qsl(urlsplit(self.url).query)}
            twice = sorted(names & self.auth.parameters_set())
            if twice:
                raise ValueError(f"url has {quoted(twice[0])}, which auth sets: take it out")
        for name in self.headers:
            if name.lower() in sets:
                raise ValueError(f"headers {quoted(name)} is set by {by}: remove one of the two")

    def _check_events(self, events: EventOptions) -> None:
        _check_url("events.url", events.url)
        _refuse_placeholders("events.url", events.url, (PLACEHOLDER,))
        if _origin(events.url) != _origin(self.url):
            raise ValueError("events.url must be on the same host and port as url")
        self._check_each_url("events.each.url", events.each)
        events.check()

    def _check_write(self, write: WriteTable) -> None:
        for name, url in {"write.url": write.url, "write.read": write.read}.items():
            if url is None:
                continue
            _check_url(name, url)
            if _origin(url) != _origin(self.url):
                raise ValueError(f"{name} must be on the same host and port as url")
            self._check_placeholders(name, url)
        write.check()
        used = write.used()
        own = {f"${name}" for name in self.ids}
        unknown = sorted(used - placeholders.IN_BODY.keys() - own)
        if unknown:
            raise ValueError(
                f"write.body {quoted(unknown[0])} is not a placeholder; "
                f"known: {', '.join(sorted(placeholders.IN_BODY.keys() | own))}"
                f"{self._id_advice('parent') if unknown[0] == '$parent' else ''}"
            )
        if "$quantity" not in used:
            raise ValueError('write.body needs "$quantity"')
        if not isinstance(write.body, str):
            for found in placeholders.misplaced(write.body):
                raise ValueError(
                    f"write.body {quoted(found)} would be sent as it stands: a placeholder is a "
                    'whole value, such as sku = "$sku"'
                )
        self._check_whose(write.url, used)
        for name in sorted(used):
            self._check_field("write.body", f'"{name}"', placeholders.NEEDS_FIELD.get(name))

    def _check_whose(self, url: str, used: frozenset[str]) -> None:
        names = ("sku", "ref", *self.ids)
        if {f"{{{name}}}" for name in names}.isdisjoint(placeholders.used_in_url(url)) and (
            used.isdisjoint(f"${name}" for name in names)
        ):
            raise ValueError(
                "write says nowhere whose the number is, so every listing would be set alike: put "
                '{sku} or {ref} into write.url, or "$sku" or "$ref" into write.body'
            )

    def _check_placeholders(self, key: str, url: str) -> None:
        for name in placeholders.used_in_url(url):
            if name[1:-1] in self.ids:
                continue
            if name not in placeholders.IN_URL:
                known = ", ".join((*placeholders.IN_URL, *(f"{{{own}}}" for own in self.ids)))
                raise ValueError(
                    f"{key} {quoted(name)} is not a placeholder; known: {known}. For the channel's "
                    f'own id write {{ref}}, and ref = "…" in fields{self._id_advice(name[1:-1])}'
                )
            self._check_field(key, name, placeholders.NEEDS_FIELD.get(name))

    def _id_advice(self, wanted: str) -> str:
        """Advise how a placeholder's name becomes one of `ids`, after a sentence; or nothing."""
        name, _, rest = wanted.partition(".")
        if not _ID_NAME.fullmatch(name) or name in _TAKEN or name in self.ids:
            return ""
        if rest:
            expression, then = wanted, f", and {{{name}}} here"
        elif self.each is None:
            expression, then = name, ""
        else:
            expression, then = ("parent.id" if name == "parent" else f"item.{name}"), ""
        return f'. For another id of the listing add ids = {{ {name} = "{expression}" }}{then}'

    def _check_field(self, key: str, name: str, needed: str | None) -> None:
        if needed is not None and needed not in self.fields:
            raise ValueError(
                f'{key} has {name}, which never has a value: add {needed} = "…" to fields'
            )


def _check_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{name} must begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise ValueError(f"{name} must not contain a user or password: write them in auth.basic")
    secrets.refuse_in_url(name, url)


def _refuse_placeholders(name: str, url: str, known: tuple[str, ...]) -> None:
    """Refuse what looks like a placeholder where it would be sent as it stands."""
    for found in placeholders.used_in_url(url):
        if found not in known or placeholders.may_lack(url):
            some = f"only {', '.join(known)}" if known else "no placeholder"
            raise ValueError(
                f"{name} {quoted(found)} would be sent as it stands: it takes {some}; "
                "write %7B and %7D for braces that are meant"
            )


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return (parts.scheme, parts.netloc.rpartition("@")[2].lower())
