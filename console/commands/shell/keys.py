"""`skew keys`: the console's keys, and where a user sets their own."""

import click

from console.commands.options import example, json_option


@click.command(epilog=example("skew keys", "skew keys --json | jq -r '.actions[].name'"))
@json_option
def keys(*, as_json: bool) -> int:
    """List the console's actions with their keys, and the file in which you set your own.

    Exits 2 where that file is wrong, and names everything that is wrong with it.
    """
    from console import preferences
    from console.reports import json_documents, tables
    from console.reports.table import Paper

    read, path = preferences.load(), preferences.path()
    if as_json:
        click.echo(json_documents.write(json_documents.keys(read.actions, path)))
    else:
        click.echo("\n".join(tables.keys(read.actions, path, Paper.stdout())))
    return 0
