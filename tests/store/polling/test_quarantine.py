from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from store.channels import incident_list, incidents
from store.channels.incident_list import IncidentFilter, IncidentState
from store.database.connection import Database
from store.errors import NoSuchThing
from store.model import (
    Authority,
    ChannelTerms,
    Direction,
    Freshness,
    Incident,
    IncidentKind,
    Policy,
    Record,
    Terms,
)
from store.polling import merge, quarantine, staging
from store.polling.comparison import Comparison
from store.polling.recognition.memory import PollMemory
from store.queries import status_counts, views

NAME = "warehouse"
COMPARISON = Comparison(
    Terms(
        authorities=(Authority(skus="*", quantity=NAME, state=NAME),),
        channels=(
            ChannelTerms(
                name=NAME,
                kind="csv",
                direction=Direction.OBSERVE,
                roles=(),
                every_ms=1_000,
                stale_after_ms=3_000,
                max_source_age_ms=None,
                lag_ms=0,
                settle_reduce_ms=0,
                settle_raise_ms=0,
                states=(),
                writes=(),
                report_missing=True,
                policies=(Policy(skus="*"),),
            ),
        ),
    )
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "skew.db") as opened:
        opened.write(COMPARISON.configure, now=0)
        yield opened


def poll(database: Database, *, now: int, implausible: bool) -> None:
    sweep = database.write(staging.begin, NAME, PollMemory(), now=now)
    available = 0 if implausible else 7
    database.write(staging.stage, sweep, [Record(sku="MUG-30", available=available)], [], None)
    if implausible:
        database.write(quarantine.quarantine_poll, sweep, "all at zero", now=now, as_of=None)
    else:
        database.write(merge.merge, sweep, COMPARISON, now=now, as_of=None)


def quarantined(database: Database) -> list[Incident]:
    found = database.read(incidents.open_incidents)
    return [incident for incident in found if incident.kind == IncidentKind.QUARANTINED]


def test_several_implausible_polls_in_a_row_are_one_incident(database: Database) -> None:
    poll(database, now=0, implausible=False)

    poll(database, now=1_000, implausible=True)
    poll(database, now=2_000, implausible=True)

    (incident,) = quarantined(database)
    assert (incident.since, incident.last_at, incident.count) == (1_000, 2_000, 2)


def test_a_plausible_poll_ends_the_incident(database: Database) -> None:
    poll(database, now=1_000, implausible=True)

    poll(database, now=2_000, implausible=False)

    assert quarantined(database) == []


def test_a_configured_channel_that_is_not_in_the_cache_yet_is_named(database: Database) -> None:
    poll(database, now=1_000, implausible=True)
    terms = COMPARISON.terms
    market = msgspec.structs.replace(terms.channels[0], name="market")
    newer = Comparison(msgspec.structs.replace(terms, channels=(*terms.channels, market)))
    with pytest.raises(NoSuchThing, match="channel `market` is not in the cache yet"):
        database.write(quarantine.accept, NAME, newer, who="ana", now=2_000)
    assert database.read(quarantine.waiting, NAME) is not None


def judged(database: Database, poll_id: int) -> tuple[object, ...]:
    """What the poll's record says became of it."""
    row: tuple[object, ...] = database.read(
        lambda connection: connection.execute(
            "SELECT outcome, judged_by, judged_at, judged_why, error FROM polls WHERE id = ?",
            (poll_id,),
        ).fetchone()
    )
    return row


def quarantined_poll(database: Database) -> int:
    found = database.read(quarantine.waiting, NAME)
    assert found is not None
    return found[0]


def test_a_discarded_poll_leaves_the_good_readings_and_its_record_keeps_who_and_why(
    database: Database,
) -> None:
    poll(database, now=0, implausible=False)
    poll(database, now=1_000, implausible=True)
    poll_id = quarantined_poll(database)

    discarded = database.write(
        quarantine.discard, NAME, who="ana", why="a test export", now=1_500, poll_id=poll_id
    )

    assert discarded == poll_id
    assert judged(database, poll_id) == (
        "discarded", "ana", 1_500, "a test export",
        "all at zero; discarded by ana: a test export",
    )  # fmt: skip
    assert database.read(quarantine.waiting, NAME) is None
    (channel,) = database.read(status_counts.channels, now=1_500)
    assert channel.freshness is Freshness.FRESH
    assert channel.last_error == "the last poll was discarded by ana: a test export"
    (cell,) = database.read(views.shown, ["MUG-30"], now=1_500)["MUG-30"]
    assert (cell.available, cell.trusted) == (7, True)


