"""Budgets: a share of the vendor's limit, learned from its answers, and never a standstill."""

import asyncio
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import Temporary
from sync.transport.budgets.base import SLOWEST_S, WAIT_S_MAX, Budget, TokenBucket, ending_within
from sync.transport.budgets.points import PointsBucket
from sync.transport.budgets.window import RequestWindow
from sync.transport.call import Reply
from tests.loopback import Answer, script
from tests.sync.scripted_channel import HandClock
from tests.sync.transport.budget_bench import cost, reply, sweep
from tests.sync.transport.test_transport import rig


class _Windowed:
    """A vendor with so many requests in each span, fixed at its beginning, for all apps."""

    def __init__(self, clock: HandClock, quota: int, span_ms: int = 30_000) -> None:
        self.clock, self.quota, self.span_ms = clock, quota, span_ms
        self.began, self.used, self.refused, self.ours = clock.now(), 0, 0, 0
        self.ours_in_span = [0]

    def ask(self, *, ours: bool = True) -> Reply:
        if self.clock.now() >= self.began + self.span_ms:
            self.began += (self.clock.now() - self.began) // self.span_ms * self.span_ms
            self.used = 0
            self.ours_in_span.append(0)
        if ours:
            self.ours += 1
            self.ours_in_span[-1] += 1
        left = max(0, self.quota - self.used - 1)
        is_over = self.used >= self.quota
        self.used += 1
        self.refused += is_over and ours
        return reply(
            {
                "x-rate-limit-requests-left": str(left),
                "x-rate-limit-requests-quota": str(self.quota),
                "x-rate-limit-time-reset-ms": str(self.began + self.span_ms - self.clock.now()),
            },
            status=429 if is_over else 200,
        )


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 1.0])
async def test_a_window_takes_its_share_of_each_span_and_at_least_one_request(share: float) -> None:
    clock = HandClock()
    vendor = _Windowed(clock, 50)
    await sweep(RequestWindow(clock, share), vendor.ask, 160)
    assert max(vendor.ours_in_span) <= max(1, math.ceil(50 * share))
    assert vendor.ours == 160
    assert vendor.refused == 0


@pytest.mark.parametrize("quota", [1, 2, 3])
async def test_a_window_of_few_requests_is_no_standstill(quota: int) -> None:
    clock = HandClock()
    vendor = _Windowed(clock, quota)
    await sweep(RequestWindow(clock, 0.01), vendor.ask, 10)
    assert vendor.refused == 0


async def test_requests_at_once_at_the_beginning_of_a_span_keep_to_the_share() -> None:
    clock = HandClock()
    vendor = _Windowed(clock, 20)
    window = RequestWindow(clock, 0.1)
    await sweep(window, vendor.ask, 2)
    clock.at += 30_000
    began = clock.now()
    for _ in range(2):
        await window.turn()
    assert clock.now() == began, "two are ours in each span"
    await window.turn()
    assert clock.now() - began == 30_000, "no answer has come, and the third waits all the same"


async def test_the_share_of_a_long_span_holds_in_each_of_them() -> None:
    clock = HandClock()
    vendor = _Windowed(clock, 20, 3_600_000)
    window = RequestWindow(clock, 0.5)
    for _ in range(3):
        await sweep(window, vendor.ask, 10)
        with pytest.raises(Temporary, match="our share of the requests") as raised:
            await window.turn()
        clock.at += round((raised.value.retry_after_s or 0) * 1000)
    assert vendor.ours_in_span == [10, 10, 10]


async def test_requests_that_are_never_answered_stop_nothing_for_long() -> None:
    clock = HandClock()
    vendor = _Windowed(clock, 4, 3_600_000)
    window = RequestWindow(clock, 0.5)
    await sweep(window, vendor.ask, 1)
    clock.at += 3_600_000
    began = clock.now()
    for _ in range(6):
        await window.turn()
    assert clock.now() - began <= 2 * WAIT_S_MAX * 1000


async def test_a_window_slows_down_where_the_other_apps_need_theirs() -> None:
    clock = HandClock()
    vendor = _Windowed(clock, 100)
    window = RequestWindow(clock, 0.5)
    began = clock.now()
    for _ in range(40):
        await window.turn()
        window.note(vendor.ask())
        if vendor.used < 90:
            vendor.ask(ours=False)
            vendor.ask(ours=False)
    assert vendor.refused == 0
    assert 15_000 < clock.now() - began < 60_000, "it left them time, and came on"


