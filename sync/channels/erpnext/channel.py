"""The `erpnext` kind: stock in the warehouses of an ERPNext site (15; its source, 2026-11)."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from store.model import Millis
from sync import secrets
from sync.channels.api.auth.access import FixedAccess
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.erpnext.access import TokenPairProof
from sync.channels.erpnext.kind import abilities
from sync.channels.erpnext.options import ErpNextOptions
from sync.channels.erpnext.reading import BinReader
from sync.channels.erpnext.site import ErpNextSite
from sync.channels.erpnext.writing import BinWriter
from sync.clock import Clock
from sync.secrets import SecretSource

if TYPE_CHECKING:
    from sync.transport.transport import Transport


def open_channel(
    name: str, options: ErpNextOptions, transport: "Transport", clock: Clock, base: Path
) -> "ErpNext":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    given = options.api_key
    key: str | secrets.Secret
    if isinstance(given, SecretSource):
        key = secrets.resolve(given, key=f"channels.{name}.api_key", base=base)
    else:
        key = given
    secret = secrets.resolve(options.api_secret, key=f"channels.{name}.api_secret", base=base)
    access = FixedAccess(TokenPairProof(key, secret))
    signed = SignedClient(transport, {"Accept": "application/json"}, access)
    client = VendorClient(
        name, signed, expects='the ERPNext site, such as "https://erp.example.com"'
    )
    return ErpNext(options, ErpNextSite(client, options), clock)


class ErpNext:
    """One site, its bins as listings."""

    def __init__(self, options: ErpNextOptions, site: ErpNextSite, clock: Clock) -> None:
        self.abilities = abilities(options)
        self._site = site
        self._reader = BinReader(site, options, clock)
        self._writer = BinWriter(site, self._reader, options.location)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.pages()

    def changed(self, since: Millis) -> AsyncIterator[RecordPage]:
        return self._reader.changed(since)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._reader.read(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set what lies in some bins, all of one company, in one document."""
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Say whose key it is, and how many warehouses that user sees."""
        user = self._site.client.text(await self._site.user())
        count = len(await self._site.warehouses())
        return f"signed in as {user}; {count} warehouse{'' if count == 1 else 's'} with stock"

    async def close(self) -> None:
        await self._site.client.aclose()
