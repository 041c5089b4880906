"""`skew`: its commands by occasion, each with a line for `skew --help`.

A command's file is imported only when it is run: `skew --help` and a shell's completion must
answer at once, so nothing heavy may be imported here.
"""

import importlib
from pathlib import Path

import click

from console.text import overview

COMMANDS = {
    name: f"console.commands.{title.lower()}.{name}"
    for title, group in overview.GROUPS.items()
    for name in group
}
"""Every command, and the module that it is in."""


class ReaderGone(Exception):
    """Nobody reads what a command prints any more."""


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

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises ReaderGone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # click would end the process with 1, which means something else here.
            raise ReaderGone from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            advice = f" Did you mean `{close[0]}`?" if close else " `skew --help` lists them."
            ctx.fail(f"{args[0][:40]!r} is not a command.{advice}")
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Answer the text that `skew --help` prints without click."""
        del ctx
        return overview.help_text()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by occasion, as `overview` does, which a test holds against this."""
        del ctx
        for title, commands in overview.GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:11}", short) for name, short in commands.items()])


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
    if wanted and not ctx.resilient_parsing:
        from sync.version import version

        click.echo(f"skew {version()}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": overview.HELP_FLAGS,
        "max_content_width": overview.WIDTH_MAX,
    },
    help=overview.SUMMARY,
    epilog=overview.EPILOG,
)
@click.option(
    overview.CONFIG_FLAG,
    metavar=overview.CONFIG_VALUE,
    type=click.Path(path_type=Path),
    help=overview.CONFIG,
)
@click.option(
    overview.VERSION_FLAG,
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help=overview.VERSION,
)
def cli(config: Path | None) -> None:
    # A command's own --config option reads this one from the context.
    del config
