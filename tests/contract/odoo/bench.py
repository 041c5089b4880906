"""What the tests of the kind `odoo` ask and say again and again."""

from sync.channels.base import Receipt
from tests.contract.harness import (
    OverHttp,
    change,
    opened,
    poll,
)


async def write(harness: OverHttp, quantity: int, sku: str = "A") -> Receipt:
    record = (await poll(harness)).of(sku)
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, quantity)])
    return receipt
