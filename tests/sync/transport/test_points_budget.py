"""The points of GraphQL shops: taken to our share, learned from answers."""

import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync.errors import Temporary
from sync.transport.budgets.base import SLOWEST_S, WAIT_S_MAX
from sync.transport.budgets.points import PointsBucket
from sync.transport.call import Reply
from tests.sync.scripted_channel import HandClock
from tests.sync.transport.budget_bench import cost, reply, sweep


class _Pointed:
    """A shop of Shopify's: points that come back, the planned cost taken, the rest given back."""

    def __init__(
        self, clock: HandClock, most: float, rate: float, asked: float, cost: float
    ) -> None:
        self.clock, self.most, self.rate, self.asked, self.cost = clock, most, rate, asked, cost
        self.points, self.at, self.throttled, self.least = most, clock.now(), 0, most

    def use(self, points: float) -> None:
        self.points -= points

    def ask(self) -> Reply:
        now = self.clock.now()
        self.points = min(self.most, self.points + (now - self.at) / 1000 * self.rate)
        self.at = now
        if self.points < self.asked:
            self.throttled += 1
            return cost(self.points, self.most, self.rate, self.asked, None)
        self.points -= self.cost
        self.least = min(self.least, self.points)
        return cost(self.points, self.most, self.rate, self.asked, self.cost)


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
@pytest.mark.parametrize(("most", "rate"), [(2000, 100), (1000, 50), (40_000, 2000)])
async def test_points_are_taken_to_our_share(share: float, most: float, rate: float) -> None:
    clock = HandClock()
    shop = _Pointed(clock, most, rate, asked=300, cost=250)
    query = PointsBucket(clock, share).query(300)
    began = clock.now()
    await sweep(query, shop.ask, 100)
    took_s = (clock.now() - began) / 1000
    assert shop.throttled == 0
    # What was saved up, and then what comes back; never slower than one in `SLOWEST_S`.
    own = max(share * rate, min(rate, 300 / SLOWEST_S))
    assert share * most + own * took_s + 2 * 300 >= 100 * 250
    assert took_s <= 100 * 300 / own
    assert shop.least >= most * (1 - share) - 300 or own > share * rate


async def test_points_that_others_use_make_queries_wait() -> None:
    clock = HandClock()
    shop = _Pointed(clock, 1000, 50, asked=100, cost=100)
    query = PointsBucket(clock, 0.5).query(100)
    await sweep(query, shop.ask, 1)
    shop.use(850)
    query.note(cost(shop.points, 1000, 50, 100, 0))
    before = clock.now()
    await query.turn()
    assert (clock.now() - before) / 1000 >= 1, "50 points are there, 100 are needed"
    assert shop.ask().status == 200
    assert shop.throttled == 0


async def test_a_query_learns_what_it_costs_and_one_beyond_all_points_is_sent() -> None:
    clock = HandClock()
    bucket = PointsBucket(clock, 0.5)
    query = bucket.query(10)
    query.note(cost(0, 1000, 100, asked=5000, cost=0))
    before = clock.now()
    await query.turn()
    assert clock.now() - before == 10_000, "when all points are there, the vendor may decide"
    assert bucket.left == (0, 1000)


@example(now=0.0, most=1.0, rate=2.2250738585e-313, asked=None)
@given(
    now=st.floats(), most=st.floats(), rate=st.floats(),
    asked=st.one_of(st.none(), st.floats(), st.text(max_size=3)),
)  # fmt: skip
def test_nonsense_for_points_stops_nothing(
    now: float, most: float, rate: float, asked: Any
) -> None:
    async def run() -> None:
        clock = HandClock()
        bucket = PointsBucket(clock, 0.5)
        query = bucket.query(10)
        query.note(cost(now, most, rate, asked))
        before = clock.now()
        with contextlib.suppress(Temporary):
            await query.turn()
        assert clock.now() - before <= WAIT_S_MAX * 1000 + 1

    asyncio.run(run())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"extensions":{"cost":7}}',
                                  b'{"extensions":{"cost":{}}}', b"[" * 50_000,
                                  b"\xff"])  # fmt: skip
async def test_an_answer_without_a_cost_teaches_nothing(body: bytes) -> None:
    clock = HandClock()
    bucket = PointsBucket(clock, 0.5)
    query = bucket.query(10)
    query.note(reply(body=body))
    await query.turn()
    assert (clock.now(), bucket.left) == (HandClock().now(), None)
