"""Read a TOML file; what keeps it from being read is said with its place."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from sync.errors import ConfigError

BYTES_MAX = 16 * 1024 * 1024

DEPTH_MAX = 100
"""How deep lists and tables may lie in each other."""

_LONG_NAME = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEPTH_MAX}}}", re.ASCII)


def read(path: Path) -> Mapping[str, object]:
    """Read a file. Raises FileNotFoundError, else ConfigError, whose key is the place in it."""
    return read_with_content(path)[0]


def read_with_content(path: Path) -> tuple[Mapping[str, object], bytes]:
    """Read a file, and answer its bytes beside what they say. Raises as `read`."""
    try:
        # It may be a pipe, or a device without an end.
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            raise ConfigError("too long", f"has more than {BYTES_MAX:,} bytes")  # noqa: TRY301
        # As in every text file, a line may end as on Windows or on an old Mac.
        text = content.decode().replace("\r\n", "\n").replace("\r", "\n")
        data = _parsed(text)
    except (FileNotFoundError, ConfigError):
        raise
    except OSError as problem:
        error = ConfigError("can't be read", problem.strerror or type(problem).__name__)
    except UnicodeDecodeError as problem:
        error = ConfigError("not UTF-8", f"byte {problem.start} is wrong; save the file as UTF-8")
    except tomllib.TOMLDecodeError as problem:
        error = _syntax_error(str(problem))
    else:
        if data is not None:
            return data, content
        error = ConfigError("too deep", "lists or tables lie too deep in each other")
    raise error from None


def _parsed(text: str) -> Mapping[str, object] | None:
    """What a text says; None where it lies too deep for what works on it later."""
    # A dotted name nests a table for each of its dots, without a bracket. Of a long one tomllib
    # takes minutes, so that it is found before.
    if _LONG_NAME.search(text):
        return None
    try:
        data = tomllib.loads(text)
    except RecursionError:
        return None
    return None if _is_too_deep(data) else data


def _is_too_deep(data: object) -> bool:
    level = [data]
    for _ in range(DEPTH_MAX):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return False
    return True


def _parts(value: object) -> list[object]:
    """The tables and lists right inside another."""
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [part for part in found if isinstance(part, dict | list)]


def _syntax_error(message: str) -> ConfigError:
    """Put the place first: tomllib writes it last, in brackets."""
    what, _, place = message.rstrip(")").rpartition(" (at ")
    return ConfigError(place or "TOML", what or message)


def text(value: str) -> str:
    """Write a TOML text."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(
        character if character.isprintable() else f"\\U{ord(character):08x}" for character in plain
    ) + '"'  # fmt: skip
