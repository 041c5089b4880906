"""What `skew status` prints, and the exit code that it ends with."""

from store.model import Freshness
from store.queries.values import StatusCounts


def report(counts: StatusCounts, *, as_json: bool) -> int:
    """Print the health of everything; 0 when all is well, else 1."""
    if as_json:
        from console.reports import json_documents

        written = json_documents.write(json_documents.status(counts))
    else:
        from console.reports import tables
        from console.reports.table import Paper

        written = "\n".join(tables.status(counts, Paper.stdout()))
    print(written)  # noqa: T201 - click, which would echo it, may not be imported.
    well = all(channel.freshness is Freshness.FRESH for channel in counts.channels)
    waits = counts.overview.open or counts.overview.incidents or counts.write_pause is not None
    return 1 if waits or not well else 0
