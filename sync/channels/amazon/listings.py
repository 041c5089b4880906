"""Reading a seller's own listings: all of them, or a few.

A request is for one marketplace, although the contract has a list: of several only the first is
answered (the vendor's issues 2362 and 3008), and a write to several is refused (4726; 5049 hopes in
2025-11 for a change). searchListingsItems gives at most 1,000 results, whatever it finds (its
contract, 2026-08-05). So a longer list is read in windows: each begins with the time at which the
last listing of the one before was created.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from store.model import Millis, Record, Refused
from sync import values
from sync.channels.amazon import marketplaces
from sync.channels.amazon.api import (
    BAD_REQUEST,
    GET_ITEM,
    SEARCH,
    AmazonTokenOver,
    SellingPartnerApi,
    listed,
)
from sync.channels.amazon.items import AmazonItemReader, AmazonListing
from sync.channels.amazon.options import AmazonOptions
from sync.channels.amazon.shapes import AmazonSearchPage
from sync.channels.api.tally import Tally
from sync.channels.base import RecordPage, closing
from sync.clock import rfc3339
from sync.errors import NeedsOperator, Temporary

PAGE_MAX = 20
RESULTS_MAX = 1_000
PAGES_MAX = 100_000
RESTARTS_MAX = 2
_NOT_FOUND = 404
_DATA = ("summaries", "fulfillmentAvailability", "offers", "issues")


Shown = Mapping[str, tuple[int | None, str | None]]
"""What a SKU shows, by its locations: how many, and the state."""

_IN_SOME = "for sale in some of the marketplaces only"


@dataclass(slots=True)
class _Sweep:
    """How far a reading of one marketplace's listings has come."""

    reader: AmazonItemReader
    elsewhere: Mapping[str, Shown]
    """What the SKUs show that other marketplaces have listed before."""
    shown: dict[str, Shown] = field(default_factory=dict)
    """Those that are listed here first."""
    seen: set[str] = field(default_factory=set)
    """SKUs: windows overlap."""
    total: int | None = None
    """How many Amazon finds in all."""
    items: int = 0
    """Those that came, each once."""
    given: int = 0
    """What they made: none for a parent, several for a SKU at several locations."""
    pages: int = 0
    cut_short: str = ""
    found: int = 0
    """How many the window that is read finds."""
    reached: Millis | None = None
    """When the newest of those that came was created."""

    def before_the_newest(self) -> Millis | None:
        """From when on to go on: created dates may be finer than a millisecond."""
        return None if self.reached is None else self.reached - 1

    def announced(self) -> int:
        return (self.total or 0) - self.items + self.given

    def compare(self, sku: str, shown: Shown) -> None:
        """Note where a SKU shows something else here than in a marketplace before."""
        before = self.elsewhere[sku]
        if not shown or not before or shown == before:
            return
        same = {location: number for location, (number, _) in shown.items()} == {
            location: number for location, (number, _) in before.items()
        }
        here = marketplaces.name_of(self.reader.marketplace)
        words = (
            _IN_SOME if same else f"with another stock in {here} than in a marketplace before it"
        )
        self.reader.tally.note(words, sku)


class _Deleted(Exception):
    """A listing was deleted while its window was read."""


