"""The `bigcommerce` kind: a BigCommerce store through its V3 REST API (as of 2026-11-30)."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync import secrets
from sync.channels.api.auth.access import FixedAccess
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.bigcommerce.desk import BigDesk
from sync.channels.bigcommerce.kind import abilities
from sync.channels.bigcommerce.options import BigCommerceOptions
from sync.channels.bigcommerce.places import greeting
from sync.channels.bigcommerce.reading import BigReader
from sync.channels.bigcommerce.writing import BigWriter
from sync.clock import Clock
from sync.secrets import Secret

if TYPE_CHECKING:
    from sync.transport.transport import Transport

_EXPECTS = "a store's API path, such as https://api.bigcommerce.com/stores/HASH"


def open_channel(
    name: str, options: BigCommerceOptions, transport: "Transport", clock: Clock, base: Path
) -> "BigCommerce":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    key = f"channels.{name}.access_token"
    token = secrets.resolve(options.access_token, key=key, base=base)
    headers: dict[str, str | Secret] = {"X-Auth-Token": token, "Accept": "application/json"}
    signed = SignedClient(transport, headers, FixedAccess())
    client = VendorClient(name, signed, expects=_EXPECTS)
    return BigCommerce(options, BigDesk(client, options.base, clock))


class BigCommerce:
    """One store: its inventory items at their locations. Stateless but for what it may ask."""

    def __init__(self, options: BigCommerceOptions, desk: BigDesk) -> None:
        self.abilities = abilities(options)
        self._options = options
        self._desk = desk
        self._reader = BigReader(desk, options.location)
        self._writer = BigWriter(desk, self._reader, options.location)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.pages()

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._reader.read(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Name the store and its locations, and every scope that is missing."""
        said = await greeting(self._desk, self._options)
        return self._desk.client.text(said)

    async def close(self) -> None:
        await self._desk.client.aclose()
