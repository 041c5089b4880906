"""What the tests of the kind `erpnext` ask and say again and again."""

from collections.abc import Sequence

from store.model import Record
from sync.channels.base import Receipt
from tests.contract.harness import (
    OverHttp,
    change,
    opened,
)
from tests.loopback import ReceivedRequest


async def write(harness: OverHttp, records: Sequence[Record], quantity: int) -> Sequence[Receipt]:
    async with opened(harness) as channel:
        changes = [change(record, quantity, f"c-{n}") for n, record in enumerate(records)]
        return await channel.write(changes)


def posted(harness: OverHttp) -> list[ReceivedRequest]:
    return [asked for asked in harness.server.asked if asked.method == "POST"]
