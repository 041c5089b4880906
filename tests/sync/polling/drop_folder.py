"""A warehouse that drops full lists and files of changes, and what the cache then has of them."""

import os
from pathlib import Path

import msgspec

from store.corrections import propose
from store.model import CorrectionStatus, Direction, IncidentKind, PollOutcome
from store.polling.changes import sequence
from sync.channels import open_channel
from sync.channels.csv.options import CsvOptions
from sync.polling.channel_state import ChannelState
from sync.settings import GuardSettings
from tests.sync.scripted_channel import Bench, changed

MINUTE = 60_000


class Folder:
    """A warehouse that drops full lists and files of changes into a folder."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._bench = bench
        self.folder = folder / "drop"
        self.folder.mkdir()
        options = {"path": "drop", "full": "full*.csv", "changes": "changes*.csv",
                   "words": {"gone": "absent"}}  # fmt: skip
        bench.settings = changed(
            bench.settings, "warehouse", kind="csv", direction=Direction.OBSERVE,
            options=msgspec.convert(options, CsvOptions), guard=GuardSettings(),
        )  # fmt: skip
        self.restart()

    def restart(self) -> None:
        """Begin again as a new process, that knows what the cache knows."""
        settings = self._bench.settings.channels["warehouse"]
        opened = open_channel(settings, self._bench.clock, self.folder.parent)
        self._bench.channel_state["warehouse"] = ChannelState(settings, opened)

    def put(self, name: str, **stock: object) -> None:
        """Drop a file that was written just now and is finished, and let a minute pass."""
        rows = "".join(f"{sku},{available}\n" for sku, available in stock.items())
        path = self.folder / name
        path.write_text(f"sku,available\n{rows}")
        self.touch(name)

    def touch(self, name: str) -> None:
        self._bench.clock.at += MINUTE
        at_ns = self._bench.clock.at * 1_000_000
        os.utime(self.folder / name, ns=(at_ns, at_ns))
        self._bench.clock.at += MINUTE


FULL = {f"S{n}": 10 for n in range(40)}


async def poll(bench: Bench) -> None:
    report = await bench.poll("warehouse")
    assert report.outcome is PollOutcome.GOOD, report.error


def stock(bench: Bench) -> dict[str, object]:
    """What the cache holds of the warehouse: a number, "gone" or what is wrong."""
    rows = bench.database.read(
        lambda connection: connection.execute(
            """SELECT i.sku, l.available, l.present, l.problem FROM listings l
            JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id
            WHERE c.name = 'warehouse'"""
        ).fetchall()
    )
    return {
        sku: problem or (available if present else "gone")
        for sku, available, present, problem in rows
    }


def moved(bench: Bench) -> dict[str, object]:
    return {sku: number for sku, number in stock(bench).items() if number != 10}


def incidents(bench: Bench) -> list[str]:
    rows = bench.database.read(
        lambda connection: connection.execute(
            "SELECT kind FROM incidents WHERE closed_at IS NULL ORDER BY id"
        ).fetchall()
    )
    return [kind for (kind,) in rows]


def proposed(bench: Bench) -> set[tuple[str, int | None]]:
    bench.database.write(propose.propose, now=bench.clock.now())
    return {
        (update.sku, update.to_quantity)
        for update in bench.updates()
        if update.status is CorrectionStatus.PROPOSED
    }


def gap(bench: Bench) -> str:
    found = bench.database.read(sequence.known, "warehouse")
    assert found is not None
    assert bool(found.gap) == (IncidentKind.GAP in incidents(bench))
    return found.gap
