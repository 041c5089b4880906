"""What the tests of Shopify, which is written to ask and say again and again."""

from sync.channels.base import Receipt
from tests.contract.harness import (
    OverHttp,
    Reading,
    change,
    opened,
    poll,
)
from tests.fakes.shopify import Shopify


async def write(
    harness: OverHttp, *wanted: tuple[str, int], reading: Reading | None = None
) -> list[Receipt]:
    """Set these SKUs, by the reading before."""
    reading = reading or await poll(harness)
    async with opened(harness) as channel:
        changes = [change(reading.of(sku), quantity, f"skew-{sku}-1") for sku, quantity in wanted]
        return list(await channel.write(changes))


def shown(shop: Shopify) -> dict[str | None, int]:
    return {item.sku: item.levels["1"]["available"] for item in shop.items}
