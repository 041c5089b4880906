"""`skew service`: have systemd run the daemon."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import config_option, example, text
from console.context import load, login_name, note

if TYPE_CHECKING:
    from console.reports.service_unit import ServiceUnit


@click.group(epilog=example("skew service install --user", "skew service install --user --print"))
@config_option
def service(config: Path) -> None:
    """Have systemd run the daemon, watch it, and start it again."""
    # The command below reads this one from the context.
    del config


@service.command(
    epilog=example(
        "skew service install --user",
        "sudo skew service install --system --as skew --config /srv/skew/skew.toml",
        "skew service install --system --as skew --print",
    )
)
@config_option
@click.option("--user", "scope", flag_value="user", help="For your own user.")
@click.option("--system", "scope", flag_value="system", help="For the machine; needs root.")
@click.option(
    "--as",
    "runs_as",
    metavar="NAME",
    callback=text,
    help="With --system: the user that it runs as.  [default: you]",
)
@click.option(
    "--name", metavar="NAME", default="skew", show_default=True, callback=text,
    help="Of the unit; another for another configuration.",
)  # fmt: skip
@click.option("--print", "only_print", is_flag=True, help="Print the unit; write nothing.")
def install(
    config: Path, *, scope: str | None, runs_as: str | None, name: str, only_print: bool
) -> int:
    """Write a systemd unit that runs the daemon with this configuration.

    systemd starts it again when it fails or hangs, `systemctl reload` reloads the configuration,
    and it may write nowhere but to its cache. Variables that skew.toml names go into secrets.env
    beside it. Exits 2 for a wrong configuration, 1 if the unit can't be written.
    """
    if scope is None:
        raise click.UsageError("say for whom: --user, or --system")
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise click.UsageError(f"--name {name!r}: letters, digits, - and _ only")
    if scope == "user" and runs_as is not None:
        raise click.UsageError("--as needs --system: a user's own unit runs as that user")
    unit = _unit(config, runs_as or _caller() if scope == "system" else None)
    try:
        content = unit.text()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if only_print:
        click.echo(content, nl=False)
        return 0
    folder = Path("/etc/systemd/system") if scope == "system" else _user_units()
    path = folder / f"{name}.service"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    except OSError as error:
        note(f"{path}: {error.strerror}; --print prints the unit, to be put there")
        return 1
    manager = "systemctl" if scope == "system" else "systemctl --user"
    journal = "journalctl" if scope == "system" else "journalctl --user"
    click.echo(f"Wrote {path}. Now run:\n")
    click.echo(f"  {manager} daemon-reload\n  {manager} enable --now {name}")
    click.echo(f"  {journal} -u {name} -f")
    if scope == "user":
        click.echo(f"  loginctl enable-linger {login_name()}    # so that it runs without a login")
    if not unit.secrets.exists():
        note(f"variables that {config} names go into {unit.secrets}, one NAME=value a line, 0600")
    return 0


def _unit(config: Path, user: str | None) -> "ServiceUnit":
    settings = load(config, secrets=False)
    import platformdirs

    from console.reports.service_unit import ServiceUnit

    own = platformdirs.user_data_path("skew", appauthor=False)
    if user is not None and user != login_name() and settings.database.is_relative_to(own):
        raise click.UsageError(
            f"{config}: without [skew] database the cache is in your own home, which {user} "
            'can\'t write to: add database = "skew.db"'
        )
    return ServiceUnit(
        program=_program(),
        config=config.resolve(),
        database=settings.database.resolve(),
        state_folders=_state_folders(user),
        user=user,
    )


def _program() -> list[str]:
    """What starts this very installation, also from outside its environment."""
    script = Path(sys.prefix) / "bin" / "skew"
    return [str(script)] if script.exists() else [sys.executable, "-m", "console"]


def _state_folders(user: str | None) -> list[Path]:
    if user is None:
        import platformdirs

        return [
            platformdirs.user_state_path("skew", appauthor=False),
            platformdirs.user_cache_path("skew", appauthor=False),
        ]
    import pwd

    try:
        home = Path(pwd.getpwnam(user).pw_dir)
    except KeyError:
        raise click.UsageError(f"--as {user}: no such user on this machine") from None
    return [home / ".local/state/skew", home / ".cache/skew"]


def _caller() -> str:
    """Who runs this command, under sudo who called that. Raises UsageError for root."""
    name = os.environ.get("SUDO_USER") or login_name()
    if name == "root":
        raise click.UsageError("--as NAME: say which user it runs as; it needs no root")
    return name


def _user_units() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd/user"
