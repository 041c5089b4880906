"""`skew backup`: copy the cache to a file, while everything runs."""

from pathlib import Path

import click

from console.commands.options import config_option, example, json_option
from console.context import load


@click.command(epilog=example("skew backup /mnt/backup/skew-$(date +%F).db"))
@config_option
@json_option
@click.option("--force", is_flag=True, help="Replace FILE where it exists already.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def backup(config: Path, file: Path, *, as_json: bool, force: bool) -> int:
    """Copy the cache to FILE, as it is at one instant, while everything runs.

    Only you can read FILE. It has its name only once it is whole. The configuration, and the files
    that it names, are not in it. `skew restore FILE` goes back to it.
    """
    settings = load(config, secrets=False)
    from console.reports import json_documents
    from console.text.format import megabytes
    from store.database.maintenance.backup import back_up

    size = back_up(settings.database, file, replace=force)
    if as_json:
        click.echo(json_documents.write({"backup": str(file), "bytes": size}))
    else:
        click.echo(f"Backed up to {file}, {megabytes(size)}.")
    return 0
