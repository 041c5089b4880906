"""The `woocommerce` kind: a WordPress shop through WooCommerce's REST API v3."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.woocommerce import writing
from sync.channels.woocommerce.access import KeyAccess
from sync.channels.woocommerce.address import ShopAddress
from sync.channels.woocommerce.kind import ABILITIES
from sync.channels.woocommerce.options import WooCommerceOptions
from sync.channels.woocommerce.reading import CatalogueReader
from sync.channels.woocommerce.shop import ShopClient
from sync.channels.woocommerce.writing import CatalogueWriter
from sync.clock import Clock
from sync.secrets import resolve

if TYPE_CHECKING:
    from sync.transport.transport import Transport


def open_channel(
    name: str, options: WooCommerceOptions, transport: "Transport", clock: Clock, base: Path
) -> "WooCommerce":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    key = resolve(options.consumer_key, key=f"channels.{name}.consumer_key", base=base)
    secret = resolve(options.consumer_secret, key=f"channels.{name}.consumer_secret", base=base)
    where = ShopAddress.of(options.url)
    access = KeyAccess(key, secret, clock, where)
    return WooCommerce(ShopClient(name, transport, access, where))


class WooCommerce:
    """One shop, its products and variations as listings."""

    def __init__(self, shop: ShopClient) -> None:
        self.abilities = ABILITIES
        self._shop = shop
        self._reader = CatalogueReader(shop)
        self._writer = CatalogueWriter(shop, self._reader)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.all()

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._reader.few(wanted)

    def address(self, listing: ListingRef) -> str:
        return writing.address_of(listing.ref)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Write changes of one product's variations, or of products."""
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        seen = await self._reader.look()
        return self._shop.struck(f"{await self._shop.shop_name()}: {seen}")

    async def close(self) -> None:
        await self._shop.aclose()
