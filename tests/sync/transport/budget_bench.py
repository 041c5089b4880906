"""What the tests of the budgets share: an answer, what it cost, and a sweep that asks for many."""

import json
from collections.abc import Callable
from typing import Any

from sync.transport.budgets.base import Budget
from sync.transport.call import Reply


def reply(headers: dict[str, str] | None = None, body: bytes = b"{}", status: int = 200) -> Reply:
    return Reply(status, headers or {}, body, "http://shop.test/")


async def sweep(budget: Budget, ask: Callable[[], Reply], requests: int) -> None:
    for _ in range(requests):
        await budget.turn()
        budget.note(ask())


def cost(
    now: float, most: float = 2000, rate: float = 100, asked: Any = 50, cost: Any = 40
) -> Reply:
    status = {"maximumAvailable": most, "currentlyAvailable": now, "restoreRate": rate}
    extensions = {
        "cost": {"requestedQueryCost": asked, "actualQueryCost": cost, "throttleStatus": status}
    }
    return reply(body=json.dumps({"data": {}, "extensions": extensions}).encode())
