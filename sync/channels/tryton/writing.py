"""Writing stock to Tryton: an inventory that is made, compared and confirmed (8.2.1, 2026-11).

Tryton notes what it expects of each product when an inventory is made, and at its confirmation
moves the *difference*. So a product that moved between the two ends at neither number: two counts
of 15 and 20 from 7 ended at 28, without an error. What it expects is compared before the
confirmation, which leaves milliseconds; the read-back finds what happens in them.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from store.model import Record
from sync import values
from sync.channels.base import Change, ListingRef, Receipt
from sync.channels.tryton.layout import TrytonLayout, TrytonPlace, TrytonPlan
from sync.channels.tryton.reading import TrytonReader, product_ids
from sync.channels.tryton.rpc import Context, TrytonClient
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
)

_NOT_EQUAL = 1e-6


class TrytonCounted(msgspec.Struct, frozen=True):
    """How much of a product lies in a location itself."""

    id: int
    quantity: float


class TrytonLine(msgspec.Struct, frozen=True):
    """A line of an inventory."""

    id: int
    product: int
    expected_quantity: float


class TrytonInventory(msgspec.Struct, frozen=True):
    id: int
    state: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """One change, and what its line of the inventory says."""

    change: Change
    product: int
    expected: float
    counted: float


class TrytonWriter:
    """Sets stock by inventories, one for each place."""

    def __init__(self, client: TrytonClient, plan: TrytonPlan, reader: TrytonReader) -> None:
        self._client = client
        self._plan = plan
        self._reader = reader

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Write changes of one place in one inventory, and of several one after the other."""
        receipts: dict[int, Receipt] = {}
        is_first = True
        for location in dict.fromkeys(change.location for change in changes):
            own = {n: change for n, change in enumerate(changes) if change.location == location}
            try:
                answered = await self._write_at(location, list(own.values()))
            except ChannelError as error:
                if is_first:
                    raise
                # An inventory before this one is confirmed: it must not look as if none were.
                answered = [_after_others(change, error) for change in own.values()]
            receipts |= dict(zip(own, answered, strict=True))
            is_first = False
        return [receipts[number] for number in range(len(changes))]

    async def _write_at(self, location: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        layout = await self._known(location)
        place = layout.place(location)
        if place is None:
            words = f"there is no warehouse {values.quoted(location)}"
            return [Receipt(change, refused=words) for change in changes]
        refusals: dict[int, Receipt] = {}
        lines: dict[int, _Line] = {}
        now, own = await self._look(layout, place, changes)
        for number, change in enumerate(changes):
            line = _line(change, now.get((change.sku, change.ref)), own)
            if isinstance(line, _Line) and any(o.product == line.product for o in lines.values()):
                line = Receipt(change, refused="another of this call is of the same product")
            if isinstance(line, Receipt):
                refusals[number] = line
            elif line is not None:
                lines[number] = line
        if lines:
            refusals |= await self._inventory(layout, place, lines)
        return [refusals.get(number) or Receipt(change) for number, change in enumerate(changes)]

    async def _known(self, location: str) -> TrytonLayout:
        try:
            layout = await self._plan.known()
            return layout if layout.place(location) else await self._plan.afresh()
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error

    async def _look(
        self, layout: TrytonLayout, place: TrytonPlace, changes: Sequence[Change]
    ) -> tuple[Mapping[tuple[str, str], Record | str], Mapping[int, float]]:
        """The listings as they are now, and what lies in the place itself, by product."""
        wanted = [ListingRef(change.sku, change.location, change.ref) for change in changes]
        ids = product_ids(wanted, place.location)
        try:
            fresh = await self._reader.read(wanted)
            rows = await self._client.ask(
                "product.product.search_read",
                [[["id", "in", ids]], 0, None, None, ["quantity"]],
                layout.context(place, with_childs=False),
                list[TrytonCounted],
            )
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        unreadable = {bad.sku: bad.reason for bad in fresh.refused}
        now: dict[tuple[str, str], Record | str] = {
            (change.sku, change.ref): unreadable[change.sku]
            for change in changes
            if change.sku in unreadable
        }
        now |= {(record.sku, record.ref): record for record in fresh.records}
        return now, {row.id: row.quantity for row in rows}

    async def _inventory(
        self, layout: TrytonLayout, place: TrytonPlace, lines: Mapping[int, _Line]
    ) -> dict[int, Receipt]:
        """Make an inventory of the lines and confirm it; the receipts of those that it refuses."""
        context: Context = {"company": layout.company}
        made = await self._make(layout, place, lines, context)
        try:
            moved = await self._unexpected(made, lines, context)
            if len(moved) == len(lines):
                await self._discard(made, context)
                return moved
        except ChannelError:
            await self._discard(made, context)
            raise
        try:
            await self._client.change("stock.inventory.confirm", [[made]], context)
        except WriteOutcomeUnknown as error:
            # A draft that stays would move an old difference once somebody confirms it.
            await self._discard(made, context)
            raise WriteOutcomeUnknown(f"{error}; of the inventory with the id {made}") from error
        except ChannelError:
            await self._discard(made, context)
            raise
        return moved

    async def _make(
        self,
        layout: TrytonLayout,
        place: TrytonPlace,
        lines: Mapping[int, _Line],
        context: Context,
    ) -> int:
        """Make a draft, which moves nothing; its id."""
        counted = [
            ["create", [{"product": line.product, "quantity": line.counted}]]
            for line in lines.values()
        ]
        entry = {"location": place.storage, "company": layout.company, "lines": counted}
        try:
            result = await self._client.change("stock.inventory.create", [[entry]], context)
            (made,) = msgspec.convert(result, tuple[int])
        except WriteOutcomeUnknown as error:
            words = "nothing was moved; a draft of an inventory may be left in Tryton"
            raise Temporary(f"{error}: {words}") from error
        except msgspec.ValidationError as error:
            words = "made no inventory that we know of, so nothing was moved"
            raise Temporary(f"{self._client.name} {words}: {error}") from error
        return made

    async def _unexpected(
        self, made: int, lines: Mapping[int, _Line], context: Context
    ) -> dict[int, Receipt]:
        """Take the lines out of a draft of which Tryton expects another number than we."""
        try:
            rows = await self._client.ask(
                "stock.inventory.line.search_read",
                [[["inventory", "=", made]], 0, None, None, ["product", "expected_quantity"]],
                context,
                list[TrytonLine],
            )
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        found = {row.product: row for row in rows}
        moved: dict[int, Receipt] = {}
        gone: list[int] = []
        for number, line in lines.items():
            row = found.get(line.product)
            if row is not None and abs(row.expected_quantity - line.expected) < _NOT_EQUAL:
                continue
            gone += [row.id] if row is not None else []
            expected = "nothing" if row is None else f"{row.expected_quantity:g}"
            words = (
                f"Tryton expects {expected} of it there, not {line.expected:g}: it moved, or it "
                f"lies there in lots"
            )
            moved[number] = Receipt(line.change, refused=words, conflict=True)
        if gone and len(moved) < len(lines):
            try:
                await self._client.ask("stock.inventory.line.delete", [gone], context, object)
            except (ContractBroken, NeedsOperator) as error:
                raise Temporary(f"nothing was written: {error}") from error
        return moved

    async def _discard(self, made: int, context: Context) -> None:
        """Delete a draft, if it still is one. It has moved nothing."""
        # As what may be repeated, so that it is not held up by what keeps the write from going on.
        # Where even that fails, what is to be said is why it was tried.
        with contextlib.suppress(ChannelError):
            await self._client.ask("stock.inventory.delete", [[made]], context, object)


def _line(
    change: Change, now: Record | str | None, own: Mapping[int, float]
) -> _Line | Receipt | None:
    """What a change's line is; a receipt where it can't be one, None where nothing is to do."""
    if now is None or isinstance(now, str):
        words = "the product no longer exists" if now is None else f"it can't be read: {now}"
        return Receipt(change, refused=words)
    if now.available is None:
        return Receipt(change, refused="it is a consumable, which Tryton never lets run out")
    if (now.available, now.state) != (change.previous.available, change.previous.state):
        words = f"it has changed: {now.available} and {now.state} now"
        return Receipt(change, refused=words, conflict=True)
    if change.quantity == now.available:
        return None
    product = int(change.ref)
    expected = own.get(product, 0.0)
    counted = expected + change.quantity - now.available
    if counted < 0:
        words = (
            f"its location would need {counted:g}: {expected:g} lie there, the others in "
            f"locations below, or more is assigned than there is"
        )
        return Receipt(change, refused=words)
    return _Line(change, product, expected, counted)


def _after_others(change: Change, error: ChannelError) -> Receipt:
    if isinstance(error, WriteOutcomeUnknown):
        return Receipt(change, unknown=str(error))
    if isinstance(error, Temporary | NeedsOperator):
        return Receipt(change, unsent=str(error))
    return Receipt(change, refused=str(error))
