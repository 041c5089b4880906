"""docs/skew.1, held against the help of every command, and against what shows such pages."""

import re
import shutil
import subprocess

import click
import pytest

from console.__main__ import run
from console.cli import COMMANDS, cli
from console.commands.shell import manual_page
from tests.documents.test_commands import parts
from tests.documents.texts import ROOT

PAGE = ROOT / "docs" / "skew.1"

needs_mandoc = pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is missing")


def words(text: str) -> str:
    return " ".join(text.replace("\b", "").replace("`", "").split())


def as_shown() -> str:
    """The page's text, without its looks."""
    shown = subprocess.run(
        ["mandoc", "-T", "utf8", "-O", "width=200", str(PAGE)],
        capture_output=True,
        text=True,
        check=True,
    )
    return words(re.sub(".\b", "", shown.stdout))


def test_it_is_what_the_program_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Else renew it: skew man > docs/skew.1"""
    assert run(["man"]) == 0
    assert capsys.readouterr().out == PAGE.read_text(encoding="utf-8")


@needs_mandoc
def test_mandoc_finds_nothing_wrong_but_that_it_has_no_date() -> None:
    linted = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", str(PAGE)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = (linted.stdout + linted.stderr).splitlines()
    assert [line for line in complaints if "missing date" not in line] == []


@needs_mandoc
def test_the_help_of_every_command_and_option_stands_in_it() -> None:
    shown = as_shown()
    for name in COMMANDS:
        for part in parts(name):
            assert part.help
            # Paragraphs of one line stay one on so wide a page; others may be broken anywhere.
            for paragraph in part.help.split("\n\n"):
                assert words(paragraph) in shown, name
            for option in part.params:
                if isinstance(option, click.Option) and option.help:
                    assert words(option.help) in shown, (name, option.name)


def test_text_that_roff_would_obey_is_shown() -> None:
    odd = click.Command("odd", help=".so /etc/passwd\n\n'tis C:\\new ~/x", epilog="\b\n.de x")
    lines = list(manual_page._command(odd, click.Context(cli, info_name="skew"), "odd"))
    assert "\\&.so /etc/passwd" in lines
    assert "\\&'tis C:\\(rsnew \\(ti/x" in lines
    assert "\\&.de x" in lines
