"""A channel's first poll gives its cells their targets at once, as comparing each later would."""

import sqlite3
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.model import UNCOUNTED, Record, Refused, State
from store.polling.comparison import Comparison
from store.polling.events import EventOrigin
from store.polling.merging.new_listings import FirstTargets
from tests.long_run import examples
from tests.store import drawn_terms
from tests.store.drawn_terms import NAMES, PLACES, SKUS, Pick
from tests.store.recorded_events import record_events
from tests.store.world import World, channel, stock, warehouse, world

_NOT_COMPARED = ("poll_memories", "poll_pages")


class _Later(Comparison):
    """Compares every new cell, as where its poll may move the truth."""

    def first_targets(self, *_: object) -> FirstTargets | None:
        return None


def _content(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        for (name,) in tables
        if name not in _NOT_COMPARED
    }


def _record(pick: Pick) -> Record:
    available = (None, -1, 0, 1, 2, 3, 4, 4)[pick(8)]
    state: str | None = (None, State.ACTIVE, State.ACTIVE, State.DISABLED)[pick(4)]
    return Record(
        SKUS[pick(len(SKUS))],
        available,
        PLACES[pick(3)] if pick(3) == 0 else "",
        UNCOUNTED if available is None else state,
        on_hand=pick(9) if pick(4) == 0 else None,
        price_minor=(None, 250, 300)[pick(3)],
        title=(None, "Mug", "Cup")[pick(3)],
        source_at=pick(3) * 10**12 if pick(6) == 0 else None,
        ref=("", "r1", "r2")[pick(3)],
        at_least=available is not None and available > 0 and pick(6) == 0,
    )


def _poll(w: World, name: str, pick: Pick) -> None:
    page = [_record(pick) for _ in range(pick(9))]
    refused = [Refused("line 3", "is no number", SKUS[pick(3)])] if pick(5) == 0 else []
    if pick(7) == 0:
        refused.append(Refused("line 9", "has no SKU"))
    w.poll(name, page, refused=refused, as_of=w.now if pick(4) == 0 else None)


@pytest.mark.long
@settings(max_examples=examples(120), deadline=None)
@given(st.integers(0, 2**32))
def test_first_polls_leave_what_they_would_leave_if_each_new_cell_was_compared(seed: int) -> None:
    contents = []
    for kind in (Comparison, _Later):
        pick = Random(seed).randrange
        drawn = drawn_terms.plain()
        for _ in range(pick(6)):
            drawn_terms.change(drawn, pick)
        if pick(3):
            drawn.bundles.clear()
            drawn.pools.clear()
        with TemporaryDirectory() as folder, Database.open(Path(folder) / "skew.db") as database:
            w = World(database, kind(drawn.terms()))
            steps = []
            for number in range(2 + pick(5)):
                # Mostly the authority comes first.
                _poll(w, NAMES[0] if number == 0 and pick(4) else NAMES[pick(len(NAMES))], pick)
                if pick(12) == 0:
                    sold = Event(str(number), EventKind.ORDERED, SKUS[pick(3)], 1, w.now)
                    w.database.write(
                        record_events, EventOrigin("shop", w.now), [sold], w.comparison
                    )
                steps.append(database.read(_content))
        contents.append(steps)

    quick, slow = contents
    assert quick == slow


def moved(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT sku FROM moved JOIN items ON id = item_id ORDER BY 1")
    return [row[0] for row in rows]


def test_the_authoritys_first_poll_brings_the_truth_and_compares_only_what_is_odd(
    tmp_path: Path,
) -> None:
    with world(tmp_path, warehouse(), channel("shop")) as w:
        page = [*stock(A=1, B=-2, C=3), *stock(C=3)]
        w.poll("warehouse", page, refused=[Refused("line 6", "is no number", "D")])

        assert w.database.write(moved) == ["B", "C", "D"]
        assert w.rows("SELECT sku, truth_quantity FROM items ORDER BY sku") == [
            ("A", 1), ("B", -2), ("C", 3), ("D", None),
        ]  # fmt: skip


def test_a_first_poll_has_its_missing_listings_and_compares_only_what_may_differ(
    tmp_path: Path,
) -> None:
    with world(tmp_path, warehouse(), channel("shop")) as w:
        w.poll("warehouse", stock(A=1, B=2, C=3))
        w.poll("shop", stock(A=1, B=5, D=1))

        assert w.database.write(moved) == ["B", "C", "D"]
        assert [(found.sku, found.kind) for found in sorted(w.diff(), key=lambda d: d.sku)] == [
            ("B", "quantity"), ("C", "missing"), ("D", "unlisted"),
        ]  # fmt: skip
