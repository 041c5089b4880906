"""The counts of what is open say at every instant what judging each of them says."""

import sqlite3
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.corrections import ignore_rules
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.history.rewind import open_at
from store.model import Kind, Millis, Pool, Record, Refused, Status
from store.open_counts import upkeep
from store.polling import merge
from store.polling.comparison import Comparison
from store.polling.events import EventOrigin
from store.queries import counted_groups, open_totals, ranking, status_counts
from store.queries.ranking_values import GroupBy, RankingHints
from store.queries.sql import severity_sql
from store.queries.values import DisagreementFilter, OpenTotals, Sort
from store.targets.copies import UNPRICED
from tests.long_run import examples
from tests.store import drawn_terms
from tests.store.cost_counter import cells, in_both, steps
from tests.store.drawn_terms import NAMES, PLACES, SKUS
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World, channel, stock, terms, warehouse, world

UNPRICED_ANEW = f"SELECT count(*) FROM open_disagreements d WHERE {UNPRICED}"
EVER = 30 * 24 * 60 * MINUTE


def counted(connection: sqlite3.Connection) -> int:
    """How many disagreements are in a group, and need no judging."""
    (number,) = connection.execute("SELECT coalesce(sum(number), 0) FROM open_counts").fetchone()
    return int(number)


def totals(connection: sqlite3.Connection, now: Millis) -> OpenTotals:
    return open_totals.read(connection, now=now)


def lists(connection: sqlite3.Connection, now: Millis) -> dict[str, object]:
    """What else is read of the open disagreements with the help of the counts."""
    prices = severity_sql.typical_prices(connection)
    hints, everything = RankingHints(prices), DisagreementFilter()
    found: dict[str, object] = {
        "prices": prices,
        "open": ranking.ranked(connection, DisagreementFilter(statuses=(Status.OPEN,)), now=now),
        "ignored": ranking.ranked(connection, DisagreementFilter(ignored=True), now=now),
    }
    for sort in Sort:
        found[sort] = ranking.ranked(connection, everything, now=now, sort=sort, hints=hints)
    for by in (GroupBy.SKU, GroupBy.CHANNEL):
        found[by] = ranking.grouped(connection, everything, by, now=now, hints=hints)
    return found


def check(database: Database, now: Millis) -> None:
    """At other instants too: clocks are set back, channels turn stale, what waited is due."""
    due = database.read(
        lambda connection: connection.execute(
            """SELECT DISTINCT settles_at FROM open_disagreements WHERE settles_at > 0
            UNION SELECT last_success_at FROM channels WHERE last_success_at IS NOT NULL
            UNION SELECT until_at FROM ignore_rules WHERE until_at IS NOT NULL"""
        ).fetchall()
    )
    instants = {now - MINUTE, now, now + EVER, *(at + by for (at,) in due[-6:] for by in (0, 1))}
    asked = [(totals, at) for at in instants] + [(lists, now)]
    for ask, at in asked:
        found = database.read(ask, at)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(counted_groups, "hold", lambda *_, **__: False)
            patch.setattr(severity_sql, "_IS_UNPRICED", UNPRICED_ANEW)
            anew = database.read(ask, at)
        assert found == anew, at