def test_a_discarded_poll_ends_its_incident_with_who_and_why(database: Database) -> None:
    poll(database, now=1_000, implausible=True)

    database.write(quarantine.discard, NAME, who="ana", why="a test export", now=1_500)

    assert quarantined(database) == []
    closed = IncidentFilter(states=(IncidentState.CLOSED,))
    ids = database.read(incident_list.incident_ids, closed, now=2_000)
    (over,) = database.read(incident_list.incidents_by_id, ids)
    assert (over.closed_at, over.closed_by, over.closed_why) == (
        1_500, "ana", "discarded: a test export",
    )  # fmt: skip


def test_an_accepted_poll_keeps_who_accepted_it_and_when(database: Database) -> None:
    poll(database, now=1_000, implausible=True)
    poll_id = quarantined_poll(database)

    database.write(quarantine.accept, NAME, COMPARISON, who="ana", now=1_500, poll_id=poll_id)

    outcome, who, at, why, error = judged(database, poll_id)
    assert (outcome, who, at, why) == ("accepted", "ana", 1_500, None)
    assert error == "all at zero; accepted by ana"


def test_a_poll_that_was_replaced_meanwhile_is_not_accepted(
    database: Database,
) -> None:
    poll(database, now=1_000, implausible=True)
    seen = quarantined_poll(database)
    poll(database, now=2_000, implausible=True)
    now = quarantined_poll(database)

    words = f"quarantined poll is now {now}, not {seen}: look again"
    with pytest.raises(NoSuchThing, match=words):
        database.write(quarantine.accept, NAME, COMPARISON, who="ana", now=2_500, poll_id=seen)
    assert quarantined_poll(database) == now


@pytest.mark.parametrize(
    ("before", "after", "is_alike"),
    [
        ("9 of 20 listings newly at zero (45 %)", "10 of 20 listings newly at zero (50 %)", True),
        ("9 of 20 listings newly at zero", "9 of 20 listings newly at zero; the same data", True),
        ("9 of 20 listings newly at zero (45 %)", "12 of 20 listings changed (60 %)", False),
    ],
)
def test_a_poll_that_took_its_place_is_discarded_in_its_stead_where_it_is_alike(
    database: Database, before: str, after: str, *, is_alike: bool
) -> None:
    poll(database, now=1_000, implausible=True)
    seen = quarantined_poll(database)
    poll(database, now=2_000, implausible=True)
    now = quarantined_poll(database)
    for poll_id, reason in ((seen, before), (now, after)):
        database.write(
            lambda connection, *values: connection.execute(
                "UPDATE polls SET error = ? WHERE id = ?", values
            ),
            reason,
            poll_id,
        )

    def discard() -> int:
        return database.write(
            quarantine.discard, NAME, who="ana", why="zeros", now=2_500, poll_id=seen
        )

    if is_alike:
        assert discard() == now
        assert database.read(quarantine.waiting, NAME) is None
    else:
        with pytest.raises(NoSuchThing, match="look again"):
            discard()
        assert quarantined_poll(database) == now


def test_a_poll_of_another_channel_or_of_none_stands_for_nothing(database: Database) -> None:
    poll(database, now=1_000, implausible=True)
    with pytest.raises(NoSuchThing, match="look again"):
        database.write(quarantine.discard, NAME, who="ana", why="zeros", now=2_500, poll_id=999)


def test_what_was_discarded_and_comes_again_is_quarantined_again_and_recognised(
    database: Database,
) -> None:
    poll(database, now=0, implausible=False)
    poll(database, now=1_000, implausible=True)
    database.write(quarantine.discard, NAME, who="ana", why="zeros", now=1_500)

    poll(database, now=2_000, implausible=True)

    (again,) = quarantined(database)
    reason = "all at zero; the same data that ana discarded at 1970-01-01T00:00:01.500Z"
    assert again.message == reason


def test_what_would_change_something_else_is_not_called_the_same(database: Database) -> None:
    poll(database, now=0, implausible=False)
    poll(database, now=1_000, implausible=True)
    database.write(quarantine.discard, NAME, who="ana", why="zeros", now=1_500)
    sweep = database.write(staging.begin, NAME, PollMemory(), now=2_000)
    database.write(staging.stage, sweep, [Record(sku="MUG-30", available=1)], [], None)

    database.write(quarantine.quarantine_poll, sweep, "all too low", now=2_000, as_of=None)

    (incident,) = quarantined(database)
    assert incident.message == "all too low"


def test_a_plausible_poll_after_a_discarded_one_is_merged_as_ever(database: Database) -> None:
    poll(database, now=0, implausible=False)
    poll(database, now=1_000, implausible=True)
    database.write(quarantine.discard, NAME, who="ana", why="zeros", now=1_500)

    poll(database, now=2_000, implausible=False)

    (channel,) = database.read(status_counts.channels, now=2_000)
    assert (channel.last_success_at, channel.last_error) == (2_000, None)
