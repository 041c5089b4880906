"""`[channels.NAME]` of the kind `amazon`: its keys, and what of them does not belong together."""

import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from sync import secrets
from sync.channels.amazon import marketplaces
from sync.secrets import SecretSource
from sync.values import quoted

AUTH_URL = "https://api.amazon.com/auth/o2/token"
DEFAULT = "DEFAULT"
"""What Amazon calls the stock of a seller who has no locations (its MLI guide, read 2026-11-30)."""

_SELLER = re.compile(r"[A-Za-z0-9]{3,32}", re.ASCII)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LOCATION_LENGTH_MAX = 200


class AmazonOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    client_id: str | SecretSource
    client_secret: SecretSource
    refresh_token: SecretSource
    seller_id: str
    """The seller's id, which Seller Central calls the merchant token."""
    marketplaces: tuple[str, ...]
    """Countries or ids, the most important first: a price is of that one. Kept as ids."""
    fulfilment: Literal["merchant", "fba"] = "merchant"
    """Whose stock: the seller's own, or what lies at Amazon, which can only be read."""
    location: str | None = None
    """Of multi-location inventory, the supply source that is read and written."""
    url: str = ""
    """Of the API; by default that of the marketplaces' region."""
    auth_url: str = AUTH_URL
    """Where access tokens are got."""

    def __post_init__(self) -> None:
        found = marketplaces.ids(self.marketplaces)
        # The Struct is frozen for everybody else. Nobody has seen it yet.
        msgspec.structs.force_setattr(self, "marketplaces", found)
        if not self.url:
            url = marketplaces.endpoint(found)
            if url is None:
                raise ValueError(
                    f"url is missing: Skew does not know the region of {found[0]}; "
                    f"write url = {quoted(marketplaces.EUROPE)}"
                )
            msgspec.structs.force_setattr(self, "url", url)
        _check_address("url", self.url)
        _check_address("auth_url", self.auth_url)
        marketplaces.check_url(self.url, found)
        if not _SELLER.fullmatch(self.seller_id):
            raise ValueError(
                f"seller_id {quoted(self.seller_id)} is not a seller's id: Seller Central shows it "
                'as the merchant token, such as "A2EXAMPLE7SELL"'
            )
        if self.location is not None:
            self._check_location(self.location)

    def _check_location(self, location: str) -> None:
        if self.fulfilment == "fba":
            raise ValueError('location has no effect with fulfilment = "fba": remove it')
        if not location or len(location) > _LOCATION_LENGTH_MAX or not location.isprintable():
            raise ValueError("location is not the id of a supply source: write it, or remove it")


def _check_address(key: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{key} must begin with https:// and a host")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError(f"{key} must begin with https://: credentials are sent there")
    if "@" in parts.netloc:
        raise ValueError(f"{key} must not contain a user or password: they have their own keys")
    secrets.refuse_in_url(key, url)