class Shop:
    """A shop that lives at random, under one configuration after the other."""

    def __init__(self, database: Database, drawn: Random) -> None:
        self.drawn = drawn
        self.terms = drawn_terms.plain()
        self.w = World(database, Comparison(self.terms.terms()))
        self.events = 0
        self.shown: dict[str, list[Record]] = {}

    def records(self) -> tuple[list[Record], list[Refused]]:
        drawn = self.drawn
        found = [
            Record(
                sku, drawn.randrange(9) - 1, place, price_minor=drawn.choice((None, 250)),
                state=drawn.choice(("active", "active", "active", "disabled")),
                source_at=drawn.choice((None, self.w.now - drawn.randrange(9) * MINUTE)),
            )
            for sku in SKUS for place in PLACES for _ in range(drawn.choice((0, 1, 1, 1, 2)))
            if drawn.random() < 0.5
        ]  # fmt: skip
        return found, [Refused("line 3", "no number", drawn.choice(SKUS))] * (drawn.random() < 0.2)

    def poll(self) -> None:
        records, refused = self.records()
        as_of = self.drawn.choice((None, self.w.now - self.drawn.randrange(99) * MINUTE))
        name = self.drawn.choice(NAMES)
        self.shown[name] = records
        self.w.poll(name, records, refused=refused, as_of=as_of)

    def stand_still(self) -> None:
        """Hours later all show what they showed: what waited for a reading waits no more."""
        self.w.now += self.drawn.randrange(3) * 60 * MINUTE
        for name, records in self.shown.items():
            self.w.poll(name, records)

    def read_again(self) -> None:
        sku, place = self.drawn.choice(SKUS), self.drawn.choice(PLACES)
        self.w.now += self.drawn.randrange(3) * MINUTE
        shown = [Record(sku, self.drawn.randrange(9), place)] * self.drawn.choice((0, 1, 1, 1))
        self.w.database.write(
            merge.record_fresh, self.drawn.choice(NAMES), shown, (), [(sku, place)],
            self.w.comparison, now=self.w.now, own=self.drawn.random() < 0.3,
        )  # fmt: skip

    def sell(self) -> None:
        known = self.w.rows("SELECT sku, location FROM items ORDER BY sku, location")
        if known:
            self.events += 1
            sku, place = self.drawn.choice(known)
            event = Event(str(self.events), EventKind.ORDERED, sku, 1, self.w.now, place)
            source = EventOrigin(self.drawn.choice(NAMES), self.w.now)
            self.w.database.write(record_events, source, [event], self.w.comparison)

    def reconfigure(self) -> None:
        drawn_terms.change(self.terms, self.drawn.randrange)
        self.w.reconfigure(self.terms.terms())

    def spoil(self) -> None:
        """What happens to a channel, and a cell that is frozen."""
        column = self.drawn.choice(("gap", "max_source_age_ms", "quarantined_poll_id"))
        values = (self.drawn.choice((None, 5 * MINUTE)), self.drawn.choice(NAMES))
        self.w.database.write(
            lambda connection: connection.execute(
                f"UPDATE channels SET {column} = ? WHERE name = ?", values
            )
        )
        third = self.drawn.randrange(3)
        self.w.database.write(
            lambda connection: connection.execute(
                "UPDATE cell_oddities SET frozen_at = 1 WHERE id % 3 = ?", (third,)
            )
        )

    def ignore(self) -> None:
        """Set a rule, or end one."""
        w, drawn = self.w, self.drawn
        rules = w.database.read(ignore_rules.rules, now=w.now)
        if rules and drawn.random() < 0.4:
            number = drawn.choice(rules).id
            w.database.write(ignore_rules.end, number, who="ana", why=None, now=w.now)
            return
        where = ignore_rules.IgnoreWhere(
            drawn.choice(("*", *SKUS)), None, drawn.choice((None, Kind.QUANTITY)),
            drawn.choice((None, 2)), drawn.choice((None, w.now + 5 * MINUTE)),
        )  # fmt: skip
        w.database.write(ignore_rules.add, where, who="ana", why="so it is", now=w.now)

    def count(self) -> None:
        """Some of them at a time, and sometimes anew."""
        if self.drawn.random() < 0.3:
            self.w.database.write(upkeep.forget)
        self.w.database.write(upkeep.count_more, now=self.w.now, limit=self.drawn.choice((1, 5)))


ACTS = (
    Shop.poll, Shop.poll, Shop.poll, Shop.poll, Shop.read_again, Shop.sell, Shop.reconfigure,
    Shop.stand_still, Shop.spoil, Shop.count, Shop.ignore, Shop.ignore,
)  # fmt: skip


@pytest.mark.long
@settings(max_examples=examples(12), deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_counts_are_what_judging_each_would_say(drawn: Random) -> None:
    with TemporaryDirectory() as folder, Database.open(Path(folder) / "skew.db") as database:
        shop = Shop(database, drawn)
        for _ in range(12):
            drawn.choice(ACTS)(shop)
            check(database, shop.w.now)


def test_what_is_open_and_stands_is_counted_and_not_judged(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=5, B=5, C=5))
        w.poll("shop", stock(A=9, B=2, C=5))
        w.poll("market", stock(A=9, B=5, C=5))
        assert w.database.read(counted) == 2  # A raise waits for a second reading.
        w.poll("shop", stock(A=9, B=2, C=5))
        w.database.write(upkeep.count_more, now=w.now + MINUTE)
        assert w.database.read(counted) == 3

        w.poll("shop", stock(A=5, B=2, C=5))
        overview = w.overview()

        assert w.database.read(counted) == overview.open == 2
        assert (overview.oversell_units, overview.undersell_units) == (4, 3)
        check(w.database, w.now)


def test_a_pool_that_had_no_places_is_taken_out_of_the_counts_as_it_was(tmp_path: Path) -> None:
    pool = (Pool("both", ("north", "south")),)
    with world(tmp_path) as w:
        w.reconfigure(msgspec.structs.replace(terms(warehouse(), channel("shop")), pools=pool))
        w.poll("warehouse", stock(B=1))
        w.poll("shop", [Record("A", 3, "both"), *stock(B=1)])
        assert w.database.read(counted) == 1
        w.poll("warehouse", [Record("A", 3, "north"), *stock(B=1)])
        w.poll("shop", [Record("A", 2, "both"), *stock(B=1)])
        check(w.database, w.now)


def test_a_past_instant_has_its_own_counts(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5, B=5))
        w.poll("shop", stock(A=9, B=9))
        then = w.now
        w.poll("shop", stock(A=5, B=9))
        assert w.overview().open == 1
        with open_at(w.database.path, then) as past:
            assert past.read(status_counts.status, now=then).overview.open == 2


def test_the_header_costs_the_same_however_many_are_open(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        rows = cells(count)
        w.poll("warehouse", rows)
        w.poll("shop", [Record(row.sku, 999) for row in rows])
        while w.database.write(upkeep.count_more, now=w.now):
            """In slices."""
        assert w.database.read(counted) == len(rows)
        return steps(w, lambda: w.database.write(open_totals.read, now=w.now))

    few, many = in_both(tmp_path, work)
    assert many <= few
