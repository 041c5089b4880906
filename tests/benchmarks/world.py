"""The data of the benchmarks: a catalogue, its channels and a poll of one of them."""

import sqlite3
from collections.abc import Mapping

import msgspec

from store.database.connection import Database
from store.model import (
    Authority,
    ChannelTerms,
    Component,
    Direction,
    Millis,
    Policy,
    Record,
    State,
    Terms,
)
from store.polling import merge, staging
from store.polling.comparison import Comparison
from store.polling.recognition import memory
from store.polling.recognition.memory import PollMemory
from store.polling.sweep import Sweep

NAMES = ("warehouse", "shop", "market", "outlet", "till")
PAGE = 1000


TALL = 1_000
"""One SKU in a thousand has more than this; all others have less than 120."""


def quantity(number: int) -> int:
    """How many there are of a SKU, by its number."""
    return TALL + 500 + number % 90 if number % 1000 == 500 else number * 7 % 120


def records(count: int) -> list[Record]:
    return [
        Record(
            f"SKU-{number:07}",
            quantity(number),
            state="active",
            price_minor=500 + number % 5000,
            title=f"Thing {number}",
            ref=str(number),
        )
        for number in range(count)
    ]


def nudged(rows: list[Record], *, every: int, by: int = 1) -> list[Record]:
    """The same rows with each `every`-th quantity moved."""
    moved = list(rows)
    for place in range(0, len(rows), every):
        row = rows[place]
        moved[place] = Record(
            row.sku, (row.available or 0) + by, state=row.state, price_minor=row.price_minor,
            title=row.title, ref=row.ref,
        )  # fmt: skip
    return moved


def less(rows: list[Record], sold: Mapping[str, int]) -> list[Record]:
    """The same rows less what was sold of each SKU."""
    return [
        msgspec.structs.replace(row, available=(row.available or 0) - sold[row.sku])
        if row.sku in sold
        else row
        for row in rows
    ]


def terms(
    count: int = len(NAMES),
    *,
    narrow_glob: str = "",
    buffer: int = 0,
    cap: int | None = None,
    bundles: tuple[Component, ...] = (),
) -> Terms:
    """Five channels, one policy each.

    `narrow_glob` moves some targets of every channel, `buffer` all those of the shop. `cap` stands
    in the policy of every SKU of every channel, and moves those that are TALL.
    """
    return Terms(
        (Authority("*", "warehouse", "warehouse"),),
        tuple(_channel(name, narrow_glob, buffer, cap) for name in NAMES[:count]),
        bundles=bundles,
    )


def _channel(name: str, narrow_glob: str, buffer: int, cap: int | None) -> ChannelTerms:
    is_outlet = name != "warehouse"
    policy = Policy("*", buffer=buffer if name == "shop" else 0, cap=cap if is_outlet else None)
    narrow = (Policy(narrow_glob, buffer=1, cap=cap),) if narrow_glob and is_outlet else ()
    return ChannelTerms(
        name=name,
        kind="simulated",
        direction=Direction.OBSERVE,
        roles=("quantity authority",) if name == "warehouse" else (),
        every_ms=60_000,
        stale_after_ms=10**12,
        max_source_age_ms=None,
        lag_ms=0,
        settle_reduce_ms=0,
        settle_raise_ms=0,
        states=(State.ACTIVE, State.DISABLED),
        writes=(),
        report_missing=True,
        policies=(*narrow, policy),
    )


def poll(
    database: Database,
    comparison: Comparison,
    channel: str,
    rows: list[Record],
    memories: dict[str, PollMemory],
    *,
    now: Millis = 1000,
) -> None:
    """One good poll, page by page, as the engine does it; it ends a second later."""
    sweep = read(database, channel, rows, memories, now=now)
    database.write(merge.merge, sweep, comparison, now=now + 1000, as_of=None)


def save(database: Database, channel: str, memories: dict[str, PollMemory]) -> None:
    """Save what is remembered of a channel, as an engine does when it stops."""
    database.write(memory.save, memories[channel], channel)


def touch(
    database: Database,
    comparison: Comparison,
    channel: str,
    moved: list[Record],
    *,
    now: Millis,
) -> None:
    """A few readings that move outside polls, as a write that is read back brings them."""
    wanted = [(record.sku, record.location) for record in moved]
    database.write(
        merge.record_fresh, channel, moved, [], wanted, comparison, now=now, own=False
    )  # fmt: skip


def used_bytes(connection: sqlite3.Connection) -> int:
    """How many bytes of the cache's pages hold something, those in its log included."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def read(
    database: Database,
    channel: str,
    rows: list[Record],
    memories: dict[str, PollMemory],
    *,
    now: Millis,
) -> Sweep:
    """A good poll up to its merge."""
    sweep = database.write(staging.begin, channel, memories.get(channel), now=now)
    for start in range(0, len(rows), PAGE):
        database.write(staging.stage, sweep, rows[start : start + PAGE], (), len(rows))
    database.write(staging.counts, sweep)
    return sweep
