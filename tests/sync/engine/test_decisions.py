"""What the engine does with approvals, rules, limits and freshness."""

import msgspec

from store.channels import incidents
from store.database.connection import Database
from store.model import CorrectionStatus as Status
from store.model import Freshness
from sync.errors import Temporary
from sync.settings import ApprovalRule, ApprovalSettings, PushLimits, Settings
from tests.sync import scripted_channel
from tests.sync.engine_bench import (
    approve_all,
    freshness,
    incident_kinds,
    made,
    running,
    until,
    updates,
)
from tests.sync.scripted_channel import Shop


async def test_an_approval_made_while_no_engine_ran_is_applied_by_the_next(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
    approve_all(database)

    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.VERIFIED)))


async def test_nothing_is_written_while_the_hold_lasts(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)

    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database, hold_ms=60_000)
        polls = shops["shop"].looked.count("poll")
        await until(lambda: shops["shop"].looked.count("poll") > polls + 3)

    assert shops["shop"].written == []


async def test_rules_approve_without_a_person(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    approval = ApprovalSettings(mode="rules", hold_ms=0, rules=(ApprovalRule(only="reduce"),))
    settings = msgspec.structs.replace(settings, approval=approval)
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)

    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.VERIFIED)))


async def test_rules_approve_in_single_rounds_too(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    """What cron runs, `skew poll` and then `skew apply`, goes by the same rules."""
    approval = ApprovalSettings(mode="rules", hold_ms=0, rules=(ApprovalRule(only="reduce"),))
    settings = msgspec.structs.replace(settings, approval=approval)
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)

    await made(settings, database).poll()
    assert updates(database, Status.APPROVED)
    report = await made(settings, database).apply()

    assert [result.status for result in report.results] == [Status.VERIFIED]


async def test_push_limits_hold_back_what_was_approved_and_say_so(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31, B=9)
    shops["warehouse"].shows(A=14, B=5)
    settings = msgspec.structs.replace(settings, push=PushLimits(max_units_per_hour=10))

    async with running(made(settings, database)):
        await until(lambda: len(updates(database, Status.PROPOSED)) == 2)
        approve_all(database)
        await until(lambda: bool(updates(database, Status.VERIFIED)))
        await until(lambda: bool(incident_kinds(database)))

    assert shops["shop"].written == [[("B", 5)]]
    [incident] = database.read(incidents.open_incidents)
    assert incident.message.startswith("push limit: ")
    assert incident.message.endswith("units in an hour, at most 10 ([push]); approved updates wait")


async def test_a_channel_that_is_observed_now_is_not_written_whatever_was_approved(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
    approve_all(database)
    observed = scripted_channel.changed(
        settings, "shop", direction=settings.channels["warehouse"].direction
    )

    async with running(made(observed, database)):
        await until(lambda: shops["shop"].looked.count("poll") >= 5)

    assert shops["shop"].written == []


async def test_a_channel_that_turns_stale_is_one_incident_and_ends_when_it_is_fresh(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    settings = scripted_channel.changed(settings, "shop", stale_after_ms=300)
    engine = made(settings, database)

    async with running(engine):
        await until(lambda: freshness(database, "shop") is Freshness.FRESH)
        shops["shop"].page_faults.extend([Temporary("503")] * 100)
        await until(lambda: messages(database) == ["no good poll for more than 300ms: 503"])
        [incident] = database.read(incidents.open_incidents)
        shops["shop"].page_faults.clear()
        await engine.poll(["shop"])
        await until(lambda: incident_kinds(database) == [])

    assert incident.count == 1


async def test_a_channel_that_was_never_read_is_an_incident_once_there_was_time(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    settings = scripted_channel.changed(settings, "shop", stale_after_ms=300)
    shops["shop"].page_faults.extend([Temporary("503")] * 100)

    async with running(made(settings, database)):
        await until(lambda: messages(database) == ["never read for more than 300ms: 503"])


async def test_a_channel_that_was_never_read_stays_one_incident_over_a_restart(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    settings = scripted_channel.changed(settings, "shop", stale_after_ms=300)
    shops["shop"].page_faults.extend([Temporary("503")] * 100)
    async with running(made(settings, database)):
        await until(lambda: bool(messages(database)))
    [before] = database.read(incidents.open_incidents)

    later = scripted_channel.changed(settings, "shop", stale_after_ms=3_600_000)
    polled = shops["warehouse"].looked.count("poll")
    async with running(made(later, database)):
        await until(lambda: shops["warehouse"].looked.count("poll") > polled + 3)
        [after] = database.read(incidents.open_incidents)

    assert after == before


async def test_an_incident_that_comes_before_the_channels_answer_says_why_after_it(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    """A busy machine, or a channel that takes longer to fail than to turn stale."""
    settings = scripted_channel.changed(settings, "shop", stale_after_ms=300)

    async def slow() -> None:
        await until(lambda: messages(database) == ["never read for more than 300ms"])
        raise Temporary("503")

    shops["shop"].page_faults.extend([slow, *[Temporary("503")] * 100])

    async with running(made(settings, database)):
        await until(lambda: messages(database) == ["never read for more than 300ms: 503"])

    [incident] = database.read(incidents.open_incidents)
    assert incident.count == 1


def messages(database: Database) -> list[str]:
    return [incident.message for incident in database.read(incidents.open_incidents)]
