"""Setting what lies in a bin: a Stock Reconciliation, made and submitted in one request.

An insert with `docstatus` 1 submits in the transaction that makes it (`Document.insert` →
`check_docstatus_transition`, Frappe's source, read 2026-11-30). So a lost answer leaves a submitted
one or none, never a draft that somebody would submit a second time.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync import values
from sync.channels.base import Change, Receipt
from sync.channels.erpnext.reading import BinReader, ErpStock
from sync.channels.erpnext.shapes import ErpBin, ErpItem, ErpWarehouse
from sync.channels.erpnext.site import ErpNextSite
from sync.errors import ContractBroken, Temporary, WriteRejected

DOCTYPE = "Stock Reconciliation"
_SUBMITTED = 1
_ROW = re.compile(r"#\s*(\d{1,3})\s*:")
"""How ERPNext names a row of a document, in any language: `Row # 3: …`, `Zeile #3: …`."""


class _Moved(Exception):
    """The bin has changed since the reading that the change rests on."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A change that is sent, and its row of the document."""

    change: Change
    line: Mapping[str, object]


class BinWriter:
    """Writes up to `BATCH_MAX` bins at once."""

    def __init__(self, site: ErpNextSite, reader: BinReader, location: str | None) -> None:
        self._site = site
        self._reader = reader
        self._location = location

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Read the bins afresh, and set those that are as the changes' readings say."""
        # ERPNext has no compare-and-set: between this reading and the write lie milliseconds, in
        # which a delivery can come. What it changes of the number is found by the next poll.
        try:
            stock = await self._reader.stock([change.sku for change in changes])
            warehouses = await self._site.warehouses()
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        receipts: dict[int, Receipt] = {}
        rows: dict[str, dict[int, _Row]] = {}
        """By company, in the order of the changes: a document is of one company."""
        for number, change in enumerate(changes):
            place = self._location or change.location
            try:
                company = _company(place, warehouses)
                line = self._line(change, stock, place)
            except _Moved as error:
                receipts[number] = Receipt(change, refused=str(error), conflict=True)
            except ValueError as error:
                receipts[number] = Receipt(change, refused=str(error))
            else:
                rows.setdefault(company, {})[number] = _Row(change, line)
        for count, (company, own) in enumerate(rows.items()):
            if count:
                # Whoever sends several documents may end with a part of them.
                why = "its company is another than that of the others: it goes by itself"
                receipts |= {n: Receipt(row.change, unsent=why) for n, row in own.items()}
            else:
                receipts |= await self._sent(company, own, is_all=len(rows) == 1)
        return [receipts[number] for number in range(len(changes))]

    def _line(self, change: Change, stock: ErpStock, place: str) -> Mapping[str, object]:
        """Work out one row. Raises _Moved, and ValueError with why it can't be done."""
        item = stock.items.get(change.sku)
        if item is None:
            raise ValueError("the item no longer exists")
        _check(item)
        bin_ = stock.bins.get((change.sku, place))
        if bin_ is None and self._location is None:
            raise ValueError(f"it has no bin in {place} any more")
        bin_ = bin_ or self._reader.empty(change.sku)
        now = self._reader.record(bin_, item)
        before = change.previous
        if (now.available, now.state) != (before.available, before.state):
            raise _Moved(f"it has changed: {now.available} and {now.state} now")
        # What is reserved lies there too (rule 11, docs/architecture.md).
        on_hand = change.quantity + (now.committed or 0) + (now.unavailable or 0)
        if on_hand < 0:
            raise ValueError(f"it would need {on_hand} on hand, which ERPNext refuses")
        return {"item_code": change.sku, "warehouse": place, "qty": on_hand, **_value(bin_)}

    async def _sent(
        self, company: str, rows: Mapping[int, _Row], *, is_all: bool
    ) -> Mapping[int, Receipt]:
        document: dict[str, object] = {
            "docstatus": _SUBMITTED,
            "purpose": DOCTYPE,
            "items": [row.line for row in rows.values()],
        }
        if company:
            document["company"] = company
        try:
            made = (await self._site.insert(DOCTYPE, document)).data
        except WriteRejected as error:
            return self._refused(error, rows, is_all=is_all)
        if made.docstatus != _SUBMITTED:
            words = (
                f"{made.name} was made and not submitted, so it moves nothing: a workflow holds "
                "it. Submit or delete it in ERPNext, and let the user submit"
            )
            return {n: Receipt(row.change, refused=words) for n, row in rows.items()}
        return {n: Receipt(row.change) for n, row in rows.items()}

    @staticmethod
    def _refused(
        error: WriteRejected, rows: Mapping[int, _Row], *, is_all: bool
    ) -> Mapping[int, Receipt]:
        """Refuse the rows that ERPNext names. Nothing of the document was applied.

        Raises the error itself where it names none.
        """
        named = {int(found) for found in _ROW.findall(str(error))}
        if not named or max(named) > len(rows) or min(named) < 1:
            if is_all:
                raise error
            return {n: Receipt(row.change, refused=str(error)) for n, row in rows.items()}
        why = f"not sent: another row of its document was refused: {error}"
        return {
            n: Receipt(row.change, refused=str(error))
            if place in named
            else Receipt(row.change, unsent=why)
            for place, (n, row) in enumerate(rows.items(), 1)
        }


def _company(place: str, warehouses: Mapping[str, ErpWarehouse]) -> str:
    """Whose a warehouse is; empty where it does not say. Raises ValueError for any other place."""
    warehouse = warehouses.get(place)
    if warehouse is None:
        raise ValueError(f"{values.quoted(place)} is not a warehouse that is read")
    return warehouse.company or ""


def _check(item: ErpItem) -> None:
    """Raise ValueError for an item of which ERPNext takes no plain count."""
    if item.has_variants:
        raise ValueError("it is a template: its variants have the stock")
    if not item.is_stock_item:
        raise ValueError("ERPNext keeps no stock of it (Maintain Stock is off)")
    if item.is_numbered:
        raise ValueError(
            "it has serial or batch numbers, which a count must name: correct it in ERPNext"
        )
    if item.disabled:
        raise ValueError("it is disabled, and ERPNext then takes no count: enable it first")


def _value(bin_: ErpBin) -> Mapping[str, object]:
    """What a piece is worth, carried on as it is: a count must not change the books' rate."""
    rate = bin_.valuation_rate
    if isinstance(rate, int | float) and rate > 0:
        return {"valuation_rate": rate}
    if values.quantity(bin_.actual_qty) > 0:
        return {"valuation_rate": 0, "allow_zero_valuation_rate": 1}
    # There never was any: ERPNext takes the item's own rate or buying price, or refuses it.
    return {}
