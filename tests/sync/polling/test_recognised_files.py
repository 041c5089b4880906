"""A file that is recognised, wholly or in part, leaves the same cache as one that is decoded whole.

Two caches are polled over the same files. One goes on from what it remembers, through restarts and
in one process; the other remembers nothing and decodes every file to its end.
"""

import asyncio
import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.database.connection import Database
from store.model import Direction, Record
from store.polling import merge
from store.polling.recognition.memory import PollMemory
from sync.channels import open_channel
from sync.channels.csv.options import CsvOptions
from sync.channels.csv.recognition import pieces
from sync.polling import recognition
from sync.polling.channel_state import ChannelState
from tests.long_run import examples
from tests.sync.scripted_channel import (
    SHOPS,
    Bench,
    HandClock,
    Shop,
    changed,
    register,
    settings_of,
)

SKUS = [f"A-{n}" for n in range(12)]
NUMBERS = ("0", "1", "2", "17", "-3", "250", "1,200")
STRANGE = ("x", "", "1.000", "1e3")
TITLES = ("Mug", "Große Tasse", '"Two, parts"', '"a quoted\nline"', 'Pipe 5"', "")

ROWS = st.builds(
    "{},{},{},{}".format,
    st.sampled_from(SKUS),
    st.sampled_from(NUMBERS),
    st.sampled_from(TITLES),
    st.sampled_from(("active", "disabled", "")),
)
ODD_ROWS = st.one_of(
    st.builds("{},{},Mug,active".format, st.sampled_from(SKUS), st.sampled_from(STRANGE)),
    st.sampled_from(("", ",,,", ",5,,", "Total,300,,", "Sum of all,3,,", "A-1,3", "A-2,3,,,,9")),
)


@dataclass
class File:
    """What a system drops, as lines below a header."""

    rows: list[str] = field(default_factory=list)
    titles: tuple[str, ...] = ()
    order: tuple[int, ...] = (0, 1, 2, 3)
    end: str = "\n"
    encoding: str = "utf-8"
    is_packed: bool = False
    modified_at: int = 10**12

    def written(self) -> bytes:
        header = ["sku,available,title,state"]
        lines = [*self.titles, *header, *self.rows]
        if self.order != (0, 1, 2, 3):
            lines = [_reordered(line, self.order) for line in lines]
        content = "".join(line + self.end for line in lines).encode(self.encoding)
        return gzip.compress(content, mtime=0) if self.is_packed else content


def _reordered(line: str, order: tuple[int, ...]) -> str:
    cells = line.split(",")
    return ",".join(cells[at] for at in order) if len(cells) == len(order) else line


Step = tuple[str, Any]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("edit"), st.tuples(st.integers(0, 99), ROWS)),
    st.tuples(st.just("edit"), st.tuples(st.integers(0, 99), ROWS)),
    st.tuples(st.just("insert"), st.tuples(st.integers(0, 99), ROWS)),
    st.tuples(st.just("odd"), st.tuples(st.integers(0, 99), ODD_ROWS)),
    st.tuples(st.just("repeat"), st.tuples(st.integers(0, 99), st.integers(0, 99))),
    st.tuples(st.just("delete"), st.tuples(st.integers(0, 99), st.integers(1, 12))),
    st.tuples(st.just("move"), st.tuples(st.integers(0, 99), st.integers(0, 99))),
    st.tuples(st.just("sort"), st.booleans()),
    st.tuples(st.just("order"), st.permutations(range(4)).map(tuple)),
    st.tuples(st.just("titles"), st.sampled_from([(), ("Stock of today",), ("a", "b")])),
    st.tuples(st.just("end"), st.sampled_from(("\n", "\r\n", "\r"))),
    st.tuples(st.just("encoding"), st.sampled_from(("utf-8", "utf-8-sig", "cp1252", "utf-16"))),
    st.tuples(st.just("is_packed"), st.booleans()),
    st.tuples(st.just("nothing"), st.none()),
    st.tuples(st.just("restart"), st.booleans()),
    st.tuples(st.just("save"), st.none()),
    st.tuples(st.just("fresh"), st.tuples(st.sampled_from(SKUS), st.integers(0, 9))),
    st.tuples(st.just("configure"), st.sampled_from([{}, {"decimal": "."}, {"decimal": ","}])),
)  # fmt: skip


