"""Setting what a place has: the quant of its own stock location, in Odoo's inventory mode.

`inventory_quantity_auto_apply` sets a quant and books the stock move in one call; repeated, it
changes nothing. Without `inventory_mode` it is a 200 that changes nothing; writing `quantity`
changes it behind the ledger's back; `action_apply_inventory` with nothing staged sets it to 0. None
of these is ever sent (measured on 19.0, 2026-11). There is no compare-and-set in one call: what is
written is read just before.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sync.channels.base import Change, Receipt
from sync.channels.odoo import records
from sync.channels.odoo.desk import OdooCall, OdooDesk
from sync.channels.odoo.reading import OdooReader
from sync.channels.odoo.records import OdooFound, OdooStanding
from sync.channels.odoo.shapes import SETTABLE, OdooQuant
from sync.errors import (
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

_MODE = "inventory_mode"


class _Moved(Exception):
    """The listing has changed since the reading that the change rests on."""


@dataclass(frozen=True, slots=True)
class _NewQuant:
    """Stock of a product that a place has none of yet."""

    product: int
    location: int
    quantity: int


@dataclass(frozen=True, slots=True)
class _SetQuant:
    """A quant, and what it shall be."""

    quant: int
    quantity: float


class OdooWriter:
    """Writes to one database."""

    def __init__(self, desk: OdooDesk, reader: OdooReader) -> None:
        self._desk = desk
        self._reader = reader

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set what has not moved; those of one new number in one call, and new quants in one."""
        try:
            ids = {records.product_of(change.ref) for change in changes} - {None}
            await self._check_rights()
            found = await self._reader.standing(ident for ident in ids if ident is not None)
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        receipts: dict[int, Receipt] = {}
        new: list[tuple[Change, _NewQuant]] = []
        by_quantity: dict[float, list[tuple[Change, _SetQuant]]] = defaultdict(list)
        for change in changes:
            try:
                planned = _planned(change, _standing(change, found))
            except _Moved as error:
                receipts[id(change)] = Receipt(change, refused=str(error), conflict=True)
            except ValueError as error:
                receipts[id(change)] = Receipt(change, refused=str(error))
            else:
                if isinstance(planned, _NewQuant):
                    new.append((change, planned))
                elif planned is not None:
                    by_quantity[planned.quantity].append((change, planned))
        calls = [
            (self._setting(quantity, [quant.quant for _, quant in some]), [c for c, _ in some])
            for quantity, some in by_quantity.items()
        ]
        if new:
            calls.append((_creating([quant for _, quant in new]), [change for change, _ in new]))
        for receipt in await self._sent(calls):
            receipts[id(receipt.change)] = receipt
        return [receipts.get(id(change), Receipt(change)) for change in changes]

    async def _check_rights(self) -> None:
        """Raise NeedsOperator where the user may not set a quant. Odoo 14 has no such field."""
        if SETTABLE in await self._desk.fields_of("stock.quant"):
            return
        self._desk.forget_fields()
        if SETTABLE not in await self._desk.fields_of("stock.quant"):
            raise NeedsOperator(
                f"{self._desk.client.name}: to write, the user needs the right Inventory: "
                "Administrator, and Odoo must be 15 or later"
            )

    def _setting(self, quantity: float, quants: Sequence[int]) -> OdooCall:
        return OdooCall("stock.quant", "write", {"vals": {SETTABLE: quantity}}, sorted(quants))

    async def _sent(self, calls: Sequence[tuple[OdooCall, Sequence[Change]]]) -> Sequence[Receipt]:
        """Send one call after the other. Raises what the first raises where nothing was sent."""
        receipts: list[Receipt] = []
        for number, (call, changes) in enumerate(calls):
            try:
                await self._send(call, len(changes))
            except WriteRejected as error:
                if len(calls) == 1:
                    raise
                receipts += [Receipt(change, refused=str(error)) for change in changes]
            except (Temporary, NeedsOperator, WriteOutcomeUnknown) as error:
                if len(calls) == 1 or (not number and not isinstance(error, WriteOutcomeUnknown)):
                    raise
                is_open = isinstance(error, WriteOutcomeUnknown)
                receipts += [
                    Receipt(change, unknown=str(error))
                    if is_open
                    else Receipt(change, unsent=str(error))
                    for change in changes
                ]
                left = [change for _, rest in calls[number + 1 :] for change in rest]
                words = "not sent: the call before it failed"
                return receipts + [Receipt(change, unsent=words) for change in left]
            else:
                receipts += [Receipt(change) for change in changes]
        return receipts

    async def _send(self, call: OdooCall, count: int) -> None:
        """Send one call. Raises WriteOutcomeUnknown where its answer is not as it must be."""
        answer = await self._desk.way.write(call, self._desk.context(**{_MODE: True}))
        is_done = answer is True
        if call.method == "create":
            # As many ids as there were quants; of one, some versions answer the id alone.
            ids = answer if isinstance(answer, list) else [answer]
            is_done = len(ids) == count and all(type(ident) is int for ident in ids)
        if not is_done:
            words = self._desk.client.text(repr(answer)[:200])
            raise WriteOutcomeUnknown(f"{self._desk.client.name}: {call.place}: answered {words}")


