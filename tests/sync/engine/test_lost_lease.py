"""An engine that lost its lease touches nothing of the new holder, whatever it was doing."""

import asyncio

import pytest

from store.channels import polls
from store.database import lease
from store.database.connection import Database
from store.errors import LeaseLost
from store.queries import poll_health
from sync.clock import SystemClock
from sync.engine import lease as hold_module
from sync.settings import Settings
from tests.sync.engine_bench import PATIENCE_S, hold_by_another, made, until
from tests.sync.scripted_channel import Shop


def take_over(database: Database) -> int:
    """What the next engine does: it takes the lease, ends what was left and begins to poll."""
    ours = database.read(lease.current, now=SystemClock().now())
    assert ours is not None
    database.write(lease.release, token=ours.token)
    hold_by_another(database)
    database.write(polls.abandon)
    return database.write(polls.open_record, "shop", now=SystemClock().now())


def outcomes(database: Database) -> dict[int, str]:
    return {poll.id: str(poll.outcome) for poll in database.read(poll_health.recent_polls, "shop")}


@pytest.mark.parametrize("how", ["its poll is stopped", "its poll ends well", "its poll fails"])
async def test_the_new_holders_poll_stays_as_it_is(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch, how: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(hold_module, "HEARTBEAT_MS", 20 if "stopped" in how else 60_000)
    go_on = asyncio.Event()

    async def wait() -> None:
        await go_on.wait()
        if "fails" in how:
            raise OSError("the line is down")

    shops["shop"].shows(A=5)
    shops["shop"].page_faults.append(wait)
    task = asyncio.create_task(made(settings, database).run(asyncio.Event()))
    await until(lambda: "poll" in shops["shop"].looked)
    theirs = take_over(database)
    if "stopped" not in how:
        go_on.set()

    with pytest.raises(LeaseLost):
        await asyncio.wait_for(task, PATIENCE_S)
    assert outcomes(database)[theirs] == "running"
    assert "good" not in outcomes(database).values()
    now_held = database.read(lease.current, now=SystemClock().now())
    assert now_held is not None
    assert now_held.token == "theirs"
