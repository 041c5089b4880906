"""The harness of the contract suite, whose requests are held against the vendors' contracts too."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.contract import harness
from sync.contract.harness import (
    SECRET,
    SECRET_NAME,
    STRANGE,
    Backend,
    EventBackend,
    EventsRead,
    Front,
    Harness,
    OverHttp,
    QuickClock,
    change,
    event_poll,
    opened,
    options_of,
    poll,
    read_events,
    settle,
    stocked,
    with_raw,
)
from sync.contract.harness import WholeReading as Reading
from tests.fakes import contracts

__all__ = [
    "SECRET",
    "SECRET_NAME",
    "STRANGE",
    "Backend",
    "EventBackend",
    "EventsRead",
    "Front",
    "Harness",
    "OverHttp",
    "QuickClock",
    "Reading",
    "change",
    "event_poll",
    "opened",
    "options_of",
    "over_http",
    "poll",
    "read_events",
    "settle",
    "stocked",
    "with_raw",
]


@contextmanager
def over_http(backend: Backend, base: Path) -> Iterator[OverHttp]:
    """Serve a backend on loopback and give its harness.

    What reached it is held against the contract of its vendor, where there is one.
    """
    with harness.over_http(backend, base) as found:
        yield found
    assert contracts.violations(backend.kind, found.server.asked) == []
