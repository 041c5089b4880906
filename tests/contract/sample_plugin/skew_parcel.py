"""The kind `parcel`: the stock of a parcel depot, which is made up, through its made-up API.

It is the least that a kind needs: start your own from it.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from store.model import Record, Refused
from sync import secrets, values
from sync.channels.abilities import Abilities
from sync.channels.api.auth.access import FixedAccess
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.clock import Clock
from sync.errors import ContractBroken
from sync.secrets import SecretSource, bearer, resolve
from sync.transport.transport import Transport

PAGE = 500
PAGES_MAX = 100_000
GONE, CONFLICT = 404, 409


class ParcelOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys that only this kind has."""

    url: str
    token: SecretSource

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError('url must begin with http:// or https://: "https://depot.example"')
        secrets.refuse_in_url("url", self.url)


OPTIONS = ParcelOptions
ABILITIES = Abilities(
    kind="parcel",
    reads=("available",),
    writes=("quantity",),
    compare_and_set=True,
    reads_one=True,
    refs=True,
    notes="a parcel depot, which is made up",
)
EXAMPLE = """\
url = "https://depot.example"
token = { env = "DEPOT_TOKEN" }       # from the depot's settings, with the right to write stock
"""


def abilities(options: ParcelOptions) -> Abilities:
    """Say what the channel can do: the same with any options."""
    del options
    return ABILITIES


def open_channel(
    name: str, options: ParcelOptions, transport: Transport, clock: Clock, base: Path
) -> "Parcel":
    """Make the channel ready; nothing is sent. Raises ConfigError where the token is missing."""
    del clock
    token = bearer(resolve(options.token, key=f"channels.{name}.token", base=base))
    signed = SignedClient(transport, {"Authorization": token}, FixedAccess())
    expects = "the depot's API, such as https://depot.example"
    return Parcel(options.url.rstrip("/"), VendorClient(name, signed, expects=expects))


class _Page(msgspec.Struct, frozen=True):
    items: list[object]
    after: str | None
    """The id that the next page begins behind; None on the last one. Every page has the key."""


class _Entry(msgspec.Struct, frozen=True):
    id: str
    sku: object = None
    available: object = None


class _Written(msgspec.Struct, frozen=True):
    refused: str | None = None
    """`gone` or `conflict`."""
    message: str = ""


class Parcel:
    """One depot. It holds no state."""

    def __init__(self, url: str, client: VendorClient) -> None:
        self.abilities = ABILITIES
        self._url = url
        self._client = client

    async def pages(self) -> AsyncIterator[RecordPage]:
        """List by id, each page behind the last id of the one before: nothing can slip through."""
        after = ""
        for number in range(1, PAGES_MAX + 1):
            url = f"{self._url}/stock?limit={PAGE}&after={quote(after, safe='')}"
            page = await self._client.read("GET", url, _Page, f"page {number}")
            found = _read(page.items, f"page {number}, items")
            yield RecordPage(found.records, found.refused)
            if page.after is None:
                return
            after = page.after
        raise ContractBroken(
            "still not the last page", path=f"page {PAGES_MAX}", subject=self._client.name
        )

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        records: list[Record] = []
        refused: list[Refused] = []
        for listing in wanted:
            url = self._address(listing.ref)
            reply = await self._client.fetch("GET", url, accept={GONE})
            if reply.status != GONE:
                found = _read([self._client.decoded(reply, dict, url)], "listing")
                records += found.records
                refused += found.refused
        return FreshReadings(records, refused)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        return [await self._set(change) for change in changes]

    async def sign_in(self) -> str:
        page = await self._client.read("GET", f"{self._url}/stock?limit=1", _Page, "sign-in")
        return f"a depot with {'stock' if page.items else 'no stock'}"

    async def close(self) -> None:
        await self._client.aclose()

    async def _set(self, change: Change) -> Receipt:
        body = {"available": change.quantity, "expected": change.previous.available}
        # A conflict and a listing that is gone are answers. What else is refused, is raised.
        content = await self._client.write(
            "PUT", self._address(change.ref), "stock", json=body, accept={GONE, CONFLICT}
        )
        answer = self._client.shaped_answer(content, _Written, "stock")
        if answer.refused is None:
            return Receipt(change)
        return Receipt(change, refused=answer.message, conflict=answer.refused == "conflict")

    def _address(self, ref: str) -> str:
        return f"{self._url}/stock/{quote(ref, safe='')}"


def _read(items: Sequence[object], place: str) -> FreshReadings:
    """Decode listings; a bad one blinds only itself."""
    records: list[Record] = []
    refused: list[Refused] = []
    for number, item in enumerate(items):
        try:
            entry = msgspec.convert(item, _Entry)
            sku, available = values.sku(entry.sku), values.quantity(entry.available)
        except ValueError as error:
            sku_or_none = values.sku_or_none(item.get("sku")) if isinstance(item, dict) else None
            refused.append(Refused(f"{place}[{number}]", str(error), sku_or_none))
        else:
            records.append(Record(sku, available, ref=entry.id))
    return FreshReadings(records, refused)
