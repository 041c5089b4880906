"""What `skew status` prints, and the exit code that it ends with."""

from typing import TYPE_CHECKING

from store.model import Freshness
from store.queries.values import StatusCounts

if TYPE_CHECKING:
    from sync.settings import WindowStanding


def report(counts: StatusCounts, *, as_json: bool, window: "WindowStanding | None" = None) -> int:
    """Print the health of everything; 0 when all is well, else 1.

    `window`: what the approval windows say; None where there are none that do.
    """
    if as_json:
        from console.reports import json_documents

        written = json_documents.write(json_documents.status(counts, window))
    else:
        from console.reports import tables
        from console.reports.table import Paper

        written = "\n".join(tables.status(counts, Paper.stdout(), window))
    print(written)  # noqa: T201 - click, which would echo it, may not be imported.
    well = all(channel.freshness is Freshness.FRESH for channel in counts.channels)
    waits = counts.overview.open or counts.overview.incidents or counts.write_pause is not None
    return 1 if waits or not well else 0