async def test_a_window_waits_where_nothing_is_left_and_goes_on_in_the_next() -> None:
    clock = HandClock()
    window = RequestWindow(clock, 0.5)
    window.note(reply({"x-rate-limit-requests-left": "0", "x-rate-limit-time-reset-ms": "12345"}))
    before = clock.now()
    await window.turn()
    assert clock.now() - before == 12_345


async def test_a_429_empties_a_window_whatever_its_headers_say() -> None:
    for headers, waits_ms in (
        ({}, 30_000),
        ({"retry-after": "7"}, 7_000),
        ({"x-rate-limit-time-reset-ms": "1500"}, 1_500),
        ({"x-rate-limit-requests-left": "50", "ratelimit-reset": "4"}, 4_000),
    ):
        clock = HandClock()
        window = RequestWindow(clock, 0.5)
        window.note(reply(headers, status=429))
        before = clock.now()
        await window.turn()
        assert clock.now() - before == waits_ms, headers


async def test_the_standard_headers_fill_a_window_too() -> None:
    for headers in (
        {"ratelimit": "limit=10, remaining=0, reset=9"},
        {"ratelimit": '"default";r=0;t=9', "ratelimit-policy": '"default";q=10;w=60'},
        {"ratelimit-remaining": "0", "ratelimit-limit": "10", "ratelimit-reset": "9"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-limit": "10", "x-ratelimit-reset": "epoch"},
    ):
        clock = HandClock()
        window = RequestWindow(clock, 0.5)
        epoch = str(clock.now() // 1000 + 9)
        window.note(reply({k: v.replace("epoch", epoch) for k, v in headers.items()}))
        before = clock.now()
        await window.turn()
        assert clock.now() - before == 9_000, headers


async def test_an_end_that_each_answer_moves_ahead_still_comes() -> None:
    clock = HandClock()
    window = RequestWindow(clock, 0.5)
    rolling = reply({"ratelimit": "limit=10, remaining=9, reset=30"})
    before = clock.now()
    await sweep(window, lambda: rolling, 30)
    assert clock.now() - before <= 6 * 30_000


_NONSENSE = st.sampled_from(["", "-5", "NaN", "Infinity", "-inf", "1e999", "9" * 300, "٣", "ten",
                             "0", "0.5", "3", "99999999999", "1/0", "12:00"])  # fmt: skip


@given(
    left=_NONSENSE,
    of=_NONSENSE,
    reset=_NONSENSE,
    rate=_NONSENSE,
    status=st.sampled_from([200, 429]),
)
def test_nonsense_in_headers_stops_nothing_for_ever(
    left: str, of: str, reset: str, rate: str, status: int
) -> None:
    async def run() -> None:
        clock = HandClock()
        headers = {
            "x-rate-limit-requests-left": left, "x-rate-limit-requests-quota": of,
            "x-rate-limit-time-reset-ms": reset, "ratelimit-reset": reset,
            "x-amzn-ratelimit-limit": rate,
        }  # fmt: skip
        for budget in (RequestWindow(clock, 0.5), TokenBucket(clock, 2, 2, 0.5)):
            before = clock.now()
            for _ in range(4):
                budget.note(reply(headers, status=status))
                await budget.turn()
            assert clock.now() - before <= 4 * WAIT_S_MAX * 1000

    asyncio.run(run())


async def test_amazons_bucket_learns_the_rate_and_what_a_429_means() -> None:
    clock = HandClock()
    bucket = TokenBucket(clock, 2, 2, 0.5)
    bucket.note(reply({"x-amzn-ratelimit-limit": "10.0"}))
    before = clock.now()
    for _ in range(12):
        await bucket.turn()
    assert clock.now() - before == 2_000, "2 at once, then 5 a second"
    bucket.note(reply(status=429))
    before = clock.now()
    await bucket.turn()
    assert clock.now() - before == 200


@pytest.mark.parametrize("rate", [0.0083, 0.5, 5, 100])
async def test_a_small_share_of_a_bucket_still_lets_one_request_through_in_ten_seconds(
    rate: float,
) -> None:
    clock = HandClock()
    bucket = TokenBucket(clock, rate, 1, 0.001)
    await bucket.turn()
    if rate < 1 / WAIT_S_MAX:
        with pytest.raises(Temporary, match="for another 121 s"):
            await bucket.turn()
        clock.at += 121_000
    before = clock.now()
    await bucket.turn()
    assert clock.now() - before <= SLOWEST_S * 1000


_MAKERS: dict[str, Callable[[HandClock], Budget]] = {
    "bucket": lambda clock: TokenBucket(clock, 1, 1, 0.5),
    "window": lambda clock: RequestWindow(clock, 0.5),
    "points": lambda clock: PointsBucket(clock, 0.5).query(1000),
}
_EMPTY = {
    "bucket": reply(status=429),
    "window": reply({"x-rate-limit-requests-left": "0", "x-rate-limit-requests-quota": "9",
                      "x-rate-limit-time-reset-ms": "20000"}),
    "points": cost(0, 1000, 50, asked=1000),
}  # fmt: skip


@pytest.mark.parametrize("sort", list(_MAKERS))
async def test_those_who_wait_come_in_the_order_of_asking(sort: str) -> None:
    clock = HandClock()
    budget = _MAKERS[sort](clock)
    budget.note(_EMPTY[sort])
    came: list[int] = []

    async def one(number: int) -> None:
        await budget.turn()
        came.append(number)

    await asyncio.gather(*(one(number) for number in range(3)))
    assert came == [0, 1, 2]


@pytest.mark.parametrize("sort", list(_MAKERS))
async def test_a_clock_that_is_set_back_neither_gives_nor_stops_anything(sort: str) -> None:
    clock = HandClock()
    budget = _MAKERS[sort](clock)
    budget.note(_EMPTY[sort])
    clock.at -= 3_600_000
    before = clock.now()
    await budget.turn()
    assert 0 < clock.now() - before <= 40_000


@pytest.mark.parametrize("sort", list(_MAKERS))
async def test_a_wait_beyond_the_polls_end_is_said_at_once(sort: str) -> None:
    clock = HandClock()
    budget = _MAKERS[sort](clock)
    budget.note(_EMPTY[sort])
    before = clock.now()
    async with ending_within(1.5), ending_within(600):
        with pytest.raises(
            Temporary, match=r"^not asked: .* used up for another \d+ s, .* raise `stale_after`$"
        ) as raised:
            await budget.turn()
    assert raised.value.retry_after_s is not None
    assert clock.now() == before
    await budget.turn()
    assert round((clock.now() - before) / 1000) == round(raised.value.retry_after_s), (
        "the refused turn took nothing"
    )


@pytest.mark.parametrize("sort", list(_MAKERS))
async def test_a_turn_that_is_cancelled_takes_nothing(sort: str) -> None:
    class Stopped(HandClock):
        async def sleep(self, span_ms: int) -> None:  # noqa: ARG002
            await asyncio.Event().wait()

    clock: HandClock = Stopped()
    budget = _MAKERS[sort](clock)
    budget.note(_EMPTY[sort])
    waiting = [asyncio.create_task(budget.turn()) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    clock.at += 40_000
    await asyncio.wait_for(budget.turn(), 1)


async def test_a_throttled_sweep_waits_for_the_vendors_reset_and_goes_on() -> None:
    throttled = Answer(status=429, headers={"X-Rate-Limit-Time-Reset-Ms": "25000"})
    async with rig(script(throttled, Answer(b"fine"))) as r:
        url = f"{r.server.url}/items"
        window = RequestWindow(r.clock, 0.5)
        reply = await r.transport.request("GET", url, repeatable=True, budget=window)
        assert reply.body == b"fine"
        assert 25 <= sum(r.clock.slept) / 1000 <= 25.6


async def test_a_limit_that_is_used_up_for_long_names_the_channel_and_is_not_asked() -> None:
    used_up = {"RateLimit-Remaining": "0", "RateLimit-Limit": "9", "RateLimit-Reset": "1800"}
    async with rig(script(Answer(b"fine", headers=used_up))) as r:
        url = f"{r.server.url}/items"
        window = RequestWindow(r.clock, 0.5)
        await r.transport.request("GET", url, repeatable=True, budget=window)
        words = r"^market not asked: the requests that its apps .* used up for another 1,800 s$"
        for repeatable in (True, False):
            with pytest.raises(Temporary, match=words) as raised:
                await r.transport.request("PUT", url, repeatable=repeatable, budget=window)
            assert raised.value.retry_after_s == 1800
        assert len(r.server.asked) == 1


async def test_a_429_without_retry_after_may_say_when_by_a_reset_and_a_503_not() -> None:
    for status, expected in ((429, 1800.0), (503, None)):
        answer = Answer(status=status, headers={"RateLimit-Reset": "1800"})
        async with rig(script(answer)) as r:
            with pytest.raises(Temporary) as raised:
                await r.read()
            assert raised.value.retry_after_s == expected
