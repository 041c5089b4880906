"""`skew status`: its health, its JSON and its exit code."""

from pathlib import Path
from typing import Any

import pytest

from store.model import Record
from tests.console.command_shop import configure, seed


def test_status_has_stable_keys_and_exits_1_while_anything_is_open(seeded: Path, skew: Any) -> None:
    ran = skew("status", "--json")
    assert (ran.code, ran.err) == (1, "")
    document = ran.json
    assert list(document) == [
        "channels", "disagreements", "updates", "incidents", "engine", "acknowledged",
        "writes_paused",
        "unreadable", "uncounted", "approval_window", "snoozed_or_rejected",
        "ignored",
    ]  # fmt: skip
    assert list(document["channels"][0]) == [
        "name", "kind", "roles", "freshness", "last_success_at", "age_s", "listings", "last_error",
        "unexplained_units", "paused", "warnings", "last_full_at",
    ]  # fmt: skip
    assert [channel["freshness"] for channel in document["channels"]] == ["fresh"] * 3
    assert document["disagreements"] == {"open": 2, "settling": 1, "unknown": 0}
    assert document["updates"]["proposed"] == 2
    assert document["updates"]["verified"] == 0
    assert document["engine"] == {"running": False, "holder": None}
    assert 0 <= document["channels"][0]["age_s"] < 60
    assert document["channels"][0]["last_success_at"].endswith("Z")


WINDOW = """
[[approval.windows]]
cron = "* * * * *"
duration = "1h"
effect = "freeze"
reason = "stocktake\\u001b[2J"
"""


def test_status_says_what_the_windows_do_and_approve_holds_raises(seeded: Path, skew: Any) -> None:
    seeded.write_text(seeded.read_text() + WINDOW)

    first = skew("status").out.splitlines()[0]
    told = skew("status", "--json").json["approval_window"]

    assert first.startswith("‖ raises and rules wait until 20")
    assert "stocktake" in first
    assert "\x1b" not in first
    assert told["raises"] == "wait"
    assert told["until"].endswith("Z")
    seeded.write_text(seeded.read_text().replace('"freeze"', '"allow"'))
    allowed = skew("status", "--json").json["approval_window"]
    assert allowed["raises"] == "allowed"


def test_status_exits_0_when_all_is_well(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path, {name: [Record("LAMP", 14)] for name in ("warehouse", "shop", "market")})
    monkeypatch.chdir(tmp_path)
    assert skew("status").code == 0
    assert skew("diff").code == 0
    assert skew("diff").out == "No disagreements.\n"


def test_status_before_the_first_poll_lists_the_channels_as_never_read(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = skew("status", "--json")
    assert ran.code == 1
    assert [channel["freshness"] for channel in ran.json["channels"]] == ["never"] * 3
