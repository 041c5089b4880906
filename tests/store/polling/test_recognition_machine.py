"""A re-poll passes over what it recognises. Whatever came before, it misses nothing.

The machine drives one channel through every act that moves its readings, in any order, and holds
what the cache says after each good poll against what the poll itself said.
"""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from store.model import Record, Refused
from store.polling import merge, quarantine, staging
from store.polling.recognition import memory, stretches
from store.polling.recognition.memory import PollMemory
from store.polling.sweep import Sweep
from tests.long_run import examples
from tests.store.world import MINUTE, channel, terms, warehouse, world

SKUS = ("A", "B", "C", "D")
# −1 and −2 are one and the same to Python's hash.
VALUES = (-2, -1, 0, 1, 5)

RECORDS = strategies.builds(
    Record,
    strategies.sampled_from(SKUS),
    strategies.sampled_from(VALUES),
    state=strategies.sampled_from(("active", "disabled")),
)
REFUSED = strategies.builds(
    lambda sku: Refused("line 1", "is no number", sku), strategies.sampled_from((*SKUS, None))
)


class PollContent(NamedTuple):
    """What one poll said."""

    records: list[Record]
    refused: list[Refused]
    page: int
    """How many records make a page."""


POLLS = strategies.builds(
    PollContent,
    strategies.lists(RECORDS, max_size=6),
    strategies.one_of(strategies.just([]), strategies.lists(REFUSED, max_size=2)),
    strategies.integers(1, 6),
)


class Shown(NamedTuple):
    """What the cache holds of one listing."""

    present: int
    copies: int
    available: int | None
    state: str | None
    problem: str | None


