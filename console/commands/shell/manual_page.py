"""The manual page, skew(1): what `--help` says of every command, in the language of man(7)."""

import inspect
import re
import textwrap
from collections.abc import Iterator

import click

from console.text import overview

_HEAD = '.TH SKEW 1 "" Skew "User Commands"'
_ESCAPES = str.maketrans({"\\": "\\(rs", "-": "\\-", "^": "\\(ha", "~": "\\(ti"})
_WIDTH = 78
_CODE = re.compile(r"`([^`\n]+)`")
_VERBATIM = "\b\n"
"""Begins a paragraph whose lines stay as they are. Source: click's documentation of help texts."""

ENVIRONMENT = {
    "SKEW_CONFIG": "The configuration, where --config names none; default skew.toml.",
    "NO_COLOR": "Set to anything: no colours.",
}
EXIT_STATUS = {
    "0": "It is done, and nothing is open where a command looks for that.",
    "1": "Something is open, or could not be done; the command says what.",
    "2": "The configuration or the command line is wrong; nothing was done.",
    "130": "Ctrl-C.",
}


def page(root: click.Group) -> str:
    """Write the page, by the groups of `skew --help`."""
    context = click.Context(root, info_name="skew")
    lines = [_HEAD, ".SH NAME", f"skew \\- {_text(overview.SUMMARY)}", ".SH SYNOPSIS"]
    lines += [".B skew", _text(" ".join(root.collect_usage_pieces(context)))]
    lines += [".SH DESCRIPTION", _text(overview.EPILOG), ".SH OPTIONS"]
    lines += _options(root, context)
    for title, names in overview.GROUPS.items():
        lines.append(f".SH {_quoted(f'COMMANDS: {title}'.upper())}")
        for name in names:
            command = root.get_command(context, name)
            assert command is not None
            lines += _command(command, context, name)
    for title, entries in (("ENVIRONMENT", ENVIRONMENT), ("EXIT STATUS", EXIT_STATUS)):
        lines.append(f".SH {_quoted(title)}")
        for name, meaning in entries.items():
            lines += _entry(name, meaning)
    return "\n".join((*lines, ""))


def _command(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    """A command, and those below it."""
    context = command.context_class(command, info_name=name, parent=parent)
    yield f".SS {_quoted(context.command_path)}"
    yield f".B {_quoted(context.command_path)}"
    yield _text(" ".join(command.collect_usage_pieces(context)))
    yield from _paragraphs(command.help or "")
    yield from _options(command, context)
    yield from _paragraphs(command.epilog or "")
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _command(found, context, below)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    """The options that it has beside `--help`, which every command has."""
    for parameter in command.params:
        name, meaning = parameter.get_help_record(context) or ("", "")
        # An argument has no words of its own: the usage names it.
        if meaning:
            yield from _entry(name, meaning)


def _entry(name: str, meaning: str) -> tuple[str, ...]:
    return ".TP", f"\\fB{_escaped(name)}\\fR", _text(meaning)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text.partition("\f")[0])):
        if paragraph.startswith(_VERBATIM):
            lines = paragraph.removeprefix(_VERBATIM).split("\n")
            yield from (".PP", ".EX", *map(_line, lines), ".EE")
        elif paragraph:
            yield from (".PP", _text(paragraph))


def _text(words: str) -> str:
    """Flowing words, with `code` in bold."""
    flowing = _CODE.sub(r"\\fB\1\\fR", _escaped(words))
    lines = textwrap.wrap(flowing, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(map(_guarded, lines))


def _line(text: str) -> str:
    return _guarded(_escaped(text))


def _quoted(text: str) -> str:
    """One argument of a macro."""
    return '"{}"'.format(_escaped(text).replace('"', '""'))


def _escaped(text: str) -> str:
    r"""Text without what roff would obey: `\` begins an escape, and a bare `-` is a hyphen."""
    return (
        text.replace("\\", "\\(rs").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti")
    )


def _guarded(line: str) -> str:
    r"""A line that is no request: those begin with `.` or `'`, and `\&` is nothing."""
    return f"\\&{line}" if line.startswith((".", "'")) else line
