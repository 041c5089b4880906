"""The `ebay` kind: a seller's fixed-price listings, by the Sell Inventory API (1.18.5, 2026-11).

Each published offer is a listing, on its marketplace. It shows the lower of the item's ship-to-home
quantity and its own. A SKU that is offered on several marketplaces is several listings: with
`duplicates = "write-all"` they are one.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync import secrets
from sync.channels.api.auth.access import TokenAccess
from sync.channels.api.auth.grant import TokenDesk
from sync.channels.api.auth.oauth import ClientCredentials, OAuth
from sync.channels.api.auth.table import OAuthTable
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.ebay.desk import EbayDesk
from sync.channels.ebay.kind import abilities
from sync.channels.ebay.options import EbayOptions
from sync.channels.ebay.reading import EbayReader
from sync.channels.ebay.writing import EbayWriter
from sync.clock import Clock
from sync.secrets import SecretSource

if TYPE_CHECKING:
    from sync.transport.transport import Transport


def open_channel(
    name: str, options: EbayOptions, transport: "Transport", clock: Clock, base: Path
) -> "Ebay":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""

    def looked_up(key: str, source: SecretSource) -> secrets.Secret:
        return secrets.resolve(source, key=f"channels.{name}.{key}", base=base)

    client_id = options.client_id
    given = ClientCredentials(
        looked_up("client_id", client_id) if isinstance(client_id, SecretSource) else client_id,
        looked_up("client_secret", options.client_secret),
        looked_up("refresh_token", options.refresh_token),
        {},
    )
    # The guide has the application's keys sent as Basic only (OAuth: Using a refresh token).
    table = OAuthTable(
        url=options.tokens,
        client_id="",
        client_secret=options.client_secret,
        refresh_token=options.refresh_token,
        scope=options.scope,
        client_in="basic",
    )
    access = TokenAccess(
        OAuth(table, given, TokenDesk(name, options.tokens, transport, clock)), clock
    )
    signed = SignedClient(transport, {"Accept": "application/json"}, access)
    client = VendorClient(name, signed, expects='the API\'s origin, such as "https://api.ebay.com"')
    return Ebay(options, EbayDesk(client, options, clock))


class Ebay:
    """One seller's account."""

    def __init__(self, options: EbayOptions, desk: EbayDesk) -> None:
        self.abilities = abilities(options)
        self._options = options
        self._desk = desk
        self._reader = EbayReader(desk, options.marketplaces)
        self._writer = EbayWriter(desk, self._reader, options.api)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.pages()

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read every listing of the SKUs: one may have an offer more by now."""
        return await self._reader.read(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set what one offer shows, and leave what the SKU's other offers show."""
        return [await self._writer.write(change) for change in changes]

    async def sign_in(self) -> str:
        """Count the inventory items: this scope tells no seller's name."""
        count = await self._desk.count()
        items = "inventory items" if count is None else f"{count:,} inventory items"
        where = self._options.url.partition("://")[2].rstrip("/")
        return f"{items} of the seller whose refresh token it is, at {where}"

    async def close(self) -> None:
        await self._desk.client.aclose()
