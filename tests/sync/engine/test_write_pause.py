"""All writes are paused: every engine obeys, over real HTTP too, while a write waits its turn."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from store.channels import write_pauses
from store.database.connection import Database
from store.model import CorrectionStatus as Status
from sync.clock import SystemClock
from sync.config.load import load
from sync.engine.engine import Engine
from sync.settings import ApprovalRule, ApprovalSettings, Settings
from tests.loopback import Answer, ReceivedRequest, serving
from tests.sync.engine_bench import approve_all, made, running, until, updates
from tests.sync.scripted_channel import Shop

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.shop]
kind = "http"
url = "{url}/stock"
items = "items"
direction = "push"
rate = {rate}
[channels.shop.fields]
sku = "sku"
available = "available"
[channels.shop.write]
url = "{url}/stock/{{sku}}"
body = {{ available = "$quantity" }}
read = "{url}/stock/{{sku}}"
[approval]
hold = "0s"
"""


def pause_all(database: Database) -> None:
    """As another process does it."""
    with Database.open(database.path) as other:
        other.write(write_pauses.begin, who="ana", reason="stock count", now=SystemClock().now())


def resume_all(database: Database) -> None:
    with Database.open(database.path) as other:
        other.write(write_pauses.end, who="ben", now=SystemClock().now())


async def test_a_write_that_waits_for_its_turn_over_http_is_not_sent(tmp_path: Path) -> None:
    stock = {"A": 9}
    on_read: list[Callable[[], None]] = []

    def answer(asked: ReceivedRequest) -> Answer:
        if asked.method == "PUT":
            stock["A"] = asked.json["available"]
            return Answer({})
        if asked.path == "/stock/A":
            # The recheck: the write that rests on it waits for its turn from now on.
            for act in on_read:
                act()
        return Answer({"items": [{"sku": sku, "available": n} for sku, n in stock.items()]})

    with serving(answer) as server:
        path = tmp_path / "skew.toml"
        path.write_text(CONFIGURATION.format(url=server.url, rate=2))
        (tmp_path / "warehouse.csv").write_text("sku,available\nA,4\n")
        settings = load(path, {})
        with Database.open(settings.database) as database:
            engine = Engine(settings, database, clock=SystemClock(), holder="the test")
            await engine.poll()
            await engine.poll()
            approve_all(database)
            on_read.append(lambda: pause_all(database))
            await engine.apply()
            on_read.clear()

            assert [asked.method for asked in server.asked].count("PUT") == 0
            assert len(updates(database, Status.APPROVED)) == 1
            resume_all(database)
            await engine.apply()
            assert stock == {"A": 4}
            assert len(updates(database, Status.VERIFIED)) == 1


async def test_a_running_engine_writes_nothing_until_a_person_resumes(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["warehouse"].shows(A=4)
    shops["shop"].shows(A=9)
    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        pause_all(database)
        approve_all(database)
        polled = shops["shop"].looked.count("poll")
        await until(lambda: shops["shop"].looked.count("poll") > polled + 5)

        assert shops["shop"].written == []
        resume_all(database)
        await until(lambda: bool(updates(database, Status.VERIFIED)))


async def test_a_restart_does_not_end_it_and_neither_does_a_channel_that_is_new(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    pause_all(database)
    shops["warehouse"].shows(A=4)
    shops["shop"].shows(A=9)
    for _ in range(2):
        # The shop comes to the cache here for the first time.
        await made(settings, database).poll()
    approve_all(database)

    report = await made(settings, database).apply()

    assert shops["shop"].written == []
    assert [update.status for update in report.results] == [Status.APPROVED]


async def test_no_rule_approves_meanwhile(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    pause_all(database)
    shops["warehouse"].shows(A=4)
    shops["shop"].shows(A=9)
    rules = ApprovalSettings(mode="rules", hold_ms=0, rules=(ApprovalRule(only="reduce"),))
    engine = made(msgspec.structs.replace(settings, approval=rules), database)
    for _ in range(2):
        await engine.poll()

    assert [update.status for update in updates(database, Status.PROPOSED)] == [Status.PROPOSED]
    resume_all(database)
    await engine.apply()
    assert len(updates(database, Status.VERIFIED)) == 1
