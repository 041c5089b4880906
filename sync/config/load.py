"""`skew.toml` → the frozen settings that all of Skew runs on (`sync.settings`).

Everything that is wrong with the file is reported at once, each error with the file, the dotted key
and the remedy. Nothing is polled with a configuration that has an error.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from sync.config import build, toml
from sync.errors import ConfigError, ConfigErrors
from sync.settings import Settings


def load(path: Path, environ: Mapping[str, str] | None = os.environ) -> Settings:
    """Read and check a configuration file; every secret that it names must exist.

    With `environ` None secrets are not looked up: enough for commands that only read the cache.
    Raises ConfigErrors with everything that is wrong.
    """
    data, content = _read(path)
    settings = decode(data, source=str(path), base=path.parent, environ=environ)
    return settings if "catalogue" in data else msgspec.structs.replace(settings, content=content)


def decode(
    data: Mapping[str, object],
    *,
    source: str,
    base: Path,
    environ: Mapping[str, str] | None,
) -> Settings:
    """Check a configuration that is not in a file; `base` is what relative paths start from."""
    errors: list[ConfigError] = []
    settings = build.settings(data, source=source, base=base, environ=environ, errors=errors)
    if errors or settings is None:
        raise ConfigErrors(source, tuple(errors))
    return settings


def _read(path: Path) -> tuple[Mapping[str, object], bytes]:
    try:
        return toml.read_with_content(path)
    except FileNotFoundError:
        error = ConfigError(
            "no such file", "`skew init` writes one; --config FILE or SKEW_CONFIG names another"
        )
    except ConfigError as problem:
        error = problem
    raise ConfigErrors(str(path), (error,)) from None
