"""Read a TOML file; what keeps it from being read is said with its place."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from sync.errors import ConfigError


def read(path: Path) -> Mapping[str, object]:
    """Read a file. Raises FileNotFoundError, else ConfigError, whose key is the place in it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except OSError as problem:
        error = ConfigError("can't be read", problem.strerror or type(problem).__name__)
    except UnicodeDecodeError as problem:
        error = ConfigError("not UTF-8", f"byte {problem.start} is wrong; save the file as UTF-8")
    except tomllib.TOMLDecodeError as problem:
        error = _syntax_error(str(problem))
    except RecursionError:
        error = ConfigError("too deep", "lists or tables lie too deep in each other")
    raise error from None


def _syntax_error(message: str) -> ConfigError:
    """Put the place first: tomllib writes it last, in brackets."""
    what, _, place = message.rstrip(")").rpartition(" (at ")
    return ConfigError(place or "TOML", what or message)
