"""A limit of points that each query costs some of, as GraphQL answers tell it (Shopify).

`extensions.cost` of an answer has the points of the query as it was planned and as it was, and
`throttleStatus`: how many points there are at most, how many now, and how many come back a second.
Shopify takes the planned points at the start and gives back what was not needed (its guide to rate
limits, read 2026-11). The points are of one app in one shop, but another engine, or a script of the
merchant's with the same key, uses them too.
"""

import asyncio
from typing import TYPE_CHECKING, Annotated

import msgspec

from sync.clock import Clock
from sync.transport.budgets import base as budget

if TYPE_CHECKING:
    from sync.transport.call import Reply

POINTS_MAX = 10_000_000

_Points = Annotated[float, msgspec.Meta(ge=0, le=POINTS_MAX)]
_Some = Annotated[float, msgspec.Meta(gt=0, le=POINTS_MAX)]
_USED = "the points that it gives for queries are used up"
_OURS_USED = "our share of the points that it gives for queries (`rate_share`) is used up"


class _Throttle(msgspec.Struct, frozen=True, rename="camel"):
    maximum_available: _Some
    currently_available: Annotated[float, msgspec.Meta(ge=-POINTS_MAX, le=POINTS_MAX)]
    restore_rate: _Some


class _Cost(msgspec.Struct, frozen=True, rename="camel"):
    requested_query_cost: _Points | None = None
    actual_query_cost: _Points | None = None
    throttle_status: _Throttle | None = None


class _Extensions(msgspec.Struct, frozen=True):
    cost: _Cost | None = None


class _Answer(msgspec.Struct, frozen=True):
    extensions: _Extensions | None = None


_answers = msgspec.json.Decoder(_Answer)


class PointsBucket:
    """The points of one shop. Each query of the kind gets a `QueryBudget` of it.

    Takes `share` of what comes back, and of what may be saved up. Until an answer has told the
    limit, everything is let through.
    """

    def __init__(self, clock: Clock, share: float) -> None:
        self._clock = clock
        self._share = share
        self._status: _Throttle | None = None
        self._available = 0.0
        """Of the vendor's points, as of `_at`."""
        self._own = 0.0
        """Of our share of them; below zero where a query cost more than was saved up."""
        self._at = clock.now()
        self._paced_s = 0.0
        """How long after `_at` the next query may start where the others need much."""
        self._turns = asyncio.Lock()

    def query(self, expected: float) -> "QueryBudget":
        """The budget of one query, which costs about `expected` points until it is known."""
        return QueryBudget(self, expected)

    @property
    def left(self) -> tuple[int, int] | None:
        """How many points there are now, and of how many; None before an answer has told it."""
        status = self._pass()
        if status is None:
            return None
        return max(0, int(self._available)), int(status.maximum_available)

    async def take(self, points: float) -> None:
        """Wait until a query of so many points may start, in the order of asking."""
        async with self._turns:
            span_s, why = self._wait(points)
            await budget.wait(self._clock, span_s * 1000, why)
            status = self._pass()
            if status is not None:
                self._available -= points
                self._own = max(self._own - points, -status.maximum_available)
                self._paced_s = points / self._own_rate(status, points)

    def give_back(self, points: float) -> None:
        """A query did not need so many of the points that it took."""
        status = self._pass()
        if status is not None:
            self._own = min(self._own + points, status.maximum_available * self._share)

    def learn(self, status: "_Throttle") -> None:
        """Take the vendor's own word."""
        if self._pass() is None:
            self._own = status.maximum_available * self._share
        self._status = status
        self._available = min(status.currently_available, status.maximum_available)

    def _wait(self, points: float) -> tuple[float, str]:
        """How many seconds a query waits, and for what."""
        status = self._pass()
        if status is None:
            return 0, ""
        # One that costs more than there can be is for the vendor to refuse.
        need = min(points, status.maximum_available)
        vendor_s = (need - self._available) / status.restore_rate
        rate = self._own_rate(status, need)
        saved = min(need, status.maximum_available * self._share)
        own_s = min(saved - self._own, need) / rate
        if self._available - need < status.maximum_available * (1 - self._share):
            # Others use the points too: nothing of what we saved up, only what comes back.
            own_s = max(own_s, self._paced_s)
        return (vendor_s, _USED) if vendor_s > own_s else (own_s, _OURS_USED)

    def _own_rate(self, status: "_Throttle", points: float) -> float:
        return budget.own_rate_per_s(status.restore_rate, self._share, points)

    def _pass(self) -> "_Throttle | None":
        """Let the time pass: points come back."""
        now = self._clock.now()
        # A clock that was set back gives nothing; it takes nothing away either.
        passed_s = max(0, now - self._at) / 1000
        self._at = now
        self._paced_s = max(0.0, self._paced_s - passed_s)
        status = self._status
        if status is not None:
            restored = passed_s * status.restore_rate
            self._available = min(self._available + restored, status.maximum_available)
            own_max = status.maximum_available * self._share
            self._own = min(self._own + restored * self._share, own_max)
        return status


class QueryBudget:
    """What one query of a kind costs: as expected, then as the vendor said last."""

    def __init__(self, bucket: PointsBucket, expected: float) -> None:
        self._bucket = bucket
        self._points = expected

    async def turn(self) -> None:
        await self._bucket.take(self._points)

    def note(self, reply: "Reply") -> None:
        try:
            answer = _answers.decode(reply.body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return  # No cost that could be read: what was taken counts.
        cost = answer.extensions.cost if answer.extensions else None
        if cost is None:
            return
        taken = self._points
        if cost.requested_query_cost:
            self._points = cost.requested_query_cost
        if cost.throttle_status is not None:
            # Of a query that was not run, because there were too few points, there is no actual
            # cost: it cost nothing.
            self._bucket.give_back(taken - (cost.actual_query_cost or 0))
            self._bucket.learn(cost.throttle_status)

    def points(self) -> tuple[int, int] | None:
        return self._bucket.left
