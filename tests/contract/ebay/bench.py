"""What the tests of the kind `ebay` ask and say again and again."""

from sync.channels.base import Receipt
from tests.contract.harness import (
    OverHttp,
    change,
    opened,
    poll,
)
from tests.loopback import ReceivedRequest


def sent(harness: OverHttp, end: str) -> list[ReceivedRequest]:
    return [asked for asked in harness.server.asked if end in asked.path]


async def write(harness: OverHttp, quantity: int, sku: str = "A") -> Receipt:
    record = (await poll(harness)).of(sku)
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, quantity)])
    return receipt
