"""The extras of pyproject.toml: where one is missing, who needs it says so and what brings it."""

import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sync import extras
from tests.contract.workbooks import xlsx
from tests.long_run import first

ROOT = Path(__file__).parents[2]
WRITTEN: dict[str, list[str]] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)["project"]["optional-dependencies"]
FOR_US = {"test", "benchmarks", "fuzz"}
TOGETHER = {"files"}
IN_THE_PLAIN_INSTALL = {"metrics"}
LOGGED = {"traces"}
"""Those that only a log can miss: tests/sync/tracing/test_traces.py."""

WAREHOUSE = """
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
"""
SHOP = f'{WAREHOUSE}[channels.shop]\nkind = "csv"\n'
DATABASE = f'{WAREHOUSE}[channels.shop]\nkind = "sql"\nselect = "select sku, qty from stock"\n'
DATABASE_KEYS = '[channels.shop.columns]\nsku = "sku"\navailable = "qty"\n'

NEEDED: dict[str, tuple[str, str]] = {
    "web": (WAREHOUSE, "web"),
    "mcp": (WAREHOUSE, "mcp"),
    "notify": (
        f'{WAREHOUSE}[[notify]]\nurl = {{ env = "CHAT" }}\non = ["incident"]\n',
        "check",
    ),
    "sql": (f'{DATABASE}url = "sqlite:///stock.db"\n{DATABASE_KEYS}', "poll"),
    "postgresql": (f'{DATABASE}url = "postgresql://db/stock"\n{DATABASE_KEYS}', "poll"),
    "mysql": (f'{DATABASE}url = "mysql://db/stock"\n{DATABASE_KEYS}', "poll"),
    "sheets": (f'{SHOP}path = "stock.xlsx"\n', "poll"),
    "sftp": (f'{SHOP}path = "sftp://host/stock.csv"\n', "poll"),
    "ftps": (f'{SHOP}path = "ftps://host/stock.csv"\n', "poll"),
    "s3": (f'{SHOP}path = "s3://bucket/stock.csv"\n', "poll"),
    "https": (f'{SHOP}path = "https://host/stock.csv"\n', "poll"),
}
"""By extra: a configuration, and the command with it that can't do without."""


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements}


def test_each_of_them_is_known_by_what_it_brings() -> None:
    known = WRITTEN.keys() - FOR_US - TOGETHER - IN_THE_PLAIN_INSTALL
    assert known == extras.EXTRAS.keys() == NEEDED.keys() | LOGGED
    assert all(WRITTEN[name] == [] for name in IN_THE_PLAIN_INSTALL)


def test_files_brings_together_all_that_files_may_need() -> None:
    (together,) = WRITTEN["files"]
    of_files = {name for name, (config, _) in NEEDED.items() if config.startswith(SHOP)}
    assert set(re.findall(r"\w+", together.partition("[")[2])) == of_files


@pytest.mark.parametrize("name", first(2, extras.EXTRAS))
def test_its_requirements_bring_its_modules(name: str) -> None:
    distributions = importlib.metadata.packages_distributions()
    brought = names_of(WRITTEN[name])
    for requirement in [*brought]:
        if requirement in {found for packed in distributions.values() for found in packed}:
            more = importlib.metadata.requires(requirement) or []
            brought |= {re.split(r"[\[<>=!~; (]", line)[0] for line in more}
    for module in extras.EXTRAS[name].modules:
        if module in distributions:
            assert {found.lower() for found in distributions[module]} & {
                found.lower() for found in brought
            }, module


@pytest.mark.parametrize("name", NEEDED)
def test_who_needs_one_that_is_missing_says_it_in_one_line(
    name: str, skew: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, command = NEEDED[name]
    extra = extras.EXTRAS[name]
    (tmp_path / "skew.toml").write_text(f'[skew]\ndatabase = "skew.db"\n{config}')
    (tmp_path / "warehouse.csv").write_text("sku,available\nLAMP,14\n")
    (tmp_path / "stock.xlsx").write_bytes(xlsx({"Stock": [["sku", "available"]]}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAT", "json://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, extra.modules[-1], None)

    ran = skew(*command.split())

    (line,) = {line for line in (ran.out + ran.err).splitlines() if "skew-console[" in line}
    assert ran.code in (1, 2)
    assert f"needs {extra.library}, which is not installed: " in line
    assert f"pip install 'skew-console[{name}]'" in line
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("left", "command"),
    [
        ("pipx_metadata.json", "pipx runpip skew-console install 'skew-console[web]'"),
        ("uv-receipt.toml", f"uv pip install --python {sys.executable} 'skew-console[web]'"),
    ],
)
def test_the_command_is_of_the_tool_that_installed_skew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str, command: str
) -> None:
    (tmp_path / left).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert extras.install_command("web") == command
