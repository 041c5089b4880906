"""What `skew --help` prints without click is what click would print."""

import shutil
from typing import Any

import click
import pytest

from console.cli import cli
from console.text import overview


def test_the_overview_is_written_as_click_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (*range(1, 130), 1000):
        monkeypatch.setenv("COLUMNS", str(columns))
        context = cli.make_context("skew", [], resilient_parsing=True)
        by_click = click.Group.get_help(cli, context)

        assert overview.help_text(columns) == by_click, columns
        assert overview.help_text() == by_click, columns


@pytest.mark.parametrize("columns", ["", "x", "0", "-3", "070", " 66 "])
def test_the_terminal_is_as_wide_as_python_says(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert overview.help_text() == overview.help_text(shutil.get_terminal_size().columns)


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["--config", "x", "--help"]])
def test_every_way_to_ask_for_the_overview_prints_the_same(args: list[str], skew: Any) -> None:
    ran = skew(*args)
    assert (ran.code, ran.out, ran.err) == (0, overview.help_text() + "\n", "")