def _creating(quants: Sequence[_NewQuant]) -> OdooCall:
    rows = [
        {"product_id": q.product, "location_id": q.location, SETTABLE: q.quantity} for q in quants
    ]
    return OdooCall("stock.quant", "create", {"vals_list": rows})


def _standing(change: Change, found: OdooFound) -> OdooStanding:
    """The listing as it is now. Raises ValueError where it is not there or can't be read."""
    for standing in found.standings:
        record = standing.record
        if record.ref == change.ref and record.location == change.location:
            if record.sku != change.sku:
                raise ValueError(f"the product has the reference {record.sku} now")
            return standing
    for refused in found.refused:
        if refused.sku == change.sku:
            raise ValueError(f"it can't be read: {refused.reason}")
    raise ValueError("the product no longer exists, or has no stock at this place")


def _planned(change: Change, now: OdooStanding) -> _NewQuant | _SetQuant | None:
    """Work out what to send; None: it is right already.

    Raises _Moved, or ValueError where it can't be done.
    """
    record = now.record
    _refuse_what_cannot_be_set(now)
    if (record.available, record.state) != (change.previous.available, change.previous.state):
        raise _Moved(f"it has changed: {record.available} and {record.state} now")
    difference = change.quantity - (record.available or 0)
    return _placed(difference, now) if difference else None


def _refuse_what_cannot_be_set(now: OdooStanding) -> None:
    """Raise ValueError for a product or a place whose number is not one quant's."""
    product, place = now.product, now.place
    if not product.is_counted:
        raise ValueError("Odoo does not track its stock (is_storable)")
    if product.is_kits:
        raise ValueError("it is a kit: Odoo works its number out from its components")
    if product.tracking not in ("none", False):
        raise ValueError(f"it is tracked by {product.tracking}: count its lots in Odoo")
    if place.written is None:
        raise ValueError(
            f"{place.called} only holds other locations: name the one that is counted as location"
        )


def _placed(difference: int, now: OdooStanding) -> _NewQuant | _SetQuant:
    """Find the quant that takes the difference. Raises ValueError where none can."""
    place = now.place
    lying = [quant for quant in now.quants if _location(quant) == place.written]
    plain = [(records.amount(quant.quantity), quant) for quant in lying if quant.is_plain]
    # Several of one product in one location are possible until Odoo merges them.
    on_hand, quant = max(plain, key=lambda pair: pair[0], default=(0.0, None))
    if quant is not None and (difference > 0 or on_hand + difference >= 0):
        return _SetQuant(quant.id, round(on_hand + difference, records.DIGITS))
    if lying and quant is None:
        raise ValueError(
            f"what it has in {place.called} lies in packages or lots, or belongs to somebody else: "
            "count it in Odoo"
        )
    if difference < 0 or place.written is None:
        raise ValueError(
            f"{place.called} has too few to take {-difference} off: the others lie elsewhere, in "
            "packages, or belong to somebody else"
        )
    return _NewQuant(now.product.id, place.written, difference)


def _location(quant: OdooQuant) -> int | None:
    return quant.location_id[0] if isinstance(quant.location_id, tuple) else None
