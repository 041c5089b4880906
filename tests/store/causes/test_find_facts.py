"""What is found out about a disagreement: each fact from a world in which it came about."""

import sqlite3
from pathlib import Path

from store.causes import find_facts
from store.causes.facts import ComponentFacts, Facts, SiblingListing
from store.event_kinds import Event, EventKind
from store.model import Component, CorrectionStatus, Disagreement, Policy, Terms
from store.polling.events import EventOrigin
from sync.causes import explain
from tests.store.correction_steps import approve, begin, correct, finish
from tests.store.recorded_events import record_events
from tests.store.targets.test_pending_events import report, sold
from tests.store.world import MINUTE, World, channel, record, stock, terms, warehouse, world


def known(w: World, **wanted: object) -> Facts:
    disagreement = w.only(**wanted)
    return w.database.read(find_facts.find, [disagreement.id])[disagreement.id]


def cause(w: World, **wanted: object) -> str:
    disagreement: Disagreement = w.only(**wanted)
    found = w.database.read(find_facts.find, [disagreement.id])
    return explain.causes([disagreement], found, w.comparison.terms, now=w.now)[
        disagreement.id
    ].kind


def test_a_cell_that_never_agreed_has_no_number_at_which_it_did(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=9))
        found = known(w)
        assert found.agreed_quantity is None
        assert found.since == w.now
        assert (found.truth_quantity, found.pending, found.authority) == (5, 0, "warehouse")
        assert not found.reports_events


def test_it_last_agreed_at_the_number_before_the_reading_moved(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=5))
        w.poll("shop", stock(A=9))
        since = w.now
        w.poll("shop", stock(A=8))
        found = known(w)
        assert (found.agreed_quantity, found.since, found.as_of) == (5, since, w.now)
        assert cause(w) == "second writer"


def test_it_last_agreed_at_the_number_before_the_target_moved_and_shows_it_still(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=5))
        w.poll("warehouse", stock(A=3))
        since = w.now
        found = known(w)
        assert (found.agreed_quantity, found.since) == (5, since)
        assert found.earlier_target_until == since
        assert cause(w) == "lag"


def test_a_target_of_before_it_last_agreed_is_no_earlier_target(tmp_path: Path) -> None:
    """Set back to the number of last week, a cell is not late."""
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=5))
        w.poll("warehouse", stock(A=3))
        w.poll("shop", stock(A=3))
        w.poll("shop", stock(A=5))
        found = known(w)
        assert (found.agreed_quantity, found.earlier_target_until) == (3, None)
        assert cause(w) == "second writer"


def test_a_change_of_kind_is_no_new_disagreement(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=5))
        w.poll("shop", stock(A=9))
        since = w.now
        w.poll("shop", stock(A=-1))
        w.poll("shop", stock(A=8))
        found = known(w)
        assert (found.agreed_quantity, found.since) == (5, since)


def test_a_state_agreed_before_it_was_changed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=5))
        w.poll("shop", [record("A", 5, state="disabled")])
        found = known(w)
        assert (found.agreed_state, found.agreed_quantity) == ("active", 5)
        assert cause(w) == "second writer"


