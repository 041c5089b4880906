"""The demo's catalogue and its scripted day: decode them from `sample_data`, and perform a line.

Both are CSV files that a person can read and change. A wrong line is a `ValueError` that names the
file and the line.
"""

import csv
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import files
from typing import TypeVar

from store.model import Millis, State
from sync.simulation.channel import Fault, Item
from sync.simulation.world import World

T = TypeVar("T")

_WAREHOUSE_DELAY_MS = 4_000
_PAST_MS = 3 * 86_400_000
"""The catalogue's last movements lie within this span before the world began."""


class Act(StrEnum):
    """What a line of the day does, beside the faults."""

    SELLS = "sells"
    """The outlet sells `units`; the warehouse knows it after `lasts`."""
    RECEIVES = "receives"
    """A delivery of `units` reaches the warehouse."""
    COUNTS = "counts"
    """The warehouse finds that it has `units` free."""
    SHOWS = "shows"
    """Somebody sets the outlet's number to `units` in the outlet itself."""
    MISSES = "misses"
    """The connector's updates of this SKU do not reach the outlet for `lasts`."""
    DISABLES = "disables"
    ENABLES = "enables"
    DELISTS = "delists"
    """The listing vanishes from the outlet."""
    LISTS = "lists"
    """The outlet lists `units` of a SKU that the warehouse writes with other capitals."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the day."""

    at: Millis
    channel: str
    does: Act | Fault
    sku: str
    units: int
    lasts_ms: int
    story: str


def catalogue() -> tuple[Item, ...]:
    """All of the shop's goods, as the warehouse has them when the world begins."""
    return tuple(_decoded("catalogue.csv", _item))


def day() -> tuple[Step, ...]:
    """The scripted day, in the order in which it happens."""
    return tuple(sorted(_decoded("day.csv", _step), key=lambda step: step.at))


def perform(world: World, step: Step) -> None:
    """Make one line come true. KeyError where it names no channel or no goods of this world."""
    if isinstance(step.does, Fault):
        world.fault(step.channel, step.does, step.lasts_ms)
    else:
        _ACTS[step.does](world, step)


def _sells(world: World, step: Step) -> None:
    world.sell(
        step.channel, step.sku, step.units, warehouse_delay_ms=step.lasts_ms or _WAREHOUSE_DELAY_MS
    )


def _lists(world: World, step: Step) -> None:
    known = {item.sku.casefold(): item for item in world.warehouse.items()}
    like = known[step.sku.casefold()]
    world.list_alone(step.channel, replace(like, sku=step.sku, available=step.units))


_ACTS: Mapping[Act, Callable[[World, Step], None]] = {
    Act.SELLS: _sells,
    Act.RECEIVES: lambda world, step: world.receive(step.sku, step.units),
    Act.COUNTS: lambda world, step: world.count(step.sku, step.units),
    Act.SHOWS: lambda world, step: world.edit(step.channel, step.sku, step.units),
    Act.MISSES: lambda world, step: world.miss(step.channel, step.sku, step.lasts_ms),
    Act.DISABLES: lambda world, step: world.set_state(step.channel, step.sku, State.DISABLED),
    Act.ENABLES: lambda world, step: world.set_state(step.channel, step.sku, State.ACTIVE),
    Act.DELISTS: lambda world, step: world.delist(step.channel, step.sku),
    Act.LISTS: _lists,
}


def _decoded(name: str, decode: Callable[[Mapping[str, str]], T]) -> Iterator[T]:
    text = files("sample_data").joinpath(name).read_text(encoding="utf-8")
    reader = csv.DictReader(text.splitlines(), strict=True)
    for row in reader:
        try:
            yield decode(row)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{name}, line {reader.line_num}: {error}") from error


def _item(row: Mapping[str, str]) -> Item:
    on_hand, committed = int(row["on_hand"]), int(row["committed"])
    euros, cents = row["price"].split(".")
    return Item(
        sku=row["sku"],
        title=row["title"],
        price_minor=int(euros) * 100 + int(cents),
        available=on_hand - committed,
        committed=committed,
        incoming=int(row["incoming"]),
        state=State(row["state"]),
        moved_at=-(zlib.crc32(row["sku"].encode()) % _PAST_MS),
    )


def _step(row: Mapping[str, str]) -> Step:
    does = row["does"]
    return Step(
        at=_span_ms(row["at"]),
        channel=row["channel"],
        does=Fault(does) if does in set(Fault) else Act(does),
        sku=row["sku"],
        units=int(row["units"] or 0),
        lasts_ms=_span_ms(row["lasts"]) if row["lasts"] else 0,
        story=row["story"],
    )


def _span_ms(text: str) -> int:
    """Read minutes and seconds, `1:05`."""
    minutes, seconds = text.split(":")
    return (int(minutes) * 60 + int(seconds)) * 1_000
