"""Single rounds of polls and of writes, as the commands ask for them."""

from dataclasses import replace

import msgspec
import pytest

from store.database import lease
from store.database.connection import Database
from store.errors import NoSuchThing, StoreError
from store.model import CorrectionStatus, PollOutcome
from store.model import CorrectionStatus as Status
from sync.clock import SystemClock
from sync.engine import requests
from sync.engine.lease import LeaseHeld
from sync.errors import Temporary
from sync.settings import Settings
from tests.sync.engine_bench import approve_all, hold_by_another, made, running, until, updates
from tests.sync.scripted_channel import Shop


async def test_one_round_of_polls_needs_no_schedule_and_leaves_no_lease(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].page_faults.append(Temporary("503"))

    reports = await made(settings, database).poll()

    assert [(report.channel, report.outcome) for report in reports] == [
        ("warehouse", PollOutcome.GOOD), ("shop", PollOutcome.FAILED),
    ]  # fmt: skip
    assert database.read(lease.current, now=SystemClock().now()) is None
    assert all(shop.closed for shop in shops.values())


async def test_a_round_of_polls_of_an_unknown_channel_is_refused(
    settings: Settings, database: Database
) -> None:
    with pytest.raises(NoSuchThing, match='"shpo" is not a channel; known: warehouse, shop'):
        await made(settings, database).poll(["shpo"])


async def test_one_round_of_writes_reports_how_each_ended(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31, B=9)
    shops["warehouse"].shows(A=14, B=5)
    engine = made(settings, database)
    for names in (["shop"], ["warehouse"], ["shop"]):
        await engine.poll(names)
    approve_all(database)
    shops["shop"].ignores = {"B"}

    report = await engine.apply()

    assert {result.sku: result.status for result in report.results} == {
        "A": CorrectionStatus.VERIFIED, "B": CorrectionStatus.NOT_APPLIED,
    }  # fmt: skip


async def test_rounds_are_asked_of_the_engine_that_has_the_lease(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)

    async with running(made(settings, database, "the daemon")):
        requests = made(settings, database, "skew poll")
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        [report] = await requests.poll(["shop"])
        approve_all(database)
        applied = await requests.apply()

    assert (report.channel, report.outcome, report.listings) == ("shop", PollOutcome.GOOD, 1)
    # The daemon may have been quicker than the question; either way nothing is left to do.
    assert all(result.status is Status.VERIFIED for result in applied.results)
    assert len(updates(database, Status.VERIFIED)) == 1


async def test_a_full_sweep_is_asked_of_the_engine_that_has_the_lease(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].abilities = replace(shops["shop"].abilities, since=True)
    shops["shop"].shows(A=31)

    async with running(made(settings, database, "the daemon")):
        requests = made(settings, database, "skew poll")
        await until(lambda: "delta" in shops["shop"].looked)
        [usual] = await requests.poll(["shop"])
        [full] = await requests.poll(["shop"], full=True)

    assert usual.since is not None
    assert full.since is None


async def test_an_engine_that_is_asked_for_a_channel_it_lacks_says_so(
    settings: Settings, database: Database
) -> None:
    fewer = msgspec.structs.replace(
        settings, channels={"warehouse": settings.channels["warehouse"]}
    )

    async with running(made(fewer, database, "the daemon")) as _:
        await until(lambda: database.read(lease.current, now=SystemClock().now()) is not None)
        with pytest.raises(StoreError, match='the daemon: "shop" is not a channel'):
            await made(settings, database, "skew poll").poll(["shop"])


async def test_a_round_names_the_holder_that_does_not_answer(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "ASK_MS_MAX", 50)
    hold_by_another(database)

    with pytest.raises(LeaseHeld, match="another"):
        await made(settings, database).poll(["shop"])
