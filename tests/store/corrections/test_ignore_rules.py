"""Ignoring by rule: never tell me this again where …, until it grows, or the rule ends."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.corrections import decisions, ignore_rules
from store.corrections.ignore_rules import IgnoreRule, IgnoreWhere
from store.database.connection import Database
from store.errors import NoSuchThing
from store.model import Kind, Record
from store.polling import merge
from store.queries import status_counts
from store.reasons import Reason
from store.targets import ignored
from tests.long_run import examples
from tests.store.cost_counter import ROOM, cells, in_both, steps
from tests.store.open_counts.test_open_counts import ACTS, Shop
from tests.store.world import MINUTE, World, channel, record, stock, world


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, channel("shop"), channel("market")) as made:
        made.poll("warehouse", stock(A=10, B=10, C=10))
        made.poll("shop", stock(A=12, B=17, C=10))
        made.poll("market", stock(A=11, B=10, C=10))
        yield made


def ignore(w: World, where: IgnoreWhere, who: str = "ana", why: str = "the till rounds") -> int:
    return w.database.write(ignore_rules.add, where, who=who, why=why, now=w.now).id


def end(w: World, rule: int) -> int:
    return w.database.write(ignore_rules.end, rule, who="ben", why="no more", now=w.now)


def rules(w: World, *, ended: bool = False) -> list[IgnoreRule]:
    return w.database.read(ignore_rules.rules, now=w.now, ended=ended)


def listed(w: World, **wanted: object) -> list[tuple[str, str]]:
    return sorted((row.sku, row.channel) for row in w.diff(**wanted))


def proposed(w: World) -> list[tuple[str, str]]:
    return sorted((x.sku, x.channel) for x in w.updates() if x.status == "proposed")


def counted(w: World) -> tuple[int, int, int]:
    overview = w.overview()
    return overview.disagreements, overview.ignored, overview.oversell_units


def test_it_is_counted_apart_and_listed_where_it_is_asked_for(w: World) -> None:
    assert counted(w) == (3, 0, 10)

    rule = ignore(w, IgnoreWhere("A", "shop", Kind.QUANTITY, 2))

    assert counted(w) == (2, 1, 8)
    assert listed(w) == listed(w, ignored=False) == [("A", "market"), ("B", "shop")]
    assert listed(w, ignored=True) == listed(w, reasons=(Reason.IGNORED,)) == [("A", "shop")]
    row = w.only(ignored=True)
    assert (row.ignored_rule, row.ignored_by, row.ignored_why) == (rule, "ana", "the till rounds")
    assert (row.status, row.reason) == ("open", Reason.IGNORED)
    assert w.only(skus=("B",)).ignored_rule is None


@pytest.mark.parametrize(
    ("where", "hidden"),
    [
        (IgnoreWhere(), 3),
        (IgnoreWhere("[!A]"), 1),
        (IgnoreWhere("[AB]", "shop"), 2),
        (IgnoreWhere("?", None, None, 2), 2),
        (IgnoreWhere("*", None, Kind.STATE), 0),
        (IgnoreWhere("a"), 0),
    ],
)
def test_the_preview_says_what_a_rule_then_ignores(
    w: World, where: IgnoreWhere, hidden: int
) -> None:
    found = w.database.read(ignore_rules.preview, where, now=w.now)
    assert (found.count, found.updates, found.already) == (hidden, hidden, 0)
    assert len(found.examples) == hidden

    ignore(w, where)

    assert counted(w)[:2] == (3 - hidden, hidden)
    assert [rule.hides for rule in rules(w)] == [hidden]
    assert w.database.read(ignore_rules.preview, where, now=w.now).already == hidden


def test_a_preview_shows_those_that_are_off_by_most_first(w: World) -> None:
    first = w.database.read(ignore_rules.preview, IgnoreWhere(), now=w.now).examples[0]
    assert (first.sku, first.units, first.available, first.target) == ("B", 7, 17, 10)


def test_what_grows_beyond_the_units_comes_back_at_once_and_is_proposed(w: World) -> None:
    ignore(w, IgnoreWhere("A", "shop", None, 2))
    assert proposed(w) == [("A", "market"), ("B", "shop")]

    w.poll("shop", stock(A=13, B=17, C=10))
    assert counted(w)[:2] == (3, 0)
    assert ("A", "shop") in proposed(w)

    w.poll("shop", stock(A=12, B=17, C=10))
    assert counted(w)[:2] == (2, 1)
    assert ("A", "shop") not in proposed(w)


def test_what_comes_later_and_fits_is_ignored_from_the_first(w: World) -> None:
    ignore(w, IgnoreWhere("C"))
    w.poll("market", stock(A=11, B=10, C=15))
    assert (counted(w)[1], ("C", "market") in proposed(w)) == (1, False)


def test_after_its_end_a_rule_ignores_nothing_though_nothing_has_run(w: World) -> None:
    ignore(w, IgnoreWhere("*", "shop", until=w.now + 30_000))
    assert counted(w)[:2] == (1, 2)

    w.now += 30_000

    assert (counted(w)[:2], len(listed(w)), listed(w, ignored=True)) == ((3, 0), 3, [])
    assert rules(w) == []
    w.poll("market", stock(A=11, B=10, C=10))
    assert len(proposed(w)) == 3
    (ran_out,) = rules(w, ended=True)
    assert (ran_out.ended_at, ran_out.ended_by) == (w.now - MINUTE, None)


def test_of_two_rules_the_one_that_holds_longest_counts_and_either_is_enough(w: World) -> None:
    first = ignore(w, IgnoreWhere("A", "shop", until=w.now + MINUTE))
    second = ignore(w, IgnoreWhere("A", until=w.now + 9 * MINUTE))
    assert [(rule.id, rule.hides) for rule in rules(w)] == [(first, 0), (second, 2)]

    assert end(w, second) == 1
    assert (listed(w, ignored=True), counted(w)[1]) == ([("A", "shop")], 1)
    assert end(w, first) == 1
    assert counted(w)[:2] == (3, 0)


def test_who_set_and_ended_it_when_and_why_is_kept(w: World) -> None:
    rule = ignore(w, IgnoreWhere("A", "shop", Kind.QUANTITY, 2, w.now + MINUTE))
    made_at = w.now
    w.now += 1
    assert end(w, rule) == 1

    (kept,) = rules(w, ended=True)
    assert rules(w) == []
    assert kept.where == IgnoreWhere("A", "shop", Kind.QUANTITY, 2, made_at + MINUTE)
    assert (kept.made_by, kept.made_at, kept.why) == ("ana", made_at, "the till rounds")
    assert (kept.ended_by, kept.ended_at, kept.ended_why) == ("ben", w.now, "no more")


def test_what_is_not_there_or_has_ended_is_refused(w: World) -> None:
    rule = ignore(w, IgnoreWhere("A"))
    end(w, rule)
    with pytest.raises(NoSuchThing, match="rule 1 was ended by ben already"):
        end(w, rule)
    with pytest.raises(NoSuchThing, match="rule 7 not found"):
        end(w, 7)
    with pytest.raises(NoSuchThing, match='"shp" is not a channel; known: warehouse, shop, market'):
        ignore(w, IgnoreWhere("A", "shp"))


def test_it_ends_what_was_proposed_and_snoozed_but_not_what_a_person_approved(w: World) -> None:
    by_sku = {(x.sku, x.channel): (x.id, x.version) for x in w.updates()}
    approve: dict[str, Any] = {
        "hold_ms": 1,
        "expires_ms": MINUTE,
        "second_person_above": None,
        "now": w.now,
    }
    w.database.write(decisions.approve, [by_sku["B", "shop"]], who="ana", **approve)
    w.database.write(
        decisions.approve, [by_sku["A", "market"]], who="rule", by_rule=True, **approve
    )

    ignore(w, IgnoreWhere())

    ended = {(x.sku, x.channel): (x.status, x.result) for x in w.updates()}
    assert ended["B", "shop"][0] == "approved"
    words = ("superseded", "a rule ignores its disagreement")
    assert ended["A", "shop"] == ended["A", "market"] == words

    end(w, 1)
    assert proposed(w) == [("A", "market"), ("A", "shop")]


def test_a_state_that_is_not_ignored_is_proposed_without_the_number(w: World) -> None:
    w.poll("shop", [record("A", 12, state="disabled"), *stock(B=10, C=10)])
    ignore(w, IgnoreWhere("A", "shop", Kind.QUANTITY))
    (update,) = (x for x in w.updates() if x.sku == "A" and x.channel == "shop" and not x.ended_at)
    assert (update.from_quantity, update.to_quantity, update.to_state) == (12, 12, "active")


def test_what_shows_at_least_so_many_may_be_off_by_more(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", [Record("A", 12, state="active", at_least=True)])
        ignore(w, IgnoreWhere("A", units_max=5))
        assert counted(w)[:2] == (1, 0)


def test_without_units_a_missing_listing_is_ignored_by_its_kind_only(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10, B=1))
        w.poll("shop", stock(B=1))
        ignore(w, IgnoreWhere("A", units_max=100))
        assert counted(w)[:2] == (1, 0)
        ignore(w, IgnoreWhere("A", kind=Kind.MISSING))
        assert counted(w)[:2] == (0, 1)


def test_another_process_sees_the_rule_at_once(w: World, tmp_path: Path) -> None:
    with Database.open(tmp_path / "skew.db") as other:
        where = IgnoreWhere("A")
        other.write(ignore_rules.add, where, who="ben", why="known", now=w.now)
    assert counted(w)[:2] == (1, 2)


def wrongly_marked(connection: sqlite3.Connection) -> int:
    """How many marks are not those that all rules together would give every row."""
    return ignored.find(connection, "open_disagreements d", {})


@pytest.mark.long
@settings(max_examples=examples(25), deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_marks_are_those_of_a_full_recomputation(drawn: Random) -> None:
    with TemporaryDirectory() as folder, Database.open(Path(folder) / "skew.db") as database:
        shop = Shop(database, drawn)
        for _ in range(16):
            drawn.choice((*ACTS, Shop.ignore, Shop.ignore))(shop)
            assert database.write(wrongly_marked) == 0
            live = shop.w.rows(
                """SELECT count(*) FROM corrections k JOIN open_disagreements d
                  ON d.listing_id = k.listing_id AND d.kind IN ('quantity', 'negative')
                WHERE k.status = 'proposed' AND k.to_quantity IS NOT k.from_quantity
                  AND d.ignored_by IS NOT NULL"""
            )
            assert live == [(0,)]


def test_a_drawn_shop_has_rules_that_ignore_something(tmp_path: Path) -> None:
    """So that the property above says something."""
    with Database.open(tmp_path / "skew.db") as database:
        shop = Shop(database, Random(7))
        most = 0
        for _ in range(60):
            shop.drawn.choice((*ACTS, Shop.ignore))(shop)
            status = database.read(status_counts.status, now=shop.w.now)
            most = max(most, status.overview.ignored)
    assert most > 2


def test_a_change_costs_the_same_however_much_is_ignored(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        rows = cells(count)
        w.poll("warehouse", rows)
        w.poll("shop", [Record(row.sku, 999) for row in rows])
        ignore(w, IgnoreWhere())
        assert counted(w)[1] == len(rows)
        fresh = ("shop", [Record(rows[3].sku, 998)], (), [(rows[3].sku, "")], w.comparison)
        found = steps(
            w, lambda: w.database.write(merge.record_fresh, *fresh, now=w.now + 1, own=False)
        )
        assert w.only(ignored=True, skus=(rows[3].sku,)).available == 998
        return found

    few, many = in_both(tmp_path, work)
    assert many <= few * ROOM
