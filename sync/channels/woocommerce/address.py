"""Where in a shop its REST API is. Pure.

WordPress has it at /wp-json/ where its permalinks are pretty, and at ?rest_route=/ everywhere.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from sync.channels.api import addresses

API = "wc/v3"
PLAIN_ROUTE = "rest_route="
_PRETTY = "/wp-json"
_OWN_NETWORK = (".local", ".internal", ".localhost", ".test")
_ROOT = re.compile(r'<([^<>]+)>\s*;[^,]*rel="?https://api\.w\.org/"?')


@dataclass(frozen=True, slots=True)
class ShopAddress:
    """The address of a WordPress site, without what follows it."""

    origin: str
    """Scheme, host and port."""
    path: str
    """Of the site: empty, or `/shop`; without a slash at its end."""
    is_plain: bool = False
    """Its permalinks are plain: the route stands in the query."""

    @classmethod
    def of(cls, url: str) -> "ShopAddress":
        """Take the shop's address, or the one of its API."""
        parts = urlsplit(url)
        path = parts.path.rstrip("/")
        is_plain = parts.query.startswith(PLAIN_ROUTE)
        if is_plain:
            path = path.removesuffix("/index.php")
        at = path.find(f"{_PRETTY}/") if f"{_PRETTY}/" in path else -1
        path = path[:at] if at >= 0 else path.removesuffix(_PRETTY)
        return cls(urlunsplit((parts.scheme, parts.netloc, "", "", "")), path, is_plain)

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def shop(self) -> str:
        """The site's own address, for messages."""
        return f"{self.origin}{self.path}"

    def plain(self) -> "ShopAddress":
        """The same site, asked as one whose permalinks are plain."""
        return ShopAddress(self.origin, self.path.removesuffix("/index.php"), is_plain=True)

    def url(self, route: str, query: Mapping[str, object] | None = None) -> str:
        """Where a route is: `wc/v3/products`; empty for the index of all routes."""
        written = "&".join(
            f"{name}={quote(str(value), ',')}" for name, value in (query or {}).items()
        )
        if self.is_plain:
            # With index.php in it: WooCommerce signs the address of a bare site without the slash
            # at its end, RFC 5849 with it (class-wc-rest-authentication.php, read 2026-11-30).
            more = f"&{written}" if written else ""
            return f"{self.shop}/index.php?{PLAIN_ROUTE}/{route}{more}"
        return f"{self.shop}{_PRETTY}/{route}{'?' if written else ''}{written}"


def said_in(link: str) -> ShopAddress | None:
    """Where the API is by the header `Link`, which WordPress sends with each of its pages.

    None where there is none.
    """
    found = _ROOT.search(link)
    if found is None or not addresses.named(found[1]).hostname:
        return None
    return ShopAddress.of(found[1])


def may_be_same(url: str, home: str) -> bool:
    """Whether two addresses may be of one shop: of one name, or both near to us.

    A shop elsewhere must not have us sign requests that are good at another one.
    """
    hosts = [(addresses.named(text).hostname or "").removeprefix("www.") for text in (url, home)]
    return "" not in hosts and (hosts[0] == hosts[1] or are_near(url, home))


def are_near(*urls: str) -> bool:
    """Whether all of these are on this machine or its own network, such as containers."""
    return all(_is_near(addresses.named(url).hostname or "") for url in urls)


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return ("." not in host and host != "") or host.endswith(
            (".local", ".internal", ".localhost", ".test")
        )
