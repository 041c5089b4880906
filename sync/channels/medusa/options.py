"""`[channels.NAME]` of the kind `medusa`: its keys, and what of them does not belong together."""

from typing import Literal

import msgspec

from sync.channels.api import addresses
from sync.secrets import SecretSource


class MedusaOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    """Of Medusa's server, which may end in /admin or, as its dashboard's, in /app."""
    secret_key: SecretSource | None = None
    """A secret API key (`sk_…`), sent as the user of HTTP Basic."""
    email: str | SecretSource | None = None
    password: SecretSource | None = None
    location: str | None = None
    """The id of the one stock location that is read and written; without it, all are."""
    sku_of: Literal["item", "variant"] = "item"
    """Whose SKU counts where an inventory item and its variant have different ones."""

    def __post_init__(self) -> None:
        addresses.check("url", self.url, 'url = "https://medusa.example"')
        given = [key is not None for key in (self.email, self.password, self.secret_key)]
        if given not in ([True, True, False], [False, False, True]):
            raise ValueError(
                'secret_key, or email and password: sign in with `secret_key = { env = "NAME" }`, '
                'or with `email = "…"` and `password = { env = "NAME" }`'
            )
        if self.location is not None and not self.location.strip():
            raise ValueError('location is empty: write the id of a stock location, "sloc_01…"')
