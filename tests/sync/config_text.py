"""Configurations for the tests of the settings: read from text, and what is wrong with one."""

import tomllib
from pathlib import Path

import pytest

from sync.config.load import decode
from sync.errors import ConfigErrors
from sync.settings import Settings

SMALLEST = """
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
"""
SHOP = """
[channels.shop]
kind = "simulated"
url = "http://127.0.0.1:9/shop"
token = { env = "SHOP_KEY" }
"""


def read(text: str, environ: dict[str, str] | None = None, base: Path = Path()) -> Settings:
    return decode(tomllib.loads(text), source="skew.toml", base=base, environ=environ)


def errors_of(
    text: str, environ: dict[str, str] | None = None, base: Path = Path()
) -> dict[str, str]:
    """Each error's key with its whole message; decoding must fail."""
    with pytest.raises(ConfigErrors) as caught:
        read(text, environ, base)
    assert all(line.startswith("skew.toml: ") for line in str(caught.value).splitlines())
    return {error.key: str(error) for error in caught.value.errors}
