"""What a channel's own answers say of its rate limit: so many requests are left, of so many.

It is shown for every channel. A kind whose vendor means these headers plans by them, too
(`sync/transport/budgets/window.py`); otherwise our pace comes from the `rate` of the settings.

The headers, as read 2026-11-24 in the vendors' guides:
Shopify (REST)      X-Shopify-Shop-Api-Call-Limit: 32/40      used of all
BigCommerce         X-Rate-Limit-Requests-Left, -Requests-Quota, -Time-Reset-Ms
many others         X-RateLimit-Remaining, -Limit, -Reset; RateLimit-Remaining, -Limit, -Reset
IETF httpapi, 7     RateLimit: limit=100, remaining=50, reset=5
IETF httpapi, 10    RateLimit: "default";r=50;t=30 and RateLimit-Policy: "default";q=100;w=60
"""

import re
from collections.abc import Mapping

import msgspec

from store.model import Millis
from sync.transport.notices import ChannelNotices

TEXT_MAX = 200
"""A header is read no further than this, whatever a channel sends."""

_SLOW_DOWN = 429
_NUMBER = re.compile(r"\s*(\d{1,9})(?!\d)", re.ASCII)
_USED_OF = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", re.ASCII)
_IN_WORDS = {
    "left": re.compile(r"\b(?:remaining|r)=(\d{1,9})(?!\d)", re.ASCII),
    "of": re.compile(r"\b(?:limit|q)=(\d{1,9})(?!\d)", re.ASCII),
    "reset": re.compile(r"\b(?:reset|t)=(\d{1,9}(?:\.\d{1,9})?)(?![\d.])", re.ASCII),
}
_SPAN = re.compile(r"\s*(\d{1,13}(?:\.\d{1,9})?)\s*", re.ASCII)
_PAIRS = (
    ("x-rate-limit-requests-left", "x-rate-limit-requests-quota"),
    ("x-ratelimit-remaining", "x-ratelimit-limit"),
    ("ratelimit-remaining", "ratelimit-limit"),
)
_RESET_S = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
_EPOCH_S = 1_000_000_000
"""From here on a number of seconds is a time since 1970: nobody waits thirty years."""
_EPOCH_MS = 1000 * _EPOCH_S
RESET_MS_MAX = 86_400_000
"""A reset that lies further ahead is not believed."""


class RateLimit(msgspec.Struct, frozen=True):
    """Requests that the channel still takes, and of how many; as of its answer."""

    left: int
    of: int | None
    at: Millis
    unit: str | None = None
    """What they are where they are not requests: `points`."""


class RateLimitMeter(msgspec.Struct):
    """Keeps the headers of one channel's newest answer; they are read only when asked for."""

    headers: Mapping[str, str] | None = None
    status: int = 0
    at: Millis = 0
    points: tuple[int, int] | None = None
    """Of a vendor that counts points: how many are left, and of how many."""
    notices: ChannelNotices = msgspec.field(default_factory=ChannelNotices)
    """What its answers have announced."""

    def note(
        self,
        headers: Mapping[str, str],
        status: int,
        at: Millis,
        points: tuple[int, int] | None = None,
    ) -> None:
        """Take an answer. Its headers know no case."""
        self.headers, self.status, self.at = headers, status, at
        self.points = points or self.points

    def allowance(self) -> RateLimit | None:
        """What the newest answer says; None where it says nothing usable."""
        if self.headers is None:
            return None
        if self.points is not None:
            return RateLimit(*self.points, self.at, "points")
        left, of = remaining(self.headers)
        # A 429 means that nothing is left, whatever the same answer's headers say.
        if self.status == _SLOW_DOWN:
            left = 0
        if left is None:
            return None
        return RateLimit(left, of if of is not None and of >= left else None, self.at)


def remaining(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Read how many requests are left, and of how many, from an answer's headers."""
    used = _USED_OF.fullmatch(_header(headers, "x-shopify-shop-api-call-limit"))
    if used is not None:
        of = int(used[2])
        return max(0, of - int(used[1])), of
    for left_name, of_name in _PAIRS:
        left = _NUMBER.match(_header(headers, left_name))
        if left is not None:
            of_all = _NUMBER.match(_header(headers, of_name))
            return int(left[1]), None if of_all is None else int(of_all[1])
    # The two drafts of one header differ: `limit=100, remaining=50` and `"default";r=50;t=30` with
    # the limit in a header of its own. The patterns match whichever of the two is there.
    header = _header(headers, "ratelimit")
    left = _IN_WORDS["left"].search(header)
    if left is None:
        return None, None
    of_all = _IN_WORDS["of"].search(header) or _IN_WORDS["of"].search(
        _header(headers, "ratelimit-policy")
    )
    return int(left[1]), None if of_all is None else int(of_all[1])


def resets_in_ms(headers: Mapping[str, str], now: Millis) -> int | None:
    """How long until the requests are given anew; None where the answer does not say it usably."""
    given = _SPAN.fullmatch(_header(headers, "x-rate-limit-time-reset-ms"))
    if given is not None:
        return _believed_ms(float(given[1]))
    for name in _RESET_S:
        given = _SPAN.fullmatch(_header(headers, name))
        if given is not None:
            # Some vendors write the seconds until then, others a time, in seconds or thousandths.
            number = float(given[1])
            at_ms = number if number >= _EPOCH_MS else number * 1000
            return _believed_ms(at_ms - now if number >= _EPOCH_S else at_ms)
    given = _IN_WORDS["reset"].search(_header(headers, "ratelimit"))
    return None if given is None else _believed_ms(float(given[1]) * 1000)


def _believed_ms(span_ms: float) -> int | None:
    return max(0, round(span_ms)) if span_ms <= RESET_MS_MAX else None


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "")[:TEXT_MAX]
