"""`skew init`: a commented configuration to start from."""

from pathlib import Path

import click

from console.commands.options import example


@click.command(epilog=example("skew init", "skew init ~/shops/acme"))
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
def init(folder: Path) -> int:
    """Write a commented skew.toml to start from; asks nothing, overwrites nothing."""
    from importlib.resources import files

    path = folder / "skew.toml"
    template = files("console").joinpath("skew.toml").read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(template)
    except FileExistsError:
        existing = path if path.exists() else folder
        raise click.ClickException(f"{existing} exists already; nothing was written") from None
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from None
    click.echo(f"Wrote {path}. Fill in its channels, then run: skew check --config {path}")
    return 0