@dataclass
class Polled:
    """A cache, and the shop's file as it reads it."""

    bench: Bench
    folder: Path
    remembers: bool

    def configure(self, **options: Any) -> None:
        given = {"path": "shop.csv", **options}
        self.bench.settings = changed(
            self.bench.settings, "shop", kind="csv", direction=Direction.OBSERVE,
            options=msgspec.convert(given, CsvOptions),
        )  # fmt: skip
        self.restart()

    def restart(self) -> None:
        """Go on as a new process, with what the cache has kept."""
        of_shop = self.bench.settings.channels["shop"]
        opened = open_channel(of_shop, self.bench.clock, self.folder)
        memory = recognition.memory_of(self.bench.database, opened)
        self.bench.channel_state["shop"] = ChannelState(of_shop, opened, memory)

    def save(self) -> None:
        asyncio.run(recognition.save(self.bench.context, self.bench.channel_state["shop"]))

    def poll(self) -> tuple[object, ...]:
        if not self.remembers:
            self.bench.database.write(_forget)
            self.bench.channel_state["shop"].memory = PollMemory()
        report = asyncio.run(self.bench.poll("shop"))
        return msgspec.structs.astuple(msgspec.structs.replace(report, took_ms=0))

    def read_afresh(self, sku: str, available: int) -> None:
        record = Record(sku, available, state="active")
        self.bench.database.write(
            merge.record_fresh, "shop", [record], (), [(sku, "")], self.bench.context.comparison,
            now=self.bench.clock.now(), own=False,
        )  # fmt: skip

    def all_that_is_kept(self) -> dict[str, list[tuple[object, ...]]]:
        return self.bench.database.read(_tables)


def _forget(connection: Any) -> None:
    connection.execute("DELETE FROM poll_pages")
    connection.execute("DELETE FROM poll_memories")


def _tables(connection: Any) -> dict[str, list[tuple[object, ...]]]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: connection.execute(f"SELECT * FROM {name}").fetchall()
        for (name,) in names
        if not name.startswith(("poll_memories", "poll_pages", "sqlite_"))
    }


@contextmanager
def both() -> Iterator[tuple[list[Polled], Path]]:
    """Two caches beside one file, one of them with a memory."""
    before = dict(SHOPS)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = []
        for name in ("remembers", "decodes"):
            folder = root / name
            folder.mkdir()
            SHOPS.clear()
            SHOPS.update(warehouse=Shop(), shop=Shop())
            database = stack.enter_context(Database.open(folder / "skew.db"))
            bench = Bench(settings_of(folder), database, HandClock())
            bench.warehouse.shows(**dict.fromkeys(SKUS[:8], 5))
            asyncio.run(bench.poll("warehouse"))
            polled = Polled(bench, root, name == "remembers")
            polled.configure()
            made.append(polled)
        try:
            yield made, root / "shop.csv"
        finally:
            SHOPS.clear()
            SHOPS.update(before)


def change(file: File, what: str, given: Any) -> None:
    """Change the file as a step says."""
    rows = file.rows
    if what in ("titles", "end", "encoding", "order", "is_packed"):
        setattr(file, what, given)
    elif what in ("edit", "odd") and rows:
        rows[given[0] % len(rows)] = given[1]
    elif what == "insert":
        rows.insert(given[0] % (len(rows) + 1), given[1])
    elif what == "repeat" and rows:
        rows.insert(given[1] % (len(rows) + 1), rows[given[0] % len(rows)])
    elif what == "delete":
        start = given[0] % (len(rows) + 1)
        del rows[start : start + given[1]]
    elif what == "move" and rows:
        row = rows.pop(given[0] % len(rows))
        rows.insert(given[1] % (len(rows) + 1), row)
    elif what == "sort":
        rows.sort(reverse=given)


def act(polled: Polled, what: str, given: Any) -> None:
    """Do with a cache what a step says."""
    if what == "save":
        polled.save()
    elif what == "restart":
        if given:
            polled.save()
        polled.restart()
    elif what == "fresh":
        polled.read_afresh(*given)
    elif what == "configure":
        polled.configure(**given)


def drop(path: Path, file: File, *, within_a_tick: bool) -> None:
    """Write the file; `within_a_tick`: its time does not show it."""
    path.write_bytes(file.written())
    file.modified_at += 0 if within_a_tick else 60_000
    os.utime(path, ns=(file.modified_at * 1_000_000,) * 2)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen rows make several pieces."""
    register(monkeypatch)
    monkeypatch.setattr(pieces, "TARGET_BYTES", 90)
    monkeypatch.setattr(pieces, "MIN_BYTES", 30)


@pytest.mark.long
@given(
    first=st.lists(ROWS, min_size=0, max_size=40),
    rounds=st.lists(st.tuples(st.lists(STEPS, min_size=1, max_size=3), st.booleans()), max_size=7),
)
@settings(max_examples=examples(300))
def test_what_is_recognised_is_what_would_be_decoded(
    first: list[str], rounds: list[tuple[list[Step], bool]]
) -> None:
    with both() as (caches, path):
        file = File(list(first))
        for steps, within_a_tick in [([], False), *rounds]:
            for what, given_ in steps:
                change(file, what, given_)
                for polled in caches:
                    act(polled, what, given_)
            drop(path, file, within_a_tick=within_a_tick)
            reports = [polled.poll() for polled in caches]
            assert reports[0] == reports[1]
            kept, decoded = (polled.all_that_is_kept() for polled in caches)
            for name, rows in decoded.items():
                assert kept[name] == rows, name
