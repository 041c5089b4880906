"""The `amazon` kind: a seller's stock on Amazon through the Selling Partner API (2026-08-05).

Either what the seller sends himself, which is read and written as listings, or what lies at Amazon
(FBA), which is only read. These are two channels on purpose: Amazon counts the one and the seller
the other, an update of one must never go to the other, and each has limits of its own.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from store.model import Record, Refused
from sync.channels.amazon import marketplaces
from sync.channels.amazon.api import PARTICIPATIONS, SellingPartnerApi
from sync.channels.amazon.fba import AmazonStockReader
from sync.channels.amazon.feeds import AmazonFeeds
from sync.channels.amazon.kind import abilities
from sync.channels.amazon.listings import AmazonListings
from sync.channels.amazon.options import AmazonOptions
from sync.channels.amazon.shapes import AmazonMarketplaceEntry, AmazonMarketplaces
from sync.channels.amazon.writing import AmazonWriter
from sync.channels.api.auth.access import TokenAccess
from sync.channels.api.auth.grant import TokenDesk
from sync.channels.api.auth.oauth import ClientCredentials, OAuth
from sync.channels.api.auth.table import OAuthTable
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.clock import Clock
from sync.errors import ContractBroken, NeedsOperator
from sync.secrets import Secret, SecretSource, resolve

if TYPE_CHECKING:
    from sync.transport.transport import Transport

_HEADERS = {"User-Agent": "Skew/1 (Language=Python)"}
"""Amazon wants it in this form ("Include a User-Agent header in all requests", 2026-11-30)."""

_FORBIDDEN = 403


def open_channel(
    name: str, options: AmazonOptions, transport: "Transport", clock: Clock, base: Path
) -> "Amazon":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    key = f"channels.{name}"

    def secret(source: SecretSource, what: str) -> Secret:
        return resolve(source, key=f"{key}.{what}", base=base)

    client_id: str | Secret = (
        options.client_id
        if isinstance(options.client_id, str)
        else secret(options.client_id, "client_id")
    )
    given = ClientCredentials(
        client_id,
        secret(options.client_secret, "client_secret"),
        secret(options.refresh_token, "refresh_token"),
        {},
    )
    table = OAuthTable(
        url=options.auth_url,
        client_id=options.client_id,
        client_secret=options.client_secret,
        refresh_token=options.refresh_token,
        client_in="body",
        header="x-amz-access-token",
    )
    source = OAuth(table, given, TokenDesk(name, options.auth_url, transport, clock))
    signed = SignedClient(transport, _HEADERS, TokenAccess(source, clock))
    expects = f"Amazon's API for sellers, such as {marketplaces.EUROPE}"
    api = SellingPartnerApi(VendorClient(name, signed, expects=expects), options.url, clock)
    return Amazon(options, api, transport, clock)


class Amazon:
    """One seller's listings, or what he has at Amazon."""

    def __init__(
        self,
        options: AmazonOptions,
        api: SellingPartnerApi,
        transport: "Transport",
        clock: Clock,
    ) -> None:
        self.abilities = abilities(options)
        self._options = options
        self._api = api
        self._listings = AmazonListings(options, api)
        self._stock = AmazonStockReader(options, api)
        feeds = AmazonFeeds(api, transport, clock, options.seller_id)
        self._writer = AmazonWriter(options, api, self._listings, feeds)

    @property
    def _is_fba(self) -> bool:
        return self._options.fulfilment == "fba"

    def pages(self) -> AsyncIterator[RecordPage]:
        reader = self._stock if self._is_fba else self._listings
        return reader.pages()

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        if self._is_fba:
            return await self._stock.few([listing.sku for listing in wanted])
        listings = await self._listings.few((listing.sku for listing in wanted), "read")
        places = {(listing.sku, listing.location) for listing in wanted}
        records: list[Record] = []
        refused: list[Refused] = []
        for found_listing in listings.values():
            if isinstance(found_listing, Refused):
                refused.append(found_listing)
                continue
            records += [
                record
                for record in found_listing.records.values()
                if (record.sku, record.location) in places
            ]
            refused += [bad for bad in found_listing.refused if (bad.sku, bad.location) in places]
        return FreshReadings(records, refused)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        if self._is_fba:
            words = "it lies at Amazon (FBA), where its quantity can't be written"
            return [Receipt(change, refused=words) for change in changes]
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Name the seller and his marketplaces, and prove that the stock can be read."""
        entries = await self._participations()
        seller = self._seen_marketplaces(entries)
        if self._is_fba:
            count = await self._stock.look()
            return f"{seller}: FBA stock, {count} SKUs on the first page"
        first = marketplaces.name_of(self._options.marketplaces[0])
        return f"{seller}: {await self._listings.look():,} listings in {first}"

    async def close(self) -> None:
        await self._api.client.aclose()

    async def _participations(self) -> Sequence[AmazonMarketplaceEntry]:
        """The seller's marketplaces; none where the app may not see them."""
        # It needs a role that reading and writing stock do not, and only names what they show.
        try:
            answer = await self._api.read(
                PARTICIPATIONS, "/sellers/v1/marketplaceParticipations", None, AmazonMarketplaces
            )
        except NeedsOperator as error:
            if error.status != _FORBIDDEN:
                raise
            return ()
        except ContractBroken:
            return ()
        return answer.payload

    def _seen_marketplaces(self, entries: Sequence[AmazonMarketplaceEntry]) -> str:
        """Raises NeedsOperator for a marketplace in which he does not sell."""
        seller = f"seller {self._options.seller_id}"
        if not entries:
            named = map(marketplaces.name_of, self._options.marketplaces)
            return f"{seller} in {', '.join(named)}"
        selling = {
            entry.marketplace.id: entry for entry in entries if entry.participation.is_participating
        }
        known = ", ".join(map(marketplaces.name_of, selling))
        for marketplace in self._options.marketplaces:
            if marketplace not in selling:
                raise NeedsOperator(
                    f"{self._api.client.name}: {seller} does not sell in "
                    f"{marketplaces.name_of(marketplace)}; in this region: {known or 'nowhere'}"
                )
        here = [selling[marketplace] for marketplace in self._options.marketplaces]
        parts = [self._api.client.text(_named(entry)) for entry in here]
        store = next((entry.store_name for entry in here if entry.store_name), None)
        name = f"{self._api.client.text(store)}, {seller}" if store else seller
        return f"{name} in {', '.join(parts)}"


def _named(entry: AmazonMarketplaceEntry) -> str:
    name = entry.marketplace.name or entry.marketplace.id
    return f"{name} (listings suspended)" if entry.participation.has_suspended_listings else name
