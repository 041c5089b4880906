"""What can be copied of a row: the SKU, the row, a document, a command. Pure.

A copied text is pasted where nobody sees it first, a shell among the places: no control character
is ever in it, and a text from a channel is one word of a command.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from console.reports import json_documents
from console.reports.disagreements import CSV_COLUMNS, csv_row
from console.reports.incidents import json_incidents
from console.text.format import clean
from store.model import Cause, Correction, Disagreement, Incident, Millis
from store.queries.values import ChannelHealth


class CopyChoice(NamedTuple):
    """One of the texts that can be copied of what is under the cursor."""

    name: str
    """What it is, in a word or two."""
    text: str


def row_choices(
    disagreement: Disagreement | None,
    cause: Cause | None,
    update: Correction | None,
    *,
    configuration: Path | None,
) -> Iterator[CopyChoice]:
    """Of a disagreement, an update or both; what is copied most comes first."""
    about = disagreement or update
    if about is None:
        return
    yield CopyChoice("SKU", clean(about.sku))
    if disagreement is not None:
        cells = csv_row(disagreement, cause)
        yield CopyChoice("row", tabbed(cells))
        yield CopyChoice("row with heading", f"{tabbed(CSV_COLUMNS)}\n{tabbed(cells)}")
        yield CopyChoice("JSON", _json(json_documents.disagreement(disagreement, cause)))
    else:
        assert update is not None
        yield from _documented(json_documents.update(update))
    if update is not None and configuration is not None:
        yield CopyChoice("approve command", approve_command(update, configuration))


def channel_choices(channel: ChannelHealth) -> Iterator[CopyChoice]:
    yield CopyChoice("channel", clean(channel.name))
    yield from _documented(json_documents.channel(channel))


def incident_choices(incident: Incident, now: Millis) -> Iterator[CopyChoice]:
    yield CopyChoice("message", clean(incident.message))
    yield from _documented(json_incidents.incident(incident, now))


def approve_command(update: Correction, configuration: Path) -> str:
    """The command that approves this version of the update, and no later one."""
    words = ("skew", "approve", f"{update.id}@{update.version}", "--config")
    return f"{' '.join(words)} {shlex.quote(clean(str(configuration)))}"


def tabbed(cells: tuple[object, ...]) -> str:
    """One line for a spreadsheet or a pipe: a tab between any two cells, and none in one."""
    return "\t".join("" if cell is None else clean(str(cell)) for cell in cells)


def _documented(document: Mapping[str, object]) -> Iterator[CopyChoice]:
    flat = json_documents.flat(document)
    yield CopyChoice("row", tabbed(tuple(flat.values())))
    yield CopyChoice("row with heading", f"{tabbed(tuple(flat))}\n{tabbed(tuple(flat.values()))}")
    yield CopyChoice("JSON", _json(document))


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document)