class AmazonListings:
    """Reads listings through the Listings Items API."""

    def __init__(self, options: AmazonOptions, api: SellingPartnerApi) -> None:
        self._options = options
        self._api = api
        self._path = f"/listings/2021-08-01/items/{quote(options.seller_id, safe='')}"

    async def pages(self) -> AsyncIterator[RecordPage]:
        """All listings, a SKU once, as in the first marketplace that lists it."""
        tally = Tally()
        known: dict[str, Shown] = {}
        announced = 0
        for marketplace in self._options.marketplaces:
            reader = AmazonItemReader(self._options, marketplace, tally)
            sweep = _Sweep(reader, dict(known))
            async with closing(self._of_marketplace(sweep)) as pages:
                async for page in pages:
                    yield page
            if sweep.cut_short:
                yield RecordPage((), cut_short=sweep.cut_short, warnings=tally.warnings())
                return
            known |= sweep.shown
            announced += sweep.announced()
        yield RecordPage((), announced=announced, warnings=tally.warnings())

    async def _of_marketplace(self, sweep: _Sweep) -> AsyncIterator[RecordPage]:
        """One marketplace's listings, by the time of their creation: a new one comes last."""
        begin: Millis | None = None
        broken = 0
        while True:
            try:
                async with closing(self._window(begin, sweep)) as window:
                    async for answer in window:
                        yield self._page(answer.items, sweep)
            except (AmazonTokenOver, _Deleted) as error:
                broken += 1
                if broken > RESTARTS_MAX:
                    name = self._api.client.name
                    words = f"{name}: the list broke off again and again: {error}"
                    raise Temporary(words) from None
                # What came already is left out. Before a deleted one nothing was skipped.
                begin = begin if isinstance(error, _Deleted) else sweep.before_the_newest()
                continue
            if sweep.found <= RESULTS_MAX:
                return
            broken, before, begin = 0, begin, sweep.before_the_newest()
            if begin is None or (before is not None and begin <= before):
                sweep.cut_short = (
                    f"{sweep.found:,} listings were created at one time or after it; Amazon lists "
                    f"{RESULTS_MAX:,} of them and no more"
                )
                return

    async def _window(self, begin: Millis | None, sweep: _Sweep) -> AsyncIterator[AmazonSearchPage]:
        """The pages of one search, at most 1,000 results."""
        query = {"sortBy": "createdDate", "sortOrder": "ASC"}
        if begin is not None:
            query["createdAfter"] = quote(rfc3339(begin) or "", safe="")
        before, results = 0, 0
        while True:
            sweep.pages += 1
            answer = await self._search(sweep.reader.marketplace, query)
            sweep.found = answer.number_of_results
            sweep.total = sweep.found if sweep.total is None else sweep.total
            if sweep.found < before:
                # Where a listing is deleted meanwhile, everything after it moves up, and one would
                # be skipped, which would look missing.
                sweep.total -= before - sweep.found
                raise _Deleted("a listing was deleted")
            before, results = sweep.found, results + len(answer.items)
            yield answer
            if answer.next_token is None or not answer.items or results >= RESULTS_MAX:
                return
            token = quote(answer.next_token, safe="")
            if query.get("pageToken") == token or sweep.pages > PAGES_MAX:
                raise self._api.in_circles()
            query["pageToken"] = token

    def _page(self, items: Sequence[object], sweep: _Sweep) -> RecordPage:
        """What of a page is new."""
        records: list[Record] = []
        refused: list[Refused] = []
        for number, item in enumerate(items):
            sweep.reached = _created(item) or sweep.reached
            sku = values.sku_or_none(item.get("sku")) if isinstance(item, dict) else None
            if sku in sweep.seen:
                continue
            sweep.items += 1
            found = sweep.reader.listing(item, f"page {sweep.pages}, items[{number}]")
            shown = _shown(found)
            if sku is not None:
                sweep.seen.add(sku)
                if sku in sweep.elsewhere:
                    sweep.compare(sku, shown)
                    continue
                sweep.shown[sku] = shown
            if isinstance(found, Refused):
                refused.append(found)
            else:
                records += found.records.values()
                refused += found.refused
        sweep.given += len(records) + len(refused)
        return RecordPage(records, refused)

    async def few(self, skus: Iterable[str], place: str) -> dict[str, AmazonListing | Refused]:
        """Listings by their SKUs; one that is not there is not on Amazon."""
        left = sorted(set(skus))
        found: dict[str, AmazonListing | Refused] = {}
        for marketplace in self._options.marketplaces:
            reader = AmazonItemReader(self._options, marketplace, Tally())
            for item in await self._items(marketplace, left):
                sku = item.get("sku") if isinstance(item, dict) else None
                if isinstance(sku, str) and sku in left:
                    found[sku] = reader.listing(item, place)
            left = [sku for sku in left if sku not in found]
        return found

    async def _items(self, marketplace: str, skus: Sequence[str]) -> Sequence[object]:
        """What a marketplace has of these SKUs."""
        items: list[object] = []
        # A comma in a SKU can't be told from the comma between two, also where it is encoded
        # (the vendor's page "Search for listings items", read 2026-11-30).
        plain = [sku for sku in skus if "," not in sku]
        for start in range(0, len(plain), PAGE_MAX):
            asked = listed(plain[start : start + PAGE_MAX])
            query = {"identifiersType": "SKU", "identifiers": asked}
            items += (await self._search(marketplace, query)).items
        for sku in skus:
            if "," in sku:
                items.append(await self._one(marketplace, sku))
        return items

    async def look(self) -> int:
        """The cheapest reading: how many listings the first marketplace has."""
        return (await self._search(self._options.marketplaces[0], {}, size=1)).number_of_results

    async def _search(
        self, marketplace: str, more: dict[str, str], size: int = PAGE_MAX
    ) -> AmazonSearchPage:
        query = {**_wanted(marketplace), "pageSize": str(size), **more}
        accept = (_NOT_FOUND, BAD_REQUEST) if "pageToken" in query else (_NOT_FOUND,)
        reply = await self._api.fetch(SEARCH, self._path, query, accept=accept)
        if reply.status == BAD_REQUEST:
            self._api.refuse_page(SEARCH, reply.body)
        if reply.status == _NOT_FOUND:
            words = self._api.client.text(reply.body[:200].decode("utf-8", "replace"))
            raise NeedsOperator(
                f"{self._api.client.name} answered 404 for seller {self._options.seller_id}: "
                f'"{words}"; check url, seller_id and marketplaces'
            )
        return self._api.client.decoded(reply, AmazonSearchPage, SEARCH.name)

    async def _one(self, marketplace: str, sku: str) -> object:
        path = f"{self._path}/{quote(sku, safe='')}"
        reply = await self._api.fetch(GET_ITEM, path, _wanted(marketplace), accept=(_NOT_FOUND,))
        if reply.status == _NOT_FOUND:
            return None
        return self._api.client.decoded(reply, dict[str, object], GET_ITEM.name)

    def item_url(self, sku: str, query: dict[str, str]) -> str:
        """Where one listing is written."""
        return self._api.url(f"{self._path}/{quote(sku, safe='')}", query)


def _wanted(marketplace: str) -> dict[str, str]:
    return {"marketplaceIds": listed([marketplace]), "includedData": listed(_DATA)}


def _shown(found: AmazonListing | Refused) -> Shown:
    records = {} if isinstance(found, Refused) else found.records
    return {location: (record.available, record.state) for location, record in records.items()}


def _created(item: object) -> Millis | None:
    """When an item was created: in several marketplaces, when first."""
    summaries = item.get("summaries") if isinstance(item, dict) else None
    times = [
        _instant(summary.get("createdDate"))
        for summary in (summaries if isinstance(summaries, list) else ())
        if isinstance(summary, dict)
    ]
    return min((at for at in times if at), default=None)


def _instant(value: object) -> Millis:
    try:
        return values.instant(value) or 0
    except ValueError:
        return 0
