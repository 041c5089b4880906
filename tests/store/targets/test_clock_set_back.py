"""After our clock was set back, what was noted before holds nothing up for as long."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.corrections import decisions, lifecycle
from store.model import CorrectionStatus, Status
from store.reasons import Reason
from tests.store.targets.test_pending_events import pending, report, sold
from tests.store.world import MINUTE, World, channel, stock, world

HOUR = 60 * MINUTE
SETTLE = 5 * MINUTE


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    shop = channel("shop", settle_reduce_ms=SETTLE, settle_raise_ms=SETTLE)
    with world(tmp_path, shop) as here:
        here.twice("warehouse", stock(A=9))
        here.twice("shop", stock(A=9))
        yield here


def read_again(w: World, *, truth: int, shop: int) -> None:
    for _ in range(2):
        w.poll("warehouse", stock(A=truth))
        w.poll("shop", stock(A=shop))


@pytest.mark.parametrize("back_ms", [2 * MINUTE, 3 * HOUR, 400 * 24 * HOUR])
@pytest.mark.parametrize("target", [4, 12])
def test_what_settled_then_settles_once_more_and_no_longer(
    w: World, target: int, back_ms: int
) -> None:
    w.poll("warehouse", stock(A=target))
    w.poll("shop", stock(A=9))
    w.now -= back_ms

    read_again(w, truth=target, shop=9)
    assert w.only().status is Status.SETTLING
    assert (w.only().decidable_at or 0) <= w.now + back_ms + SETTLE
    w.now += SETTLE + 2 * MINUTE
    read_again(w, truth=target, shop=9)

    assert w.only().status is Status.OPEN
    assert [update.to_quantity for update in w.updates()] == [target]


@pytest.mark.parametrize("back_ms", [2 * MINUTE, 3 * HOUR])
def test_a_fall_that_was_seen_then_holds_a_raise_until_the_authority_was_read_after_it(
    w: World, back_ms: int
) -> None:
    w.twice("shop", stock(A=6))
    w.now -= back_ms

    read_again(w, truth=9, shop=6)
    w.now += 2 * MINUTE
    read_again(w, truth=9, shop=6)

    assert [update.to_quantity for update in w.updates()] == [9]
    assert w.overview().open == 1


def test_until_both_are_read_again_nothing_is_raised(w: World) -> None:
    w.poll("warehouse", stock(A=9))
    w.now += 3 * MINUTE
    w.twice("shop", stock(A=6))
    w.now -= 8 * MINUTE

    w.twice("shop", stock(A=6))
    assert (w.only().reason, w.updates()) == (Reason.AUTHORITY_BEHIND, [])
    w.poll("warehouse", stock(A=9))
    assert [update.to_quantity for update in w.updates()] == [9]


def test_a_number_that_was_read_once_is_raised_only_when_it_was_read_again(w: World) -> None:
    w.now += 3 * MINUTE
    w.poll("shop", stock(A=6))
    w.now -= 5 * MINUTE

    w.poll("warehouse", stock(A=9))
    assert w.updates() == []
    w.poll("shop", stock(A=6))
    w.poll("warehouse", stock(A=9))
    assert [update.to_quantity for update in w.updates()] == [9]


def test_an_approval_from_ahead_is_handed_back_for_a_person_to_decide_again(w: World) -> None:
    w.now += SETTLE
    read_again(w, truth=4, shop=9)
    w.now += 2 * SETTLE
    read_again(w, truth=4, shop=9)
    (update,) = w.updates()
    w.database.write(
        decisions.approve, [(update.id, update.version)], who="ana", now=w.now, hold_ms=30_000,
        expires_ms=15 * MINUTE,
    )  # fmt: skip
    w.now -= HOUR

    assert w.database.write(lifecycle.due, now=w.now) == []
    (update,) = w.updates()
    assert update.status is CorrectionStatus.PROPOSED
    (why,) = w.rows("SELECT note FROM audit ORDER BY id DESC LIMIT 1")
    assert why == ("the clock was set back since it was approved",)


def test_a_sale_that_was_seen_then_is_pending_until_the_authority_was_read_after_it(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("market", stock(A=9))
        report(w, "shop", sold("o1", w.now, quantity=2))
        assert w.targets("market") == {"A": 7}
        w.now -= 3 * HOUR
        w.poll("market", stock(A=9))
        assert pending(w) == -2
        for _ in range(5):
            w.poll("warehouse", stock(A=7))
            w.poll("market", stock(A=9))

        assert pending(w) == 0
        assert w.targets("market") == {"A": 7}


def test_a_sale_that_the_authority_had_seen_then_stays_seen(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("market", stock(A=9))
        report(w, "shop", sold("o1", w.now, quantity=2))
        w.poll("warehouse", stock(A=7))
        assert pending(w) == 0
        w.now -= 3 * HOUR
        for truth in (6, 5):
            w.poll("warehouse", stock(A=truth))

            assert (pending(w), w.targets("market")) == (0, {"A": truth})
