"""An operator's folder beside a real Vendure, and a channel that polls it."""

import sqlite3
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import cast

from store.event_kinds import Event
from sync.channels.base import Channel, EventSource
from tests.end_to_end.desk import ShopDesk
from tests.end_to_end.shop import Shop
from tests.loopback import Answer, Loopback, ReceivedRequest, serving

VARIANTS = 60


BUFFER = 2


CONFIGURATION = """
[skew]
database = "skew.db"

[authority]
quantity = "warehouse"

[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
columns = {{ sku = "Item", available = "Qty", state = "State" }}

[channels.shop]
use = "vendure"
url = "{url}"
username = {{ env = "SHOP_USERNAME" }}
password = {{ env = "SHOP_PASSWORD" }}
direction = "push"
buffer = {buffer}

[approval]
hold = "0s"
"""


class Desk(ShopDesk):
    """The operator's folder, whose warehouse knows of articles that are not for sale."""

    def events(self) -> list[tuple[str, str, int, str | None, int]]:
        """What the cache has of the shop's events: kind, SKU, quantity, order, repeats."""
        with closing(sqlite3.connect(self.folder / "skew.db")) as cache:
            rows = cache.execute(
                """SELECT e.kind, i.sku, e.quantity, e.order_ref, e.repeats
                FROM events e JOIN items i ON i.id = e.item_id ORDER BY e.id"""
            )
            return rows.fetchall()

    def warehouse_drops(self, available: Mapping[str, int], disabled: tuple[str, ...] = ()) -> None:
        """The warehouse drops its file, whole."""
        rows = [
            f"{sku};{quantity};{'disabled' if sku in disabled else 'active'}\n"
            for sku, quantity in available.items()
        ]
        part = self.folder / "warehouse.part"
        part.write_text("Item;Qty;State\n" + "".join(rows), encoding="utf-8-sig")
        part.rename(self.folder / "warehouse.csv")


@contextmanager
def relayed(shop: Shop) -> Iterator[Loopback]:
    """The shop behind a relay that notes each request."""

    def answer(asked: ReceivedRequest) -> Answer:
        passed = {"content-type", "authorization"}
        headers = {name: value for name, value in asked.headers.items() if name in passed}
        request = urllib.request.Request(
            shop.url + asked.path, data=asked.body, headers=headers, method=asked.method
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            token = reply.headers.get("vendure-auth-token")
            return Answer(reply.read(), headers={"vendure-auth-token": token} if token else {})

    with serving(answer) as relay:
        yield relay


async def hear(channel: Channel, cursor: str | None) -> tuple[list[Event], str | None]:
    """One poll as the engine does it: the events, then the listings."""
    pages = [page async for page in cast("EventSource", channel).events(cursor)]
    async for _ in channel.pages():
        pass
    assert [refused for page in pages for refused in page.refused] == []
    return [event for page in pages for event in page.events], pages[-1].cursor or cursor
