"""A change of the configuration compares what it can move, and the rest stands as it is."""

import sqlite3
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.model import Component, Policy, Pool, Record, Terms
from store.polling.comparison import Comparison
from store.polling.events import EventOrigin
from store.targets import rule_changes
from store.targets.policy_sql import PolicySql
from tests.long_run import examples
from tests.store import drawn_terms
from tests.store.cost_counter import ROOM, cells, in_both, steps
from tests.store.drawn_terms import NAMES, PATTERNS, PLACES, SKUS, Pick
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World, channel, stock, terms, warehouse, world

RULES = st.lists(st.tuples(st.sampled_from(PATTERNS), st.integers(0, 2)), max_size=8)


def first(rules: list[tuple[str, int]], sku: str) -> int | None:
    return next((rule for pattern, rule in rules if fnmatchcase(sku, pattern)), None)


@given(RULES, RULES, st.text("AB-1[*KIT", max_size=4) | st.sampled_from(SKUS))
def test_a_sku_that_matches_no_changed_pattern_has_the_rule_that_it_had(
    before: list[tuple[str, int]], after: list[tuple[str, int]], sku: str
) -> None:
    changed = rule_changes.changed(before, after)

    if first(before, sku) != first(after, sku):
        assert any(fnmatchcase(sku, pattern) for pattern in changed)


def test_a_rule_that_moves_before_others_is_the_only_one_that_changed() -> None:
    before = [(f"P{n}*", n) for n in range(9)]
    after = [before[7], *before[:7], before[8]]

    assert rule_changes.changed(before, after) == ("P7*",)
    assert rule_changes.changed(before, before) == ()
    assert rule_changes.changed(before, [*before, ("*", 1)]) == ("*",)
    assert rule_changes.changed([("*", 1), *before], [("*", 1)]) == ()


@given(
    st.lists(st.sampled_from(PATTERNS) | st.text("AB-1[]*?!^", max_size=4), max_size=6),
    st.sets(st.text("AB-1[K\u00e9\ud7ff\U0010ffff\0", max_size=4) | st.sampled_from(SKUS)),
    st.sampled_from((0, 50)),
)
def test_the_items_of_some_patterns_are_those_that_each_alone_would_find(
    patterns: list[str], skus: set[str], many: int
) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, sku TEXT, location TEXT)")
    connection.executemany("INSERT INTO items (sku) VALUES (?)", [(sku,) for sku in skus])
    compiled = PolicySql(Terms((), ()), {})

    rule_changes.note_matching(connection, compiled, patterns)

    found = {sku for (sku,) in connection.execute(
        "SELECT i.sku FROM matching m JOIN items i ON i.id = m.item_id")}  # fmt: skip
    globs = [pattern.replace("[!", "[^") for pattern in patterns]
    alone = {sku for sku in skus for glob in globs
             if connection.execute("SELECT ? GLOB ?", (sku, glob)).fetchone()[0]}  # fmt: skip
    connection.close()
    assert found == alone


_LISTING = """(SELECT i.sku || '@' || i.location || ' on ' || c.name FROM listings l
  JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id WHERE l.id = {})"""
_ITEM = "(SELECT i.sku || '@' || i.location FROM items i WHERE i.id = {})"
# The authority's own listing may be one that it lacks, found only once it is expected.
_STATE_OF = "(SELECT s.id FROM listings s WHERE s.id = items.state_listing_id AND s.present = 1)"
_ASKED = {
    "listings": f"""SELECT {_LISTING.format("listings.id")}, present, available, target_quantity,
      target_state, target_since, known, frozen_at FROM listings""",
    "disagreements": f"""SELECT {_LISTING.format("listing_id")}, kind, available, state,
      target_quantity, target_state, delta, settles_at, risk_minor, waits, surplus, at_least,
      {_LISTING.format("rests_on")}, first_seen_at, moved_at, closed_at
      FROM disagreements""",
    "past targets": f"""SELECT {_LISTING.format("listing_id")}, quantity, state, since_at, until_at
      FROM past_targets""",
    "corrections": f"""SELECT {_LISTING.format("listing_id")}, status, to_quantity, to_state,
      from_quantity, from_state, proposed_at, ended_at FROM corrections""",
    "parts": f"""SELECT {_ITEM.format("item_id")}, {_ITEM.format("part_id")}, quantity, how
      FROM parts""",
    "bundles": "SELECT bundle_sku, component_sku, quantity FROM bundles",
    "items": f"""SELECT sku, location, truth_quantity, truth_state, truth_units, uncounted,
      (SELECT json_array(u.own, u.available, u.on_hand) FROM unseen_sums u
        WHERE u.item_id = items.id),
      {_LISTING.format("items.quantity_listing_id")}, {_LISTING.format(_STATE_OF)} FROM items""",
    "movements": f"""SELECT event_row, {_ITEM.format("item_id")}, available, on_hand, unseen
      FROM movements""",
}


