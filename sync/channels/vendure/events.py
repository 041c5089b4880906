"""What moved in a Vendure shop: the stock movements of the variants that moved.

Vendure keeps a movement for whatever changes stock, and lists them only by variant, oldest first.
So the variants that moved are found first, and the newest movements of each are read back: the cost
follows what moved, not the catalogue. Measured on 3.7.3, 2026-11.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from store.model import QUANTITY_MAX, Millis, Refused
from sync import values
from sync.channels import event_decoding
from sync.channels.base import EventPage
from sync.channels.vendure.movements import MATCH_MS, Found, Placed, decoded
from sync.channels.vendure.session import Session
from sync.clock import Clock, rfc3339
from sync.errors import ContractBroken

TAKE_MAX = 1000
ORDERS_TAKE = 100
AT_ONCE = 20
"""Variants whose movements are asked for in one call."""

BACK = 50
"""Movements of a variant that are read back at once."""

VARIANTS_MAX = 2_000
"""Whose movements one reading asks for: of a large import the rest is reported as not read."""

PAGES_MAX = 10_000
OVERLAP_MS = 5 * 60_000
BEGIN_MS = 3_600_000
"""How far back the first reading goes: longer than any authority should lag."""

_ORDERS = """query SkewOrders($options:OrderListOptions){orders(options:$options){totalItems
  items{code orderPlacedAt updatedAt lines{orderPlacedQuantity productVariant{id}}}}}"""
_EDITED = """query SkewEdited($options:ProductVariantListOptions){
  productVariants(options:$options){totalItems items{id updatedAt stockLevels{updatedAt}}}}"""
_MOVEMENTS = """{id sku trackInventory stockMovements(options:$%s){totalItems
  items{...on StockMovement{id type quantity createdAt}}}}"""
_Quantity = Annotated[int, msgspec.Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]


class _Variant(msgspec.Struct, frozen=True):
    id: str


class _Line(msgspec.Struct, frozen=True, rename="camel"):
    order_placed_quantity: _Quantity
    product_variant: _Variant | None


class _Order(msgspec.Struct, frozen=True, rename="camel"):
    code: str
    updated_at: str
    lines: list[_Line]
    order_placed_at: str | None = None


class _Level(msgspec.Struct, frozen=True, rename="camel"):
    updated_at: str


class _Edited(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    updated_at: str
    stock_levels: list[_Level]


class _OrderList(msgspec.Struct, frozen=True, rename="camel"):
    total_items: int
    items: list[_Order]


class _EditedList(msgspec.Struct, frozen=True, rename="camel"):
    total_items: int
    items: list[_Edited]


class _Orders(msgspec.Struct, frozen=True):
    orders: _OrderList


class _Edits(msgspec.Struct, frozen=True, rename="camel"):
    product_variants: _EditedList


class _MovementList(msgspec.Struct, frozen=True, rename="camel"):
    total_items: int
    items: list[object]


class _Moved(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    sku: str
    track_inventory: str
    stock_movements: _MovementList


class _Settings(msgspec.Struct, frozen=True, rename="camel"):
    track_inventory: bool


@dataclass(slots=True)
class _Moves:
    """What moved, as far as one reading has found out."""

    since: Millis
    back_to: dict[str, Millis] = field(default_factory=dict)
    """Variant → the instant from which its movements are wanted; those that matter most first."""
    newest: Millis = 0


class MovementReader:
    """Reads a shop's movements."""

    def __init__(self, name: str, session: Session, clock: Clock) -> None:
        self._name = name
        self._session = session
        self._clock = clock
        # A fulfilment changes neither the order's time nor the variant's, only a stock level's. So
        # variants are also found, one poll later, by the levels that the poll of the listings saw
        # change. After a restart the note is lost, and with it at most those fulfilments.
        self._noted: dict[str, Millis] = {}
        self._since: Millis | None = None

    def note(self, items: Iterable[object]) -> None:
        """Remember whose stock has moved since what was last read of events."""
        if self._since is None:
            return
        since = rfc3339(self._since) or ""
        for item in items:
            if isinstance(item, dict) and _level_moved(item, since):
                self._noted.setdefault(str(item.get("id")), self._since)

    async def read(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved after `cursor`, an instant in UTC. Raises what a session does.

        The cursor comes with the last page, for the pages are not in order.
        """
        known = _known(cursor)
        since = self._clock.now() - BEGIN_MS if known is None else known - OVERLAP_MS
        noted, self._since = dict(self._noted), since
        moves = _Moves(since)
        placed = await self._orders(moves, min([since, *noted.values()]) - MATCH_MS)
        await self._edits(moves)
        for variant, back_to in noted.items():
            moves.back_to[variant] = min(back_to, moves.back_to.get(variant, back_to))
        variants = list(moves.back_to)
        for start in range(0, min(len(variants), VARIANTS_MAX), AT_ONCE):
            found = await self._movements(variants[start : start + AT_ONCE], moves.back_to)
            page = decoded(found, placed)
            if page.is_unmatched:
                # The order was placed between our reading of the orders and of the movements, so
                # it is there by now. Without it the allocation would count as an order of its own.
                placed = await self._orders(moves, min([since, *noted.values()]) - MATCH_MS)
                page = decoded(found, placed)
            moves.newest = max([moves.newest, *(event.at for event in page.events)])
            yield EventPage(page.events, page.refused, again_until=known)
        for variant in noted:
            self._noted.pop(variant, None)
        newest = min(moves.newest, self._clock.now() + OVERLAP_MS)
        kept = rfc3339(max(newest, known or 0)) if newest else None
        yield EventPage((), _left_out(len(variants)), kept, known)

    async def _orders(self, moves: _Moves, since: Millis) -> list[Placed]:
        """List what was ordered, and note the variants of every order that was changed."""
        # Sorted by id, an order that changes while we read keeps its place; sorted by time it would
        # move to the end, and push another one from the next page onto this one, unread.
        placed: list[Placed] = []
        for skip in range(0, PAGES_MAX * ORDERS_TAKE, ORDERS_TAKE):
            options = _options(ORDERS_TAKE, skip, since, active={"eq": False})
            answer = await self._session.ask(_ORDERS, {"options": options}, "orders")
            found = self._session.shaped(answer, _Orders, "orders").orders
            for order in found.items:
                self._note_order(order, moves, placed)
            if len(found.items) < ORDERS_TAKE:
                return sorted(placed, key=lambda order_line: order_line.at)
        raise ContractBroken("still not the last page", path="orders", subject=self._name)

    def _note_order(self, order: _Order, moves: _Moves, placed: list[Placed]) -> None:
        moved_at = self._instant(order.updated_at, "orders, updatedAt")
        moves.newest = max(moves.newest, moved_at)
        at = None
        if order.order_placed_at is not None:
            at = self._instant(order.order_placed_at, "orders, orderPlacedAt")
        for line in order.lines:
            if line.product_variant is None:
                continue
            variant = line.product_variant.id
            if moved_at >= moves.since:
                moves.back_to.setdefault(variant, moves.since)
            if at is not None:
                placed.append(Placed(variant, line.order_placed_quantity, at, order.code))

    async def _edits(self, moves: _Moves) -> None:
        """Note the variants whose stock somebody, or we, have set."""
        since = rfc3339(moves.since) or ""
        for skip in range(0, PAGES_MAX * TAKE_MAX, TAKE_MAX):
            options = _options(TAKE_MAX, skip, moves.since)
            answer = await self._session.ask(_EDITED, {"options": options}, "productVariants")
            found = self._session.shaped(answer, _Edits, "productVariants").product_variants
            for variant in found.items:
                at = self._instant(variant.updated_at, "productVariants, updatedAt")
                moves.newest = max(moves.newest, at)
                if any(level.updated_at >= since for level in variant.stock_levels):
                    moves.back_to.setdefault(variant.id, moves.since)
            if len(found.items) < TAKE_MAX:
                return
        raise ContractBroken("still not the last page", path="productVariants", subject=self._name)

    async def _movements(
        self, variants: Sequence[str], back_to: Mapping[str, Millis]
    ) -> "list[Found]":
        """Read back the newest movements of each variant, as far as they are wanted."""
        first = await self._asked({variant: {"take": BACK} for variant in variants})
        found = {
            variant.id: Found(variant.id, variant.sku, back_to[variant.id]) for variant in first
        }
        left: dict[str, int] = {}
        for variant in first:
            if variant.stock_movements.total_items > BACK:
                left[variant.id] = variant.stock_movements.total_items
            else:
                found[variant.id].items = variant.stock_movements.items
        while left:
            ranges = {
                variant_id: {"skip": max(0, end - BACK), "take": min(BACK, end)}
                for variant_id, end in left.items()
            }
            left = {}
            for variant in await self._asked(ranges):
                found[variant.id].items[:0] = variant.stock_movements.items
                skip = ranges[variant.id]["skip"]
                if skip and not found[variant.id].reaches_back():
                    left[variant.id] = skip
        return list(found.values())

    async def _asked(self, ranges: Mapping[str, Mapping[str, int]]) -> list[_Moved]:
        """Ask for a range of each variant's movements; one without stock to track is left out."""
        query, variables = _query(ranges)
        answer = dict(await self._session.ask(query, variables, "stockMovements"))
        shop = self._session.shaped(
            {"shop": answer.pop("globalSettings", None)}, dict[str, _Settings], "globalSettings"
        )["shop"]
        given = self._session.shaped(answer, dict[str, _Moved | None], "stockMovements")
        return [
            variant
            for variant in given.values()
            if variant is not None and _is_tracked(variant, shop)
        ]

    def _instant(self, text: str, place: str) -> Millis:
        try:
            return event_decoding.instant(text)
        except ValueError as error:
            raise ContractBroken(str(error), path=place, subject=self._name) from error


def _is_tracked(variant: _Moved, shop: _Settings) -> bool:
    if variant.track_inventory == "INHERIT":
        return shop.track_inventory
    return variant.track_inventory != "FALSE"


def _known(cursor: str | None) -> Millis | None:
    try:
        return values.instant(cursor)
    except ValueError:
        return None


def _level_moved(item: Mapping[str, object], since: str) -> bool:
    """Whether a variant's stock has moved; Vendure writes every time alike, so text will do."""
    levels = item.get("stockLevels")
    if not isinstance(levels, list):
        return False
    times = (str(level.get("updatedAt")) for level in levels if isinstance(level, dict))
    return any(at[:1].isdigit() and at >= since for at in times)


def _left_out(variants: int) -> list[Refused]:
    if variants <= VARIANTS_MAX:
        return []
    words = f"{variants:,} variants moved at once; only {VARIANTS_MAX:,} of them were read"
    return [Refused("stock movements", words)]


def _options(take: int, skip: int, since: Millis, **filters: object) -> dict[str, object]:
    wanted = {"updatedAt": {"after": rfc3339(since)}, **filters}
    return {"take": take, "skip": skip, "sort": {"id": "ASC"}, "filter": wanted}


def _query(ranges: Mapping[str, Mapping[str, int]]) -> tuple[str, dict[str, object]]:
    """Write one query about many variants, each with a range of its own."""
    names = [f"v{number}" for number in range(len(ranges))]
    variables: dict[str, object] = {}
    for name, (variant, asked) in zip(names, ranges.items(), strict=True):
        variables |= {f"{name}id": variant, f"{name}o": asked}
    declared = ",".join(f"${name}id:ID!,${name}o:StockMovementListOptions" for name in names)
    parts = " ".join(
        f"{name}:productVariant(id:${name}id){_MOVEMENTS % (name + 'o')}" for name in names
    )
    return f"query SkewMovements({declared}){{{parts} globalSettings{{trackInventory}}}}", variables
