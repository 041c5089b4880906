"""The HTTP client of one channel: whom it trusts, how many connections, no cookies."""

import functools
import http.cookiejar
import importlib.util
import ipaddress
import ssl
import sys

import httpx


def origin(url: str) -> tuple[str, str, int | None]:
    """Reduce a URL to scheme, host and port, which must be equal for a credential to be sent.

    An unreadable one equals no channel's origin.
    """
    # httpx itself parses it, because httpx will also send the request: a URL that two parsers take
    # for two different hosts could otherwise lead a credential away.
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return ("", "", None)
    return (parsed.scheme, parsed.host, parsed.port)


def is_same_site(url: str, other: tuple[str, str, int | None]) -> bool:
    """Whether a URL is of the same host as an origin, with or without `www.`."""
    hosts = {origin(url)[1].removeprefix("www."), other[1].removeprefix("www.")}
    return len(hosts) == 1


def client(url: str, *, timeout_s: float, connections_max: int) -> httpx.AsyncClient:
    """Make the client for a channel at `url`; `timeout_s` is of each step of an exchange."""
    _spare_searches()
    trusts_environment = not _is_loopback(url)
    made = httpx.AsyncClient(
        timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
        limits=httpx.Limits(
            max_connections=connections_max, max_keepalive_connections=connections_max
        ),
        follow_redirects=False,
        # The environment's proxies and certificates count, but a proxy must never stand between
        # this machine and itself: the demo and the tests talk to loopback.
        trust_env=trusts_environment,
        verify=_certificates(trusts_environment),
    )
    # A session must be one that we send on purpose: cookies are neither kept nor sent.
    made.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return made


@functools.cache
def _spare_searches() -> None:
    """Say once that `sniffio` is not installed, where it is not."""
    # httpcore imports it some ten times a request, to be told which library runs the loop. Where it
    # is not there, Python looks through every folder of its path each time, which is a quarter of a
    # request. Source: httpcore 1.0.9, `_synchronization.py`, read 2026-11-30.
    if "sniffio" not in sys.modules and importlib.util.find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]


@functools.cache
def _certificates(trusts_environment: bool) -> ssl.SSLContext:  # noqa: FBT001 - a key of the cache.
    """Whom we trust. Loading the certificates takes 50 ms, so all clients share them."""
    return httpx.create_ssl_context(trust_env=trusts_environment)


def _is_loopback(url: str) -> bool:
    host = origin(url)[1]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
