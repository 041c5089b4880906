"""The `vendure` kind: a Vendure 3 shop through its Admin GraphQL API (measured on 3.7.3, 2026-11).

What a shopper can buy is on hand − allocated − threshold, over all stock locations together; the
API has no such number itself. A variant whose stock Vendure does not track has none at all.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from store.model import QUANTITY_MAX, Record, Refused, State
from sync import values
from sync.channels.base import Change, EventPage, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.vendure.events import MovementReader
from sync.channels.vendure.greeting import greeting
from sync.channels.vendure.kind import abilities
from sync.channels.vendure.options import VendureOptions
from sync.channels.vendure.session import Session
from sync.clock import Clock
from sync.errors import ConfigError, ContractBroken, Temporary
from sync.secrets import SecretSource, resolve

if TYPE_CHECKING:
    from sync.transport.transport import Transport

TAKE_MAX = 1000
READ_MAX = 100
PAGES_MAX = 10_000

_VARIANT = """id sku name enabled updatedAt trackInventory outOfStockThreshold
  useGlobalOutOfStockThreshold priceWithTax product{enabled}
  stockLevels{stockLocationId stockOnHand stockAllocated updatedAt}"""
_VARIANTS = f"""query SkewVariants($options:ProductVariantListOptions){{
  productVariants(options:$options){{totalItems items{{{_VARIANT}}}}}
  globalSettings{{trackInventory outOfStockThreshold}}}}"""
_LOCATIONS = "query SkewLocations{stockLocations(options:{take:1,sort:{id:ASC}}){items{id}}}"
_UPDATE = """mutation SkewSet($input:[UpdateProductVariantInput!]!){
  updateProductVariants(input:$input){id}}"""
_Quantity = Annotated[int, msgspec.Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
_Price = Annotated[int, msgspec.Meta(ge=-100 * QUANTITY_MAX, le=100 * QUANTITY_MAX)]


class _Level(msgspec.Struct, frozen=True, rename="camel"):
    stock_location_id: str
    stock_on_hand: _Quantity
    stock_allocated: _Quantity
    updated_at: str | None = None


class _Product(msgspec.Struct, frozen=True):
    enabled: bool


class _Variant(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    sku: str
    enabled: bool
    track_inventory: str
    out_of_stock_threshold: _Quantity
    use_global_out_of_stock_threshold: bool
    product: _Product
    stock_levels: list[_Level]
    name: str | None = None
    updated_at: str | None = None
    price_with_tax: _Price | None = None


class _Settings(msgspec.Struct, frozen=True, rename="camel"):
    track_inventory: bool
    out_of_stock_threshold: _Quantity


class _Items(msgspec.Struct, frozen=True, rename="camel"):
    total_items: int
    items: list[object]


class _Location(msgspec.Struct, frozen=True):
    id: str


class _LocationItems(msgspec.Struct, frozen=True):
    items: list[_Location]


class _Locations(msgspec.Struct, frozen=True, rename="camel"):
    stock_locations: _LocationItems


class _Listed(msgspec.Struct, frozen=True, rename="camel"):
    product_variants: _Items
    global_settings: _Settings


def open_channel(
    name: str, options: VendureOptions, transport: "Transport", clock: Clock, base: Path
) -> "Vendure":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    key = "password" if options.api_key is None else "api_key"
    source = options.api_key or options.password
    if source is None:
        raise ConfigError(f"channels.{name}", "sign in with username and password, or api_key")
    secret = resolve(source, key=f"channels.{name}.{key}", base=base)
    username = options.username
    if isinstance(username, SecretSource):
        username = resolve(username, key=f"channels.{name}.username", base=base).reveal()
    session = Session(name, options.url, transport, username=username, secret=secret)
    return Vendure(name, options, transport, session, clock)


class Vendure:
    """One shop, its variants as listings. Stateless but for its session, and a hint for events."""

    def __init__(
        self,
        name: str,
        options: VendureOptions,
        transport: "Transport",
        session: Session,
        clock: Clock,
    ) -> None:
        self.abilities = abilities(options)
        self._name = name
        self._options = options
        self._transport = transport
        self._session = session
        self._movements = MovementReader(name, session, clock)

    async def pages(self) -> AsyncIterator[RecordPage]:
        """List by id, each page beginning with the last variant of the one before."""
        # Paging is by offset. Where a variant is deleted meanwhile, everything after it moves up
        # and one would be skipped, which would look missing. The overlap of one shows that.
        last, skip, left_out = "", 0, 0
        for number in range(1, PAGES_MAX + 1):
            options = {"take": TAKE_MAX, "skip": skip, "sort": {"id": "ASC"}}
            listed = await self._variants(options, f"page {number}")
            items, total = listed.product_variants.items, listed.product_variants.total_items
            if last and (not items or _id(items[0]) != last):
                raise Temporary(f"{self._name}'s catalogue changed while it was read")
            start = 1 if last else 0
            self._movements.note(items)
            found = _decoded(items, listed.global_settings, f"page {number}, items", start)
            left_out += len(items) - start - len(found.records) - len(found.refused)
            if len(items) < TAKE_MAX or skip + len(items) >= total:
                yield RecordPage(found.records, found.refused, announced=total - left_out)
                return
            yield RecordPage(found.records, found.refused)
            last, skip = _id(items[-1]), skip + len(items) - 1
            if not last:
                words = "the last variant has no id"
                raise ContractBroken(words, path=f"page {number}", subject=self._name)
        raise ContractBroken(
            "still not the last page", path=f"page {PAGES_MAX}", subject=self._name
        )

    def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read stock movements. An untracked variant's are left out, as it is."""
        return self._movements.read(cursor)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read every variant with one of the SKUs: a SKU may stand on two by now."""
        asked = {listing.sku for listing in wanted}
        records: list[Record] = []
        refused: list[Refused] = []
        for skus in _chunks(sorted(asked), READ_MAX):
            options = {"take": TAKE_MAX, "filter": {"sku": {"in": skus}}}
            listed = await self._variants(options, "productVariants")
            items = listed.product_variants.items
            found = _decoded(items, listed.global_settings, "items", 0)
            # Some of Vendure's databases ignore case: asking for "a-1" also finds "A-1".
            records += [record for record in found.records if record.sku in asked]
            refused += found.refused
        return FreshReadings(records, refused)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set stock on hand at one location, so that what is saleable over all of them is right.

        A variant that has changed since the change's reading is refused as a conflict. All the
        others go in one call, which Vendure applies or rolls back as a whole.
        """
        # Vendure has no compare-and-set, so the variants are read once more just before. That
        # leaves milliseconds in which an order can come between; the read-back finds it.
        try:
            by_id, shop = await self._for_writing([change.ref for change in changes])
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        receipts: list[Receipt] = []
        inputs: list[dict[str, object]] = []
        for change in changes:
            try:
                entry = _input(change, by_id.get(change.ref), shop)
            except _Conflict as error:
                receipts.append(Receipt(change, refused=str(error), conflict=True))
            except ValueError as error:
                receipts.append(Receipt(change, refused=str(error)))
            else:
                inputs.append(entry)
                receipts.append(Receipt(change))
        if inputs:
            await self._session.ask(_UPDATE, {"input": inputs}, "updateProductVariants", write=True)
        return receipts

    async def sign_in(self) -> str:
        """Name who is signed in, where, and which rights lack. A missing one to read raises."""
        seen = await greeting(self._session)
        return self._transport.redactor.text(seen)

    async def close(self) -> None:
        await self._transport.aclose()

    async def _variants(self, options: Mapping[str, object], place: str) -> _Listed:
        answer = await self._session.ask(_VARIANTS, {"options": options}, place)
        return self._session.shaped(answer, _Listed, place)

    async def _for_writing(self, ids: Sequence[str]) -> tuple[Mapping[str, _Variant], "_Shop"]:
        """Read what a write rests on: the variants as they are now, and where stock can lie."""
        options = {"take": TAKE_MAX, "filter": {"id": {"in": list(ids)}}}
        listed = await self._variants(options, "productVariants")
        location = self._options.stock_location
        if location is None:
            answer = await self._session.ask(_LOCATIONS, {}, "stockLocations")
            found = self._session.shaped(answer, _Locations, "stockLocations")
            location = next(
                (stock_location.id for stock_location in found.stock_locations.items), None
            )
        variants: dict[str, _Variant] = {}
        for item in listed.product_variants.items:
            with contextlib.suppress(msgspec.ValidationError):
                # One that can't be read is refused below as if it did not exist: a write must not
                # rest on figures that nobody understood.
                variant = msgspec.convert(item, _Variant)
                variants[variant.id] = variant
        own = self._options.stock_location is not None
        return variants, _Shop(listed.global_settings, location, is_chosen=own)


