"""`[channels.NAME]` of the kind `vendure`: its keys, and what of them does not belong together."""

from urllib.parse import urlsplit

import msgspec

from sync import secrets
from sync.secrets import SecretSource


class VendureOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    """Of the Admin API, which usually ends in /admin-api."""
    api_key: SecretSource | None = None
    """Sent as `vendure-api-key`. Slow: 250 ms a call against 5 ms for a signed-in user."""
    username: str | SecretSource | None = None
    password: SecretSource | None = None
    stock_location: str | None = None
    """The id of the location that corrections are written to; by default a variant's first."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("url must begin with http:// or https:// and a host")
        if "@" in parts.netloc:
            raise ValueError("url must not contain a user or password: they have their own keys")
        secrets.refuse_in_url("url", self.url)
        given = [key is not None for key in (self.username, self.password, self.api_key)]
        if given not in ([True, True, False], [False, False, True]):
            raise ValueError("sign in with username and password, or with api_key")
