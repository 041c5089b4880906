"""What the tests of a channel that tells what changed ask and say again and again."""

import sqlite3

from store.model import PollOutcome
from tests.sync.scripted_channel import Bench


def moves(bench: Bench, **quantities: int) -> None:
    """They change now, and the channel stamps them."""
    bench.shop.shows(**quantities)
    bench.shop.stamps |= dict.fromkeys(quantities, bench.clock.now())


def shown(bench: Bench, sku: str = "A") -> int | None:
    def read(connection: sqlite3.Connection) -> int | None:
        row = connection.execute(
            """SELECT l.available FROM listings l JOIN items i ON i.id = l.item_id
            JOIN channels c ON c.id = l.channel_id
            WHERE c.name = 'shop' AND i.sku = ? AND l.present = 1""",
            (sku,),
        ).fetchone()
        return None if row is None else row[0]

    return bench.database.read(read)


async def polls(bench: Bench, times: int = 1) -> list[str]:
    """Poll so often; how each looked at the channel."""
    bench.shop.looked.clear()
    for _ in range(times):
        assert (await bench.poll()).outcome is PollOutcome.GOOD
    return bench.shop.looked
