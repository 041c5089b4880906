"""How the channels behaved in the last days: each figure beside what it must not count."""

import sqlite3
from pathlib import Path

from store.checklist import measure as measure_module
from store.checklist.values import WINDOW_MS, ChannelBehaviour, Measured, OpenCount, Sales, Spans
from store.corrections import ignore_rules
from store.corrections.ignore_rules import IgnoreWhere
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.model import (
    Direction,
    Freshness,
    IncidentKind,
    Kind,
    Millis,
    Policy,
    Record,
    Status,
)
from store.polling import merge, quarantine
from store.polling.events import EventOrigin
from tests.store.correction_steps import HOLD_MS, correct
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World, channel, record, stock, world

HOUR = 60 * MINUTE
SECOND = 1000


def measure(w: World, *, unseen_after_ms: int = HOUR) -> Measured:
    found = w.database.read(measure_module.measure, now=w.now, unseen_after_ms=unseen_after_ms)
    assert found is not None
    return found


def of(w: World, name: str) -> ChannelBehaviour:
    (found,) = (channel for channel in measure(w).channels if channel.name == name)
    return found


def event(
    event_id: str,
    at: Millis,
    *,
    kind: EventKind = EventKind.ORDERED,
    sku: str = "A",
    quantity: int = 1,
    order: str | None = None,
) -> Event:
    return Event(event_id, kind, sku, quantity, at, order=order)


def report(w: World, name: str, *batch: Event) -> None:
    w.database.write(record_events, EventOrigin(name, w.now), batch, w.comparison)


def test_a_cache_in_which_nothing_was_polled_has_nothing_measured(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert w.database.read(measure_module.measure, now=w.now, unseen_after_ms=HOUR) is None


def test_a_cache_that_is_older_than_the_program_is_left_alone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
    with sqlite3.connect(tmp_path / "skew.db") as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with Database.open(tmp_path / "skew.db", read_only=True) as database:
        assert database.read(measure_module.measure, now=w.now, unseen_after_ms=HOUR) is None


def test_polls_are_counted_by_what_became_of_them_and_freshness_is_of_now(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
        w.poll("warehouse", stock(A=1))
        w.database.write(merge.fail, w.sweep("warehouse", []), "refused", now=w.now)
        sweep = w.sweep("shop", stock(A=0))
        w.database.write(quarantine.quarantine_poll, sweep, "all gone", now=w.now, as_of=None)

        batch = of(w, "warehouse")
        assert (batch.good, batch.failed, batch.quarantined) == (2, 1, 0)
        assert (batch.freshness, batch.age_ms) == (Freshness.FAILING, 2 * MINUTE)
        shop = of(w, "shop")
        assert (shop.good, shop.quarantined) == (0, 1)
        assert shop.freshness is Freshness.QUARANTINED

        w.now += WINDOW_MS
        assert of(w, "warehouse").good == 0
        assert of(w, "warehouse").freshness is Freshness.STALE


def test_only_what_a_channel_moved_by_itself_counts_as_moved(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5, B=5))
        w.poll("shop", stock(A=9, B=5))
        w.poll("shop", stock(A=5, B=5))
        assert of(w, "shop").moved == 0, "it came to its target"
        w.poll("shop", stock(A=5, B=4))
        assert of(w, "shop").moved == 1


def test_events_are_counted_by_kind_by_fate_and_by_what_was_odd(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        late = event("1", w.now - 10 * MINUTE)
        new = event("2", w.now)
        disordered = event("3", w.now - SECOND, kind=EventKind.CANCELLED)
        report(w, "shop", late, new, disordered, new, new, event("2", w.now, quantity=3))
        report(w, "shop", event("4", w.now, sku="Z"))

        batch = of(w, "shop")
        assert batch.reports_events
        assert not of(w, "warehouse").reports_events
        assert batch.kinds == {"ordered": 2, "cancelled": 1}
        assert batch.fates == {"included": 1, "projected": 2}
        assert batch.odd == {"late": 1, "repeat": 2, "out of order": 1, "conflict": 1, "refused": 1}
        assert batch.repeated == 1
        assert batch.refused_words == "event 4: no channel has shown SKU Z yet"

        w.now += WINDOW_MS + MINUTE
        after = of(w, "shop")
        assert after.reports_events
        assert (after.kinds, after.odd) == ({}, {})


def test_an_event_is_overdue_once_the_authority_had_long_enough(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        report(w, "shop", event("1", w.now))
        w.now += HOUR
        assert of(w, "shop").overdue == 0
        w.now += SECOND
        batch = of(w, "shop")
        assert (batch.overdue, batch.overdue_ms) == (1, HOUR + SECOND)
        w.poll("warehouse", stock(A=9))
        assert of(w, "shop").overdue == 0


def test_an_event_arrives_late_and_history_is_not_lateness(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        report(w, "shop", event("1", w.now - 20 * HOUR))
        assert of(w, "shop").arrival is None
        w.now += MINUTE
        report(w, "shop", event("2", w.now - 40 * SECOND), event("3", w.now - 10 * SECOND))
        assert of(w, "shop").arrival == Spans(2, 10 * SECOND, 40 * SECOND)


def test_a_moved_target_is_shown_by_a_write_or_by_the_channel_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9))
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))
        correct(w)
        took = MINUTE + HOLD_MS
        batch = of(w, "shop")
        assert batch.shown == Spans(1, took, took)
        assert batch.followed is None

        w.poll("warehouse", stock(A=3))
        w.poll("shop", stock(A=3))
        batch = of(w, "shop")
        assert batch.shown == Spans(2, MINUTE, took)
        assert batch.followed == Spans(1, MINUTE, MINUTE)


