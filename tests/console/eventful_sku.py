"""A SKU to which much has happened: sold, corrected, stale for a while, and still in dispute."""

from pathlib import Path

from store.event_kinds import Event, EventKind
from store.model import Millis, Record
from store.polling.events import EventOrigin
from tests.console.small_shop import MINUTE, NOW, Shop, record
from tests.store.recorded_events import record_events

SKU = "SKU-0004411"
TITLE = "Blue widget 12 mm"


class EventfulShop(Shop):
    """A shop whose first SKU has had six hours."""

    def __init__(self, folder: Path, **approval: object) -> None:
        super().__init__(folder, **approval)
        self.clock.at = NOW

    def live(self) -> None:
        """Sales at the shop, one update written to the market, which was stale before that."""
        stock = 40
        for ago in range(350, 0, -10):
            at = NOW - ago * MINUTE
            if ago % 70 == 0:
                stock -= 5
                self.sell("shop", 5, at=at - 30_000)
            self.have(stock, at=at)
            self.say("shop", stock - 2, at=at + 1_000)
            self.say("outlet", stock - 2, at=at + 2_000)
            if not 120 <= ago <= 200:
                self.say("market", 38 if ago > 100 else stock - 2, at=at + 3_000)
        for ago in (4, 1):
            self.have(stock, at=NOW - ago * MINUTE)
            self.say("shop", stock - 2, at=NOW - ago * MINUTE + 1_000)
            self.say("outlet", stock - 2, at=NOW - ago * MINUTE + 2_000)
            self.say("market", stock + 9, at=NOW - ago * MINUTE + 3_000)

    def have(self, quantity: int, *, at: Millis) -> None:
        held = Record(
            sku=SKU,
            available=quantity,
            title=TITLE,
            on_hand=quantity + 3,
            committed=3,
            price_minor=1900,
        )
        self.read("warehouse", [held], at=at)

    def say(self, channel: str, quantity: int, *, at: Millis) -> None:
        self.read(channel, [record(SKU, quantity, TITLE, 1900)], at=at)

    def sell(self, channel: str, quantity: int, *, at: Millis) -> None:
        event = Event(f"{at}", EventKind.ORDERED, SKU, quantity, at, order=f"{at % 10_000}")
        self.database.write(
            record_events, EventOrigin(channel, at + 1_000), [event], self.comparison
        )
