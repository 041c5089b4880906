"""`[channels.NAME]` of the kind `bigcommerce`: its keys, and what of them does not belong."""

import re
from urllib.parse import urlsplit

import msgspec

from sync.channels.api import addresses
from sync.secrets import SecretSource

_EXAMPLE = 'url = "https://api.bigcommerce.com/stores/HASH"'
_STORE = re.compile(r".*/stores/([A-Za-z0-9]{1,40})(/v[23])?/?", re.ASCII)


class BigCommerceOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    """The store's API path, which may end in /v3 as the control panel shows it."""
    access_token: SecretSource
    """Of a store-level API account, sent as `X-Auth-Token`."""
    location: str | None = None
    """The id of the one location that is read and written; without it, all are."""

    def __post_init__(self) -> None:
        addresses.check("url", self.url, _EXAMPLE)
        path = urlsplit(self.url).path
        if not _STORE.fullmatch(path):
            # A wrong hash is answered as a missing scope, and `store-HASH` is how a store's
            # address in the control panel begins.
            raise ValueError(
                f"url must be the store's API path, not its storefront or control panel: {_EXAMPLE}"
                ", with the store's hash as it stands after `store-` in the control panel's address"
            )
        if self.location is not None and not self.location.isdecimal():
            raise ValueError('location must be the number of a location: location = "1"')

    @property
    def base(self) -> str:
        """The address of the store's API, without a version."""
        return addresses.base(addresses.base(self.url, ("/v3", "/v2")))

    @property
    def store_hash(self) -> str:
        """The store's permanent id."""
        found = _STORE.fullmatch(urlsplit(self.url).path)
        return found[1] if found is not None else ""