class Recognition(RuleBasedStateMachine):
    """One shop, read again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.opened = world(Path(self.folder.name))
        self.world = self.opened.__enter__()
        self.content = PollContent([], [], 1)
        self.aside: PollContent | None = None
        self.patch = pytest.MonkeyPatch()

    def teardown(self) -> None:
        self.patch.undo()
        self.opened.__exit__(None, None, None)
        self.folder.cleanup()

    @initialize(
        first=POLLS,
        stretch=strategies.sampled_from((1, 2, 3, stretches.STRETCH)),
        together=strategies.sampled_from((1, 3, staging.TOGETHER)),
    )
    def start(self, first: PollContent, stretch: int, together: int) -> None:
        self.patch.setattr(stretches, "STRETCH", stretch)
        self.patch.setattr(staging, "TOGETHER", together)
        self.world.poll("warehouse", [Record(sku, 5, state="active") for sku in SKUS[:2]])
        self.poll(first)

    @rule(content=POLLS)
    def poll(self, content: PollContent) -> None:
        """The shop is read again."""
        self.good(self.swept(content), content)

    @rule(place=strategies.integers(0, 5), value=strategies.sampled_from(VALUES))
    def poll_with_one_change(self, place: int, value: int) -> None:
        """The usual poll: nothing moved but one listing."""
        records = list(self.content.records)
        if records:
            place %= len(records)
            records[place] = Record(records[place].sku, value, state=records[place].state)
        self.poll(self.content._replace(records=records, refused=[]))

    @rule()
    def poll_unchanged(self) -> None:
        """Nothing moved, and what could not be read can be now."""
        self.poll(self.content._replace(refused=[]))

    @rule(content=POLLS, stock=strategies.dictionaries(strategies.sampled_from(SKUS), RECORDS))
    def poll_while_the_authority_is_merged(
        self, content: PollContent, stock: dict[str, Record]
    ) -> None:
        """The warehouse lists something new while the shop's pages come in."""
        sweep = self.world.database.write(staging.begin, "shop", self.memory, now=self.later())
        self.stage(sweep, content)
        listed = [Record(sku, record.available, state="active") for sku, record in stock.items()]
        self.world.poll("warehouse", listed)
        self.good(sweep, content)

    @rule(content=POLLS)
    def fail(self, content: PollContent) -> None:
        """A poll ends midway: it counts for nothing."""
        sweep = self.swept(content)
        self.world.database.write(merge.fail, sweep, "503", now=self.world.now)

    @rule(content=POLLS)
    def fail_to_commit(self, content: PollContent) -> None:
        """The disk is full as a merge ends: nothing stands, or is recognised by it."""
        sweep = self.swept(content)
        self.world.database.write(staging.counts, sweep)
        with pytest.raises(OSError, match="full"):
            self.world.database.write(self.merge_in_vain, sweep)
        self.world.database.write(merge.fail, sweep, "full", now=self.world.now)

    def merge_in_vain(self, connection: sqlite3.Connection, sweep: Sweep) -> None:
        merge.merge(connection, sweep, self.world.comparison, now=self.world.now, as_of=None)
        raise OSError("the disk is full")

    @rule(content=POLLS)
    def quarantine(self, content: PollContent) -> None:
        sweep = self.swept(content)
        self.world.database.write(
            quarantine.quarantine_poll, sweep, "odd", now=self.world.now, as_of=None
        )
        self.aside = content

    @precondition(lambda self: self.aside is not None)
    @rule()
    def accept(self) -> None:
        assert self.aside is not None
        # What it says of what it could not read was judged against the readings of its time.
        content, self.aside = self.aside, None
        self.world.database.write(
            quarantine.accept, "shop", self.world.comparison, who="ana", now=self.later()
        )
        self.content = content
        if not content.refused:
            self.check(content)

    # While a channel is quarantined nothing of it is rechecked: nothing may be written there.
    @precondition(lambda self: self.aside is None)
    @rule(sku=strategies.sampled_from(SKUS), answers=strategies.lists(RECORDS, max_size=2))
    def read_one_afresh(self, sku: str, answers: Sequence[Record]) -> None:
        """A recheck or a read back, of one listing."""
        records = [Record(sku, record.available, state=record.state) for record in answers]
        self.world.database.write(
            merge.record_fresh, "shop", records, (), [(sku, "")],
            self.world.comparison, now=self.later(), own=False,
        )  # fmt: skip

    @rule()
    def restart(self) -> None:
        """The engine is killed: it has saved nothing, or what it remembered at an earlier poll."""
        self.world.memories.clear()

    @rule()
    def save(self) -> None:
        self.world.database.write(memory.save, self.memory, "shop")

    @rule()
    def stop_and_start(self) -> None:
        """An engine stops, and another goes on with what it remembered."""
        self.save()
        self.restart()

    @rule()
    def configure_away_and_back(self) -> None:
        """The channel leaves the configuration and returns to it, with or without a restart."""
        self.world.reconfigure(terms(warehouse()))
        self.world.reconfigure(terms(warehouse(), channel("shop")))

    def later(self) -> int:
        self.world.now += MINUTE
        return self.world.now

    @property
    def memory(self) -> PollMemory:
        return self.world.memories.setdefault("shop", PollMemory())

    def swept(self, content: PollContent) -> Sweep:
        sweep = self.world.database.write(staging.begin, "shop", self.memory, now=self.later())
        self.stage(sweep, content)
        return sweep

    def stage(self, sweep: Sweep, content: PollContent) -> None:
        for start in range(0, len(content.records), content.page):
            page = content.records[start : start + content.page]
            self.world.database.write(staging.stage, sweep, page)
        self.world.database.write(staging.stage, sweep, (), content.refused)

    def good(self, sweep: Sweep, content: PollContent) -> None:
        before = self.listings()
        self.world.database.write(staging.counts, sweep)
        self.world.database.write(
            merge.merge, sweep, self.world.comparison, now=self.world.now, as_of=None
        )
        self.content, self.aside = content, None
        self.check(content, before)

    def check(self, content: PollContent, before: dict[str, Shown] | None = None) -> None:
        """Hold the cache against what the poll said, record by record."""
        after = self.listings()
        times = Counter(record.sku for record in content.records)
        unread = {refusal.sku for refusal in content.refused}
        for sku, shown in after.items():
            assert bool(shown.problem) == (sku in unread or self.in_doubt(sku, content, before)), (
                sku
            )
            if times[sku]:
                assert (shown.present, shown.copies) == (1, times[sku]), sku
            elif sku not in unread and None not in unread:
                assert shown.present == 0, sku
        for record in content.records:
            if times[record.sku] == 1:
                assert after[record.sku][2:4] == (record.available, record.state), record.sku
        counted = sum(shown.present for shown in after.values())
        assert self.world.database.read(_counter) == counted

    @staticmethod
    def in_doubt(sku: str, content: PollContent, before: dict[str, Shown] | None) -> bool:
        """Whether it may be the record whose SKU could not be read."""
        seen = any(record.sku == sku for record in content.records)
        anonymous = any(refusal.sku is None for refusal in content.refused)
        shown = (before or {}).get(sku)
        return anonymous and not seen and shown is not None and bool(shown.present or shown.problem)

    def listings(self) -> dict[str, Shown]:
        return self.world.database.read(_listings)


def _listings(connection: object) -> dict[str, Shown]:
    rows = connection.execute(  # type: ignore[attr-defined]
        """SELECT i.sku, l.present, l.copies, l.available, l.state, l.problem FROM listings l
        JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id
        WHERE c.name = 'shop'"""
    )
    return {row[0]: Shown(*row[1:]) for row in rows}


def _counter(connection: object) -> int:
    row = connection.execute(  # type: ignore[attr-defined]
        "SELECT listings FROM channels WHERE name = 'shop'"
    ).fetchone()
    return int(row[0])


TestRecognition = Recognition.TestCase
TestRecognition.settings = settings(max_examples=examples(60), stateful_step_count=12)
