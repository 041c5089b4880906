"""The first configuration of a channel of a kind, from its own `EXAMPLE`: for `skew init`."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sync import channels
from sync.channels.abilities import Abilities
from sync.channels.descriptions import adapters, places
from sync.channels.plugins import BrokenPlugin
from sync.config import described, ready_made, toml
from sync.config.decoding import Findings
from sync.errors import ConfigError, ConfigErrors

_OURS = frozenset({"kind", "direction"})
"""Keys whose lines `skew init` writes itself."""
_LINE = re.compile(r"(?m)^(?P<key>[A-Za-z0-9_-]+)[ \t]*=(?P<rest>.*)$")
_ENV = re.compile(r'\benv[ \t]*=[ \t]*"(?P<name>[^"]+)"')
_ADDRESSES = ("url", "shop")
"""Keys of which each example has one, unless its vendor has one address for all."""


class ExampleCredential(NamedTuple):
    """One that the example takes from the environment."""

    variable: str
    what: str
    """What it is, and where it is to be had; empty where the example does not say."""


class KindExample(NamedTuple):
    """The lines of one channel's table, without `kind` and `direction`."""

    kind: str
    package: str
    """The package that the kind is from; empty for one of ours."""
    lines: str
    table: Mapping[str, Any]
    abilities: Abilities
    credentials: tuple[ExampleCredential, ...]

    @property
    def address(self) -> str:
        """Where it stands in the example, such as `https://shop.example`; empty: it needs none."""
        return next((str(self.table[key]) for key in _ADDRESSES if key in self.table), "")


def kind_for(name: str, base: Path) -> str:
    """The kind with an example that `skew init --from` means; empty: a description is meant.

    A description of the user's own goes before it. Raises ConfigErrors for a broken package.
    """
    own = places.known(base).get(name)
    if own is not None and not own.shipped:
        return ""
    kind = adapters.adapter(name) or name
    return kind if kind in channels.names() and _text(kind) else ""


def example(kind: str, channel: str, url: str | None) -> KindExample:
    """The example of a kind that has one, for a channel of that name at an address.

    Its credentials are called after the channel: `SHOP_CLIENT_ID`. Raises ConfigErrors for an
    address that can't be one.
    """
    if url is not None and "//" in url:
        _check_address(url)
    prefix = re.sub("[^A-Z0-9]", "_", channel.upper())
    text = _text(kind).strip("\n") + "\n"
    written = "".join(line for line in text.splitlines(keepends=True) if _key(line) not in _OURS)
    credentials: list[ExampleCredential] = []

    def named(line: re.Match[str]) -> str:
        key, rest = line["key"], line["rest"]
        if key in _ADDRESSES and url is not None:
            shown = tomllib.loads(line[0])[key]
            return f"{key} = {toml.text(_at(url, shown) if key == 'url' else _host(url))}"
        value, _, what = rest.partition("#")
        found = list(_ENV.finditer(value))
        if len(found) == 1:
            variable = f"{prefix}_{key.upper().replace('-', '_')}"
            rest = f"{rest[: found[0].start('name')]}{variable}{rest[found[0].end('name') :]}"
            credentials.append(ExampleCredential(variable, what.strip()))
        else:
            credentials.extend(ExampleCredential(env["name"], what.strip()) for env in found)
        return f"{key} ={rest}"

    lines = _LINE.sub(named, written)
    table = tomllib.loads(lines)
    abilities = ready_made.abilities_of({"kind": kind, **table}, Path(), Findings())
    return KindExample(
        kind,
        channels.package_of(kind),
        lines,
        table,
        abilities or channels.kind(kind).ABILITIES,
        tuple(credentials),
    )


def _check_address(url: str) -> None:
    found = Findings()
    described.check_address(url, "--url", found)
    if found.errors:
        raise ConfigErrors("skew init", tuple(found.errors))


def _text(kind: str) -> str:
    try:
        return str(getattr(channels.kind(kind), "EXAMPLE", ""))
    except BrokenPlugin as error:
        raise ConfigErrors("skew init", (ConfigError("--from", str(error)),)) from error


def _at(url: str, shown: str) -> str:
    """An address with the path that the example has, where it has none itself."""
    path = urlsplit(shown).path.rstrip("/")
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + path


def _host(url: str) -> str:
    """The host of an address; one that is no URL is a host already."""
    return (urlsplit(url).netloc or url) if "//" in url else url.partition("/")[0]


def _key(line: str) -> str:
    found = _LINE.match(line)
    return found["key"] if found else ""