def everything(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """What the cache says that a configuration decides, by names, in some order."""
    return {table: sorted(map(str, connection.execute(query))) for table, query in _ASKED.items()}


class Undone(Exception):
    """Ends a transaction with nothing written."""


class Shop:
    """A shop that lives under one configuration after the other."""

    def __init__(self, database: Database, pick: Pick) -> None:
        self.pick = pick
        self.drawn = drawn_terms.plain()
        self.w = World(database, Comparison(self.drawn.terms()))
        self.events = 0

    def poll(self) -> None:
        name = NAMES[self.pick(len(NAMES))]
        records = [
            Record(sku, self.pick(9) - 1, place, state=("active", "disabled")[self.pick(8) == 0])
            for sku in SKUS
            for place in PLACES
            if self.pick(3)
        ]
        self.w.poll(name, records)

    def report(self) -> None:
        known = self.w.rows("SELECT sku, location FROM items ORDER BY sku, location")
        batch = []
        for _ in range(1 + self.pick(3)):
            if not known:
                return
            self.events += 1
            sku, place = known[self.pick(len(known))]
            kind = (EventKind.ORDERED, EventKind.ORDERED, EventKind.ADJUSTED)[self.pick(3)]
            at = self.w.now - self.pick(4) * MINUTE // 2
            order = (None, "X")[self.pick(2)]
            event = Event(str(self.events), kind, sku, 1 + self.pick(2), at, place, order)
            batch.append(event)
        source = EventOrigin(NAMES[self.pick(len(NAMES))], self.w.now)
        self.w.database.write(record_events, source, batch, self.w.comparison)

    def reconfigure(self) -> None:
        self.w.now += self.pick(3) * MINUTE
        # What had only to wait is no matter of the configuration.
        self.w.database.write(self.compare_again)
        before = self.w.database.read(everything)
        is_settled = self.from_scratch() == before
        for _ in range(1 + self.pick(2)):
            drawn_terms.change(self.drawn, self.pick)
        self.w.comparison = Comparison(self.drawn.terms())
        from_scratch = self.from_scratch()
        if self.w.database.write(self.w.comparison.configure, now=self.w.now) and is_settled:
            assert self.w.database.read(everything) == from_scratch

    def compare_again(self, connection: sqlite3.Connection) -> None:
        self.w.comparison.forget_moved(connection)
        self.w.comparison.reconcile_moved(connection, now=self.w.now)

    def from_scratch(self) -> dict[str, list[str]]:
        """What there would be if everything were compared again, and movements made again.

        Rarely that is not what there is, though nothing has changed: a movement that the authority
        had seen counts as unseen again after the change that made it one of other pieces.
        """
        found: dict[str, list[str]] = {}

        def configure(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE channels SET terms = 'of another version' || terms")
            self.w.comparison.configure(connection, now=self.w.now)
            found.update(everything(connection))
            raise Undone

        with pytest.raises(Undone):
            self.w.database.write(configure)
        return found


@pytest.mark.long
@settings(max_examples=examples(200), deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_change_leaves_what_comparing_everything_again_would(drawn: Random) -> None:
    with TemporaryDirectory() as folder, Database.open(Path(folder) / "skew.db") as database:
        shop = Shop(database, drawn.randrange)
        for _ in range(10):
            act = drawn.choice((Shop.poll, Shop.report, Shop.reconfigure))
            act(shop)


def test_a_rule_costs_the_skus_that_it_matches(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        rows = cells(count)
        w.poll("warehouse", rows)
        w.poll("shop", rows)
        kept_back = channel("shop", policies=(Policy("B1?", buffer=3), Policy("*")))
        spent = steps(w, lambda: w.reconfigure(terms(warehouse(), kept_back)))
        assert sum(target == 97 for target in w.targets("shop").values()) == 10
        return spent

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


def test_a_rule_of_every_sku_reads_no_listing_but_those_that_it_moves(tmp_path: Path) -> None:
    def work(w: World, others: int) -> int:
        plain = terms(warehouse(), *(channel(f"shop{n}") for n in range(others)))
        w.reconfigure(plain)
        for name in ("warehouse", *(f"shop{n}" for n in range(others))):
            w.poll(name, [*cells(1500), Record("TALL", 1_000)])
        capped = [channel(f"shop{n}", policies=(Policy("*", cap=500),)) for n in range(others)]
        spent = steps(w, lambda: w.reconfigure(terms(warehouse(), *capped)))
        assert all(w.targets(f"shop{n}")["TALL"] == 500 for n in range(others))
        return spent

    (tmp_path / "one").mkdir()
    (tmp_path / "six").mkdir()
    with world(tmp_path / "one") as one, world(tmp_path / "six") as six:
        assert work(six, 6) < work(one, 1) * 2


def test_when_what_differs_can_be_decided_costs_what_differs(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        w.poll("warehouse", cells(count))
        w.poll("shop", [*cells(count)[1:], Record("B0", 7)])
        slow = channel("shop", settle_raise_ms=MINUTE, writes=())
        spent = steps(w, lambda: w.reconfigure(terms(warehouse(), slow)))
        assert w.rows("SELECT available, waits FROM open_disagreements") == [(7, 0)]
        return spent

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


def test_a_bundle_costs_itself_and_no_other_one(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        plain = terms(warehouse(), channel("shop"))
        parts = tuple(Component(f"KIT{n}", f"B{n}", 1) for n in range(count))
        w.reconfigure(msgspec.structs.replace(plain, bundles=parts))
        w.poll("warehouse", cells(count))
        w.poll("shop", [*cells(count), *(Record(f"KIT{n}", 100) for n in range(count))])
        moved = msgspec.structs.replace(plain, bundles=(Component("KIT0", "B0", 2), *parts[1:]))
        spent = steps(w, lambda: w.reconfigure(moved))
        assert sum(target == 50 for target in w.targets("shop").values()) == 1
        return spent - 4 * count

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM  # Beside the look at the list of components.


def test_a_start_under_the_same_configuration_compares_nothing(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        parts = tuple(Component(f"KIT{n}", f"B{n}", 1) for n in range(count))
        bundled = msgspec.structs.replace(terms(warehouse(), channel("shop")), bundles=parts)
        w.reconfigure(bundled)
        w.poll("warehouse", cells(count))
        w.poll("shop", cells(count))
        return steps(w, lambda: w.reconfigure(bundled))

    few, many = in_both(tmp_path, work)
    assert many == few


def report_sale(w: World, sku: str, place: str = "") -> None:
    sale = Event("1", EventKind.ORDERED, sku, 1, w.now, location=place)
    w.database.write(record_events, EventOrigin("shop", w.now), [sale], w.comparison)


def test_a_bundle_that_is_none_any_more_has_taken_nothing_of_its_components(
    tmp_path: Path,
) -> None:
    plain = terms(warehouse(), channel("shop"))
    kit = msgspec.structs.replace(plain, bundles=(Component("KIT", "A", 2),))
    with world(tmp_path) as w:
        w.reconfigure(kit)
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9, KIT=4))
        report_sale(w, "KIT")
        assert w.targets("shop")["A"] == 7

        w.reconfigure(plain)
        assert w.targets("shop")["A"] == 9
        w.reconfigure(kit)
        assert w.targets("shop") == {"A": 7, "KIT": 3}


def test_a_pool_that_is_none_any_more_has_taken_nothing_of_one_beside_it(tmp_path: Path) -> None:
    beside = Pool("beside", ("north", "south"))
    here = Pool("here", ("north",))
    plain = terms(warehouse(), channel("shop"))
    with world(tmp_path) as w:
        w.reconfigure(msgspec.structs.replace(plain, pools=(beside, here)))
        w.poll("warehouse", [Record("A", 4, place) for place in ("north", "south")])
        w.poll("shop", [Record("A", 4, place) for place in ("beside", "here")])
        report_sale(w, "A", "here")
        at_beside = """SELECT truth_quantity + coalesce((SELECT u.available FROM unseen_sums u
          WHERE u.item_id = items.id), 0) FROM items WHERE location = 'beside'"""
        assert w.rows(at_beside) == [(7,)]

        w.reconfigure(msgspec.structs.replace(plain, pools=(beside,)))
        assert w.rows(at_beside) == [(8,)]
