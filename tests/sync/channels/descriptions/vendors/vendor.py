"""A vendor's API on loopback, as far as its documents say, and a channel by its description."""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from store.model import Record
from sync import channels
from sync.channels.base import Change, Channel, ListingRef, Receipt
from sync.clock import SystemClock
from sync.config import ready_made
from sync.config.load import decode
from tests.loopback import Answer, ReceivedRequest, serving

SECRET = "v3ndor-s3cret"


class Vendor(ABC):
    """One shop: what it has, and how it answers. Refuses whoever does not sign in."""

    use: ClassVar[str]
    keys: ClassVar[Mapping[str, object]] = {}
    """Of the channel, beside what the description asks for."""

    def answer(self, asked: ReceivedRequest) -> Answer:
        if (door := self.door(asked)) is not None:
            return door
        parts = urlsplit(asked.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return self.serve(asked, parts.path, query)

    @abstractmethod
    def door(self, asked: ReceivedRequest) -> Answer | None:
        """The answer to whoever may not come in, or to a sign-in; None: come in."""

    @abstractmethod
    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer: ...


@asynccontextmanager
async def using(
    vendor: Vendor, base: Path, environ: Mapping[str, str]
) -> AsyncIterator[tuple[Channel, list[ReceivedRequest]]]:
    """Open a channel as `skew init --from` writes it, and the list of what is asked of the shop."""
    with serving(vendor.answer) as shop:
        made = ready_made.named(vendor.use, "use", base)
        assert made.description is not None, made.wrong
        table = {**ready_made.smallest(made.description, "shop", shop.url), **vendor.keys}
        data = {"authority": {"quantity": "shop"}, "channels": {"shop": table}}
        settings = decode(data, source="test", base=base, environ=environ).channels["shop"]
        channel = channels.open_channel(settings, SystemClock(), base)
        try:
            yield channel, shop.asked
        finally:
            await channel.close()


async def listed(channel: Channel) -> dict[str, Record]:
    """Every listing by its SKU; none may be refused, and the list must be whole."""
    found: dict[str, Record] = {}
    async for page in channel.pages():
        assert page.refused == [], page.refused
        assert not page.cut_short, page.cut_short
        for record in page.records:
            assert record.sku not in found, record.sku
            found[record.sku] = record
    return found


async def read(channel: Channel, record: Record) -> Record:
    """One listing by itself."""
    answer = await channel.read([ListingRef(record.sku, record.location, record.ref)])
    assert answer.refused == [], answer.refused
    (found,) = answer.records
    return found


async def write(channel: Channel, wanted: Mapping[str, int]) -> dict[str, Receipt]:
    """Set listings to quantities, each on what the list says now; the receipts by SKU."""
    records = await listed(channel)
    changes = [
        Change(sku, records[sku].location, records[sku].ref, quantity, records[sku], f"k-{sku}")
        for sku, quantity in wanted.items()
    ]
    return {receipt.change.sku: receipt for receipt in await channel.write(changes)}


def shown(records: Mapping[str, Record]) -> dict[str, tuple[int | None, str | None]]:
    """What each listing has available, and its state."""
    return {sku: (record.available, record.state) for sku, record in records.items()}


def said(asked: ReceivedRequest) -> Any:
    return json.loads(asked.body)
