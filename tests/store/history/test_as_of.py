"""Two times: when it was so, and when we knew."""

from pathlib import Path

from store.event_kinds import Event, EventKind
from store.history import as_of, timeline
from store.history.as_of import ListingAsOf, SkuAsOf
from store.model import Component, Record, Terms
from store.polling.events import EventOrigin
from store.queries.values import HistoryEntry
from tests.store.accounts.test_balance import report, sold
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, START, World, channel, record, stock, terms, warehouse, world


def look(w: World, at: int) -> SkuAsOf:
    return w.database.read(as_of.sku_as_of, "A", at=at)


def happened(w: World, at: int) -> list[HistoryEntry]:
    with w.database.snapshot() as snapshot:
        return list(snapshot.read(as_of.happened, "A", at=at))


def cell(w: World, name: str, at: int) -> ListingAsOf:
    return next(listing for listing in look(w, at).cells if listing.channel == name)


def test_the_timeline_is_in_the_order_in_which_we_came_to_know_things(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9))
        report(w, "shop", sold("late", START), sold("first", START - MINUTE))
        w.poll("shop", stock(A=7))
        entries = w.database.read(timeline.history, "A")
        assert [entry.known_at for entry in entries] == sorted(entry.known_at for entry in entries)
        assert [entry.kind for entry in entries] == ["reading", "event", "event", "reading"]
        after = entries[-1].known_at
        assert w.database.read(timeline.history, "A", since=after) == entries[-1:]
        assert w.database.read(timeline.history, "A", until=after - 1) == entries[:-1]


def test_a_bundles_sale_stands_in_its_own_timeline_and_in_its_components(tmp_path: Path) -> None:
    made = terms(warehouse(), channel("shop"))
    with world(tmp_path) as w:
        w.reconfigure(Terms(made.authorities, made.channels, bundles=(Component("SET", "A", 2),)))
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10, SET=5))
        report(w, "shop", sold("1", w.now, sku="SET"))
        details = {
            sku: [
                entry.detail
                for entry in w.database.read(timeline.history, sku)
                if entry.kind == "event"
            ]
            for sku in ("SET", "A")
        }
        assert [(row["of"], row["moves"]) for row in details["A"]] == [("SET", -2)]
        assert [(row["event"], row["unseen"]) for row in details["SET"]] == [("ordered", True)]


def test_a_reading_of_an_earlier_time_was_true_before_we_knew_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", [record("A", 9, source_at=START)])
        known_first = w.now
        fell = w.now + 1
        w.poll("shop", [record("A", 7, source_at=fell)])
        known_then = w.now

        before, between, after = (cell(w, "shop", at) for at in (known_first, fell, known_then))

        assert [listing.true.available for listing in (before, between, after) if listing.true] == [
            9,
            7,
            7,
        ]
        assert [
            listing.known.available for listing in (before, between, after) if listing.known
        ] == [9, 9, 7]
        assert between.known_at == known_then


def test_before_its_first_reading_a_listing_may_have_been_so_but_was_not_known(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("shop", [record("A", 9, source_at=START - MINUTE)])
        early = cell(w, "shop", START)
        assert early.true is not None
        assert early.known is None
        assert look(w, START - 2 * MINUTE).cells == ()


def test_a_files_own_time_is_when_its_readings_were_so(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9), as_of=START)
        w.poll("warehouse", stock(A=5), as_of=START + 90_000)
        found = cell(w, "warehouse", START + 90_000)
        assert found.true is not None
        assert (found.true.available, found.known_at) == (5, w.now)


def test_a_later_source_time_of_something_else_does_not_make_a_reading_younger(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("shop", [record("A", 9, source_at=START, title="Lamp")])
        w.poll("shop", [record("A", 9, source_at=w.now + 1, title="A lamp")])
        found = cell(w, "shop", START + MINUTE)
        assert found.true is not None
        assert found.true.available == 9


def test_the_target_and_the_open_disagreements_of_an_instant_are_those_of_then(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))
        wrong = w.now
        w.poll("warehouse", stock(A=9))

        then, now = look(w, wrong), look(w, w.now)

        assert [listing.target and listing.target.quantity for listing in then.cells] == [None, 4]
        assert [entry.detail["delta"] for entry in then.open] == [-5]
        assert [listing.target and listing.target.quantity for listing in now.cells] == [None, 9]
        assert now.open == ()


def test_an_event_of_then_that_came_later_was_not_known_then(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9))
        at = w.now
        w.now += MINUTE
        batch = [
            Event("1", EventKind.ORDERED, "A", 1, at),
            Event("2", EventKind.ORDERED, "A", 1, w.now),
        ]
        w.database.write(record_events, EventOrigin("shop", w.now), batch, w.comparison)
        (event,) = (entry for entry in happened(w, at) if entry.kind == "event")
        assert (event.detail["id"], event.known_at > at) == ("1", True)


def test_a_listing_that_had_gone_was_not_there_then(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9, B=1))
        w.poll("shop", stock(B=1))
        gone = w.now
        w.poll("shop", [Record("A", 3), *stock(B=1)])
        found = cell(w, "shop", gone)
        assert found.true is not None
        assert (found.true.present, found.true == found.known) == (False, True)
