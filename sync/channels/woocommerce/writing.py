"""Writing to a shop: one item by itself, several of one product together.

WooCommerce has no compare-and-set, so what is written is read once more just before.
"""

from collections.abc import Sequence

from store.model import State
from sync import values
from sync.channels.base import Change, Receipt
from sync.channels.woocommerce import answers
from sync.channels.woocommerce.answers import Entry, Fields
from sync.channels.woocommerce.kind import BATCH_MAX
from sync.channels.woocommerce.reading import CatalogueReader, ShownItem
from sync.channels.woocommerce.shapes import NO, NOTIFY, PUBLISHED, StockAt
from sync.channels.woocommerce.shop import ShopClient, TooLarge
from sync.errors import (
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

_ANSWER_FIELDS = "id,status,manage_stock,stock_quantity,stock_status,backorders"
_MAY_PUBLISH = ("draft", "private")
"""The statuses that we end to put something on sale. Others are a plan: a review, a day."""


class _Conflict(Exception):
    """The item has changed since the reading that the change rests on."""


def address_of(ref: str) -> str:
    """The id of the product whose variations are written together; empty for products."""
    parent, _, number = ref.partition("/")
    return parent if number else ""


class CatalogueWriter:
    """Writes to one shop."""

    def __init__(self, shop: ShopClient, reader: CatalogueReader) -> None:
        self._shop = shop
        self._reader = reader
        self._most = BATCH_MAX
        """The largest batch that the shop is not known to refuse."""

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Write changes of one address, those of items that have moved left out."""
        try:
            good, bad = await self._reader.shown([change.ref for change in changes])
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        receipts: dict[int, Receipt] = {}
        entries: list[Entry] = []
        for change in changes:
            try:
                fields = _fields(change, good.get(change.ref), bad.get(change.ref))
            except _Conflict as error:
                receipts[id(change)] = Receipt(change, refused=str(error), conflict=True)
            except ValueError as error:
                receipts[id(change)] = Receipt(change, refused=str(error))
            else:
                entries += [(change, fields)] if fields else []
        for receipt in await self._sent(entries):
            receipts[id(receipt.change)] = receipt
        return [receipts.get(id(change), Receipt(change)) for change in changes]

    async def _sent(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Send them in as few calls as the shop takes."""
        receipts: list[Receipt] = []
        left = list(entries)
        while left:
            some = left[: self._most]
            try:
                found = await self._send(some)
            except TooLarge as error:
                # It is refused before any of it is read (WC_REST_Controller::check_batch_limit).
                if len(some) == 1:
                    raise WriteRejected(str(error)) from error
                self._most = max(1, len(some) // 2)
                continue
            except (Temporary, NeedsOperator) as error:
                if not receipts:
                    raise
                return receipts + [Receipt(change, unsent=str(error)) for change, _ in left]
            except (WriteRejected, WriteOutcomeUnknown) as error:
                if not receipts:
                    raise
                is_refused = isinstance(error, WriteRejected)
                receipts += [
                    Receipt(change, refused=str(error))
                    if is_refused
                    else Receipt(change, unknown=str(error))
                    for change, _ in some
                ]
                rest = left[len(some) :]
                return receipts + [
                    Receipt(change, unsent="the call before it failed") for change, _ in rest
                ]
            receipts += found
            left = left[len(some) :]
        return receipts

    async def _send(self, entries: Sequence[Entry]) -> list[Receipt]:
        parent = address_of(entries[0][0].ref)
        route = f"products/{parent}/variations" if parent else "products"
        numbers = [change.ref.rpartition("/")[2] for change, _ in entries]
        if len(entries) == 1:
            change, fields = entries[0]
            place = f"{route}/{numbers[0]}"
            answer = await self._shop.put(place, dict(fields), _ANSWER_FIELDS)
            return [answers.receipt(change, fields, answer, self._shop.text)]
        pairs = zip(numbers, entries, strict=True)
        update = [{"id": int(number), **fields} for number, (_, fields) in pairs]
        place = f"{route}/batch"
        content = await self._shop.post(place, {"update": update})
        rows = content.get("update") if isinstance(content, dict) else None
        if not isinstance(rows, list):
            raise WriteOutcomeUnknown(f"{self._shop.name}: {place}: the answer has no `update`")
        return answers.by_id(entries, rows, self._shop.text)


def _fields(change: Change, there: ShownItem | None, bad: tuple[str | None, str] | None) -> Fields:
    """What to send for one change. Raises _Conflict, or ValueError where it can't be done."""
    if bad is not None:
        raise ValueError(f"it can't be read: {bad[1]}")
    record = there.record if there is not None else None
    if there is None or record is None or record.sku != change.sku:
        raise ValueError("the product or variation is no longer there, or no listing any more")
    if there.item.stock_at is StockAt.PARENT:
        raise ValueError("its stock is its product's: change that of the product")
    if record.available is None:
        raise ValueError("WooCommerce does not count it: turn on `Track stock quantity` for it")
    before = change.previous
    if (record.available, record.state) != (before.available, before.state):
        raise _Conflict(f"it has changed: {record.available} and {record.state} now")
    fields: dict[str, object] = {}
    if change.quantity != record.available:
        fields["stock_quantity"] = change.quantity
    if change.state is not None:
        fields |= _state_fields(change, there)
    return fields


def _state_fields(change: Change, there: ShownItem) -> Fields:
    """What makes an item show a state. Raises ValueError where nothing does, or nothing should."""
    item, parent, state = there.item, there.parent, change.state
    if state is State.DISABLED:
        # A variation that is private is one that is switched off.
        off = "draft" if parent is None else "private"
        return {"status": off} if item.status == PUBLISHED else {}
    if state not in (State.ACTIVE, State.BACKORDER):
        raise ValueError(f"WooCommerce has no state {state}")
    if parent is not None and not parent.is_published:
        raise ValueError("its product is not published: publish the product first")
    fields: dict[str, object] = {}
    if item.status != PUBLISHED:
        if item.status not in _MAY_PUBLISH:
            words = f"its status is {values.quoted(item.status)}: publish it in WooCommerce"
            raise ValueError(words)
        fields["status"] = PUBLISHED
    # What is sold without being there is a setting, which shows only where nothing is there
    # (WC_Product::validate_props).
    is_out = change.quantity <= 0
    if state is State.BACKORDER and not is_out:
        raise ValueError("WooCommerce shows a backorder only where no units are left")
    sells_on = item.backorders not in (NO, "", None)
    if is_out and sells_on is not (state is State.BACKORDER):
        fields["backorders"] = NO if sells_on else NOTIFY
    return fields
