"""Rule 7: an order gives back no more than it took, and what is taken back has moved nothing."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from store.channels import incidents
from store.event_kinds import Event, EventKind
from store.polling import events
from store.polling.events import EventOrigin
from store.targets.counted_events import Adjustment, OrderEvent, of_adjustments, of_order
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World, channel, stock, world

HOUR = 60 * MINUTE
TAKES = "ordered"


def order(*moves: tuple[str, str, int, int]) -> list[int]:
    """How much of each event counts: (channel, kind, quantity, minute)."""
    told = [
        OrderEvent(1, "M-1", row, name, str(row), kind, quantity, minute * MINUTE)
        for row, (name, kind, quantity, minute) in enumerate(moves)
    ]
    counted = of_order(told)
    assert counted == of_order(reversed(told))
    return [counted[row] for row in range(len(moves))]


def adjust(*moves: tuple[int, int], writes: Sequence[int] = ()) -> list[int]:
    """How much of each adjustment counts: (signed quantity, minute); writes by minute."""
    told = [
        Adjustment(1, 1, row, f"{row:03}", quantity, minute * MINUTE)
        for row, (quantity, minute) in enumerate(moves)
    ]
    counted = of_adjustments(reversed(told), [minute * MINUTE for minute in writes])
    return [counted[row] for row in range(len(moves))]


@pytest.mark.parametrize(
    ("moves", "counted"),
    [
        pytest.param([(TAKES, 2), ("restocked", 2), ("cancelled", 2)], [2, 2, 0], id="refund"),
        pytest.param([(TAKES, 2), ("cancelled", 2), ("cancelled", 2)], [2, 2, 0], id="twice"),
        pytest.param([(TAKES, 3), ("cancelled", 1), ("restocked", 3)], [3, 1, 2], id="in part"),
        pytest.param([(TAKES, 2), ("held", 1), ("released", 4)], [2, 1, 3], id="held too"),
        pytest.param([("cancelled", 2), (TAKES, 2), ("cancelled", 1)], [2, 2, 0], id="taken late"),
        pytest.param([("cancelled", 2), ("cancelled", 2)], [2, 2], id="nothing known to bound it"),
    ],
)
def test_an_order_gives_back_no_more_than_it_took(
    moves: list[tuple[str, int]], counted: list[int]
) -> None:
    timed = [("shop", kind, quantity, minute) for minute, (kind, quantity) in enumerate(moves)]
    assert order(*timed) == counted


def test_two_shops_of_one_order_number_do_not_pay_for_each_other() -> None:
    assert order(
        ("shop", "ordered", 2, 0), ("market", "ordered", 3, 0),
        ("shop", "cancelled", 2, 5), ("market", "cancelled", 3, 5),
    ) == [2, 3, 2, 3]  # fmt: skip
    assert order(
        ("shop", "ordered", 2, 0), ("market", "ordered", 3, 0), ("shop", "cancelled", 4, 5)
    ) == [2, 3, 2]


def test_an_order_that_two_channels_report_gives_back_once_however_late_the_other_tells() -> None:
    both = [("shop", "ordered", 2, 0), ("market", "ordered", 2, 1)]
    assert order(*both, ("shop", "cancelled", 2, 9), ("market", "cancelled", 2, 10)) == [2] * 4
    assert order(*both, ("shop", "cancelled", 2, 9), ("market", "cancelled", 2, 300)) == [
        2, 2, 2, 0,
    ]  # fmt: skip
    assert order(*both, ("market", "cancelled", 2, 300)) == [2, 2, 2]


@pytest.mark.parametrize(
    ("moves", "counted"),
    [
        pytest.param([(-54, 0), (54, 5)], [0, 54], id="a typing error put right"),
        pytest.param([(54, 0), (-54, 5)], [54, 0], id="the other way round"),
        pytest.param([(-54, 0), (30, 5)], [-24, 30], id="a rise takes back a part"),
        pytest.param([(-5, 0), (-4, 1), (6, 5)], [-3, 0, 6], id="the newest falls first"),
        pytest.param([(54, 0), (-30, 5)], [54, -30], id="a fall of another size"),
        pytest.param([(-54, 0), (54, 1), (-54, 2)], [-54, 54, 0], id="typed, put right, sold"),
        pytest.param([(-30, 0), (54, 1), (-54, 2)], [-30, 54, 0], id="the whole rise goes"),
        pytest.param([(54, 0), (-54, 1), (-54, 2)], [54, 0, -54], id="one rise, one fall"),
        pytest.param([(5, 0), (-3, 1)], [5, -3], id="a rise before pays for nothing"),
        pytest.param([(-9, 0), (9, 26 * 60)], [-9, 9], id="a day later"),
        pytest.param([(9, 0), (-9, 26 * 60)], [9, -9], id="a fall a day later"),
    ],
)
def test_adjustments_are_taken_back_in_the_order_of_their_times(
    moves: list[tuple[int, int]], counted: list[int]
) -> None:
    assert adjust(*moves) == counted


def test_nothing_is_taken_back_across_a_write_of_ours() -> None:
    assert adjust((1, 0), (-1, 10), writes=[5]) == [1, -1]
    assert adjust((-1, 0), (1, 10), writes=[5]) == [-1, 1]
    assert adjust((-1, 6), (1, 10), writes=[5]) == [0, 1]


def event(number: int, kind: EventKind, quantity: int, at: int, *, order_ref: str = "M-1") -> Event:
    return Event(str(number), kind, "A", quantity, at, order=order_ref or None)


def report(w: World, name: str, *batch: Event) -> None:
    for told in batch:
        w.database.write(record_events, EventOrigin(name, w.now), [told], w.comparison)


def begin(w: World) -> None:
    w.poll("warehouse", stock(A=10))
    w.poll("shop", stock(A=10))
    w.poll("market", stock(A=10))


def open_incidents(w: World) -> list[str]:
    return [found.message for found in w.database.read(incidents.open_incidents)]


def test_a_sale_that_comes_back_twice_lifts_no_target_and_is_an_incident(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        begin(w)
        report(
            w, "market",
            event(3, EventKind.CANCELLED, 2, w.now + 30), event(1, EventKind.ORDERED, 2, w.now),
            event(2, EventKind.RESTOCKED, 2, w.now + 20), event(1, EventKind.ORDERED, 2, w.now),
        )  # fmt: skip
        assert w.targets("shop") == {"A": 10}
        assert w.targets("market") == {"A": 10}
        (message,) = open_incidents(w)
        assert message == (
            "order M-1 gives back more of SKU A than it took: of event 3 (cancelled 2), 2 moves "
            "nothing"
        )
        # It is still there after the next events of the channel, and goes after a quiet day.
        later = event(9, EventKind.ORDERED, 1, w.now, order_ref="M-2")
        report(w, "market", later)
        w.database.write(events.end_conflict, "market", now=w.now)
        assert open_incidents(w) == [message]
        w.now += 25 * HOUR
        w.database.write(events.end_conflict, "market", now=w.now)
        assert open_incidents(w) == []


def test_what_returns_to_an_order_of_which_nothing_was_told_raises_nobody(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        begin(w)
        back = w.now
        report(w, "market", event(2, EventKind.CANCELLED, 2, back + 5))
        assert w.targets("shop") == {"A": 10}
        # What was taken is told late: now it is known, and both count.
        report(w, "market", event(1, EventKind.ORDERED, 2, back + 1))
        assert w.targets("shop") == {"A": 10}
        report(w, "market", event(3, EventKind.ORDERED, 1, back + 6))
        assert w.targets("shop") == {"A": 9}


def test_a_return_without_an_order_gives_back_what_its_channel_took_of_late(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        begin(w)
        report(w, "market", event(1, EventKind.RESTOCKED, 2, w.now, order_ref=""))
        assert w.targets("shop") == {"A": 10}
        report(w, "market", event(2, EventKind.ORDERED, 3, w.now))
        assert w.targets("shop") == {"A": 9}
        report(w, "market", event(3, EventKind.CANCELLED, 2, w.now + 1, order_ref=""))
        assert w.targets("shop") == {"A": 9}
        report(w, "market", event(4, EventKind.CANCELLED, 1, w.now + 2, order_ref=""))
        assert w.targets("shop") == {"A": 9}


def test_two_shops_may_both_have_an_order_1001(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        begin(w)
        at = w.now
        report(w, "shop", event(1, EventKind.ORDERED, 1, at, order_ref="1001"))
        report(w, "market", event(1, EventKind.ORDERED, 2, at, order_ref="1001"))
        assert w.targets("shop") == {"A": 7}
        w.now = at + 2 * HOUR
        report(w, "market", event(2, EventKind.ORDERED, 1, w.now, order_ref="1001"))
        assert w.targets("shop") == {"A": 6}


def test_two_lines_of_an_order_that_two_channels_report_count_twice(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        begin(w)
        report(w, "shop", event(1, EventKind.ORDERED, 1, w.now))
        report(
            w, "market",
            event(1, EventKind.ORDERED, 1, w.now + 5), event(2, EventKind.ORDERED, 1, w.now + 5),
        )  # fmt: skip
        assert w.targets("shop") == {"A": 8}


@pytest.mark.parametrize("turned", [False, True])
def test_a_number_that_is_mistyped_and_put_right_moves_no_target(
    tmp_path: Path,
    turned: bool,  # noqa: FBT001 - a way of telling it.
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        begin(w)
        typed = event(1, EventKind.ADJUSTED, -7, w.now, order_ref="")
        right = event(2, EventKind.ADJUSTED, 7, w.now + 60, order_ref="")
        report(w, "shop", *((right, typed) if turned else (typed, right)))
        assert w.targets("market") == {"A": 10}
        assert w.diff() == []
        report(w, "shop", event(3, EventKind.ADJUSTED, -3, w.now + 90, order_ref=""))
        assert w.targets("market") == {"A": 7}


def test_a_fall_that_the_number_no_longer_shows_without_an_event_still_lowers(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        begin(w)
        report(w, "shop", event(1, EventKind.ADJUSTED, -7, w.now, order_ref=""))
        w.poll("shop", stock(A=10))
        assert w.targets("shop") == {"A": 3}
