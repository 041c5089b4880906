"""Trouble with the stage's channels, and polls of theirs that are set aside."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from console.tui.app import SkewApp
from console.tui.pages.incidents import IncidentsPage
from store.channels import incidents
from store.model import IncidentKind, Millis, Record
from store.polling import quarantine, staging
from tests.console.small_shop import MINUTE, NOW, WAREHOUSE, Shop, record

ZEROS = "5 of 5 listings newly at zero (100 %), more than 10 %"


def raise_incident(shop: Shop, channel: str, kind: IncidentKind, words: str, **more: Any) -> None:
    at: Millis = more.pop("at", NOW - 5 * MINUTE)
    shop.database.write(incidents.raise_incident, channel, kind, words, now=at, **more)


def quarantine_poll(
    shop: Shop, channel: str, quantities: Sequence[int], reason: str = ZEROS, at: Millis = NOW
) -> int:
    """Have an implausible poll of the channel show these, in the warehouse's order of SKUs."""
    records = [
        record(sku, quantity, title, price)
        for (sku, _, title, price), quantity in zip(WAREHOUSE, quantities, strict=True)
    ]
    return quarantine_records(shop, channel, records, reason, at)


def quarantine_records(
    shop: Shop, channel: str, records: Sequence[Record], reason: str, at: Millis
) -> int:
    def poll(connection: sqlite3.Connection) -> int:
        sweep = staging.begin(connection, channel, None, now=at - 1_000)
        staging.stage(connection, sweep, records)
        quarantine.quarantine_poll(connection, sweep, reason, now=at, as_of=None)
        return sweep.poll_id

    return shop.database.write(poll)


def quarantined_poll(shop: Shop, channel: str) -> int | None:
    found = shop.database.read(quarantine.waiting, channel)
    return None if found is None else found[0]


def newest_message(app: SkewApp) -> str:
    return app.session.log[0].text


def incidents_page(app: SkewApp) -> IncidentsPage:
    assert isinstance(app.page, IncidentsPage)
    return app.page


def troubled_shop(shop: Shop) -> Shop:
    """Refused credentials at the market, a warehouse that shows only zeros, a bad event."""
    raise_incident(
        shop, "market", IncidentKind.CREDENTIALS, "401, MARKET_TOKEN", at=NOW - 41 * MINUTE
    )
    raise_incident(shop, "outlet", IncidentKind.EVENTS, "its events can't be read: 503")
    quarantine_poll(shop, "warehouse", (0, 0, 0, 0, 0), at=NOW - 30_000)
    return shop