def test_an_unseen_order_elsewhere_is_in_flight_here_until_the_authority_is_read(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        w.poll("market", stock(A=8))
        report(w, "market", sold("M-1", w.now, quantity=2, order="17"))
        found = known(w)
        (sale,) = found.events
        assert (found.truth_quantity, found.pending, found.agreed_quantity) == (10, -2, 10)
        assert (sale.channel, sale.event_id, sale.order, sale.sku) == ("market", "M-1", "17", "A")
        assert (sale.quantity, sale.available, sale.on_hand) == (2, -2, 0)
        assert (sale.unseen, sale.direct, sale.repeats) == (True, True, 0)
        assert (sale.at, sale.received_at) == (w.now, w.now)
        assert cause(w) == "in flight"

        w.poll("warehouse", stock(A=8))
        assert [event.unseen for event in known(w).events] == [False]
        assert cause(w) == "lag"


def test_an_order_that_the_channel_took_off_twice(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        w.poll("shop", stock(A=6))
        report(w, "shop", sold("S-1", w.now, quantity=2))
        report(w, "shop", sold("S-1", w.now, quantity=2))
        found = known(w)
        assert found.reports_events
        assert [event.repeats for event in found.events] == [1]
        assert cause(w) == "applied twice"
        w.poll("warehouse", stock(A=8))
        assert cause(w) == "applied twice"


def test_an_order_that_the_channel_never_took_off(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        w.now += MINUTE
        report(w, "shop", sold("S-1", w.now, quantity=2))
        assert cause(w) == "in flight"
        w.poll("shop", stock(A=10))
        assert cause(w) == "never applied"
        w.poll("warehouse", stock(A=8))
        assert cause(w) == "never applied"


def test_events_of_long_before_it_disagreed_are_left_out(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        report(w, "warehouse", sold("W-1", w.now))
        w.now += find_facts.EARLIER_MS + MINUTE
        report(w, "warehouse", sold("W-2", w.now))
        w.poll("warehouse", stock(A=9))
        assert [event.event_id for event in known(w).events] == ["W-2"]


def test_of_a_busy_sku_the_newest_events_are_taken_and_that_is_said(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        w.poll("shop", stock(A=11))
        sales = [sold(f"W-{n}", w.now - n) for n in range(find_facts.EVENTS_MAX + 5)]
        report(w, "warehouse", *sales)
        found = known(w)
        assert len(found.events) == find_facts.EVENTS_MAX
        assert not found.events_whole
        assert found.events[-1].event_id == "W-0"


def test_the_last_update_and_that_it_was_set_back(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=9))
        done = correct(w)
        w.poll("shop", stock(A=9))
        found = known(w)
        assert found.written is not None
        assert found.last == found.written
        assert (found.written.id, found.written.status) == (done.id, CorrectionStatus.VERIFIED)
        assert (found.written.from_quantity, found.written.to_quantity) == (9, 5)
        assert found.written_since == ()
        assert found.agreed_quantity == 5
        assert found.frozen_at == w.now
        assert "set it back to 9" in (found.frozen_why or "")
        assert not found.in_loop
        assert cause(w) == "second writer"


def test_a_bundle_comes_with_its_parts_and_their_events(tmp_path: Path) -> None:
    kit = (Component("KIT", "A", 2), Component("KIT", "B", 1))
    with world(tmp_path, channel("shop"), channel("market")) as w:
        plain = terms(warehouse(), channel("shop"), channel("market"))
        w.reconfigure(Terms(plain.authorities, plain.channels, kit))
        w.poll("warehouse", stock(A=9, B=10))
        w.poll("shop", stock(A=9, B=10, KIT=4))
        w.poll("market", stock(A=7, B=9, KIT=3))
        report(w, "market", sold("M-1", w.now, sku="KIT"))
        found = known(w, channels=("shop",), skus=("KIT",))
        assert [(p.sku, p.quantity, p.how, p.truth_quantity, p.pending) for p in found.parts] == [
            ("A", 2, "bundle", 9, -2),
            ("B", 1, "bundle", 10, -1),
        ]
        assert [(event.sku, event.direct, event.available) for event in found.events] == [
            ("KIT", True, -2),
            ("KIT", True, -1),
        ]
        assert cause(w, channels=("shop",), skus=("KIT",)) == "in flight"
        assert cause(w, channels=("shop",), skus=("A",)) == "in flight"
        assert [event.direct for event in known(w, channels=("shop",), skus=("A",)).events] == [
            False
        ]


def test_a_bundle_whose_component_the_authority_lacks_comes_with_it(tmp_path: Path) -> None:
    kit = (Component("KIT", "A", 2), Component("KIT", "B", 1))
    with world(tmp_path) as w:
        plain = terms(warehouse(), channel("shop"))
        w.reconfigure(Terms(plain.authorities, plain.channels, kit))
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9, KIT=4))
        found = known(w)
        assert [(p.sku, p.truth_quantity) for p in found.parts] == [("A", 9), ("B", None)]
        assert isinstance(found.parts[0], ComponentFacts)


def test_channels_that_move_together_are_twins(tmp_path: Path) -> None:
    kept = channel("market", policies=(Policy("*", buffer=1),))
    with world(tmp_path, channel("shop"), kept, channel("outlet")) as w:
        w.poll("warehouse", stock(A=20))
        for quantity in (19, 17, 16, 12):
            w.poll("shop", stock(A=quantity))
            w.poll("market", stock(A=quantity))
            w.poll("outlet", stock(A=20))
            w.poll("warehouse", stock(A=20))
        found = known(w, channels=("shop",))
        assert found.changes == (19, 17, 16, 12)
        assert found.siblings == (SiblingListing("market", 19, (19, 17, 16, 12)),)
        assert cause(w, channels=("shop",)) == "shared pool"


def test_all_are_found_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10, B=20))
        w.poll("shop", stock(A=11, B=21, C=3))
        ids = [disagreement.id for disagreement in w.diff()]
        found = w.database.read(find_facts.find, [*ids, 999])
        assert set(found) == set(ids)
        assert w.database.read(find_facts.find, []) == {}


