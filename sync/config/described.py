"""`use = "NAME"`: the ready-made description under a channel's own keys.

Nothing raises here: what is wrong is added to the findings.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from sync import channels, values
from sync.channels.descriptions import adapters, overlay, places
from sync.channels.descriptions.places import DescriptionFile
from sync.channels.descriptions.shape import CredentialTable, DescriptionTable, SignInTable
from sync.config import toml
from sync.config.decoding import Findings, join, join_path, nearest, refuse_unknown, table
from sync.errors import ConfigError
from sync.settings import DescriptionOrigin

BYTES_MAX = 256 * 1024
"""The longest file that is taken for a description."""

_ADDRESS = '`url = "https://shop.example"`'
_PLAIN = re.compile(r"""[^\s\x00-\x1f\x7f"'<>\\^`{|}]+""")


class Description(NamedTuple):
    """One description, read."""

    file: DescriptionFile
    head: DescriptionTable
    channel: Mapping[str, Any]
    """The keys of its `[channel]`."""

    @property
    def kind(self) -> str:
        return str(self.channel.get("kind"))

    @property
    def title(self) -> str:
        return self.head.title or self.file.name

    def origin(self) -> DescriptionOrigin:
        """What is told of it where a channel uses it."""
        return DescriptionOrigin(
            name=self.file.name,
            title=self.title,
            proof=self.head.proof,
            version=self.head.version,
            date=str(self.head.date) if self.head.date else None,
            path=None if self.file.shipped else self.file.path,
            hides_ours=self.file.hides is not None and self.file.hides.shipped,
            notes=self.head.notes,
        )

    def needs_address(self) -> bool:
        """Whether a channel must say where its shop is."""
        return self.head.address is None and any(overlay.relative_addresses(self.channel))


class DescribedTable(NamedTuple):
    """A channel's table with its description under it."""

    table: Mapping[str, Any]
    description: Description


def read(file: DescriptionFile, key: str, found: Findings) -> Description | None:
    """Read a description's file; None where `found` has what is wrong with it, at `key`."""
    wrong = Findings()
    description = _read(file, wrong)
    found.errors.extend(ConfigError(key, f"{file.path}: {error}") for error in wrong.errors)
    return description


def find(name: object, key: str, base: Path, found: Findings) -> Description | None:
    """Find and read the description that `use` names, for a configuration in `base`."""
    if not isinstance(name, str):
        found.refuse(key, 'must be text in quotes, such as "woocommerce"')
        return None
    known = places.known(base)
    if name in known:
        return read(known[name], key, found)
    if name in channels.names():
        advice = f"it is a kind of channel: write `kind = {values.quoted(name)}` instead"
    else:
        close = nearest(name.lower(), known)
        advice = close if not close.startswith("did") else f"{close} known: {', '.join(known)}"
        advice += f"; your own is a file {places.folders(base)[0] / 'NAME.toml'}"
    found.refuse(key, f"{values.quoted(name)} is not a description; {advice}")
    return None


def under(
    name: str, written: Mapping[str, Any], base: Path, found: Findings
) -> DescribedTable | None:
    """Put the description that a channel uses under its own keys: the channel's whole table."""
    key = join("channels", name)
    description = find(written["use"], f"{key}.use", base, found)
    if description is None:
        return None
    own = {word: value for word, value in written.items() if word != "use"}
    kind = own.get("kind", description.kind)
    if kind != description.kind:
        message = f"{values.quoted(kind)} differs from the description's: take this line away"
        found.refuse(f"{key}.kind", message)
        return None
    before = len(found.errors)
    kind = adapter_for(description)
    if kind:
        found.warnings.append(
            f"{key}.use: Skew has a kind of its own for this, which does more than the "
            f'description: write kind = "{kind}" (`skew init --from {kind}` shows its keys)'
        )
    address = description.head.address
    if any(overlay.relative_addresses(description.channel)):
        address = own.pop("url", address)
        check_address(address, f"{key}.url", found)
    ways = _ways(description.head, address)
    chosen = max(ways, key=lambda way: len(way.credentials) - len(_lacking(way, own)), default=None)
    below = (
        overlay.laid_over(chosen.channel, description.channel) if chosen else description.channel
    )
    whole = overlay.laid_over(own, below)
    if isinstance(address, str):
        whole = overlay.with_address(whole, address)
    if chosen is not None:
        _check_sign_in(name, description, chosen, whole, found)
    return DescribedTable(whole, description) if len(found.errors) == before else None


def check_address(address: object, key: str, found: Findings) -> None:
    """Refuse what can't be a shop's address, before which others stand."""
    if address is None:
        found.refuse(key, f"is missing: add {_ADDRESS}, the shop's address")
        return
    parts = _parts(address)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        found.refuse(key, f"must begin with http:// or https:// and a host, such as {_ADDRESS}")
    elif not _PLAIN.fullmatch(str(address)):
        found.refuse(key, f"has a character that no address has; write it like {_ADDRESS}")
    elif "@" in parts.netloc:
        found.refuse(key, "must not contain a user or password: they have their own keys")
    elif parts.query or parts.fragment:
        message = f"is the shop's address alone, such as {_ADDRESS}: the description has the rest"
        found.refuse(key, message)


