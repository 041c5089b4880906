"""The `simulated` kind: a channel of the demo's world, over real HTTP.

It can do everything that a channel may: pages that stay put while listings come and go, a few
listings at a time, batches with a result for each, compare-and-set, idempotency keys, and numbered
events. `sync/simulation/server.py` has the requests and answers.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import msgspec

from store.event_kinds import Event
from store.model import QUANTITY_MAX, Record, Refused, State
from sync import values
from sync.channels import event_decoding
from sync.channels.base import Change, EventPage, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.simulated.kind import SimulatedOptions, abilities
from sync.clock import Clock, from_rfc3339
from sync.errors import ConfigError, ContractBroken, WriteOutcomeUnknown
from sync.secrets import Secret, bearer, resolve

if TYPE_CHECKING:
    from sync.transport.transport import Transport

READ_MAX = 50
PAGES_MAX = 100_000

_Quantity = Annotated[int, msgspec.Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]


class _Listing(msgspec.Struct, frozen=True):
    sku: str
    available: _Quantity
    title: str | None = None
    price_minor: Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)] | None = None
    state: State | None = None
    on_hand: _Quantity | None = None
    committed: _Quantity | None = None
    incoming: _Quantity | None = None
    updated_at: str | None = None


class _Page(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]
    next: str | None = None
    total: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _Result(msgspec.Struct, frozen=True):
    sku: str
    status: int
    message: str = ""


class _Results(msgspec.Struct, frozen=True):
    results: list[_Result]


class _Named(msgspec.Struct, frozen=True):
    sku: str


_PAGE = msgspec.json.Decoder(_Page)
_LISTING = msgspec.json.Decoder(_Listing)
_RESULTS = msgspec.json.Decoder(_Results)
_NAMED = msgspec.json.Decoder(_Named)
_EVENT = msgspec.json.Decoder(dict[str, object])
_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
"""What decoding text from outside can raise; bad UTF-8 is a ValueError."""


def open_channel(
    name: str, options: SimulatedOptions, transport: "Transport", clock: Clock, base: Path
) -> "Simulated":
    """Make the channel ready; nothing is sent. Raises ConfigError where the token is missing."""
    del clock
    if not options.url.startswith(("http://", "https://")):
        raise ConfigError(f"channels.{name}.url", "must begin with http:// or https://")
    token = resolve(options.token, key=f"channels.{name}.token", base=base)
    return Simulated(name, options, transport, token)


class Simulated:
    """One path of the world's server. A listing's `ref` is its SKU."""

    def __init__(
        self, name: str, options: SimulatedOptions, transport: "Transport", token: Secret
    ) -> None:
        self.abilities = abilities(options)
        self._name = name
        self._stock = options.url.rstrip("/") + "/stock"
        self._moved = options.url.rstrip("/") + "/events"
        self._page_size = options.page_size
        self._has_states = bool(options.states)
        self._transport = transport
        self._headers = {"Authorization": bearer(token)}

    async def pages(self) -> AsyncIterator[RecordPage]:
        cursor, number, read = "", 0, 0
        while True:
            number += 1
            page = await self._page(self._stock, {"limit": str(self._page_size), "cursor": cursor})
            found = self._listings(page, f"page {number}, items")
            read += len(page.items)
            yield RecordPage(records=found.records, refused=found.refused, announced=page.total)
            if not page.next:
                return
            if page.next <= cursor or number == PAGES_MAX:
                words = "`next` leads back to a page already read"
                raise ContractBroken(words, path=f"page {number}", subject=self._name)
            cursor = page.next

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved. The cursor is the number of the last event that was read."""
        after, number = cursor or "0", 0
        while True:
            number += 1
            page = await self._page(self._moved, {"limit": str(self._page_size), "after": after})
            found, refused = self._happenings(page, f"events page {number}, items")
            if not page.next or page.next == after:
                yield EventPage(found, refused)
                return
            if not page.next.isdecimal() or int(page.next) < int(after) or number == PAGES_MAX:
                words = "`next` leads back to a page already read"
                raise ContractBroken(words, path=f"events page {number}", subject=self._name)
            yield EventPage(found, refused, cursor=page.next)
            after = page.next

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        records: list[Record] = []
        refused: list[Refused] = []
        for start in range(0, len(wanted), READ_MAX):
            skus = [listing.sku for listing in wanted[start : start + READ_MAX]]
            page = await self._page(self._stock, {"sku": skus})
            found = self._listings(page, "items")
            records += found.records
            refused += found.refused
        return FreshReadings(records=records, refused=refused)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        reply = await self._transport.request(
            "POST",
            self._stock,
            repeatable=False,
            headers=self._headers,
            json={"changes": [self._wire(change) for change in changes]},
        )
        try:
            results = _RESULTS.decode(reply.body).results
        except _UNREADABLE as error:
            # It answered 200, so some or all of the write may be applied. An answer that can't be
            # read must not be taken for a refusal, or the same write would be sent again.
            raise WriteOutcomeUnknown(f"{self._name}: unreadable answer: {error}") from error
        if [result.sku for result in results] != [change.sku for change in changes]:
            raise WriteOutcomeUnknown(f"{self._name} answered for other listings than written")
        return [self._receipt(*pair) for pair in zip(changes, results, strict=True)]

    async def sign_in(self) -> str:
        page = await self._page(self._stock, {"limit": "1"})
        return f"the token is good; {page.total or 0} listings"

    async def close(self) -> None:
        await self._transport.aclose()

    async def _page(self, path: str, query: Mapping[str, str | list[str]]) -> _Page:
        url = f"{path}?{urlencode(query, doseq=True)}"
        reply = await self._transport.request("GET", url, repeatable=True, headers=self._headers)
        try:
            return _PAGE.decode(reply.body)
        except _UNREADABLE as error:
            place = self._transport.redactor.url(url)
            raise ContractBroken(f"{self._name} sent no page: {error}", path=place) from error

    def _listings(self, page: _Page, place: str) -> FreshReadings:
        """Decode the records one by one, so that a bad one is refused and no other."""
        records: list[Record] = []
        refused: list[Refused] = []
        for number, raw in enumerate(page.items):
            try:
                records.append(self._record(_LISTING.decode(raw)))
            except _UNREADABLE as error:
                reason = self._transport.redactor.reason(error)
                refused.append(Refused(f"{place}[{number}]", reason, sku=_sku(raw)))
        return FreshReadings(records=records, refused=refused)

    def _happenings(self, page: _Page, place: str) -> tuple[list[Event], list[Refused]]:
        events: list[Event] = []
        refused: list[Refused] = []
        for number, raw in enumerate(page.items):
            try:
                events.append(event_decoding.event(_EVENT.decode(raw)))
            except _UNREADABLE as error:
                reason = self._transport.redactor.reason(error)
                refused.append(Refused(f"{place}[{number}]", reason, sku=_sku(raw)))
        return events, refused

    def _record(self, listing: _Listing) -> Record:
        updated_at = listing.updated_at
        return Record(
            sku=values.sku(listing.sku),
            available=listing.available,
            state=listing.state if self._has_states else None,
            on_hand=listing.on_hand,
            committed=listing.committed,
            incoming=listing.incoming,
            price_minor=listing.price_minor,
            title=listing.title,
            source_at=None if updated_at is None else from_rfc3339(updated_at),
            ref=listing.sku,
        )

    def _wire(self, change: Change) -> dict[str, object]:
        wire: dict[str, object] = {
            "sku": change.sku,
            "available": change.quantity,
            "previous": change.previous.available,
            "key": change.key,
        }
        if change.state is not None:
            wire["state"] = change.state
        return wire

    def _receipt(self, change: Change, result: _Result) -> Receipt:
        if result.status == HTTPStatus.OK:
            return Receipt(change)
        words = self._transport.redactor.text(f"{result.status}: {result.message}")
        return Receipt(change, refused=words, conflict=result.status == HTTPStatus.CONFLICT)


def _sku(raw: msgspec.Raw) -> str | None:
    """The SKU of a bad record, where it can be read."""
    try:
        return values.sku_or_none(_NAMED.decode(raw).sku)
    except _UNREADABLE:
        return None