def test_an_adjustment_by_hand_on_the_channel(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        w.poll("shop", stock(A=15))
        by_hand = Event("S-1", EventKind.ADJUSTED, "A", 5, w.now)
        w.database.write(record_events, EventOrigin("shop", w.now), [by_hand], w.comparison)
        assert cause(w) == "second writer"


def test_variants_that_follow_an_update_of_ours_to_another_are_found(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=9))
        w.twice("shop", stock(A=9, B=9))
        correct(w, "A")
        w.poll("shop", stock(A=4, B=4))
        (twin,) = known(w).twins
        assert (twin.sku, twin.update is not None) == ("A", True)
        assert cause(w) == "shared pool"


def plan(w: World, words: str) -> list[str]:
    """How SQLite goes about the question that has these words."""
    disagreement = w.only()

    def plans(connection: sqlite3.Connection) -> list[str]:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        find_facts.find(connection, [disagreement.id])
        connection.set_trace_callback(None)
        (sql,) = [sql for sql in asked if words in sql]
        return [detail for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]

    return w.database.read(plans)


def test_of_many_updates_that_ended_only_the_verified_ones_are_looked_through(
    tmp_path: Path,
) -> None:
    """Where 100 readings a second move, thousands have been superseded within the last minutes."""
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))

        steps = plan(w, "k.status = 'verified'")

    assert [step for step in steps if step.startswith("SEARCH k")] == [
        "SEARCH k USING INDEX corrections_verified (ended_at>? AND ended_at<?)"
    ]


def test_of_all_past_readings_only_those_that_ended_at_that_step_are_looked_through(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))

        steps = plan(w, "reading_ends e")

    assert "SEARCH e USING PRIMARY KEY (at=?)" in steps
    assert "SEARCH c USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in steps
    assert [step for step in steps if step.startswith("SCAN") and "subquery" not in step] == [
        "SCAN json_each VIRTUAL TABLE INDEX 1:"
    ]


def test_variants_that_move_together_by_themselves_are_found(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9, B=9, C=3))
        for shown in (9, 8, 6, 4):
            w.poll("shop", stock(A=shown, B=shown, C=3))
        w.poll("warehouse", stock(A=4, B=9, C=3))
        (twin,) = known(w).twins
        assert (twin.sku, twin.values) == ("A", (9, 8, 6, 4))
        assert cause(w) == "shared pool"


def test_what_moves_alike_only_once_or_with_many_is_no_pool(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=9))
        w.poll("shop", stock(A=9, B=9))
        w.poll("shop", stock(A=4, B=4))
        assert known(w).twins == ()


def test_an_update_that_was_not_seen_and_is_seen_now_is_known(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        (proposal,) = w.updates()
        approve(w, proposal.id)
        begin(w, proposal.id)
        finish(w, proposal.id, CorrectionStatus.NOT_APPLIED)
        w.poll("warehouse", stock(A=2))
        w.poll("shop", stock(A=4))
        (unproven,) = known(w).unproven
        assert (unproven.id, unproven.to_quantity) == (proposal.id, 4)
        assert cause(w) == "late update"