def adapter_for(description: Description) -> str:
    """The kind of Skew's own that does what a description of ours does, and more; empty: none."""
    if not description.file.shipped or description.kind not in channels.GENERAL:
        return ""
    return adapters.adapter(description.file.name)


def say_where(
    errors: Sequence[ConfigError], key: str, own: Mapping[str, Any], description: Description
) -> list[ConfigError]:
    """Name the description in errors about keys that the channel itself does not write."""
    said = []
    for error in errors:
        place = error.key.removeprefix(f"{key}.").partition("[")[0]
        mine = overlay.value_at(own, place) is not None
        word = "with" if error.key == key else "in"
        where = f" ({word} the description {_place(description.file)})"
        text = str(error).removeprefix(f"{error.key}: ")
        said.append(error if mine else ConfigError(error.key, text + where))
    return said


def suggested(description: Description, address: str | None) -> Sequence[CredentialTable]:
    """The credentials that we suggest to sign in with."""
    ways = _ways(
        description.head, address or description.head.address or description.channel.get("url")
    )
    return ways[0].credentials if ways else ()


def _read(file: DescriptionFile, found: Findings) -> Description | None:
    data = _data(file.path, found)
    if data is None:
        return None
    refuse_unknown(data, ("description", "channel"), "", found)
    head, channel = data.get("description", {}), data.get("channel")
    if not isinstance(channel, dict):
        message = "is missing: add a table [channel] with a `kind` and its keys"
        found.refuse("channel", message)
    elif "use" in channel:
        found.refuse("channel.use", "a description can't use another: take it away")
    elif channel.get("kind") not in (known := channels.names()):
        kinds = ", ".join(known)
        found.refuse("channel.kind", f"{values.quoted(channel.get('kind'))} is not one of: {kinds}")
    if not isinstance(head, dict):
        found.refuse("description", "must be a table: write [description]")
        return None
    decoded = table(head, DescriptionTable, "description", found)
    if found.errors or decoded is None or not isinstance(channel, dict):
        return None
    return Description(file, decoded, channel)


def _data(path: Path, found: Findings) -> Mapping[str, object] | None:
    try:
        if not path.is_file():
            found.refuse("can't be read", "it is not a file")
        elif path.stat().st_size > BYTES_MAX:
            found.refuse("too long", f"a description has at most {BYTES_MAX // 1024} KB")
        else:
            return toml.read(path)
    except FileNotFoundError:
        found.refuse("can't be read", "it is gone")
    except ConfigError as error:
        found.errors.append(error)
    return None


def _parts(address: object) -> SplitResult | None:
    try:
        return urlsplit(address) if isinstance(address, str) else None
    except ValueError:
        return None


def _ways(head: DescriptionTable, address: object) -> list[SignInTable]:
    """The ways to sign in at an address; all of them where it has none."""
    parts = _parts(address)
    scheme = parts.scheme if parts else ""
    return [way for way in head.sign_in if way.scheme in (None, scheme)] or list(head.sign_in)


def _lacking(way: SignInTable, table: Mapping[str, Any]) -> list[CredentialTable]:
    return [part for part in way.credentials if overlay.value_at(table, part.key) is None]


def _check_sign_in(
    name: str,
    description: Description,
    chosen: SignInTable,
    whole: Mapping[str, Any],
    found: Findings,
) -> None:
    """Refuse a channel that lacks a credential of its way to sign in, and has no way of its own."""
    lacking = _lacking(chosen, whole)
    if lacking == list(chosen.credentials) and _signs_in(whole):
        other = [way for way in description.head.sign_in if not _lacking(way, whole)]
        if other:
            lines = ", ".join(part.line(name) for part in chosen.credentials)
            found.warnings.append(
                f"channels.{name}: {description.title} takes this sign-in over {other[0].scheme} "
                f"only; over {chosen.scheme} write {lines}"
            )
        return
    for part in lacking:
        found.refuse(
            join_path(f"channels.{name}", part.key),
            f"is missing: add `{part.line(name)}` to [channels.{name}]; it is {part.what}",
        )


def _signs_in(whole: Mapping[str, Any]) -> bool:
    """Whether a channel's keys sign in, in whatever way."""
    headers = whole.get("headers")
    values_of = headers.values() if isinstance(headers, dict) else ()
    secret = any(isinstance(value, dict) for value in values_of)
    return secret or any(whole.get(key) is not None for key in ("auth", "token", "api_key"))


def _place(file: DescriptionFile) -> str:
    return file.name if file.shipped else str(file.path)