@dataclass(frozen=True, slots=True)
class _Shop:
    """What holds for all variants of a write."""

    settings: _Settings
    location: str | None
    is_chosen: bool
    """The configuration names the location; otherwise it is for variants that have none yet."""


class _Conflict(Exception):
    """The variant has changed since the reading that the change rests on."""


def _input(change: Change, variant: _Variant | None, shop: _Shop) -> dict[str, object]:
    """Make one entry of the mutation. Raises _Conflict, or ValueError where it can't be done."""
    if variant is None or variant.sku != change.sku:
        raise ValueError("the variant no longer exists")
    now = _record(variant, shop.settings)
    if now is None or now.available is None:
        raise ValueError("Vendure does not track its stock, so it never runs out")
    if (now.available, now.state) != (change.previous.available, change.previous.state):
        raise _Conflict(f"it has changed: {now.available} and {now.state} now")
    entry: dict[str, object] = {"id": variant.id}
    if change.state is not None:
        if change.state is State.ACTIVE and not variant.product.enabled:
            raise ValueError("its product is disabled: enable the product first")
        entry["enabled"] = change.state is State.ACTIVE
    if change.quantity != now.available:
        location, on_hand = _placement(change, variant, shop, threshold=now.threshold or 0)
        entry["stockLevels"] = [{"stockLocationId": location, "stockOnHand": on_hand}]
    return entry


