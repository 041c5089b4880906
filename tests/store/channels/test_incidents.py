"""An incident and the people who see, snooze and close it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.channels import incident_list, incidents
from store.channels.incident_list import IncidentFilter, IncidentSeverity, IncidentState
from store.channels.incidents import gets_worse
from store.database.connection import Database
from store.errors import NoSuchThing
from store.model import Incident, IncidentKind, Millis
from tests.store.world import MINUTE, START, World, world

WORDS = "401: the token is refused"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def trouble(
    world: World, kind: IncidentKind = IncidentKind.CREDENTIALS, words: str = WORDS, **more: Any
) -> Incident:
    """Raise an incident of the shop, a minute after the last thing that happened."""
    world.now += MINUTE
    channel = more.pop("channel", "shop")
    world.database.write(incidents.raise_incident, channel, kind, words, now=world.now, **more)
    return next(incident for incident in opened(world.database) if incident.message == words)


def opened(database: Database) -> list[Incident]:
    return database.read(incidents.open_incidents)


def state(world: World, incident_id: int) -> IncidentState:
    (found,) = world.database.read(incident_list.incidents_by_id, [incident_id])
    return incident_list.state(found, world.now)


def counted(world: World) -> int:
    return world.overview().incidents


def ids(world: World, **wanted: Any) -> list[int]:
    found = world.database.read(incident_list.incident_ids, IncidentFilter(**wanted), now=world.now)
    return list(found)


def test_an_acknowledgement_keeps_who_and_when_and_the_incident_stays_open(shop: World) -> None:
    incident = trouble(shop)

    shop.database.write(incidents.acknowledge, incident.id, who="ana", now=shop.now + 5)

    (after,) = opened(shop.database)
    assert (after.acknowledged_by, after.acknowledged_at) == ("ana", shop.now + 5)
    assert state(shop, incident.id) is IncidentState.SEEN
    assert counted(shop) == 1


def test_a_snoozed_incident_is_not_counted_until_its_time_and_then_is_as_if_new(
    shop: World,
) -> None:
    incident = trouble(shop)
    shop.database.write(incidents.acknowledge, incident.id, who="bo", now=shop.now)

    until = shop.now + 30 * MINUTE
    shop.database.write(incidents.snooze, incident.id, who="ana", until=until)

    assert (state(shop, incident.id), counted(shop)) == (IncidentState.SNOOZED, 0)
    assert opened(shop.database)[0].snoozed_by == "ana"
    shop.now = until
    assert (state(shop, incident.id), counted(shop)) == (IncidentState.NEW, 1)


def test_the_same_trouble_again_does_not_wake_a_snoozed_incident_and_worse_trouble_does(
    shop: World,
) -> None:
    incident = trouble(shop, IncidentKind.UNREADABLE, "line 8: no quantity, and 10 more")
    shop.database.write(incidents.snooze, incident.id, who="ana", until=shop.now + 90 * MINUTE)

    trouble(shop, IncidentKind.UNREADABLE, "line 8: no quantity, and 11 more")
    assert state(shop, incident.id) is IncidentState.SNOOZED

    trouble(shop, IncidentKind.UNREADABLE, "line 8: no quantity, and 20 more")
    assert state(shop, incident.id) is IncidentState.NEW
    assert counted(shop) == 1


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ("empty: none came", "empty: none came", False),
        ("41 of 120 listings gone (34 %)", "43 of 120 listings gone (35.8 %)", False),
        ("41 of 120 listings gone (34 %)", "100 of 120 listings gone (83 %)", True),
        ("41 of 120 listings gone (34 %)", "12 of 120 listings gone (10 %)", False),
        ("401: refused", "503: busy", True),
        ("1,200 records", "1,300 records", False),
        ("1,200 records", "2,400 records", True),
        ("no answer from 127.0.0.1", "no answer from 127.0.0.1", False),
        ("none refused, 0 lost", "none refused, 1 lost", True),
    ],
)
def test_other_words_or_a_doubled_number_are_worse(before: str, after: str, worse: bool) -> None:  # noqa: FBT001
    assert gets_worse(before, after) is worse


def test_waking_ends_a_snooze_at_once_and_only_a_snooze(shop: World) -> None:
    incident = trouble(shop)
    with pytest.raises(NoSuchThing, match="not snoozed"):
        shop.database.write(incidents.wake, incident.id, who="bo", now=shop.now)
    shop.database.write(incidents.snooze, incident.id, who="ana", until=shop.now + 90 * MINUTE)

    shop.database.write(incidents.wake, incident.id, who="bo", now=shop.now)

    assert state(shop, incident.id) is IncidentState.NEW
    assert opened(shop.database)[0].snoozed_by == "bo"


def test_seeing_a_snoozed_incident_ends_its_snooze(shop: World) -> None:
    incident = trouble(shop)
    shop.database.write(incidents.snooze, incident.id, who="ana", until=shop.now + 90 * MINUTE)

    shop.database.write(incidents.acknowledge, incident.id, who="bo", now=shop.now)

    assert state(shop, incident.id) is IncidentState.SEEN


def test_what_is_over_or_never_was_can_be_neither_seen_nor_snoozed(shop: World) -> None:
    incident = trouble(shop)
    shop.database.write(incidents.resolve, "shop", IncidentKind.CREDENTIALS, now=shop.now)

    with pytest.raises(NoSuchThing, match=f"incident {incident.id} is closed"):
        shop.database.write(incidents.acknowledge, incident.id, who="ana", now=shop.now)
    with pytest.raises(NoSuchThing, match="incident 99 not found"):
        shop.database.write(incidents.snooze, 99, who="ana", until=shop.now + 1)


def test_a_closed_incident_is_history_with_its_span_its_count_and_who_ended_it(
    shop: World,
) -> None:
    incident = trouble(shop)
    trouble(shop)
    by = ("ana", "accepted")
    shop.database.write(
        incidents.resolve, "shop", IncidentKind.CREDENTIALS, now=shop.now + MINUTE, by=by
    )

    (after,) = shop.database.read(incident_list.incidents_by_id, ids(shop, states=("closed",)))

    assert (after.id, after.count, after.since) == (incident.id, 2, START + MINUTE)
    assert after.closed_at == shop.now + MINUTE
    assert (after.closed_by, after.closed_why) == by
    assert ids(shop) == []


def test_the_worst_stand_first_then_the_oldest_and_the_snoozed_below(shop: World) -> None:
    minor = trouble(shop, IncidentKind.EVENTS, "no events", channel="warehouse")
    severe = trouble(shop, IncidentKind.STALE, "no good poll")
    older = trouble(shop, IncidentKind.LOOP, "SKU A: two answer each other", key="A")
    newer = trouble(shop, IncidentKind.LOOP, "SKU B: two answer each other", key="B")
    shop.database.write(incidents.snooze, severe.id, who="ana", until=shop.now + MINUTE)

    assert ids(shop) == [older.id, newer.id, minor.id, severe.id]


def test_incidents_are_filtered_by_state_channel_kind_severity_and_words(shop: World) -> None:
    events = trouble(shop, IncidentKind.EVENTS, "no events", channel="warehouse")
    stale = trouble(shop, IncidentKind.STALE, "no good poll: Die Tür ist zu")
    none_of_ours = trouble(shop, IncidentKind.SURPRISE, "the engine crashed", channel=None)
    gone = trouble(shop, IncidentKind.CONTRACT, "not JSON")
    shop.database.write(incidents.resolve, "shop", IncidentKind.CONTRACT, now=shop.now)
    shop.database.write(incidents.acknowledge, stale.id, who="ana", now=shop.now)

    assert ids(shop, channels=("shop",)) == [stale.id]
    assert ids(shop, kinds=("events", "surprise")) == [none_of_ours.id, events.id]
    assert ids(shop, severities=(IncidentSeverity.SEVERE,)) == [stale.id]
    assert ids(shop, states=("seen",)) == [stale.id]
    assert ids(shop, states=("new", "closed")) == [none_of_ours.id, events.id, gone.id]
    assert ids(shop, text="GOOD poll") == [stale.id]
    assert ids(shop, text="wareh") == [events.id]


def test_of_the_closed_ones_the_newest_are_listed_and_older_ones_from_an_id_on(shop: World) -> None:
    def age(connection: sqlite3.Connection) -> None:
        connection.executemany(
            """INSERT INTO incidents (kind, key, since, last_at, message, closed_at)
            VALUES ('stale', ?, ?, ?, 'late', ?)""",
            ((str(n), START + n, START + n, START + n + 1) for n in range(1_500)),
        )

    shop.database.write(age)
    closed = IncidentFilter(states=(IncidentState.CLOSED,))

    newest = shop.database.read(incident_list.incident_ids, closed, now=shop.now)
    older = shop.database.read(incident_list.incident_ids, closed, now=shop.now, before=newest[-1])

    assert list(newest) == list(range(1_500, 500, -1))
    assert list(older) == list(range(500, 0, -1))


def test_what_is_open_is_found_without_going_through_what_is_closed(shop: World) -> None:
    plan = shop.rows(
        f"EXPLAIN QUERY PLAN SELECT {incident_list.COLUMNS} FROM {incident_list.SOURCES} "
        "WHERE n.closed_at IS NULL ORDER BY n.since, n.id"
    )
    assert "incidents_still_open" in plan[0][3]


def test_every_kind_of_incident_has_its_severity() -> None:
    assert set(incident_list.SEVERITIES) == set(IncidentKind)


def test_a_snooze_is_over_at_the_very_instant_that_it_names() -> None:
    at: Millis = START
    incident = Incident(1, "shop", "stale", at, at, 1, "late", None, snoozed_until=at + 1)
    assert incident_list.state(incident, at) is IncidentState.SNOOZED
    assert incident_list.state(incident, at + 1) is IncidentState.NEW