def test_where_the_channel_moved_first_its_lateness_is_not_known(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=8))
        w.poll("warehouse", stock(A=8))
        assert w.diff() == []
        assert of(w, "shop").shown is None
        w.poll("shop", stock(A=7))
        w.poll("shop", stock(A=8))
        assert of(w, "shop").shown is None
        assert of(w, "shop").closed == Spans(2, MINUTE, MINUTE)


def test_an_authority_that_lacks_an_event_at_a_later_reading_has_overlooked_it(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        at = w.now + 10 * SECOND
        w.poll("warehouse", stock(A=10))
        lacked = w.now
        w.poll("warehouse", stock(A=9))
        included = w.now
        report(w, "shop", event("1", at))

        batch = of(w, "warehouse")
        assert batch.included == Spans(1, included - at, included - at)
        assert batch.overlooked == Spans(1, lacked - at, lacked - at)
        assert of(w, "shop").included is None


def test_an_authority_that_has_it_at_its_next_reading_is_not_late_however_rarely_it_is_read(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        report(w, "shop", event("1", w.now))
        at = w.now
        w.now += 20 * MINUTE
        w.poll("warehouse", stock(A=9))
        batch = of(w, "warehouse")
        assert batch.included == Spans(1, w.now - at, w.now - at)
        assert batch.overlooked == Spans(1, 0, 0)


def test_a_files_own_time_is_what_its_reading_is_of(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        at = w.now
        report(w, "shop", event("1", at))
        w.poll("warehouse", stock(A=10), as_of=at - SECOND)
        w.poll("warehouse", stock(A=9))
        assert of(w, "warehouse").overlooked == Spans(1, 0, 0)


def test_what_nobody_can_know_is_left_out(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        before = w.now
        w.poll("warehouse", stock(A=10, B=10, C=10, D=10))
        w.poll("shop", stock(A=9, B=9, C=10, D=10))
        at = w.now
        report(
            w,
            "shop",
            event("known before the first reading", before, sku="A"),
            event("beside something unknown", at, sku="B"),
            event("one way", at, sku="C"),
            event("and back", at + 1, sku="C", kind=EventKind.CANCELLED),
            event("and again", at + 2, sku="C"),
            event("long ago", at, sku="D"),
        )
        w.poll("warehouse", stock(A=9, B=7, C=9, D=10))
        w.now += HOUR
        w.poll("warehouse", stock(A=9, B=7, C=9, D=9))
        assert of(w, "warehouse").included is None


def test_several_events_that_are_taken_in_together_are_each_measured(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=7))
        at = w.now
        report(w, "shop", event("1", at), event("2", at + SECOND, quantity=2))
        w.poll("warehouse", stock(A=7))
        assert of(w, "warehouse").included == Spans(2, 59 * SECOND, MINUTE)


def test_who_changes_back_what_was_verified_is_counted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=4))
        w.twice("shop", stock(A=9, B=9))
        correct(w, "A")
        correct(w, "B")
        w.poll("shop", stock(A=9, B=3))

        batch = of(w, "shop")
        assert batch.ended == {"verified": 2}
        assert batch.changed_back == 1
        assert batch.frozen == 1
        assert batch.fought == {IncidentKind.SECOND_WRITER: 1}
        w.poll("shop", stock(A=4, B=4))
        batch = of(w, "shop")
        assert (batch.changed_back, batch.frozen) == (1, 0), "it happened, and is over"


def test_a_target_that_moved_back_has_nothing_changed_back(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        correct(w)
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9))
        assert of(w, "shop").changed_back == 0


