"""`skew`: the table of its commands. A command's file is imported only when it is run.

Called by `console.__main__`. Nothing heavy may be imported here: `skew --help` and a shell's
completion must answer at once.
"""

import difflib
import importlib
from pathlib import Path
from typing import NamedTuple

import click


class Entry(NamedTuple):
    """One line of `skew --help`, and where the command is."""

    module: str
    short: str


GROUPS = {
    "Begin": {
        "demo": Entry("run", "A shop that lives and misbehaves, and the console on it."),
        "init": Entry("setup", "Write a commented skew.toml to start from."),
        "check": Entry("check", "Is the configuration right, and does it fit what happens?"),
        "channels": Entry("setup", "The kinds of channel, and what each can do."),
    },
    "Run": {
        "watch": Entry("run", "The live console."),
        "daemon": Entry("run", "Headless, until SIGTERM."),
        "poll": Entry("run", "One round of polls, no scheduler."),
        "apply": Entry("run", "Write what is approved, and read it back."),
        "events": Entry("events", "Take stock events from a file: skew events import FILE."),
    },
    "Look": {
        "status": Entry("status_diff_updates", "Health: channels, counts, incidents."),
        "incidents": Entry("incidents", "Trouble with channels, and who knows of it."),
        "diff": Entry("status_diff_updates", "Which listings disagree, since when, and why."),
        "updates": Entry("status_diff_updates", "Pending updates and what became of the others."),
        "history": Entry("history", "One SKU's timeline over all channels, and its account."),
    },
    "Decide": {
        "approve": Entry("decide", "Let pending updates be written."),
        "reject": Entry("decide", "Refuse pending updates until something moves."),
        "snooze": Entry("decide", "Put pending updates off."),
        "undo": Entry("decide", "Take an approval back while its hold lasts."),
        "retry": Entry("decide", "Ask anew for updates that ended badly."),
        "pause": Entry("channel", "Leave a channel alone for a while, with a reason."),
        "resume": Entry("channel", "End a channel's pause; it is polled at once."),
        "cancel": Entry("channel", "Stop the poll of a channel that runs."),
        "accept": Entry("quarantine", "Believe a quarantined poll after all."),
        "discard": Entry("quarantine", "Throw a quarantined poll away."),
        "acknowledge": Entry("acknowledge", "Let a disagreement stand, until it moves."),
        "unfreeze": Entry("decide", "Let what a second writer froze be corrected again."),
    },
    "Shell": {
        "keys": Entry("setup", "The console's keys, your own included, and where they are set."),
        "completion": Entry("setup", "Print the completion script for bash, zsh or fish."),
    },
}

COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}


class LazyGroup(click.Group):
    """A group that knows its commands' names and short helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"console.commands.{entry.module}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            advice = f" Did you mean `{close[0]}`?" if close else ""
            ctx.fail(f"No such command: {args[0][:40]!r}.{advice}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by occasion, from the table alone."""
        del ctx
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{name:10}", entry.short) for name, entry in commands.items()]
                )


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"skew {version('skew-console')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`skew COMMAND --help` tells more, with an example. Start with `skew demo`.",
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
