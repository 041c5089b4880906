"""What of a row can be copied, and as what: the SKU, the row, a document, a command. Pure.

A copied text is pasted where nobody sees it first, a shell among the places: no control character
is ever in it, and a text from a channel is one word of a command.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from console.reports import json_documents, json_incidents
from console.reports.disagreements import CSV_COLUMNS, csv_row
from console.text.format import clean
from store.model import Cause, Correction, Disagreement, Incident, Millis
from store.queries.values import ChannelHealth


class Copied(NamedTuple):
    """One way to copy what is under the cursor."""

    name: str
    """What it is, in a word or two."""
    text: str


def of_row(
    it: Disagreement | None,
    cause: Cause | None,
    update: Correction | None,
    *,
    configuration: Path | None,
) -> Iterator[Copied]:
    """A disagreement, an update or both; the first is what is copied most."""
    about = it or update
    if about is None:
        return
    yield Copied("SKU", clean(about.sku))
    if it is not None:
        cells = csv_row(it, cause)
        yield Copied("row", tabbed(cells))
        yield Copied("row with heading", f"{tabbed(CSV_COLUMNS)}\n{tabbed(cells)}")
        yield Copied("JSON", _json(json_documents.disagreement(it, cause)))
    else:
        assert update is not None
        yield from _documented(json_documents.update(update))
    if update is not None and configuration is not None:
        yield Copied("approve command", approve_command(update, configuration))


def of_channel(one: ChannelHealth) -> Iterator[Copied]:
    yield Copied("channel", clean(one.name))
    yield from _documented(json_documents.channel(one))


def of_incident(one: Incident, now: Millis) -> Iterator[Copied]:
    yield Copied("message", clean(one.message))
    yield from _documented(json_incidents.incident(one, now))


def approve_command(update: Correction, configuration: Path) -> str:
    """The command that approves just what is seen: void if it has moved since."""
    words = ("skew", "approve", f"{update.id}@{update.version}", "--config")
    return f"{' '.join(words)} {shlex.quote(clean(str(configuration)))}"


def tabbed(cells: tuple[object, ...]) -> str:
    """One line for a spreadsheet or a pipe: a tab between any two cells, and none in one."""
    return "\t".join("" if cell is None else clean(str(cell)) for cell in cells)


def _documented(document: Mapping[str, object]) -> Iterator[Copied]:
    flat = json_documents.flat(document)
    yield Copied("row", tabbed(tuple(flat.values())))
    yield Copied("row with heading", f"{tabbed(tuple(flat))}\n{tabbed(tuple(flat.values()))}")
    yield Copied("JSON", _json(document))


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document)
