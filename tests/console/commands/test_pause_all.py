"""`skew pause --all` and `skew resume --all`: all writes, and what the other commands say of it."""

from pathlib import Path
from typing import Any

import pytest

from store.channels import write_pauses
from store.channels.write_pauses import WritePause
from store.database.connection import Database
from sync.config.load import load

STANDS = "all writes are paused by ana: stock count"


def in_force(path: Path) -> WritePause | None:
    with Database.open(load(path, None).database) as database:
        return database.read(write_pauses.in_force)


@pytest.fixture
def stopped(seeded: Path, skew: Any) -> Path:
    skew("pause", "--all", "--reason", " stock count ", "--by", "ana")
    return seeded


def test_all_writes_are_paused_once_and_resumed_once(seeded: Path, skew: Any) -> None:
    first = skew("pause", "--all", "--reason", "stock count", "--by", "ana")
    again = skew("pause", "--all", "--reason", "other", "--by", "ben")

    assert (first.code, first.out) == (0, f"Paused: {STANDS}; `skew resume --all` ends the pause\n")
    assert again.code == 0
    assert again.out.startswith(f"Paused already: {STANDS}")
    ended = skew("resume", "--all", "--by", "ben")
    assert ended.out == f"Resumed: all writes, by ben; {STANDS.replace(' are ', ' were ')}\n"
    assert in_force(seeded) is None
    late = skew("resume", "--all")
    assert (late.code, late.err) == (1, "skew: writes are not paused\n")


def test_status_says_it_first_and_is_not_well(stopped: Path, skew: Any) -> None:
    ran = skew("status")

    assert ran.code == 1
    assert ran.out.splitlines()[0].startswith(f"‖ {STANDS}, since 20")
    told = skew("status", "--json").json["writes_paused"]
    assert (told["by"], told["reason"]) == ("ana", "stock count")
    skew("resume", "--all")
    assert skew("status", "--json").json["writes_paused"] is None


def test_a_channels_resume_does_not_lift_it_and_says_why(stopped: Path, skew: Any) -> None:
    refused = skew("resume", "shop")
    assert refused.code == 1
    assert f"channel shop is not paused by itself: {STANDS}" in refused.err
    skew("pause", "shop", "--reason", "migration")

    ended = skew("resume", "shop")

    assert ended.code == 0
    assert f"shop is not written to: {STANDS}" in ended.err
    assert "`skew resume --all` ends the pause" in ended.err
    assert in_force(stopped) is not None


def test_resuming_all_ends_no_channels_own_pause_and_says_so(stopped: Path, skew: Any) -> None:
    skew("pause", "shop", "--reason", "migration", "--by", "ben")

    ran = skew("resume", "--all")

    assert ran.code == 0
    assert "shop stays paused by ben: migration, until 20" in ran.err


def test_what_is_approved_meanwhile_waits_and_says_so(
    stopped: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "key-of-the-shop")
    approved = skew("approve", "--all", "--yes", "--by", "ana")
    assert f"what is approved waits: {STANDS}" in approved.err

    ran = skew("apply")

    assert STANDS in ran.err
    resumed = skew("resume", "--all")
    assert "approved update" in resumed.err
    assert "no engine runs: `skew apply` writes" in resumed.err


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("pause", "--all", "shop", "--reason", "x"), "leave the channel's name out"),
        (("pause", "--all", "--for", "2h", "--reason", "x"), "it holds until `skew resume --all`"),
        (("pause", "--reason", "x"), "name a channel, or --all"),
        (("pause", "--all", "--reason", " "), "is empty: say why"),
        (("pause", "--all"), "Missing option '--reason'"),
        (("pause", "--all", "--reason", "x", "--by", "rule"), "rule"),
        (("resume",), "name a channel, or --all"),
        (("resume", "--all", "shop"), "leave the channel's name out"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    seeded: Path, skew: Any, asked: tuple[str, ...], says: str
) -> None:
    ran = skew(*asked)

    assert ran.code == 2
    assert says in ran.err
    assert in_force(seeded) is None
