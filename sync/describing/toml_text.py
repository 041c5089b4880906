"""Writes what was found as TOML, with a remark beside a key. Pure.

Names and texts are a stranger's: whatever they hold, they stay inside of their quotes and comments.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_REMARK_AT = 34
_REMARK_LENGTH_MAX = 600


@dataclass(slots=True)
class TomlTable:
    """A table with a remark for some of its keys."""

    values: dict[str, object] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    def put(self, key: str, value: object, remark: str = "") -> None:
        self.values[key] = value
        if remark:
            self.remarks[key] = remark


def table_lines(path: tuple[str, ...], table: TomlTable) -> list[str]:
    """Write a table under its heading; its values that are `TomlTable` follow under theirs."""
    lines = [f"[{'.'.join(map(_key, path))}]"]
    inner: list[str] = []
    for name, value in table.values.items():
        if isinstance(value, TomlTable):
            inner += table_lines((*path, name), value)
            continue
        line = f"{_key(name)} = {value_text(value)}"
        remark = table.remarks.get(name)
        lines.append(f"{line:{_REMARK_AT}} # {safe(remark)}" if remark else line)
    return [*lines, *inner]


def comment(text: str) -> str:
    """Write a line of its own."""
    return f"# {safe(text)}"


def value_text(value: object) -> str:
    """Write any value that JSON and TOML share, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        inside = ", ".join(
            f"{_key(str(name))} = {value_text(part)}"
            for name, part in value.items()
            if part is not None
        )
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return text(str(value))


def text(written: str) -> str:
    """Write a text in quotes."""
    return '"' + "".join(map(_escaped, written)) + '"'


def safe(remark: str) -> str:
    """Make a remark one line that can't end its comment or obey a terminal."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(remark.split()))
    return line if len(line) <= _REMARK_LENGTH_MAX else line[: _REMARK_LENGTH_MAX - 1] + "…"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else text(name)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004 - half of a pair, which TOML can't hold.
        return "\ufffd"
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"  # noqa: PLR2004
