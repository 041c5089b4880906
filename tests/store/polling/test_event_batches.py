"""A batch of events is taken by a few statements, and leaves what taking each alone would."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.database.connection import Database
from store.event_kinds import Event, EventKind, EventsTaken
from store.model import QUANTITY_MAX, Component, Policy, Pool, Record, Terms
from store.polling import events
from store.polling.comparison import Comparison
from store.polling.events import EventOrigin
from tests.long_run import examples
from tests.store.correction_steps import correct
from tests.store.cost_counter import statements
from tests.store.recorded_events import record_events
from tests.store.single_events import take_one_by_one
from tests.store.world import MINUTE, World, channel, stock, terms, warehouse, world

_ASKED = {
    "events": """SELECT c.name, event_id, e.kind, i.sku, i.location, quantity, counted, at,
      order_ref, received_at, repeats, fate FROM events e JOIN items i ON i.id = e.item_id
      JOIN channels c ON c.id = e.channel_id ORDER BY e.id""",
    "movements": """SELECT event_id, e.channel_id, v.item_id, v.available, v.on_hand, v.at, unseen
      FROM movements v JOIN events e ON e.id = v.event_row ORDER BY 2, 1, 3""",
    "faults": "SELECT channel_id, event_id, what, seen_at, words FROM odd_events ORDER BY id",
    "moved": "SELECT item_id FROM moved ORDER BY 1",
    "fresh": """SELECT event_id FROM fresh_events x JOIN events e ON e.id = x.event_row
      ORDER BY e.id""",
    "items": "SELECT * FROM items ORDER BY id",
    "targets": "SELECT id, target_quantity, target_state, known FROM listings ORDER BY id",
    "incidents": "SELECT channel_id, kind, key, message, count FROM incidents ORDER BY 1, 2, 3",
}

Take = Callable[[sqlite3.Connection, EventOrigin, list[Event], Terms], EventsTaken]


def all_at_once(
    connection: sqlite3.Connection, source: EventOrigin, batch: list[Event], terms: Terms
) -> EventsTaken:
    """As `take_one_by_one` answers, which raises no incidents."""
    return events.together(events.take_in(connection, source, batch, terms))


class Undone(Exception):
    """Ends a transaction with nothing written."""


def left_by(w: World, take: Take, source: EventOrigin, batch: list[Event]) -> dict[str, Any]:
    """What a batch leaves, as it is taken and once it is compared; nothing of it stays."""
    found: dict[str, Any] = {}

    def tables(connection: sqlite3.Connection) -> dict[str, Any]:
        return {table: connection.execute(query).fetchall() for table, query in _ASKED.items()}

    def work(connection: sqlite3.Connection) -> None:
        w.comparison.forget_moved(connection)
        found["taken"] = take(connection, source, batch, w.comparison.terms)
        found["before"] = tables(connection)
        w.comparison.reconcile_moved(connection, now=source.now, channel=source.channel)
        found["after"] = tables(connection)
        raise Undone

    with pytest.raises(Undone):
        w.database.write(work)
    return found


RULES: tuple[Terms, ...] = (
    terms(warehouse(), channel("shop"), channel("market")),
    msgspec.structs.replace(
        terms(
            warehouse(lag_ms=MINUTE),
            channel("shop", policies=(Policy("A", units=3), Policy("*"))),
            channel("market", places=("both",)),
        ),
        bundles=(Component("KIT", "A", 2), Component("KIT", "B", 1), Component("BOX", "C", 10**6)),
        pools=(Pool("both", ("north", "south")),),
    ),
)
SKUS = ("A", "B", "C", "KIT", "BOX", "UNKNOWN")
PLACES = ("", "", "north", "south", "both")
KINDS = (
    EventKind.ORDERED, EventKind.ORDERED, EventKind.CANCELLED, EventKind.RESTOCKED,
    EventKind.ADJUSTED, EventKind.SHIPPED,
)  # fmt: skip


def drawn(w: World, draw: Random) -> list[Event]:
    """A batch with repeats, conflicts, late ones, refused ones and orders that give back."""
    batch: list[Event] = []
    for _ in range(draw.randrange(1, 9)):
        if batch and draw.random() < 0.25:
            again = draw.choice(batch)
            others: tuple[dict[str, object], ...] = (
                {}, {}, {"quantity": 7}, {"order": "Z"}, {"sku": "B"}, {"at": w.now - 5},
            )  # fmt: skip
            changes = draw.choice(others)
            batch.append(msgspec.structs.replace(again, **changes))
            continue
        kind = draw.choice(KINDS)
        quantity = draw.choice((1, 1, 2, 3, QUANTITY_MAX, 10**7, 10**25))
        if kind is EventKind.ADJUSTED:
            quantity *= draw.choice((1, -1))
        at = w.now - draw.choice((0, 1, MINUTE, 3 * MINUTE, -1, -20 * MINUTE))
        batch.append(
            Event(
                str(draw.randrange(12)),
                kind,
                draw.choice(SKUS),
                quantity,
                at,
                draw.choice(PLACES),
                draw.choice((None, "X", "Y")),
            )
        )
    return batch


@pytest.mark.long
@settings(max_examples=examples(200), deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_batch_leaves_what_each_of_its_events_alone_would(draw: Random) -> None:
    with TemporaryDirectory() as folder, Database.open(Path(folder) / "skew.db") as database:
        w = World(database, Comparison(draw.choice(RULES)))
        shelf = [Record(sku, 9, place, state="active") for sku in SKUS[:-1] for place in PLACES[1:]]
        for name in ("warehouse", "shop", "shop"):
            w.poll(name, shelf)
        for _ in range(draw.randrange(1, 6)):
            w.now += draw.choice((1, MINUTE))
            again_until = draw.choice((None, None, w.now - MINUTE))
            name = draw.choice(("warehouse", "shop", "shop", "market"))
            source = EventOrigin(name, w.now, again_until=again_until)
            batch = drawn(w, draw)
            assert left_by(w, all_at_once, source, batch) == left_by(
                w, take_one_by_one, source, batch
            )
            w.database.write(record_events, source, batch, w.comparison)
            if draw.random() < 0.3:
                w.poll("warehouse", [msgspec.structs.replace(r, available=8) for r in shelf])


def test_a_report_of_our_own_write_leaves_in_a_batch_what_it_leaves_alone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.twice("warehouse", stock(A=9))
        w.twice("shop", stock(A=12))
        correct(w)
        batch = [
            Event("1", EventKind.ADJUSTED, "A", -3, w.now),
            Event("2", EventKind.ADJUSTED, "A", -3, w.now),
            Event("3", EventKind.ADJUSTED, "A", 2, w.now),
        ]
        source = EventOrigin("shop", w.now)
        assert left_by(w, all_at_once, source, batch) == left_by(w, take_one_by_one, source, batch)


def test_a_batch_takes_as_many_statements_as_one_event(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9, B=9))
        sales = [
            Event(str(n), EventKind.ORDERED, "AB"[n % 2], 1, w.now + n, order=str(n))
            for n in range(100)
        ]
        source = EventOrigin("warehouse", w.now)

        def spent(batch: list[Event]) -> int:
            return statements(w, lambda c: record_events(c, source, batch, w.comparison))

        assert spent(sales[:50]) == spent(sales[50:51]) == spent(sales[50:])
