"""`console.toml` in the user's own folder: theme, glyphs, bell, name and keys of the console.

Everything that is wrong is named at once, each with the file and the key. Only its owner writes it:
what Skew remembers by itself is in `console.tui.session.memory`.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from console.keys import ACTIONS, parse
from console.keys.action import Action
from console.text.looks.themes import PALETTES
from console.text.operators import Name, name_error
from sync.config import toml
from sync.config.decoding import Findings, join, table
from sync.errors import ConfigError, ConfigErrors

VARIABLE = "SKEW_CONSOLE"
"""The environment variable that names the file."""

FORMER_NAMES: Mapping[str, str] = {"believe": "accept"}
"""Actions by the names that they had once: an operator's own keys for them go on working."""


class Preferences(msgspec.Struct, frozen=True):
    """How one user wants the console. None: as the terminal, or the memory, has it."""

    actions: tuple[Action, ...] = ACTIONS
    """The table of actions with the user's own keys."""
    theme: str | None = None
    ascii: bool | None = None
    bell: bool = False
    operator: str | None = None


class _File(msgspec.Struct, kw_only=True):
    """What may stand in the file."""

    theme: str | None = None
    ascii: bool | None = None
    bell: bool = False
    operator: str | None = None
    keys: dict[str, Any] = {}


def path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the file is, or would be."""
    import platformdirs

    named = environ.get(VARIABLE)
    folder = platformdirs.user_config_path("skew", appauthor=False)
    return Path(named).expanduser() if named else folder / "console.toml"


def load(file: Path | None = None) -> Preferences:
    """Read the file; where there is none, the defaults. Raises ConfigErrors with all that is wrong.

    A file that SKEW_CONSOLE names must be there.
    """
    where = file or path()
    try:
        return decode(toml.read(where), source=str(where))
    except FileNotFoundError:
        if file is None and VARIABLE not in os.environ:
            return Preferences()
        error = ConfigError("no such file", f"{VARIABLE} names it; unset it, or write the file")
    except ConfigError as problem:
        error = problem
    raise ConfigErrors(str(where), (error,))


def decode(data: Mapping[str, object], *, source: str) -> Preferences:
    """Check what stands in the file. Raises ConfigErrors with everything that is wrong."""
    found = Findings()
    read = table(data, _File, "", found)
    actions = ACTIONS
    bindings = data.get("keys")
    if isinstance(bindings, dict):
        actions = _bound(bindings, found)
    if read is not None:
        found.errors.extend(_refused(read))
    if found.errors or read is None:
        raise ConfigErrors(source, tuple(found.errors))
    return Preferences(
        actions=actions,
        theme=read.theme,
        ascii=read.ascii,
        bell=read.bell,
        operator=Name(read.operator) if read.operator is not None else None,
    )


def _refused(read: _File) -> Iterator[ConfigError]:
    if read.theme is not None and read.theme not in PALETTES:
        yield ConfigError("theme", f'"{read.theme}" is not a theme; known: {", ".join(PALETTES)}')
    wrong = name_error(read.operator) if read.operator is not None else ""
    if wrong:
        yield ConfigError("operator", wrong)


def _bound(bindings: Mapping[str, object], found: Findings) -> tuple[Action, ...]:
    """The table with these keys, and all that is wrong with them added to `found`."""
    known = {action.name for action in ACTIONS}
    chosen: dict[str, tuple[str, ...]] = {}
    places: dict[str, str] = {}
    for written, value in bindings.items():
        place = join("keys", written)
        name = FORMER_NAMES.get(written, written)
        places[name] = place
        if name not in known:
            found.refuse(place, f"is not an action; known: {', '.join(sorted(known))}")
            continue
        if name != written and name in bindings:
            # Neither can win silently: whichever did, half of the operators would be surprised.
            found.refuse(place, f"is the former name of {join('keys', name)}: keep one of the two")
            continue
        try:
            chosen[name] = parse.read(value)
        except (ValueError, TypeError) as error:
            found.refuse(place, str(error))
    actions = tuple(
        msgspec.structs.replace(action, keys=chosen.get(action.name, _left(action, chosen)))
        for action in ACTIONS
    )
    for name, message in parse.conflicts(actions, chosen):
        found.refuse(places[name], message)
    return actions


def _left(action: Action, chosen: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys that an action comes with, but those that came later and the operator uses."""
    own = {
        key
        for other in ACTIONS
        if set(other.on) & set(action.on)
        for key in chosen.get(other.name, ())
    }
    return tuple(key for key in action.keys if key not in action.yields or key not in own)
