"""Rule 7: events count once, and move the targets until the authority's reading includes them."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.event_kinds import Event, EventKind, EventsTaken
from store.model import Authority, Millis, Policy
from store.polling import events
from store.polling.events import EventOrigin
from tests.long_run import examples
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, START, World, channel, record, stock, terms, warehouse, world

SECOND = 1000


def sold(event_id: str, at: Millis, *, sku: str = "A", quantity: int = 1, order: str = "") -> Event:
    return Event(event_id, EventKind.ORDERED, sku, quantity, at, order=order or None)


def report(w: World, name: str, *batch: Event) -> EventsTaken:
    """Events by themselves, as from a file."""
    return w.database.write(record_events, EventOrigin(name, w.now), batch, w.comparison)


def pending(w: World, sku: str = "A") -> int:
    ((found,),) = w.rows(
        """SELECT total(u.available) FROM items i JOIN unseen_sums u ON u.item_id = i.id
        WHERE i.sku = ?""",
        sku,
    )
    return int(found)


def fates(w: World) -> dict[str, str]:
    return dict(w.rows("SELECT event_id, fate FROM events"))


def test_a_sale_lowers_the_others_before_the_warehouse_reports_it_and_its_own_channel_agrees(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("market", stock(A=10))
        w.poll("shop", stock(A=9))
        taken = report(w, "shop", sold("1", w.now))

        assert taken.new == 1
        assert w.targets("shop") == {"A": 9}
        assert w.targets("market") == {"A": 9}
        assert [(disagreement.channel, disagreement.delta) for disagreement in w.diff()] == [
            ("market", -1)
        ]
        assert fates(w) == {"1": "projected"}


def test_when_the_authority_catches_up_nothing_is_counted_twice(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=8))
        w.poll("market", stock(A=8))
        first, second = w.now + 10, w.now + 20
        w.now = second
        report(w, "shop", sold("1", first), sold("2", second))
        assert w.targets("market") == {"A": 8}

        w.poll("warehouse", stock(A=9), as_of=first)
        assert pending(w) == -1
        assert w.targets("market") == {"A": 8}

        w.poll("warehouse", stock(A=8))
        assert pending(w) == 0
        assert w.targets("market") == {"A": 8}
        assert w.diff() == []


def test_a_late_event_that_the_authority_includes_already_is_recorded_without_effect(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9))
        report(w, "shop", sold("1", START))

        assert w.targets("shop") == {"A": 9}
        assert fates(w) == {"1": "included"}


def test_within_the_authoritys_lag_what_lowers_is_unseen_and_what_raises_is_seen(
    tmp_path: Path,
) -> None:
    slow = terms(warehouse(lag_ms=5 * MINUTE), channel("shop"))
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(slow)
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        back = Event("2", EventKind.CANCELLED, "A", 3, w.now - 2 * MINUTE)
        report(w, "shop", sold("1", w.now - 2 * MINUTE, quantity=2), back)
        assert pending(w) == -2
        report(w, "shop", sold("0", w.now - 9 * MINUTE, quantity=5))
        assert pending(w) == -2


def test_a_longer_lag_has_unseen_at_once_what_came_within_it(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("shop", stock(A=10))
        tell_at = w.now + MINUTE - 1
        w.poll("warehouse", stock(A=10))
        report(w, "shop", sold("1", tell_at, quantity=2))
        assert pending(w) == 0
        w.reconfigure(terms(warehouse(lag_ms=5 * MINUTE), channel("shop")))
        assert pending(w) == -2
        w.reconfigure(terms(warehouse(), channel("shop")))
        assert pending(w) == 0


def test_an_authority_whose_time_goes_back_has_not_seen_what_it_had(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        old = w.now
        w.poll("shop", stock(A=9))
        report(w, "shop", sold("1", w.now))
        w.poll("warehouse", stock(A=9))
        assert pending(w) == 0
        w.poll("warehouse", stock(A=10), as_of=old)
        assert pending(w) == -1
        assert w.targets("shop") == {"A": 9}


def test_the_authoritys_own_events_never_project(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        report(w, "warehouse", sold("w1", w.now + 5))
        assert pending(w) == 0
        assert fates(w) == {"w1": "explains"}


@pytest.mark.parametrize("late", [False, True])
def test_one_order_reported_by_two_channels_projects_once(tmp_path: Path, late: bool) -> None:  # noqa: FBT001
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        w.poll("market", stock(A=9))
        batch = [
            ("shop", sold("s1", w.now, order="1007")),
            ("market", sold("m1", w.now + SECOND, order="1007")),
        ]
        for name, event in reversed(batch) if late else batch:
            report(w, name, event)
        assert pending(w) == -1
        assert w.diff() == []


def test_an_order_with_two_lines_of_one_sku_counts_both(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=8))
        report(w, "shop", sold("1", w.now, order="7"), sold("2", w.now, order="7"))
        assert pending(w) == -2


def test_an_order_that_the_authority_reports_is_seen_from_then_on(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        at = w.now
        report(w, "shop", sold("1", at, order="7"))
        w.poll("warehouse", stock(A=10), as_of=at + SECOND)
        assert pending(w) == 0, "by the clocks alone it looks seen"
        report(w, "warehouse", sold("w1", at + 2 * SECOND, order="7"))
        assert pending(w) == -1, "the authority took it in after its reading"
        w.poll("warehouse", stock(A=9), as_of=at + 3 * SECOND)
        assert pending(w) == 0


def test_what_a_channel_adjusts_upwards_by_itself_is_no_stock_to_promise_elsewhere(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=12))
        w.poll("market", stock(A=10))
        report(w, "shop", Event("1", EventKind.ADJUSTED, "A", 2, w.now))
        assert w.targets("market") == {"A": 10}
        assert w.only().channel == "shop"
        report(w, "shop", Event("2", EventKind.ADJUSTED, "A", -3, w.now))
        assert w.targets("market") == {"A": 7}


def test_events_of_another_unit_of_measure_move_pieces(tmp_path: Path) -> None:
    boxes = channel("shop", policies=(Policy("*", units=12),))
    with world(tmp_path, boxes, channel("market")) as w:
        w.poll("warehouse", stock(A=100))
        w.poll("shop", stock(A=8))
        w.poll("market", stock(A=100))
        assert w.targets("shop") == {"A": 8}
        report(w, "shop", sold("1", w.now, quantity=2))
        assert w.targets("shop") == {"A": 6}
        assert w.targets("market") == {"A": 76}


def test_an_authority_that_counts_in_boxes_is_a_truth_in_pieces(tmp_path: Path) -> None:
    shop = channel("shop", policies=(Policy("*", buffer=5),))
    with world(tmp_path, shop) as w:
        w.reconfigure(terms(warehouse(policies=(Policy("*", units=6),)), shop))
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=55))
        assert w.diff() == []


def test_a_repeat_changes_nothing_and_another_body_is_an_incident(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        at = w.now
        report(w, "shop", sold("1", at))
        assert report(w, "shop", sold("1", at)).repeats == 1
        taken = report(w, "shop", sold("1", at, quantity=4))
        assert [refusal.place for refusal in taken.conflicts] == ["event 1"]
        assert pending(w) == -1


def test_an_event_of_a_sku_that_nobody_has_shown_or_of_tomorrow_is_refused(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        taken = report(w, "shop", sold("1", w.now, sku="B"), sold("2", w.now + 24 * 60 * MINUTE))
        assert taken.new == 0
        assert [refusal.reason for refusal in taken.refused] == [
            "no channel has shown SKU B yet",
            "its time is more than 300 s ahead of this machine's clock",
        ]


def test_a_sale_dated_ahead_of_our_clock_is_of_the_time_when_it_was_first_seen(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("market", stock(A=10))
        report(w, "shop", sold("1", w.now + 4 * MINUTE, quantity=2))
        assert w.targets("market") == {"A": 8}
        w.poll("warehouse", stock(A=8))
        assert pending(w) == 0
        assert w.targets("market") == {"A": 8}


def test_a_sale_dated_ahead_keeps_its_time_when_its_unit_is_made_of_other_pieces(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        report(w, "shop", sold("1", w.now + 4 * MINUTE))
        w.reconfigure(terms(warehouse(), channel("shop", policies=(Policy("*", units=2),))))
        assert pending(w) == -2
        w.poll("warehouse", stock(A=8))
        assert pending(w) == 0


KINDS = tuple(EventKind)
moves = st.tuples(
    st.sampled_from(("shop", "market", "warehouse")),
    st.sampled_from(KINDS),
    st.integers(1, 5),
    st.integers(0, 20),
    st.none() | st.sampled_from(("o1", "o2")),
)


@settings(max_examples=examples(40),
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(batch=st.lists(moves, max_size=8), as_of=st.integers(0, 20), data=st.data())
def test_any_permutation_duplication_and_delay_of_a_history_ends_in_the_same_state(
    tmp_path_factory: pytest.TempPathFactory,
    batch: Sequence[tuple[str, EventKind, int, int, str | None]],
    as_of: int,
    data: st.DataObject,
) -> None:
    history = [
        (name, Event(str(n), kind, "A", quantity, START + at * MINUTE, order=order))
        for n, (name, kind, quantity, at, order) in enumerate(batch)
    ]
    shuffled = data.draw(st.permutations([*history, *history]))
    between = data.draw(st.integers(0, len(shuffled)))

    def run(folder: Path, first: Sequence[tuple[str, Event]], rest: Sequence[tuple[str, Event]]) \
            -> tuple[object, ...]:  # fmt: skip
        slow = terms(warehouse(lag_ms=2 * MINUTE), channel("shop"), channel("market"))
        with world(folder, channel("shop"), channel("market")) as w:
            w.reconfigure(slow)
            w.poll("warehouse", stock(A=20), as_of=START)
            w.poll("shop", stock(A=20))
            w.poll("market", stock(A=20))
            w.now = START + 30 * MINUTE
            for name, event in first:
                report(w, name, event)
            w.poll("warehouse", stock(A=15), as_of=START + as_of * MINUTE)
            for name, event in rest:
                report(w, name, event)
            return pending(w), w.targets("shop"), w.targets("market")

    in_order = run(
        tmp_path_factory.mktemp("a"), sorted(history, key=lambda reported: reported[1].at), ()
    )
    mixed = run(tmp_path_factory.mktemp("b"), shuffled[:between], shuffled[between:])
    assert mixed == in_order


def test_the_flags_do_not_hang_on_how_many_polls_lay_between(tmp_path: Path) -> None:
    """Every order of two sales, a copy and two warehouse readings ends the same."""
    ends = set()
    steps = ("sale", "copy", "reading")
    for n, order in enumerate(itertools.permutations(steps)):
        folder = tmp_path / str(n)
        folder.mkdir()
        with world(folder, channel("shop"), channel("market")) as w:
            w.poll("warehouse", stock(A=10), as_of=START)
            w.poll("shop", stock(A=9))
            w.poll("market", stock(A=10))
            for step in order:
                if step == "sale":
                    report(w, "shop", sold("s", START + 5 * SECOND, order="1"))
                elif step == "copy":
                    report(w, "market", sold("m", START + 6 * SECOND, order="1"))
                else:
                    w.poll("warehouse", stock(A=10), as_of=START + 5 * SECOND)
            ends.add((pending(w), *w.targets("market").values()))
    assert ends == {(0, 10)}


def test_an_authority_by_sku_decides_whose_events_only_explain(tmp_path: Path) -> None:
    supplier = channel("supplier", writes=())
    shop = channel("shop")
    made = terms(
        warehouse(), supplier, shop, authorities=[Authority("DS-*", "supplier", "supplier")]
    )
    with world(tmp_path, shop) as w:
        w.reconfigure(made)
        w.poll("warehouse", stock(A=10))
        w.poll("supplier", [record("DS-1", 5)])
        w.poll("shop", [record("DS-1", 5), record("A", 10)])
        report(w, "supplier", sold("1", w.now, sku="DS-1"), sold("2", w.now, sku="A"))
        assert pending(w, "DS-1") == 0
        assert pending(w, "A") == -1


def test_an_event_that_the_authority_does_not_take_in_is_overdue_after_a_while(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        report(w, "shop", sold("77", w.now))
        assert w.database.read(events.overdue, now=w.now + 59 * MINUTE) == {}
        assert w.database.read(events.overdue, now=w.now + 61 * MINUTE) == {
            "warehouse": "1 movement not in its readings yet; the oldest: SKU A, ordered on shop "
            "(event 77), 61 min ago"
        }
        w.poll("warehouse", stock(A=9))
        assert w.database.read(events.overdue, now=w.now + 61 * MINUTE) == {}
