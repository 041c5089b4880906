"""The commands by occasion, and what `skew --help` prints of them.

`skew --help` is written from this module alone, which imports nothing: click, which reads every
other command line, takes longer to import than Python to start. The words are here once. The
group of commands (`console/cli.py`) takes its own from here, and a test holds this text equal to
what click would write, at every width.
"""

import os
import sys

GROUPS = {
    "Begin": {
        "demo": "A simulated shop on this machine, and the console on it.",
        "init": "Write a commented skew.toml to start from.",
        "describe": "Look at an API, a file or a database, and propose its description.",
        "check": "Is the configuration right, and does it fit what happens?",
        "simulate": "Try the configuration on a simulated shop that fails.",
        "channels": "The kinds of channel, and what each can do.",
    },
    "Run": {
        "watch": "The live console.",
        "web": "The live console in a browser; needs the extra `web`.",
        "daemon": "Poll and write without a console, until SIGTERM.",
        "service": "Have systemd run the daemon: skew service install --user.",
        "notify": "Try the places that are notified of trouble.",
        "mcp": "Let an assistant read, over MCP; it can decide nothing.",
        "poll": "Poll every channel once, or the named ones.",
        "apply": "Write what is approved, and read it back.",
        "events": "Import stock events from a file: skew events import FILE.",
    },
    "Look": {
        "status": "Health: channels, counts, incidents.",
        "incidents": "Trouble with channels; acknowledge and snooze it.",
        "diff": "Which listings disagree, since when, and why.",
        "ignore": "Rules that ignore disagreements; set and end them.",
        "updates": "Pending updates, and with --all the ended ones.",
        "why": "One SKU: why it is as it is on each channel.",
        "history": "One SKU's timeline on all channels, and its account.",
    },
    "Decide": {
        "approve": "Let pending updates be written.",
        "reject": "Refuse pending updates until the stock changes.",
        "snooze": "Put pending updates off.",
        "undo": "Take an approval back during its hold.",
        "retry": "Propose again what ended badly.",
        "revert": "Turn a batch back: propose the values from before.",
        "pause": "Leave a channel alone for a while, with a reason.",
        "resume": "End a channel's pause; it is polled at once.",
        "cancel": "Stop a channel's running poll.",
        "accept": "Accept a quarantined poll.",
        "discard": "Discard a quarantined poll.",
        "acknowledge": "Let a disagreement stand until it changes.",
        "unfreeze": "Let a frozen SKU be corrected again.",
    },
    "Keep": {
        "backup": "Copy the cache to a file, while everything runs.",
        "restore": "Go back to a backup.",
        "db": "The cache's file: check it, make it smaller.",
    },
    "Shell": {
        "keys": "The console's keys, your own included, and where to set them.",
        "completion": "Complete commands and options by TAB: skew completion --install.",
        "man": "Print the manual page: skew man | man -l -.",
    },
}
"""The command NAME of a group is `NAME` in `console/commands/GROUP/NAME.py`."""

SUMMARY = "Watch stock across sales channels: who disagrees, who is right, since when, and why."
EPILOG = "`skew COMMAND --help` says more, with an example. Start with `skew demo`."
HELP_FLAGS = ("-h", "--help")
CONFIG_FLAG, CONFIG_VALUE = "--config", "FILE"
CONFIG = "The configuration; default skew.toml, or SKEW_CONFIG. Also after the command."
VERSION_FLAG = "--version"
VERSION = "Print the version."
HELP = "Show this message and exit."
"""Click's own words, which every command's help has."""

WIDTH_MAX = 100
_WIDTH_MIN = 50
_COLUMNS = 80
_MARGIN = 2
_INDENT = 2
_FIRST_COLUMN_MAX = 30
_NAME_WIDTH = 11


def help_text(columns: int | None = None) -> str:
    """What `skew --help` prints on a terminal of so many columns; None: on this one."""
    width = max(min(columns or _terminal_columns(), WIDTH_MAX) - _MARGIN, _WIDTH_MIN)
    options = {
        f"{CONFIG_FLAG} {CONFIG_VALUE}": CONFIG,
        VERSION_FLAG: VERSION,
        ", ".join(HELP_FLAGS): HELP,
    }
    lines = ["Usage: skew [OPTIONS] COMMAND [ARGS]...", "", *_wrapped(SUMMARY, width, _INDENT)]
    lines += ["", "Options:", *_list(options, width)]
    for title, commands in GROUPS.items():
        named = {name.ljust(_NAME_WIDTH): short for name, short in commands.items()}
        lines += ["", f"{title}:", *_list(named, width)]
    return "\n".join((*lines, "", *_wrapped(EPILOG, width, _INDENT)))


def _list(entries: dict[str, str], width: int) -> list[str]:
    """A column of names and one of what they are."""
    second = min(max(map(len, entries)), _FIRST_COLUMN_MAX) + 2 * _INDENT
    lines = []
    for name, meaning in entries.items():
        first, *more = _wrapped(meaning, width, second)
        lines += [f"{' ' * _INDENT}{name}".ljust(second) + first.lstrip(), *more]
    return lines


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    """The text's words in as few lines as hold them, each begun by `indent` blanks."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else " " * indent + word
        if len(longer) > width and lines[-1]:
            lines.append(" " * indent + word)
        else:
            lines[-1] = longer
    return lines


def _terminal_columns() -> int:
    """How wide the terminal is, as `shutil.get_terminal_size` finds it."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
        except (AttributeError, ValueError, OSError):
            # No stdout, a closed one, or one that is no terminal.
            columns = 0
    return columns or _COLUMNS
