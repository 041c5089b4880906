"""`skew restore`: go back to a backup."""

import sys
from pathlib import Path

import click

from console.commands.options import config_option, example, json_option
from console.context import MigrationLine, load, note


@click.command(epilog=example("skew restore /mnt/backup/skew-2026-11-30.db"))
@config_option
@json_option
@click.option("--yes", is_flag=True, help="In a terminal, do not ask.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def restore(config: Path, file: Path, *, as_json: bool, yes: bool) -> int:
    """Make the cache what it was when FILE was made, by `skew backup` or before a migration.

    Stop the engine first. The cache as it is now is kept beside the new one. What was approved when
    FILE was made is proposed again, for it may have been written since.

    Exits 1 if an engine runs, FILE is not a backup, or a damaged one, or you said no.
    """
    settings = load(config, secrets=False)
    from msgspec.structs import asdict

    from console.reports import json_documents
    from console.text.format import clean, plural
    from store.database.maintenance.restore import check_backup
    from sync.clock import SystemClock
    from sync.engine.lease import name_of_this_process
    from sync.engine.restoring import restore_backup

    if not (yes or as_json) and sys.stdin.isatty():
        check_backup(file)
        question = f"Replace {clean(str(settings.database))} by {clean(str(file))}?"
        if not click.confirm(question, err=True):
            return 1
    line = MigrationLine()
    try:
        done = restore_backup(
            file,
            settings.database,
            clock=SystemClock(),
            holder=name_of_this_process("skew restore"),
            told=line,
        )
    finally:
        line.end()
    if as_json:
        click.echo(json_documents.write(asdict(done)))
        return 0
    click.echo(f"Restored {done.cache} from {done.backup}.")
    if done.as_it_was is not None:
        what = "the damaged cache" if done.was_damaged else "the cache as it was before"
        note(f"{what}: {done.as_it_was}")
    if done.proposed_again:
        note(
            f"{plural(len(done.proposed_again), 'approved update')} proposed again, for what was "
            "written since the backup is not in it"
        )
    return 0
