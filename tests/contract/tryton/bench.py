"""What the tests of Tryton ask and say again and again."""

from sync.channels.base import Receipt
from tests.contract.harness import OverHttp, change, opened, poll
from tests.loopback import Answer


async def write(harness: OverHttp, *wanted: tuple[str, int]) -> list[Receipt]:
    before = await poll(harness)
    async with opened(harness) as channel:
        changes = [change(before.of(sku), quantity, sku) for sku, quantity in wanted]
        return list(await channel.write(changes))


def error(*parts: object) -> Answer:
    return Answer({"id": 0, "error": list(parts)})
