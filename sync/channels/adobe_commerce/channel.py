"""The `adobe-commerce` kind: Adobe Commerce and Magento 2 with MSI (contract of 2.4.9, 2026-11).

What is compared is by default what shoppers of a website can buy: the salable quantity, which has
open orders taken off, as the authority's available has. What is written is a source's quantity.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync.channels.adobe_commerce import signing
from sync.channels.adobe_commerce.kind import abilities
from sync.channels.adobe_commerce.layout import AdobePlan
from sync.channels.adobe_commerce.options import AdobeCommerceOptions
from sync.channels.adobe_commerce.reading import AdobeReader
from sync.channels.adobe_commerce.search import AdobeSearch
from sync.channels.adobe_commerce.writing import AdobeWriter
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.clock import Clock

if TYPE_CHECKING:
    from sync.transport.transport import Transport


_EXPECTS = "the shop's address, such as https://shop.example, or the cloud service's REST API"


def open_channel(
    name: str,
    options: AdobeCommerceOptions,
    transport: "Transport",
    clock: Clock,
    base: Path,
) -> "AdobeCommerce":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    headers, access = signing.way_in(name, options, transport, clock, base)
    client = VendorClient(name, SignedClient(transport, headers, access), expects=_EXPECTS)
    return AdobeCommerce(options, AdobeSearch(client, options.rest, options.page_size))


class AdobeCommerce:
    """One shop. It keeps its token, where its stock is, and which products are not counted."""

    def __init__(self, options: AdobeCommerceOptions, search: AdobeSearch) -> None:
        self.abilities = abilities(options)
        self._client = search.client
        self._plan = AdobePlan(search, options)
        self._reader = AdobeReader(search, self._plan, options)
        by_source = options.figure == "sources"
        self._writer = AdobeWriter(search, self._plan, self._reader, by_source=by_source)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.pages()

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._reader.read(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Name the website's stock, its sources, and the one that is written."""
        layout = await self._plan.afresh()
        parts = [layout.stock, f"sources: {layout.shown}"]
        if layout.stock and layout.written is None:
            parts.append("nothing can be written until `source` names one of them")
        return self._client.text("; ".join(part for part in parts if part))

    async def close(self) -> None:
        await self._client.aclose()
