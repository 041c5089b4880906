"""What a channel's own answers say of its rate limit: so many requests are left, of so many.

It is only shown: our own pace comes from the `rate` of the settings, and Retry-After makes us wait.

The headers, as read 2026-11-24 in the vendors' guides:
Shopify (REST)      X-Shopify-Shop-Api-Call-Limit: 32/40      used of all
BigCommerce         X-Rate-Limit-Requests-Left, X-Rate-Limit-Requests-Quota
many others         X-RateLimit-Remaining, X-RateLimit-Limit; RateLimit-Remaining, RateLimit-Limit
IETF httpapi, 7     RateLimit: limit=100, remaining=50, reset=5
IETF httpapi, 10    RateLimit: "default";r=50;t=30 and RateLimit-Policy: "default";q=100;w=60
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from store.model import Millis

TEXT_MAX = 200
"""A header is read no further than this, whatever a channel sends."""

_SLOW_DOWN = 429
_NUMBER = re.compile(r"\s*(\d{1,9})(?!\d)", re.ASCII)
_USED_OF = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", re.ASCII)
_IN_WORDS = {
    "left": re.compile(r"\b(?:remaining|r)=(\d{1,9})(?!\d)", re.ASCII),
    "of": re.compile(r"\b(?:limit|q)=(\d{1,9})(?!\d)", re.ASCII),
}
_PAIRS = (
    ("x-rate-limit-requests-left", "x-rate-limit-requests-quota"),
    ("x-ratelimit-remaining", "x-ratelimit-limit"),
    ("ratelimit-remaining", "ratelimit-limit"),
)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests that the channel still takes, and of how many; as of its answer."""

    left: int
    of: int | None
    at: Millis


@dataclass(slots=True)
class RateLimitMeter:
    """Keeps the headers of one channel's newest answer; they are read only when asked for."""

    headers: Mapping[str, str] | None = None
    status: int = 0
    at: Millis = 0

    def note(self, headers: Mapping[str, str], status: int, at: Millis) -> None:
        """Take an answer. Its headers know no case."""
        self.headers, self.status, self.at = headers, status, at

    def allowance(self) -> RateLimit | None:
        """What the newest answer says; None where it says nothing usable."""
        if self.headers is None:
            return None
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


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "")[:TEXT_MAX]