def _placement(
    change: Change, variant: _Variant, shop: _Shop, *, threshold: int
) -> tuple[str, int]:
    """Find the location to write and its new stock on hand."""
    # What sells is summed over all locations, but one is written: it gets target + allocated +
    # threshold, less what lies at the others.
    location = shop.location
    if not shop.is_chosen and variant.stock_levels:
        location = min((level.stock_location_id for level in variant.stock_levels), key=_by_id)
    if location is None:
        raise ValueError("the shop has no stock location")
    allocated = sum(level.stock_allocated for level in variant.stock_levels)
    elsewhere = sum(
        level.stock_on_hand for level in variant.stock_levels if level.stock_location_id != location
    )
    on_hand = change.quantity + allocated + threshold - elsewhere
    if on_hand < 0:
        raise ValueError(
            f"location {location} would need {on_hand} on hand: "
            f"{elsewhere} elsewhere, {allocated} allocated, threshold {threshold}"
        )
    return location, on_hand


def _by_id(text: str) -> tuple[int, str]:
    return (len(text), text)  # Numbers or UUIDs as text. By length first, "9" is before "10".


def _decoded(items: Sequence[object], settings: _Settings, place: str, start: int) -> FreshReadings:
    """Decode what of a page is new. One with neither number nor SKU is in neither list."""
    records: list[Record] = []
    refused: list[Refused] = []
    for number, item in enumerate(items[start:], start):
        try:
            record = _record(msgspec.convert(item, _Variant), settings)
        except ValueError as error:
            sku = values.sku_or_none(item.get("sku")) if isinstance(item, dict) else None
            refused.append(Refused(f"{place}[{number}]", str(error), sku))
        else:
            records += [record] if record else []
    return FreshReadings(records, refused)


def _record(variant: _Variant, settings: _Settings) -> Record | None:
    """Work out what a shopper can buy, as Vendure's own `getSaleableStockLevel` does (3.7.3).

    Without a number where the stock is not tracked; None where there is no SKU either.
    """
    inherits = variant.track_inventory == "INHERIT"
    is_tracked = variant.track_inventory != "FALSE" and (settings.track_inventory or not inherits)
    if not is_tracked and not variant.sku:
        return None
    uses_global = variant.use_global_out_of_stock_threshold
    threshold = settings.out_of_stock_threshold if uses_global else variant.out_of_stock_threshold
    on_hand = sum(level.stock_on_hand for level in variant.stock_levels)
    allocated = sum(level.stock_allocated for level in variant.stock_levels)
    # An order changes only `stockLevels.updatedAt`, an edit only the variant's: the later counts.
    moved = [variant.updated_at, *(level.updated_at for level in variant.stock_levels)]
    state = State.ACTIVE if variant.enabled and variant.product.enabled else State.DISABLED
    return Record(
        sku=values.sku(variant.sku),
        available=on_hand - allocated - threshold if is_tracked else None,
        state=state if is_tracked else values.state_of_uncounted(state),
        on_hand=on_hand,
        committed=allocated,
        threshold=threshold,
        price_minor=variant.price_with_tax,
        title=values.title(variant.name),
        source_at=max((at for at in map(values.instant, moved) if at is not None), default=None),
        ref=variant.id,
    )


def _id(item: object) -> str:
    return str(item.get("id") or "") if isinstance(item, dict) else ""


def _chunks(skus: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (skus[start : start + size] for start in range(0, len(skus), size))
