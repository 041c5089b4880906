"""`skew`: its commands by occasion, each with a line for `skew --help`.

A command's file is imported only when it is run: `skew --help` and a shell's completion must
answer at once, so nothing heavy may be imported here.
"""

import difflib
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import click

GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Begin": {
            "demo": "A simulated shop on this machine, and the console on it.",
            "init": "Write a commented skew.toml to start from.",
            "describe": "Look at an API, a file or a database, and propose its description.",
            "check": "Is the configuration right, and does it fit what happens?",
            "channels": "The kinds of channel, and what each can do.",
        },
        "Run": {
            "watch": "The live console.",
            "daemon": "Poll and write without a console, until SIGTERM.",
            "poll": "Poll every channel once, or the named ones.",
            "apply": "Write what is approved, and read it back.",
            "events": "Import stock events from a file: skew events import FILE.",
        },
        "Look": {
            "status": "Health: channels, counts, incidents.",
            "incidents": "Trouble with channels; acknowledge and snooze it.",
            "diff": "Which listings disagree, since when, and why.",
            "updates": "Pending updates, and with --all the ended ones.",
            "history": "One SKU's timeline on all channels, and its account.",
        },
        "Decide": {
            "approve": "Let pending updates be written.",
            "reject": "Refuse pending updates until the stock changes.",
            "snooze": "Put pending updates off.",
            "undo": "Take an approval back during its hold.",
            "retry": "Propose again what ended badly.",
            "pause": "Leave a channel alone for a while, with a reason.",
            "resume": "End a channel's pause; it is polled at once.",
            "cancel": "Stop a channel's running poll.",
            "accept": "Accept a quarantined poll.",
            "discard": "Discard a quarantined poll.",
            "acknowledge": "Let a disagreement stand until it changes.",
            "unfreeze": "Let a frozen SKU be corrected again.",
        },
        "Shell": {
            "keys": "The console's keys, your own included, and where to set them.",
            "completion": "Print the completion script for bash, zsh or fish.",
        },
    }
)
"""The command NAME of a group is `NAME` in `console/commands/GROUP/NAME.py`."""

COMMANDS = {
    name: f"console.commands.{title.lower()}.{name}"
    for title, group in GROUPS.items()
    for name in group
}
"""Every command, and the module that it is in."""


class LazyGroup(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = getattr(importlib.import_module(module), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            advice = f" Did you mean `{close[0]}`?" if close else " `skew --help` lists them."
            ctx.fail(f"{args[0][:40]!r} is not a command.{advice}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by occasion, from the table alone."""
        del ctx
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:11}", short) for name, short in commands.items()])


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"skew {version('skew-console')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`skew COMMAND --help` says more, with an example. Start with `skew demo`.",
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The configuration; default skew.toml, or SKEW_CONFIG. Also after the command.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version.",
)
def cli(config: Path | None) -> None:
    """Watch stock across sales channels: who disagrees, who is right, since when, and why."""
    # A command's own --config option reads this one from the context.
    del config
