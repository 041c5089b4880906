"""Writing source items: read, compare, then one call, which answers nothing for each item.

`POST /V1/inventory/source-items` sets quantities absolutely. It makes an item for a SKU that no
product has and answers 200 (magento/magento2 issues 30274 and 38154), so only what was just read is
written, and every listing is read back.
"""

from collections.abc import Sequence

from store.model import Record, State
from sync import values
from sync.channels.adobe_commerce.layout import AdobeLayout, AdobePlan
from sync.channels.adobe_commerce.reading import AdobeFew, AdobeReader
from sync.channels.adobe_commerce.search import AdobeSearch
from sync.channels.adobe_commerce.shapes import AdobeSourceItem
from sync.channels.base import Change, Receipt
from sync.errors import ContractBroken, Temporary

_IN_STOCK = 1


class AdobeWriter:
    """Sets the quantity of a source."""

    def __init__(
        self, search: AdobeSearch, plan: AdobePlan, reader: AdobeReader, *, by_source: bool
    ) -> None:
        self._search = search
        self._plan = plan
        self._reader = reader
        self._by_source = by_source
        """A listing is what lies in one source."""

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set each change's source item. Those that moved since its reading are conflicts.

        All others go in one call. Its answer says nothing of each: that is read back.
        """
        try:
            layout = await self._plan.known()
            few = await self._reader.few([change.sku for change in changes])
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        receipts: list[Receipt] = []
        entries: list[dict[str, object]] = []
        for change in changes:
            entry = self._entry(change, few, layout)
            receipts.append(entry if isinstance(entry, Receipt) else Receipt(change))
            entries += [] if isinstance(entry, Receipt) else [entry]
        if entries:
            url = self._search.url("inventory", "source-items")
            body = {"sourceItems": entries}
            await self._search.client.write("POST", url, "source-items", json=body)
        return receipts

    def _entry(
        self, change: Change, few: AdobeFew, layout: AdobeLayout
    ) -> dict[str, object] | Receipt:
        """What is sent for one change, or why nothing is."""
        now = self._now(change, few)
        if isinstance(now, Receipt):
            return now
        source = layout.written
        if self._by_source and source is None:
            source = change.location
        if source is None:
            words = f"its stock has several sources, {', '.join(layout.sources)}: set `source`"
            return Receipt(change, refused=words)
        item = next((i for i in few.items.get(change.sku, ()) if i.source_code == source), None)
        if item is None:
            words = f"it is not assigned to the source {source}: assign it in the shop"
            return Receipt(change, refused=words)
        return _set(change, item, now)

    def _now(self, change: Change, few: AdobeFew) -> Record | Receipt:
        """The listing as it is now; a receipt where it can't be written."""
        known = [
            record
            for record in few.found.records
            if (record.sku, record.location) == (change.sku, change.location)
        ]
        if len(known) != 1:
            bad = [bad.reason for bad in few.found.refused if bad.sku == change.sku]
            words = f"it can't be read: {bad[0]}" if bad else "the listing no longer exists"
            return Receipt(change, refused=words)
        now = known[0]
        if now.available is None:
            return Receipt(change, refused="its stock is not managed, so it never runs out")
        if (now.available, now.state) != (change.previous.available, change.previous.state):
            words = f"it has changed: {now.available} and {now.state} now"
            return Receipt(change, refused=words, conflict=True)
        return now


def _set(change: Change, item: AdobeSourceItem, now: Record) -> dict[str, object] | Receipt:
    """What sets a source item so that as many are available as the change says."""
    assert now.available is not None
    if now.state is State.HOLD and change.quantity > 0:
        # Somebody took it off sale although it is there. A quantity must not put it back.
        words = "it is set to Out of Stock although some is there: set it to In Stock in the shop"
        return Receipt(change, refused=words)
    try:
        lies = values.quantity(item.quantity)
    except ValueError as error:
        return Receipt(change, refused=f"its source item can't be read: {error}")
    if now.on_hand is None:
        return Receipt(change, refused="what lies of it in another source can't be read")
    # What orders have reserved, and the product's own minimum, stay between the two. Of what is
    # not salable at all they are not known: then too little is set rather than too much, and once
    # it is salable the next reading shows them.
    is_known = now.committed is not None and item.is_in_stock
    quantity = lies + change.quantity - now.available if is_known else change.quantity
    if quantity < 0:
        words = f"its source {item.source_code} would need {quantity}: {lies} lie there"
        return Receipt(change, refused=words)
    status = _IN_STOCK if quantity > 0 and change.quantity > 0 else item.status
    return {
        "sku": change.sku,
        "source_code": item.source_code,
        "quantity": quantity,
        "status": status if type(status) is int else _IN_STOCK,
    }
