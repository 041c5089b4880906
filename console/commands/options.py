"""The options that several commands share, and how their values are read."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from console.context import login_name

if TYPE_CHECKING:
    from sync.units import Period

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", str, str | None, tuple[str, ...])

_DIGITS_MAX = 18
"""The longest number that SQLite keeps as an integer, whatever its digits."""


def text(_ctx: click.Context, _param: click.Parameter, value: T) -> T:
    """Take what can be kept and printed; a shell can pass bytes that are not text."""
    try:
        for part in value if isinstance(value, tuple) else (value or "",):
            part.encode()
    except UnicodeEncodeError:
        raise click.BadParameter("is not UTF-8 text.") from None
    return value


def person(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Take the name of whoever decides, as it may stand in the audit."""
    from console.text.operators import name_error

    text(ctx, param, value)
    if wrong := name_error(value):
        given = "" if ctx.get_parameter_source(param.name or "") is _GIVEN else " Give --by NAME."
        raise click.BadParameter(f"{wrong}.{given}")
    return value.strip()


_GIVEN = click.core.ParameterSource.COMMANDLINE


def example(*lines: str) -> str:
    """Write a command's examples for the foot of its help, each on its own line."""
    return "\n".join(("\b", "Example:" if len(lines) == 1 else "Examples:", *_indented(lines)))


def config_option(command: F) -> F:
    """Add `--config FILE`, which may also stand before the command."""
    return click.option(
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=_configuration,
        help="The configuration.  [default: skew.toml, or SKEW_CONFIG]",
    )(command)


def config_options(command: F) -> F:
    """Add `--config FILE`, which may be given several times: the value is a tuple of paths."""
    return click.option(
        "--config",
        "configs",
        metavar="FILE",
        type=click.Path(path_type=Path),
        multiple=True,
        callback=_configurations,
        help="The configuration; several: all stores.  [default: skew.toml, or SKEW_CONFIG]",
    )(command)


def channel_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Offer the configured channels to a shell that completes; none where that can't be read."""
    import tomllib

    try:
        with ctx.params["config"].open("rb") as file:
            channels = tomllib.load(file)["channels"]
        return [name for name in channels if name.startswith(incomplete)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def json_option(command: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def channels_option(command: F) -> F:
    """Add `--channel NAME`, which may be repeated, as `channels`."""
    return click.option(
        "--channel",
        "channels",
        multiple=True,
        help="Only this channel. May be repeated.",
        shell_complete=channel_names,
    )(command)


def by_option(command: F) -> F:
    """Add `--by NAME`, who decides; the login name by default."""
    return click.option(
        "--by",
        metavar="NAME",
        callback=person,
        default=login_name,
        help="Who decides, for the audit.  [default: your login]",
    )(command)


def for_option(command: F) -> F:
    """Add `--for SPAN`, how long something is put off; read it with `period`."""
    return click.option(
        "--for",
        "span",
        metavar="SPAN",
        default="1h",
        show_default=True,
        callback=text,
        help="How long: 30m, 2h, 1d.",
    )(command)


def period(span: str) -> "Period":
    """Read the value of `--for`. Raises click's BadParameter with the remedy."""
    from sync import units

    try:
        return units.period(span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--for") from None


SECRET_PLACES = ("env", "file", "keyring")


def secret_place(written: str, option: str) -> Mapping[str, str]:
    """Read where a secret is, as `SecretSource` has it: `env:NAME`, `file:PATH`, `keyring:…`.

    A secret itself would be seen by whoever sees the command. Raises click's UsageError.
    """
    kind, colon, where = written.partition(":")
    if kind not in SECRET_PLACES or not colon or not where:
        raise click.UsageError(
            f"{option} takes no secret itself: say where it is: env:NAME, file:PATH or "
            "keyring:service/name"
        )
    return {kind: where}


def ids(written: Sequence[str], what: str, command: str) -> list[int]:
    """Read `17` or `#17`, each once. Raises click's UsageError with the command that lists them."""
    numbers = [text.removeprefix("#") for text in written]
    for text, number in zip(written, numbers, strict=True):
        if not is_id(number):
            raise click.UsageError(f"{text!r} is not the ID of {what}; `{command}` lists them")
    return list(dict.fromkeys(map(int, numbers)))


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX


def _configuration(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path:
    before = ctx.parent.params.get("config") if ctx.parent else None
    return value or before or Path(os.environ.get("SKEW_CONFIG") or "skew.toml")


def _configurations(
    ctx: click.Context, param: click.Parameter, value: tuple[Path, ...]
) -> tuple[Path, ...]:
    return value or (_configuration(ctx, param, None),)


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
