from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from store import incidents, quarantine, readings, staging
from store.comparison import Comparison
from store.database import Database
from store.errors import NoSuchThing
from store.model import (
    Authority,
    ChannelTerms,
    Direction,
    Incident,
    IncidentKind,
    Policy,
    Record,
    Terms,
)

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
    sweep = database.write(staging.begin, NAME, staging.Memory(), now=now)
    available = 0 if implausible else 7
    database.write(staging.stage, sweep, [Record(sku="MUG-30", available=available)], [], None)
    if implausible:
        database.write(quarantine.set_aside, sweep, "all at zero", now=now, as_of=None)
    else:
        database.write(readings.merge, sweep, COMPARISON, now=now, as_of=None)


def quarantined(database: Database) -> list[Incident]:
    found = database.read(incidents.open_incidents)
    return [one for one in found if one.kind == IncidentKind.QUARANTINED]


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


def test_a_configuration_that_the_cache_does_not_know_yet_is_told_so(database: Database) -> None:
    poll(database, now=1_000, implausible=True)
    terms = COMPARISON.terms
    market = msgspec.structs.replace(terms.channels[0], name="market")
    newer = Comparison(msgspec.structs.replace(terms, channels=(*terms.channels, market)))
    with pytest.raises(NoSuchThing, match="no channel market yet"):
        database.write(quarantine.accept, NAME, newer, who="ana", now=2_000)
    assert database.read(quarantine.waiting, NAME) is not None
