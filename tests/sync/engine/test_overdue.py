"""An authority behind its channels' events is one incident, which ends when it caught up."""

import msgspec

from store.channels import incidents
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.model import Freshness
from store.polling.events import EventOrigin
from sync.clock import SystemClock
from sync.settings import EventSettings, Settings
from sync.targets import terms
from tests.store.recorded_events import record_events
from tests.sync.engine_bench import freshness, incident_kinds, made, running, until
from tests.sync.scripted_channel import Shop


async def test_an_event_that_stays_unseen_is_one_incident_and_ends_when_it_is_taken_in(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    settings = msgspec.structs.replace(settings, events=EventSettings(unseen_after_ms=1))
    shops["warehouse"].shows(A=5)
    shops["warehouse"].as_of = SystemClock().now() - 10_000
    shops["shop"].shows(A=5)
    engine = made(settings, database)
    comparison = terms.comparison(settings)

    async with running(engine):
        await until(lambda: freshness(database, "shop") is Freshness.FRESH)
        await until(lambda: freshness(database, "warehouse") is Freshness.FRESH)
        now = SystemClock().now()
        sale = Event("1", EventKind.ORDERED, "A", 1, now)
        database.write(record_events, EventOrigin("shop", now), [sale], comparison)
        await until(lambda: incident_kinds(database) == ["unseen"])
        [incident] = database.read(incidents.open_incidents)
        shops["warehouse"].as_of = None
        await until(lambda: incident_kinds(database) == [])

    assert incident.channel == "warehouse"
    assert "ordered on shop (event 1)" in incident.message
    assert incident.count == 1
