"""What the tests of the kind `square` ask and say again and again."""

from typing import Any

from sync.channels.base import Change, Receipt
from tests.contract.harness import (
    OverHttp,
    opened,
)

COUNTS = "/v2/inventory/counts/batch-retrieve"


CHANGES = "/v2/inventory/changes/batch-create"


async def written(harness: OverHttp, *changes: Change) -> list[Receipt]:
    async with opened(harness) as channel:
        return list(await channel.write(changes))


def asked_for(harness: OverHttp, path: str) -> list[Any]:
    return [asked.json for asked in harness.server.asked if asked.path == path]