def test_what_disagrees_now_is_counted_by_kind_and_status(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", settle_reduce_ms=HOUR)) as w:
        w.poll("warehouse", stock(A=9, B=9, D=9))
        w.poll("shop", stock(A=9, B=8, C=1, D=9))
        w.poll("warehouse", stock(A=5, B=9, D=9))
        w.poll("shop", stock(A=9, B=8, C=1, D=-1))
        assert set(of(w, "shop").open) == {
            OpenCount(Kind.QUANTITY, Status.OPEN, 1),
            OpenCount(Kind.QUANTITY, Status.SETTLING, 1),
            OpenCount(Kind.NEGATIVE, Status.SETTLING, 1),
            OpenCount(Kind.UNLISTED, Status.OPEN, 1),
        }
        assert of(w, "warehouse").open == ()


def test_less_than_nothing_on_show_has_oversold_while_it_lasts_and_a_week_after(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=-1))
        assert of(w, "shop").oversold == 1
        w.poll("shop", stock(A=9))
        assert of(w, "shop").oversold == 1
        w.now += WINDOW_MS
        assert of(w, "shop").oversold == 0


def test_sales_elsewhere_are_those_of_other_channels_each_once_and_in_pieces(
    tmp_path: Path,
) -> None:
    market = channel("market", policies=(Policy("*", units=6),))
    with world(tmp_path, channel("shop"), market, channel("outlet")) as w:
        for name in ("warehouse", "shop", "market", "outlet"):
            w.poll(name, stock(A=60, B=60))
        began = w.now
        report(
            w,
            "shop",
            event("1", began, order="O-1", quantity=3),
            event("2", began + 1, kind=EventKind.CANCELLED),
            event("3", began + 2, sku="B", quantity=1),
        )
        report(w, "market", event("7", began + 3, quantity=2))
        report(w, "outlet", event("copy", began + 4, order="O-1", quantity=3))
        report(w, "warehouse", event("own", began + 5, quantity=40))
        w.now = began + 2 * HOUR

        assert of(w, "shop").sold_elsewhere == Sales(1, 12, 2 * HOUR)
        assert of(w, "market").sold_elsewhere == Sales(2, 2, 2 * HOUR)
        assert of(w, "outlet").sold_elsewhere == Sales(2, 14, 2 * HOUR)


def test_a_rate_is_not_reckoned_over_less_than_an_hour(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=60))
        w.poll("shop", stock(A=60))
        report(w, "shop", event("1", w.now))
        assert of(w, "market").sold_elsewhere == Sales(1, 1, HOUR)
        assert of(w, "shop").sold_elsewhere is None


def test_states_are_counted_as_the_channel_shows_them(tmp_path: Path) -> None:
    shop = channel("shop", states=(), direction=Direction.OBSERVE, writes=())
    with world(tmp_path, shop) as w:
        w.poll("warehouse", [Record("A", 1), Record("B", 1)])
        w.poll("shop", [record("A", 1, state="hold"), record("B", 1)])
        assert of(w, "shop").states == {"hold": 1}
        assert of(w, "warehouse").states == {}


def test_what_a_rule_ignores_is_counted_beside_what_is_open(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=5, B=5))
        w.poll("shop", stock(A=9, B=9))
        w.now += HOUR
        w.poll("warehouse", stock(A=5, B=5))
        w.poll("shop", stock(A=9, B=9))
        where = IgnoreWhere("A", None, None, None, None)
        w.database.write(ignore_rules.add, where, who="ana", why="so it is", now=w.now)

        assert of(w, "shop").open == (OpenCount(Kind.QUANTITY, Status.OPEN, 1),)
        assert measure(w).ignored == 1
