"""What the tests of the kind `adobe-commerce` ask and say again and again."""

from sync.channels.base import Receipt
from tests.contract.harness import OverHttp, change, opened, poll


async def write(harness: OverHttp, *wanted: tuple[str, int]) -> list[Receipt]:
    before = await poll(harness)
    async with opened(harness) as channel:
        changes = [change(before.of(sku), quantity, sku) for sku, quantity in wanted]
        return list(await channel.write(changes))
