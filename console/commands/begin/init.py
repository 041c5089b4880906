"""`skew init`: a commented configuration to start from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import example, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.config.examples import KindExample
    from sync.config.ready_made import ReadyMade

CHANNEL = "shop"
"""What the shop's channel is called in the configuration that is written."""


@click.command(
    epilog=example(
        "skew init",
        "skew init ~/shops/acme",
        "skew init --from woocommerce --url https://shop.example",
    )
)
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--from",
    "use",
    metavar="NAME",
    callback=text,
    help="For a shop that has a kind or a description; `skew channels` lists them.",
)
@click.option("--url", metavar="URL", callback=text, help="With --from: the shop's address.")
def init(folder: Path, use: str | None, url: str | None) -> int:
    """Write a commented skew.toml to start from; asks nothing, overwrites nothing.

    With --from and --url it is complete: a warehouse's file, and your shop. Then export the
    credentials that it names.
    """
    from console.reports import new_configuration

    path = folder / "skew.toml"
    if use is None:
        if url is not None:
            raise click.UsageError("--url needs --from: which system the shop is, such as medusa")
        _write(folder, new_configuration.template())
        click.echo(f"Wrote {path}. Fill in its channels, then run: skew check --config {path}")
        return 0
    content, steps = _of_a_shop(use, url, path)
    _check(content, folder)
    _write(folder, content)
    for line in steps:
        click.echo(line)
    return 0


def _of_a_shop(use: str, url: str | None, path: Path) -> tuple[str, "Iterable[str]"]:
    """The configuration for a shop, and what to do next.

    A kind that is made for the system goes before a description that comes with Skew.
    """
    from console.reports import new_configuration
    from sync.config import examples

    kind = examples.kind_for(use, path.parent)
    if kind:
        shop = _example(use, kind, url)
        content = new_configuration.for_kind(shop, CHANNEL)
        return content, new_configuration.next_steps_of_kind(shop, CHANNEL, path)
    found = _described(use, url, path.parent)
    content = new_configuration.for_shop(found, CHANNEL, url)
    return content, new_configuration.next_steps(found, CHANNEL, url, path)


def _example(use: str, kind: str, url: str | None) -> "KindExample":
    """The example of a kind. Raises click's UsageError where an address lacks or is too much."""
    from sync.config import examples

    found = examples.example(kind, CHANNEL, url)
    if url is None and found.address:
        raise click.UsageError(f"--from {use} needs the shop's address: add --url {found.address}")
    if url is not None and not found.address:
        raise click.UsageError(f"--from {use} takes no address: leave --url out")
    return found


def _described(use: str, url: str | None, folder: Path) -> "ReadyMade":
    """Find the description. Raises ConfigErrors, or click's UsageError where an address lacks."""
    from sync.config import ready_made
    from sync.errors import ConfigError, ConfigErrors

    found = ready_made.named(use, "--from", folder)
    if found.description is None or found.wrong:
        raise ConfigErrors("skew init", (ConfigError("--from", found.wrong),))
    if url is None and found.description.needs_address():
        raise click.UsageError(
            f"--from {use} needs the shop's address: add --url https://shop.example"
        )
    return found


def _check(content: str, folder: Path) -> None:
    """Read what is to be written. Raises ConfigErrors, such as for an address that can't be one."""
    import tomllib

    from sync.config.load import decode
    from sync.errors import ConfigErrors

    try:
        decode(tomllib.loads(content), source="skew.toml", base=folder, environ=None)
    except ConfigErrors as error:
        raise ConfigErrors("skew init", error.errors) from None


def _write(folder: Path, content: str) -> None:
    path = folder / "skew.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        existing = path if path.exists() else folder
        raise click.ClickException(f"{existing} exists already; nothing was written") from None
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from None
