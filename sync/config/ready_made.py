"""Every ready-made description with what a channel that uses it can do: for `skew channels`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sync import channels
from sync.channels.abilities import Abilities
from sync.channels.descriptions import places
from sync.channels.descriptions.places import DescriptionFile
from sync.config import described
from sync.config.build_channel import ChannelBuilder
from sync.config.decoding import Findings
from sync.config.described import Description
from sync.config.schema import GuardTable

_EXAMPLE = "https://shop.example"


class ReadyMade(NamedTuple):
    """One description, or what keeps it from being used."""

    file: DescriptionFile
    description: Description | None = None
    abilities: Abilities | None = None
    wrong: str = ""


def listed(base: Path) -> list[ReadyMade]:
    """Read every description for a configuration in `base`, by its name."""
    return [_read(file, base) for file in places.known(base).values()]


def named(name: str, key: str, base: Path) -> ReadyMade:
    """Read one; `wrong` says at `key` what keeps it from being used, an unknown name included."""
    found = Findings()
    description = described.find(name, key, base, found)
    if description is None:
        file = DescriptionFile(name, base, shipped=False)
        return ReadyMade(file, wrong="; ".join(_messages(found)))
    return _made(description, base)


def smallest(description: Description, channel: str, address: str | None) -> dict[str, Any]:
    """The least table of a channel of that name: `use`, its address and its credentials."""
    table: dict[str, Any] = {"use": description.file.name}
    if address is not None:
        table["url"] = address
    for credential in described.suggested(description, address):
        *parts, last = credential.key.split(".")
        into: dict[str, Any] = table
        for part in parts:
            into = into.setdefault(part, {})
        into[last] = {"env": credential.variable(channel)}
    return table


def abilities_of(table: Mapping[str, Any], base: Path, found: Findings) -> Abilities | None:
    """What a channel of that table can do; None where `found` has what is wrong with it."""
    builder = ChannelBuilder(found, base, GuardTable())
    settings = builder.all({"channels": {"shop": table}})["shop"]
    if settings is None:
        return None
    return channels.kind(settings.kind).abilities(settings.options)


def _read(file: DescriptionFile, base: Path) -> ReadyMade:
    found = Findings()
    description = described.read(file, file.name, found)
    if description is None:
        return ReadyMade(file, wrong="; ".join(_messages(found)))
    return _made(description, base)


def _made(description: Description, base: Path) -> ReadyMade:
    found = Findings()
    address = _EXAMPLE if description.needs_address() else None
    abilities = abilities_of(smallest(description, "shop", address), base, found)
    return ReadyMade(description.file, description, abilities, "; ".join(map(str, found.errors)))


def _messages(found: Findings) -> list[str]:
    return [str(error).removeprefix(f"{error.key}: ") for error in found.errors]
