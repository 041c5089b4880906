"""The commands on a channel: pause, resume and cancel, and what the others say of a pause."""

from pathlib import Path
from typing import Any

import pytest

from store.channels import pauses
from store.database.connection import Database
from sync.clock import SystemClock
from sync.config.load import load

MINUTE = 60_000


def pause_of(path: Path, channel: str) -> pauses.Pause | None:
    with Database.open(load(path, None).database) as database:
        return database.read(pauses.on_record).get(channel)


def test_a_pause_is_kept_with_who_why_and_its_end(seeded: Path, skew: Any) -> None:
    before = SystemClock().now()

    ran = skew("pause", "shop", "--for", "2h", "--reason", " stock count ", "--by", "ana")

    found = pause_of(seeded, "shop")
    assert ran.code == 0
    assert ran.out.startswith("Paused: shop until 20")
    assert found is not None
    assert (found.by, found.reason) == ("ana", "stock count")
    assert found.until is not None
    assert 0 <= found.until - before - 120 * MINUTE < MINUTE


def test_status_tells_who_paused_a_channel_why_and_until_when(seeded: Path, skew: Any) -> None:
    skew("pause", "market", "--reason", "moving \x1b[31mhouse", "--by", "ana")

    health = skew("status", "--json").json["channels"][2]

    assert health["freshness"] == "fresh"
    assert (health["paused"]["by"], health["paused"]["reason"]) == (
        "ana",
        "moving \x1b[31mhouse",
    )
    assert health["paused"]["until"].endswith("Z")
    shown = skew("status").out
    assert "paused by ana until 20" in shown
    assert "moving ␛[31mhouse" in shown
    assert skew("status", "--json").json["channels"][1]["paused"] is None


def test_a_channel_is_resumed_once(seeded: Path, skew: Any) -> None:
    skew("pause", "shop", "--reason", "stock count", "--by", "ana")

    ran = skew("resume", "shop", "--by", "bo")

    assert (ran.code, ran.out) == (
        0, "Resumed: shop by bo; it was paused by ana: stock count\n",
    )  # fmt: skip
    assert "no engine runs: `skew poll shop` polls it now" in ran.err
    assert pause_of(seeded, "shop") is None
    again = skew("resume", "shop")
    assert (again.code, again.out) == (1, "")
    assert "channel shop is not paused" in again.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--for", "soon", "--reason", "x"], "is not a duration"),
        (["--for", "31d", "--reason", "x"], "at most 30d"),
        (["--reason", "  "], "say why"),
        ([], "--reason"),
    ],
)
def test_a_pause_needs_an_end_and_a_reason(
    seeded: Path, skew: Any, options: list[str], said: str
) -> None:
    ran = skew("pause", "shop", *options)

    assert ran.code == 2
    assert said in ran.err
    assert pause_of(seeded, "shop") is None


@pytest.mark.parametrize("command", ["pause", "resume", "cancel"])
def test_a_channel_must_be_one_of_ours(seeded: Path, skew: Any, command: str) -> None:
    options = ["--reason", "x"] if command == "pause" else []

    ran = skew(command, "shpo", *options)

    assert ran.code == 2
    assert "shop" in ran.err


def test_there_is_nothing_to_cancel_where_no_engine_runs(seeded: Path, skew: Any) -> None:
    ran = skew("cancel", "shop")

    assert (ran.code, ran.out) == (1, "")
    assert "no poll of shop is running: no engine is running" in ran.err


@pytest.mark.long
def test_a_round_of_polls_leaves_a_paused_channel_out_and_says_so(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    (seeded.parent / "warehouse.csv").write_text("sku,available\nLAMP,14\n")
    (seeded.parent / "market.csv").write_text("sku,available\nLAMP,14\n")
    skew("pause", "market", "--reason", "stock count", "--by", "ana")

    ran = skew("poll", "--json")

    assert [poll["channel"] for poll in ran.json["polls"]] == ["warehouse", "shop"]
    assert "market not polled: paused by ana: stock count, until 20" in ran.err
    named = skew("poll", "market", "--json")
    assert [poll["channel"] for poll in named.json["polls"]] == ["market"]
    assert "not polled" not in named.err
