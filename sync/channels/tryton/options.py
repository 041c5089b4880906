"""`[channels.NAME]` of the kind `tryton`: its keys, and what of them does not belong together."""

from urllib.parse import urlsplit

import msgspec

from sync.channels.api import addresses
from sync.secrets import SecretSource

_EXAMPLE = 'url = "https://erp.example/DATABASE"'


class TrytonOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    """The server's address, and the database's name: https://erp.example/acme."""
    username: str | SecretSource
    password: SecretSource
    company: int | None = None
    """The id of the company whose stock counts; by default the user's current one."""
    location: str | None = None
    """The id, code or name of the one warehouse or storage location that is read and written.

    Without it each warehouse is a location of its own, by its id."""

    def __post_init__(self) -> None:
        addresses.check("url", self.url, _EXAMPLE)
        if not urlsplit(addresses.base(self.url, ("/rpc",))).path.strip("/"):
            raise ValueError(f"url must end with the database's name: {_EXAMPLE}")
        if isinstance(self.username, str) and (not self.username or ":" in self.username):
            raise ValueError('username is empty or has a colon: write `username = "stock"`')
        if self.location is not None and not self.location.strip():
            raise ValueError('location is empty: write the code of a warehouse, `location = "WH"`')
