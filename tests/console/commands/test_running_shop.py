"""The commands on a shop that is there: polled, approved, written and read back over HTTP."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from store.database import lease
from store.database.connection import Database
from sync.clock import SystemClock
from sync.simulation.channel import Fault
from sync.simulation.server import WorldServer
from sync.simulation.world import World
from tests.simulation.small_world import OUTLETS, WAREHOUSE, free, small_world

TOKENS = {name: f"token-of-{name}" for name in (WAREHOUSE, "shop")}
MUG = "MUG-30-OAT"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A warehouse and a shop on loopback, a configuration for them, and its folder entered."""
    world = small_world()
    with WorldServer(world, tokens=TOKENS, clock=SystemClock()) as server:
        (tmp_path / "skew.toml").write_text(configuration(server))
        monkeypatch.chdir(tmp_path)
        for name, token in TOKENS.items():
            monkeypatch.setenv(f"{name.upper()}_TOKEN", token)
        yield world


def configuration(server: WorldServer) -> str:
    assert OUTLETS["shop"].policy.buffer == 2
    return f"""
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
state = "shop"
[channels.warehouse]
kind = "simulated"
url = "{server.url("warehouse")}"
token = {{ env = "WAREHOUSE_TOKEN" }}
[channels.shop]
kind = "simulated"
url = "{server.url("shop")}"
token = {{ env = "SHOP_TOKEN" }}
direction = "push"
buffer = 2
timeout = "2s"
read_back_within = "1s"
[approval]
hold = "0s"
"""


def skew(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, Any]:
    """Run a command in this process with --json; its exit code and its document."""
    code = run([*args, "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out)


def test_an_oversell_is_found_approved_written_and_read_back(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert skew(capsys, "poll")[0] == 0
    assert skew(capsys, "status")[0] == 0
    right = free(world, "shop", MUG)
    world.edit("shop", MUG, right + 17)

    code, polled = skew(capsys, "poll", "shop")
    assert (code, [poll["channel"] for poll in polled["polls"]]) == (0, ["shop"])
    code, found = skew(capsys, "diff")
    assert code == 1
    assert [
        (disagreement["sku"], disagreement["delta"]) for disagreement in found["disagreements"]
    ] == [(MUG, -17)]
    (update,) = skew(capsys, "updates")[1]["updates"]
    assert skew(capsys, "approve", f"{update['id']}@{update['version']}", "--by", "ana")[0] == 0

    code, applied = skew(capsys, "apply")

    assert (code, [update["status"] for update in applied["updates"]]) == (0, ["verified"])
    assert free(world, "shop", MUG) == right
    assert skew(capsys, "diff") == (0, {"disagreements": [], "uncounted": [], "ignored": 0})
    assert skew(capsys, "status")[0] == 0


def test_a_channel_that_fails_is_named_and_the_others_are_polled(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "wrong-token")
    code, polled = skew(capsys, "poll")
    outcomes = {poll["channel"]: poll for poll in polled["polls"]}
    assert code == 1
    assert outcomes["warehouse"]["ok"]
    assert outcomes["shop"]["outcome"] == "failed"
    assert "SHOP_TOKEN" in outcomes["shop"]["error"]
    assert "wrong-token" not in json.dumps(polled)

    code, document = skew(capsys, "status")
    assert code == 1
    assert document["channels"][1]["freshness"] == "never"
    assert document["incidents"][0]["kind"] == "credentials"


def test_a_write_that_changes_nothing_exits_1_and_says_not_applied(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.edit("shop", MUG, free(world, "shop", MUG) + 17)
    skew(capsys, "poll")
    (update,) = skew(capsys, "updates")[1]["updates"]
    skew(capsys, "approve", str(update["id"]))
    world.fault("shop", Fault.IGNORES_WRITES, 3_600_000)

    code, applied = skew(capsys, "apply")

    assert (code, [update["status"] for update in applied["updates"]]) == (1, ["not_applied"])


def test_apply_says_why_an_approved_update_was_not_written(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.edit("shop", MUG, free(world, "shop", MUG) + 17)
    skew(capsys, "poll")
    (update,) = skew(capsys, "updates")[1]["updates"]
    skew(capsys, "approve", str(update["id"]))
    world.fault("shop", Fault.REFUSES, 3_600_000)

    assert run(["apply"]) == 1

    notes = capsys.readouterr().err
    assert "1 approved update for shop not written: shop answered 401" in notes


@pytest.mark.long
def test_apply_says_that_a_stale_channel_must_be_polled_first(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.edit("shop", MUG, free(world, "shop", MUG) + 17)
    skew(capsys, "poll")
    (update,) = skew(capsys, "updates")[1]["updates"]
    skew(capsys, "approve", str(update["id"]))
    file = tmp_path / "skew.toml"
    file.write_text(file.read_text().replace("buffer = 2", 'buffer = 2\nstale_after = "500ms"'))
    time.sleep(0.6)

    assert run(["apply"]) == 1

    notes = capsys.readouterr().err
    assert "1 approved update for shop not written: channel stale; `skew poll` polls it" in notes


def test_check_online_signs_in_everywhere(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = skew(capsys, "check", "--online")
    assert code == 0
    assert [(sign_in["channel"], sign_in["ok"]) for sign_in in document["online"]] == [
        ("warehouse", True),
        ("shop", True),
    ]


def test_apply_without_anything_due_is_well_and_says_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply"]) == 0
    assert capsys.readouterr().out == "Nothing to write.\n"


@pytest.mark.long
def test_a_poll_while_another_engine_holds_the_lease_asks_it_and_does_as_it_answers(
    world: World, tmp_path: Path
) -> None:
    run(["poll"])
    daemon = subprocess.Popen(
        [sys.executable, "-m", "console", "daemon", "--config", str(tmp_path / "skew.toml")],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert daemon.stderr is not None
        daemon.stderr.readline()
        wait_for_holder(tmp_path / "skew.db")
        assert run(["poll", "shop"]) == 0
        assert run(["apply"]) == 0
    finally:
        daemon.terminate()
        daemon.communicate(timeout=15)
    assert daemon.returncode == 0


def wait_for_holder(cache: Path) -> None:
    with Database.open(cache, read_only=True) as database:
        for _ in range(200):
            if database.read(lease.current, now=SystemClock().now()) is not None:
                return
            time.sleep(0.05)
    raise AssertionError("the daemon never took the lease")
