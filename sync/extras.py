"""The extras: the library that each brings, and what is said where that is missing."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from sync.version import PACKAGE


class Extra(NamedTuple):
    library: str
    modules: tuple[str, ...]


EXTRAS: Mapping[str, Extra] = MappingProxyType({
    "web": Extra("textual-serve", ("textual_serve",)),
    "mcp": Extra("the MCP SDK", ("mcp",)),
    "notify": Extra("Apprise", ("apprise",)),
    "traces": Extra("OpenTelemetry", ("opentelemetry.exporter.otlp.proto.http",)),
    "sql": Extra("SQLAlchemy", ("sqlalchemy",)),
    "postgresql": Extra("SQLAlchemy with psycopg", ("sqlalchemy", "psycopg")),
    "mysql": Extra("SQLAlchemy with PyMySQL", ("sqlalchemy", "pymysql")),
    "sheets": Extra("python-calamine", ("python_calamine",)),
    "sftp": Extra("sshfs", ("fsspec", "sshfs", "asyncssh")),
    "ftps": Extra("fsspec", ("fsspec",)),
    "s3": Extra("s3fs", ("fsspec", "s3fs")),
    "https": Extra("fsspec with aiohttp", ("fsspec", "aiohttp")),
})  # fmt: skip
"""Those of pyproject.toml that bring something to a user, by their names there."""


def lack(name: str) -> str | None:
    """Say what an extra would bring, and the command that does; None where all of it is there.

    The words go on from a subject: "`skew web` needs …".
    """
    extra = EXTRAS[name]
    if all(map(_is_there, extra.modules)):
        return None
    return f"needs {extra.library}, which is not installed: {install_command(name)}"


def install_command(name: str) -> str:
    """The command that brings an extra to this installation."""
    return to_install(f"'{PACKAGE}[{name}]'")


def to_install(wanted: str) -> str:
    """The command that brings a package beside Skew, by the tool that has installed Skew."""
    prefix = Path(sys.prefix)
    # What is installed satisfies the package itself, so that each only fetches what is missing.
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx runpip {PACKAGE} install {wanted}"
    if (prefix / "uv-receipt.toml").exists():
        return f"uv pip install --python {sys.executable} {wanted}"
    return f"pip install {wanted}"


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # What it is in is not there either.
        return False
