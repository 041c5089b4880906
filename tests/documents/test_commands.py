"""docs/commands.md, held against the program: every command, its flags and its exit codes."""

import re

import click
import pytest

from console.cli import COMMANDS, cli
from tests.documents.texts import DOCUMENTS, between, document, fenced, rows, section

COMMANDS_MD = document("commands.md")
TABLE = {
    re.sub(r"`skew (\w+).*`", r"\1", row[0]): row
    for row in rows(between(COMMANDS_MD, "<!-- The commands:", "<!-- End of the commands. -->"))
    if row[0].startswith("`skew ")
}


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def parts(name: str) -> list[click.Command]:
    """A command, and those below it."""
    found = command(name)
    return [found, *found.commands.values()] if isinstance(found, click.Group) else [found]


def flags(name: str) -> set[str]:
    """Every flag of a command, and of those below it."""
    return {
        flag
        for part in parts(name)
        for parameter in part.params
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }


OTHERS_LINE = re.compile(
    r"^(sudo )?(SHOP_PASSWORD=.* )?(docker|systemctl|journalctl|loginctl|useradd)\b.*$",
    flags=re.MULTILINE,
)
"""A command of systemd's, of Docker's or of the machine's."""


def test_the_table_has_exactly_the_commands_there_are() -> None:
    assert sorted(TABLE) == sorted(COMMANDS)


@pytest.mark.parametrize("name", TABLE)
def test_every_flag_in_the_table_is_one_of_its_command(name: str) -> None:
    named = set(re.findall(r"--[a-z-]+", TABLE[name][1]))
    assert named <= flags(name)


@pytest.mark.parametrize("name", TABLE)
def test_the_exit_codes_are_those_that_the_help_tells(name: str) -> None:
    helps = " ".join(part.help or "" for part in parts(name))
    codes = set(re.findall(r"\b\d\b", TABLE[name][2]))
    assert {"0", *re.findall(r"\b(?:exits|Exits|and) (\d)\b", helps)} <= codes


def test_every_flag_named_anywhere_in_the_documents_is_a_flag() -> None:
    known = {flag for name in COMMANDS for flag in flags(name)} | {"--help", "--version"}
    known |= {"--config"}
    for name in ("commands.md", "console.md", "operations.md", "configuration.md"):
        text = OTHERS_LINE.sub("", document(name))
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known, name


def test_it_says_which_commands_have_json() -> None:
    paragraph = re.search(r"`--json` is taken by ([^.]*)\.", section(COMMANDS_MD, "## Reports"))
    assert paragraph is not None
    written = set(re.findall(r"`([a-z ]+)`", paragraph[1]))
    able = {name for name in COMMANDS if "--json" in flags(name)}
    assert written == (able - {"events", "db"}) | {"events import", "db check", "db vacuum"}


def test_it_says_which_commands_read_no_configuration() -> None:
    paragraph = COMMANDS_MD.partition("except ")[2].partition(", which read")[0]
    without = {name for name in COMMANDS if "--config" not in flags(name)}
    assert set(re.findall(r"`([a-z]+)`", paragraph)) == without


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_in_a_shell_example_is_one_that_there_is(name: str) -> None:
    shell = OTHERS_LINE.sub("", "\n".join(fenced(DOCUMENTS[name], "sh")))
    inline = "\n".join(re.findall(r"`(skew [^`]*)`", DOCUMENTS[name]))
    named = set(re.findall(r"\bskew ([a-z]+)\b", f"{shell}\n{inline}"))
    assert named <= set(COMMANDS)
