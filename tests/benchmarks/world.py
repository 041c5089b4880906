"""The data of the benchmarks: a catalogue, its channels and a poll of one of them."""

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
from store.polling.recognition.memory import PollMemory
from store.polling.sweep import Sweep

NAMES = ("warehouse", "shop", "market", "outlet", "till")
PAGE = 1000


def records(count: int) -> list[Record]:
    return [
        Record(
            f"SKU-{number:07}",
            number * 7 % 120,
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
    count: int, *, narrow_glob: str = "", buffer: int = 0, bundles: tuple[Component, ...] = ()
) -> Terms:
    """Five channels, one policy each; `narrow_glob` moves some targets, `buffer` one channel's."""
    return Terms(
        (Authority("*", "warehouse", "warehouse"),),
        tuple(_channel(name, narrow_glob, buffer) for name in NAMES[:count]),
        bundles=bundles,
    )


def _channel(name: str, narrow_glob: str, buffer: int) -> ChannelTerms:
    policy = Policy("*", buffer=buffer if name == "shop" else 0)
    narrow = (Policy(narrow_glob, buffer=1),) if narrow_glob and name != "warehouse" else ()
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
) -> None:
    """One good poll, page by page, as the engine does it."""
    sweep = read(database, channel, rows, memories, now=1000)
    database.write(merge.merge, sweep, comparison, now=2000, as_of=None)


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
