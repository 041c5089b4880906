"""`skew channels`: the kinds of channel, and what each can do."""

import click

from console.commands.options import example, json_option


@click.command(epilog=example("skew channels", "skew channels --json"))
@json_option
def channels(*, as_json: bool) -> int:
    """List the kinds of channel, and what each can read, write and promise."""
    from console.reports import json_documents, tables
    from console.reports.table import Paper
    from sync.channels import KINDS, kind

    abilities = [kind(name).ABILITIES for name in KINDS]
    if as_json:
        click.echo(json_documents.write(json_documents.channels(abilities)))
    else:
        click.echo("\n".join(tables.channels(abilities, Paper.stdout())))
    return 0
