"""`[channels.NAME]` of the kind `ebay`: its keys, and what of them does not belong together."""

import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from sync.channels.api import addresses
from sync.secrets import SecretSource
from sync.values import quoted

PRODUCTION = "https://api.ebay.com"
SANDBOX = "https://api.sandbox.ebay.com"
SCOPE = "https://api.ebay.com/oauth/api_scope/sell.inventory"

_STOREFRONT = re.compile(r"(?:^|\.)ebay\.(?!com$)|^(?:www\.)?ebay\.com$|^(?:my|signin)\.ebay\.com$")
_MARKETPLACE = re.compile(r"EBAY_[A-Z_]{2,20}", re.ASCII)


class EbayOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    client_id: str | SecretSource
    """The App ID of the keyset in eBay's developer account."""
    client_secret: SecretSource
    """Its Cert ID."""
    refresh_token: SecretSource
    """What the seller's consent gave; it lives 18 months."""
    url: str = PRODUCTION
    token_url: str | None = None
    """Where tokens are got; by default at `url`."""
    scope: str = SCOPE
    """What is asked for: `…/sell.inventory.readonly` is enough for a channel that is observed."""
    marketplaces: list[str] = []
    """Offers on these alone are listings: `EBAY_DE`. Empty: on all."""
    calls_per_day: int = 2_000_000
    """How many calls of the Inventory API eBay allows the application in a day."""

    def __post_init__(self) -> None:
        _check_address("url", self.url)
        if urlsplit(self.url).path.strip("/"):
            raise ValueError(f'url must be the origin alone, such as "{PRODUCTION}"')
        if self.token_url is not None:
            _check_address("token_url", self.token_url)
        for marketplace in self.marketplaces:
            if not _MARKETPLACE.fullmatch(marketplace):
                raise ValueError(
                    f'marketplaces has {quoted(marketplace)}: write them as ["EBAY_DE", "EBAY_US"]'
                )
        if not self.scope.startswith("https://"):
            raise ValueError(f'scope is written as an address: "{SCOPE}"')
        if self.calls_per_day < 1:
            raise ValueError("calls_per_day must be at least 1, such as 2000000")

    @property
    def api(self) -> str:
        """Where the API begins."""
        return f"{self.url.rstrip('/')}/sell/inventory/v1"

    @property
    def tokens(self) -> str:
        """Where tokens are got."""
        return self.token_url or f"{self.url.rstrip('/')}/identity/v1/oauth2/token"


def _check_address(key: str, url: str) -> None:
    addresses.check(key, url, f'"{PRODUCTION}"')
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _STOREFRONT.search(host):
        raise ValueError(
            f'{key} is a site for shoppers: write "{PRODUCTION}", or "{SANDBOX}" to try things'
        )
    if parts.scheme == "http" and not _is_here(host):
        raise ValueError(f"{key} must begin with https://: over http anybody could read the token")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
