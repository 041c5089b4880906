"""A small shop in a real database, driven step by step: what the store's tests have in common."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from store.database.connection import Database
from store.database.worklist import Merge
from store.model import (
    NOT_FOR_SALE,
    Authority,
    ChannelTerms,
    Correction,
    Direction,
    Disagreement,
    Millis,
    Policy,
    Record,
    Refused,
    State,
    Terms,
)
from store.poll_counts import PollCounts
from store.polling import merge, staging
from store.polling.comparison import Comparison
from store.polling.recognition.memory import PollMemory
from store.polling.sweep import Sweep
from store.queries import status_counts, views
from store.queries.values import DisagreementFilter, Overview

START = 1_700_000_000_000
MINUTE = 60_000


def channel(name: str, **changes: object) -> ChannelTerms:
    """A channel's terms: pushed, states active and disabled, nothing kept back."""
    defaults: dict[str, object] = {
        "name": name,
        "kind": "simulated",
        "direction": Direction.PUSH,
        "roles": (),
        "every_ms": MINUTE,
        "stale_after_ms": 10 * MINUTE,
        "max_source_age_ms": None,
        "lag_ms": 0,
        "settle_reduce_ms": 0,
        "settle_raise_ms": 0,
        "states": (State.ACTIVE, State.DISABLED),
        "writes": ("quantity", "state"),
        "report_missing": True,
        "policies": (Policy("*"),),
    }
    chosen = defaults | changes
    hides = tuple(state for state in NOT_FOR_SALE if state not in chosen["states"])  # type: ignore[operator]
    return ChannelTerms(**({"hides": hides} | chosen))  # type: ignore[arg-type]


def warehouse(**changes: object) -> ChannelTerms:
    """The authority: observed, as a file would be."""
    terms: dict[str, object] = {
        "direction": Direction.OBSERVE,
        "writes": (),
        "roles": ("quantity authority", "state authority"),
    }
    return channel("warehouse", **(terms | changes))


def terms(*channels: ChannelTerms, authorities: Sequence[Authority] = ()) -> Terms:
    return Terms((*authorities, Authority("*", "warehouse", "warehouse")), channels)


class World:
    """A database with its comparison and a clock that moves a minute with every poll."""

    def __init__(self, database: Database, comparison: Comparison) -> None:
        self.database = database
        self.comparison = comparison
        self.now: Millis = START
        self.memories: dict[str, PollMemory] = {}
        self.counted: PollCounts | None = None
        database.write(comparison.configure, now=self.now)

    def sweep(self, name: str, *pages: Sequence[Record], refused: Sequence[Refused] = ()) -> Sweep:
        """Read all pages, judged by nobody yet."""
        self.now += MINUTE
        memory = self.memories.setdefault(name, PollMemory())
        sweep = self.database.write(staging.begin, name, memory, now=self.now)
        for page in pages:
            self.database.write(staging.stage, sweep, page)
        self.database.write(staging.stage, sweep, (), refused)
        self.counted = self.database.write(staging.counts, sweep)
        return sweep

    def poll(
        self,
        name: str,
        *pages: Sequence[Record],
        refused: Sequence[Refused] = (),
        as_of: Millis | None = None,
    ) -> Merge:
        """A good poll."""
        sweep = self.sweep(name, *pages, refused=refused)
        return self.database.write(merge.merge, sweep, self.comparison, now=self.now, as_of=as_of)

    def twice(self, name: str, *pages: Sequence[Record]) -> None:
        """Poll and confirm: a raise needs a second reading."""
        self.poll(name, *pages)
        self.poll(name, *pages)

    def reconfigure(self, new: Terms) -> None:
        self.comparison = Comparison(new)
        self.database.write(self.comparison.configure, now=self.now)

    def diff(self, **wanted: object) -> list[Disagreement]:
        chosen = DisagreementFilter(**wanted)  # type: ignore[arg-type]
        return self.database.read(views.disagreements, chosen, now=self.now)

    def only(self, **wanted: object) -> Disagreement:
        (found,) = self.diff(**wanted)
        return found

    def overview(self, at: Millis | None = None) -> Overview:
        """The header's numbers, now or at another instant."""
        return self.database.read(status_counts.status, now=self.now if at is None else at).overview

    def updates(self) -> list[Correction]:
        return self.database.read(views.updates)

    def targets(self, name: str) -> dict[str, int | None]:
        """SKU to target quantity on a channel."""

        return dict(
            self.rows(
                """SELECT i.sku, l.target_quantity FROM listings l JOIN items i ON i.id = l.item_id
                JOIN channels c ON c.id = l.channel_id WHERE c.name = ?""",
                name,
            )
        )

    def rows(self, query: str, *values: object) -> list[Any]:
        """What the cache holds, for a test that looks beneath the views."""

        def ask(connection: sqlite3.Connection) -> list[Any]:
            return connection.execute(query, values).fetchall()

        return self.database.read(ask)


@contextmanager
def world(folder: Path, *channels: ChannelTerms, **rules: object) -> Iterator[World]:
    """A world of a warehouse and these channels (a plain `shop` where none are given)."""
    chosen = channels or (channel("shop"),)
    made = terms(warehouse(), *chosen, **rules)  # type: ignore[arg-type]
    with Database.open(folder / "skew.db") as database:
        yield World(database, Comparison(made))


def record(sku: str, available: int, **more: object) -> Record:
    return Record(sku, available, **more)  # type: ignore[arg-type]


def stock(**quantities: int) -> list[Record]:
    """Active listings by keyword: `stock(A=3, B=0)`."""
    return [Record(sku, available, state="active") for sku, available in quantities.items()]
