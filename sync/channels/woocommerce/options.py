"""`[channels.NAME]` of the kind `woocommerce`: its keys, and what of them can't be."""

from urllib.parse import urlsplit

import msgspec

from sync import secrets
from sync.channels.woocommerce.address import PLAIN_ROUTE, ShopAddress
from sync.secrets import SecretSource


class WooCommerceOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    """Of the shop. What follows /wp-json is cut off; `?rest_route=` is for plain permalinks."""
    consumer_key: SecretSource
    consumer_secret: SecretSource

    def __post_init__(self) -> None:
        right = 'write the shop\'s address: url = "https://shop.example"'
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError(f"url is not an address: {right}") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise ValueError(f"url must begin with https:// or http:// and a host: {right}")
        if "@" in parts.netloc:
            raise ValueError(
                "url must not contain a user or password: they go into consumer_key and "
                f"consumer_secret; {right}"
            )
        secrets.refuse_in_url("url", self.url)
        if "/wp-admin" in parts.path or parts.path.endswith("/wp-login.php"):
            raise ValueError(f"url is that of the page where one manages the shop: {right}")
        if parts.fragment or (parts.query and not parts.query.startswith(PLAIN_ROUTE)):
            raise ValueError(f"url must not have `?` or `#` behind the shop's address: {right}")
        ShopAddress.of(self.url)
