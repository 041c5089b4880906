"""Where one size is measured: its rows, its caches, and fresh copies of them for each bench."""

import contextlib
import copy
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from store.database.connection import Database
from store.model import Millis, Record, Terms
from store.polling.comparison import Comparison
from store.polling.recognition.memory import PollMemory
from tests.benchmarks import screen_shop, world
from tests.benchmarks.bare import Bare

OPEN_MAX = 100_000
BASELINE = 10_000


@dataclass
class Catalogue:
    """A cache in which every channel has been read, and what its engine remembers."""

    database: Database
    comparison: Comparison
    memories: dict[str, PollMemory]
    rows: list[Record] = field(repr=False)
    now: Millis = 10_000

    def poll(self, channel: str, rows: list[Record]) -> None:
        """A good poll, from its first page to its merge."""
        self.now += 2000
        world.poll(
            self.database, self.comparison, channel, rows, self.memories, now=self.now - 1000
        )

    def configure(self, terms: Terms) -> None:
        """Compare by other terms from now on."""
        self.now += 1000
        self.comparison = Comparison(terms)
        self.database.write(self.comparison.configure, now=self.now)


class Place:
    """One size, in a folder that is deleted afterwards; what it holds is made when asked for."""

    CHANNELS = len(world.NAMES)

    def __init__(self, skus: int, folder: Path, *, times: int) -> None:
        self.skus = skus
        self.folder = folder
        self.times = times
        self._copies = 0

    @property
    def open_count(self) -> int:
        """How many disagreements are open where many shall be."""
        return min(OPEN_MAX, self.skus)

    @cached_property
    def rows(self) -> list[Record]:
        return world.records(self.skus)

    @cached_property
    def baseline(self) -> "Place":
        """A place of the smallest size, to which this one's growth is held."""
        if self.skus <= BASELINE:
            return self
        folder = self.folder / "baseline"
        folder.mkdir()
        return Place(BASELINE, folder, times=self.times)

    def fresh(self, suffix: str = ".db") -> Path:
        """A path where nothing is yet."""
        self._copies += 1
        return self.folder / f"copy-{self._copies}{suffix}"

    @contextlib.contextmanager
    def catalogue(self) -> Iterator[Catalogue]:
        """A copy of a cache in which all five channels show what they should."""
        path, memories = self._filled
        own = self.fresh()
        shutil.copyfile(path, own)
        try:
            with Database.open(own) as database:
                comparison = Comparison(world.terms())
                database.write(comparison.configure, now=3_000)
                yield Catalogue(database, comparison, copy.deepcopy(memories), self.rows)
        finally:
            remove(own)

    @contextlib.contextmanager
    def bare(self) -> Iterator[Bare]:
        """A copy of the plain tables of the same listings."""
        own = self.fresh()
        shutil.copyfile(self._bare, own)
        plain = Bare(own)
        try:
            yield plain
        finally:
            plain.close()
            remove(own)

    @contextlib.contextmanager
    def shop(self) -> Iterator[Path]:
        """A copy of a configuration's folder with its cache, in which many disagreements are open.

        `screen_shop.settings` reads it.
        """
        own = self.fresh("")
        shutil.copytree(self._shop, own)
        try:
            yield own
        finally:
            shutil.rmtree(own)

    @cached_property
    def _shop(self) -> Path:
        folder = self.folder / "shop"
        folder.mkdir()
        screen_shop.fill(folder, self.skus, self.open_count)
        return folder

    @cached_property
    def _filled(self) -> tuple[Path, dict[str, PollMemory]]:
        path = self.folder / "filled.db"
        memories = {name: PollMemory() for name in world.NAMES}
        with Database.open(path) as database:
            comparison = Comparison(world.terms())
            database.write(comparison.configure, now=1)
            for name in world.NAMES:
                world.poll(database, comparison, name, self.rows, memories)
        return path, memories

    @cached_property
    def _bare(self) -> Path:
        path = self.folder / "bare.db"
        plain = Bare(path)
        plain.make_catalogue(self.rows, self.CHANNELS)
        plain.close()
        return path


def remove(path: Path) -> None:
    """Delete a cache with what SQLite keeps beside it."""
    for own in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        own.unlink(missing_ok=True)
