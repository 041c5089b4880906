"""What a channel's answers say of its rate limit, read from its headers and kept with it."""

from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.database.connection import Database
from store.queries import status_counts
from sync.clock import SystemClock
from sync.config.load import load
from sync.engine.engine import Engine
from sync.transport.rate_limit import RateLimit, RateLimitMeter, remaining
from tests.loopback import Answer, ReceivedRequest, serving


@pytest.mark.parametrize(
    ("headers", "left", "of"),
    [
        ({"X-Shopify-Shop-Api-Call-Limit": "32/40"}, 8, 40),
        ({"X-Shopify-Shop-Api-Call-Limit": "41/40"}, 0, 40),
        ({"X-Rate-Limit-Requests-Left": "149", "X-Rate-Limit-Requests-Quota": "150"}, 149, 150),
        ({"X-RateLimit-Remaining": "17", "X-RateLimit-Limit": "100"}, 17, 100),
        ({"X-RateLimit-Remaining": "17"}, 17, None),
        ({"RateLimit-Remaining": "9", "RateLimit-Limit": "10, 10;w=1, 50;w=60"}, 9, 10),
        ({"RateLimit": "limit=100, remaining=50, reset=5"}, 50, 100),
        ({"RateLimit": '"day";r=50;t=30', "RateLimit-Policy": '"day";q=100;w=60'}, 50, 100),
        ({"X-RateLimit-Remaining": "many"}, None, None),
        ({"X-RateLimit-Remaining": "-1"}, None, None),
        ({"X-RateLimit-Remaining": "9" * 12}, None, None),
        ({"RateLimit": "x" * 400 + "remaining=3"}, None, None),
        ({"Retry-After": "3"}, None, None),
        ({}, None, None),
    ],
)
def test_the_headers_of_the_trade_are_understood(
    headers: dict[str, str], left: int | None, of: int | None
) -> None:
    assert remaining(httpx.Headers(headers)) == (left, of)


def test_after_too_many_requests_nothing_is_left() -> None:
    meter = RateLimitMeter()
    assert meter.allowance() is None

    meter.note(httpx.Headers({"X-RateLimit-Limit": "100"}), 429, 7)
    assert meter.allowance() == RateLimit(0, None, 7)
    meter.note(httpx.Headers({"X-RateLimit-Remaining": "5", "X-RateLimit-Limit": "100"}), 429, 8)
    assert meter.allowance() == RateLimit(0, 100, 8)
    meter.note(httpx.Headers({"X-RateLimit-Remaining": "5", "X-RateLimit-Limit": "3"}), 200, 9)
    assert meter.allowance() == RateLimit(5, None, 9)


NAMES = (
    "X-Shopify-Shop-Api-Call-Limit", "X-Rate-Limit-Requests-Left", "X-RateLimit-Remaining",
    "X-RateLimit-Limit", "RateLimit", "RateLimit-Policy",
)  # fmt: skip


@pytest.mark.long
@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters(codec="latin-1"))))
def test_no_header_does_any_harm(headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    left, of = remaining(httpx.Headers(raw))

    assert left is None or 0 <= left < 10**9
    assert of is None or 0 <= of < 10**9


def test_points_stand_in_place_of_requests() -> None:
    meter = RateLimitMeter()
    meter.note({"ratelimit-remaining": "7"}, 200, 5, (1850, 2000))
    assert meter.allowance() == RateLimit(1850, 2000, 5, "points")
    meter.note({}, 200, 6)
    assert meter.allowance() == RateLimit(1850, 2000, 6, "points"), "a query without them"


CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "shop"
[channels.shop]
kind = "http"
url = "{url}/stock"
items = "items"
rate = 50
[channels.shop.fields]
sku = "sku"
available = "available"
"""


async def test_a_poll_keeps_what_the_channel_said_and_what_we_hold_ourselves_to(
    tmp_path: Path,
) -> None:
    limits = {"X-RateLimit-Remaining": "38", "X-RateLimit-Limit": "40"}
    body = {"items": [{"sku": "A", "available": 3}]}
    path = tmp_path / "skew.toml"

    def answer(_: ReceivedRequest) -> Answer:
        return Answer(body, headers=limits)

    with serving(answer) as server:
        path.write_text(CONFIGURATION.format(url=server.url))
        settings = load(path, {})
        with Database.open(settings.database) as database:
            engine = Engine(settings, database, clock=SystemClock(), holder="the test")
            before = SystemClock().now()
            await engine.poll()
            (shop,) = database.read(status_counts.channels, now=SystemClock().now())

    assert (shop.allowance_left, shop.allowance_of) == (38, 40)
    assert shop.allowance_at is not None
    assert shop.allowance_at >= before
    assert shop.rate_per_s == 50
