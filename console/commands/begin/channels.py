"""`skew channels`: the kinds of channel and the ready-made descriptions, and what each can do."""

import os
import sys
from pathlib import Path

import click

from console.commands.options import example, json_option


@click.command(
    epilog=example("skew channels", "skew channels --json", "skew channels woocommerce > my.toml")
)
@click.argument("name", required=False)
@json_option
def channels(name: str | None, *, as_json: bool) -> int:
    """List the kinds of channel and the ready-made descriptions, and what each can do.

    With NAME, print that description as it stands, to read it or to start your own from it.
    """
    from console.reports import capabilities, descriptions, json_documents
    from console.reports.table import Paper
    from sync.channels import listed
    from sync.config import ready_made

    base = Path(os.environ.get("SKEW_CONFIG") or "skew.toml").parent
    if name is not None:
        click.echo(_text(name, base), nl=False)
        return 0
    kinds = listed()
    abilities = [kind.abilities for kind in kinds if kind.abilities is not None]
    packages = {kind.name: kind.package for kind in kinds if kind.package}
    described = ready_made.listed(base)
    if as_json:
        document = {
            "channels": capabilities.channels_json(abilities, packages),
            "broken": capabilities.broken_json(kinds),
            "descriptions": descriptions.listed_json(described),
        }
        click.echo(json_documents.write(document))
        return 0
    paper = Paper.stdout()
    lines = [*capabilities.channels(abilities, paper, packages)]
    lines += [*capabilities.broken(kinds, paper), ""]
    lines.append(paper.line('Ready-made descriptions, for `use = "…"` in a channel\'s table:'))
    click.echo("\n".join([*lines, *descriptions.listed(described, paper)]))
    return 0


def _text(name: str, base: Path) -> str:
    """The file of a description, whole."""
    from console.text.format import clean
    from sync.config import described
    from sync.config.decoding import Findings
    from sync.errors import ConfigErrors

    found = Findings()
    description = described.find(name, "NAME", base, found)
    if description is None:
        raise ConfigErrors("skew channels", tuple(found.errors))
    text = description.file.path.read_text(encoding="utf-8")
    # Into a file it goes as it is; a terminal would obey what it should show.
    return (
        "".join(f"{clean(line)}\n" for line in text.splitlines()) if sys.stdout.isatty() else text
    )
