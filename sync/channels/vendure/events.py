"""What moved in a Vendure shop: the stock movements of the variants that moved.

Vendure keeps a movement for whatever changes stock, and lists them only by variant, oldest first.
So the variants that moved are found first, and the newest movements of each are read back: the cost
follows what moved since it was read, not the catalogue. Measured on 3.7.3, 2026-11.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import msgspec

from store.model import QUANTITY_MAX, Millis, Refused
from sync import values
from sync.channels import event_decoding
from sync.channels.base import EventPage
from sync.channels.vendure.event_cursor import BEGIN_MS, OVERLAP_MS, EventCursor
from sync.channels.vendure.movements import MATCH_MS, Found, Placed, decoded
from sync.channels.vendure.read_memory import Moved, ReadMemory
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
"""Whose movements one reading asks for: of a large import the rest comes with the next polls."""

VARIANT, ORDER = "variant", "order"
PAGES_MAX = 10_000
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
    orders: dict[str, set[str]] = field(default_factory=dict)
    """Order → its variants whose movements are still to be read."""

    def read(self, variants: Iterable[str]) -> list[Moved]:
        """Take these as read; they, and the orders of which all has been read."""
        read = set(variants)
        for left in self.orders.values():
            left.difference_update(read)
        ended = [code for code, left in self.orders.items() if not left]
        for code in ended:
            del self.orders[code]
        return [
            *((VARIANT, variant) for variant in read),
            *((ORDER, code) for code in ended),
        ]


class _Noted(NamedTuple):
    """A variant whose stock level was seen to move in a poll of the listings."""

    back_to: Millis
    moved_at: str


class MovementReader:
    """Reads a shop's movements."""

    def __init__(self, name: str, session: Session, clock: Clock) -> None:
        self._name = name
        self._session = session
        self._clock = clock
        # A fulfilment changes neither the order's time nor the variant's, only a stock level's. So
        # variants are also found, one poll later, by the levels that the poll of the listings saw
        # change. After a restart the note is lost, and with it at most those fulfilments.
        self._noted: dict[str, _Noted] = {}
        self._since: Millis | None = None
        self._memory = ReadMemory()
        self._cursor = EventCursor()

    def note(self, items: Iterable[object]) -> None:
        """Remember whose stock has moved since what was last read of events."""
        if self._since is None:
            return
        since, now = rfc3339(self._since) or "", self._clock.now()
        for item in items:
            if not isinstance(item, dict):
                continue
            variant, moved_at = str(item.get("id")), _level_moved(item)
            if moved_at < since:
                continue
            if self._memory.saw((VARIANT, variant), moved_at, now):
                before = self._noted.get(variant)
                back_to = self._since if before is None else before.back_to
                self._noted[variant] = _Noted(back_to, moved_at)

    async def read(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved after `cursor`, an instant in UTC. Raises what a session does.

        The cursor comes with the last page, for the pages are not in order.
        """
        began, known = self._clock.now(), _known(cursor)
        since = began - BEGIN_MS if known is None else known - OVERLAP_MS
        self._take_up(known, began)
        self._memory.forget_before(rfc3339(since) or "")
        noted, self._since = dict(self._noted), since
        moves = _Moves(since)
        looked_at = min([since, *(note.back_to for note in noted.values())]) - MATCH_MS
        placed = await self._orders(moves, looked_at)
        await self._edits(moves)
        for variant, note in noted.items():
            # Its time may lie before all that is looked at by now, and still has to be read once.
            self._memory.saw((VARIANT, variant), note.moved_at, began)
            moves.back_to[variant] = min(note.back_to, moves.back_to.get(variant, note.back_to))
        # What was never read comes first, so that a large import is read in a few polls.
        variants = sorted(
            moves.back_to, key=lambda variant: self._memory.was_read((VARIANT, variant))
        )
        at = since if known is None else known
        for start in range(0, min(len(variants), VARIANTS_MAX), AT_ONCE):
            batch = variants[start : min(start + AT_ONCE, VARIANTS_MAX)]
            found = await self._movements(batch, moves.back_to)
            page = decoded(found, placed)
            if page.is_unmatched:
                # The order was placed between our reading of the orders and of the movements, so
                # it is there by now. Without it the allocation would count as an order of its own.
                placed = await self._orders(moves, looked_at)
                page = decoded(found, placed)
            moves.newest = max([moves.newest, *(event.at for event in page.events)])
            # The next page begins where this reading did. The cursor only tells how many of its
            # pages were recorded.
            at += 1
            self._memory.mark(at, moves.read(batch))
            yield EventPage(page.events, page.refused, rfc3339(at), known)
        if not variants and not moves.newest and known is None:
            yield EventPage((), (), None, known)
            return
        unread = [
            variant
            for variant in variants[VARIANTS_MAX:]
            if not self._memory.was_read((VARIANT, variant))
        ]
        left_out = _left_out(len(variants), len(unread))
        at = self._cursor.after(
            moves.newest, at + 1, began=began, now=self._clock.now(), is_whole=not left_out
        )
        self._memory.mark(at, ())
        yield EventPage((), left_out, rfc3339(at), known)

    def _take_up(self, known: Millis | None, now: Millis) -> None:
        """Take for read what the reading before had read, as far as that was recorded."""
        kept = self._memory.begin(known, now)
        if kept is None:
            self._cursor.forget()
        for (sort, name), moved_at in kept or ():
            if sort == VARIANT and name in self._noted and self._noted[name].moved_at == moved_at:
                del self._noted[name]

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
        is_unread = moved_at >= moves.since and self._memory.saw(
            (ORDER, order.code), order.updated_at, self._clock.now()
        )
        for line in order.lines:
            if line.product_variant is None:
                continue
            variant = line.product_variant.id
            if is_unread:
                moves.back_to.setdefault(variant, moves.since)
                moves.orders.setdefault(order.code, set()).add(variant)
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
                moved_at = max((level.updated_at for level in variant.stock_levels), default="")
                if moved_at < since:
                    continue
                if self._memory.saw((VARIANT, variant.id), moved_at, self._clock.now()):
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


def _level_moved(item: Mapping[str, object]) -> str:
    """When a variant's stock last moved; Vendure writes every time alike, so text will do."""
    levels = item.get("stockLevels")
    if not isinstance(levels, list):
        return ""
    times = (str(level.get("updatedAt")) for level in levels if isinstance(level, dict))
    return max((at for at in times if at[:1].isdigit()), default="")


def _left_out(variants: int, unread: int) -> list[Refused]:
    if not unread:
        return []
    words = (
        f"{variants:,} variants moved at once; only {variants - unread:,} of them were read, the "
        "others come with the next polls"
    )
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
