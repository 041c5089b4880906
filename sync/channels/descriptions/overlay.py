"""How a channel's own keys lie over those of a description, and what its addresses become. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_WHOLE = frozenset({"body", "write.body", "events.body"})
"""What is sent as one thing: parts of two of them would make a third that nobody wrote."""

_ONE_OF = (("next", "paging"), ("events.next", "events.paging"), ("auth", "token"),
           ("each.items", "each.keys"), ("events.each.items", "events.each.keys"))  # fmt: skip
"""Keys that exclude each other: the channel's own takes the place of the description's other."""

_ABSOLUTE = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_SECRET = frozenset({"env", "file", "keyring"})

ADDRESSES = ("url", "each.url", "auth.login.url", "auth.oauth.url", "write.url", "write.read",
             "events.url", "events.each.url")  # fmt: skip
"""The keys whose address may be relative to the shop's."""


def laid_over(own: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a channel's own keys over a description's; neither is changed.

    Tables are merged key by key; a value or a list takes the other's place. `false` takes away a
    table or a text of the description.
    """
    whole = dict(below)
    # Without recursion: dotted keys nest a table as deep as a file is long.
    left: list[tuple[dict[str, Any], Mapping[str, Any], str]] = [(whole, own, "")]
    while left:
        into, over, path = left.pop()
        for name in _excluded(over, path):
            into.pop(name, None)
        for name, value in over.items():
            place, there = f"{path}{name}", into.get(name)
            if value is False and isinstance(there, dict | str):
                del into[name]
            elif (
                isinstance(value, dict) and isinstance(there, dict) and _merges(place, value, there)
            ):
                into[name] = dict(there)
                left.append((into[name], value, f"{place}."))
            else:
                into[name] = value
    return whole


def relative_addresses(table: Mapping[str, Any]) -> Iterator[str]:
    """The dotted keys of a channel's table whose addresses are relative."""
    for key in ADDRESSES:
        value = value_at(table, key)
        if isinstance(value, str) and not _ABSOLUTE.match(value):
            yield key


def with_address(table: Mapping[str, Any], address: str) -> dict[str, Any]:
    """Put the shop's address before every relative address of a channel's table."""
    whole = dict(table)
    for key in relative_addresses(table):
        *tables, name = key.split(".")
        into = whole
        for part in tables:
            into[part] = dict(into[part])
            into = into[part]
        into[name] = joined(address, into[name])
    return whole


def joined(address: str, relative: str) -> str:
    """Put an address together: the shop may lie in a folder of its host.

    What the shop's address ends with and the relative one begins with stands once.
    """
    base = address.rstrip("/")
    path, mark, query = relative.lstrip("/").partition("?")
    parts = path.split("/")
    above = "/" + base.partition("://")[2].partition("/")[2] + "/"
    for count in range(len(parts), 0, -1):
        if above.endswith(f"/{'/'.join(parts[:count])}/"):
            return "/".join((base, *parts[count:])) + mark + query
    return f"{base}/{path}{mark}{query}"


def value_at(table: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401  # Whatever TOML holds.
    """What stands at a dotted key; None where nothing does."""
    value: Any = table
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _merges(place: str, value: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    """Whether two tables at one place are two halves of one, or one takes the other's place."""
    if place in _WHOLE or (value and value.keys() <= _SECRET) or there.keys() <= _SECRET:
        return False
    if place.rpartition(".")[2] == "paging":
        return "by" not in value or value["by"] == there.get("by")
    if place == "auth":
        return not value or not value.keys().isdisjoint(there)
    return True


def _excluded(over: Mapping[str, Any], path: str) -> Iterator[str]:
    """The keys of the description that the channel's own at this place exclude."""
    for pair in _ONE_OF:
        if all(key.rpartition(".")[0] == path.rstrip(".") for key in pair):
            first, second = (key.rpartition(".")[2] for key in pair)
            for name, other in ((first, second), (second, first)):
                if over.get(name, False) is not False and other not in over:
                    yield other
