"""The `url` of a kind that asks an API: what it must not be, and what people paste in its place.

Also the addresses that an API names, which may be anything.
"""

from collections.abc import Sequence
from urllib.parse import SplitResult, urljoin, urlsplit

from sync import secrets


def check(key: str, url: str, example: str) -> None:
    """Raise ValueError, beginning with the key, for what is not the address of an API."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{key} must begin with https:// and a host: {example}")
    if "@" in parts.netloc:
        raise ValueError(f"{key} must not contain a user or password: they have their own keys")
    secrets.refuse_in_url(key, url)
    if parts.query or parts.fragment:
        raise ValueError(f"{key} must end before `?` and `#`: {example}")


def base(url: str, tails: Sequence[str] = ()) -> str:
    """The address without a slash at its end, and without the first of `tails` that it ends in."""
    bare = url.rstrip("/")
    tail = next((tail for tail in tails if bare.endswith(tail)), "")
    return bare.removesuffix(tail).rstrip("/")


def named(url: str, base: str = "") -> SplitResult:
    """Take apart an address that a channel names, seen from `base`; all empty for what is none."""
    try:
        return urlsplit(urljoin(base, url))
    except ValueError:
        # Such as `https://[`, whose host would be one of IPv6.
        return SplitResult("", "", "", "", "")
