"""The commands that look: status, diff, updates and history, for people and as JSON."""

import csv
from pathlib import Path
from typing import Any

import pytest

from store.model import Record
from tests.console.command_shop import configure, seed, set_aside, update_of


def test_status_has_the_keys_of_the_design_and_exits_1_while_anything_is_open(
    seeded: Path, skew: Any
) -> None:
    ran = skew("status", "--json")
    assert (ran.code, ran.err) == (1, "")
    told = ran.json
    assert list(told) == [
        "channels", "disagreements", "updates", "incidents", "engine", "acknowledged",
    ]  # fmt: skip
    assert list(told["channels"][0]) == [
        "name", "kind", "roles", "freshness", "last_success_at", "age_s", "listings", "last_error",
        "unexplained_units", "paused",
    ]  # fmt: skip
    assert [one["freshness"] for one in told["channels"]] == ["fresh"] * 3
    assert told["disagreements"] == {"open": 2, "settling": 1, "unknown": 0}
    assert told["updates"]["proposed"] == 2
    assert told["updates"]["verified"] == 0
    assert told["engine"] == {"running": False, "holder": None}
    assert 0 <= told["channels"][0]["age_s"] < 60
    assert told["channels"][0]["last_success_at"].endswith("Z")


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
    assert [one["freshness"] for one in ran.json["channels"]] == ["never"] * 3


def test_diff_does_not_pass_off_what_it_cannot_know_as_agreement(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = skew("diff")
    assert ran.out == "No disagreements known.\n"
    assert "skew: shop: never read; `skew poll shop` polls it\n" in ran.err

    seed(tmp_path)
    set_aside(tmp_path / "skew.toml", "market", "2 of 3 listings are gone")
    told = skew("diff", "--channel", "shop", "--json")
    assert (told.err, len(told.json["disagreements"])) == ("", 2)
    told = skew("diff", "--channel", "market", "--json")
    words = "market: the last poll is quarantined; `skew accept market --show` shows what it would"
    assert words in told.err


def test_diff_has_the_keys_of_the_design_and_exits_1_where_there_are_some(
    seeded: Path, skew: Any
) -> None:
    ran = skew("diff", "--json", "--channel", "shop", "--sku", "LAMP")
    (one,) = ran.json["disagreements"]
    assert ran.code == 1
    assert list(one) == [
        "id", "sku", "channel", "location", "kind", "status", "reason", "reason_code", "reading",
        "target", "delta", "oversell_units", "undersell_units", "money_at_risk", "first_seen_at",
        "last_seen_at", "cause", "update", "acknowledged", "money_assumed",
    ]  # fmt: skip
    assert (one["sku"], one["kind"], one["status"]) == ("LAMP", "quantity", "open")
    assert (one["reading"]["available"], one["target"]["quantity"], one["delta"]) == (31, 14, -17)
    assert (one["oversell_units"], one["undersell_units"], one["money_at_risk"]) == (17, 0, 323.0)
    assert set(one["cause"]) == {"kind", "confidence", "evidence"}


def test_diff_is_filtered_by_channel_sku_pattern_and_kind(seeded: Path, skew: Any) -> None:
    def skus(*args: str) -> set[str]:
        return {one["sku"] for one in skew("diff", "--json", *args).json["disagreements"]}

    assert skus() == {"LAMP", "KETTLE", "=CABLE"}
    assert skus("--channel", "market") == {"=CABLE"}
    assert skus("--sku", "L*", "--sku", "KETTLE") == {"LAMP", "KETTLE"}
    assert skus("--kind", "missing") == set()
    assert skew("diff", "--channel", "shp").code == 2


def test_diff_shows_the_blank_by_which_two_skus_differ(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path, {"warehouse": [Record("LAMP ", 14)], "shop": [Record("LAMP", 14)]})
    monkeypatch.chdir(tmp_path)
    shown = skew("diff", "--channel", "shop").out
    assert "LAMP␠  shop     missing" in shown
    assert "LAMP   shop     unlisted" in shown


def test_no_cell_of_the_csv_can_be_a_formula(seeded: Path, skew: Any) -> None:
    rows = list(csv.DictReader(skew("diff", "--csv").out.splitlines()))
    assert {row["sku"] for row in rows} == {"LAMP", "KETTLE", "'=CABLE"}
    assert next(row for row in rows if row["sku"] == "LAMP")["delta"] == "-17"


def test_no_report_lets_a_channels_text_reach_the_terminal_raw(seeded: Path, skew: Any) -> None:
    for args in (
        ("diff",), ("diff", "--json"), ("diff", "--csv"), ("updates",), ("updates", "--json"),
        ("history", "LAMP"), ("history", "LAMP", "--json"), ("status",),
    ):  # fmt: skip
        printed = skew(*args)
        shown = (printed.out + printed.err).replace("\n", "")
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown), args


def test_a_table_to_a_pipe_is_never_cut_and_has_no_colour(seeded: Path, skew: Any) -> None:
    assert "…" not in skew("diff").out
    assert "\x1b" not in skew("diff").out


def test_updates_have_the_keys_of_the_design(seeded: Path, skew: Any) -> None:
    found = skew("updates", "--json").json["updates"]
    assert list(found[0]) == [
        "id", "sku", "channel", "location", "status", "from", "to", "version", "proposed_at",
        "decided_by", "note", "result",
    ]  # fmt: skip
    lamp = next(one for one in found if one["sku"] == "LAMP")
    assert (lamp["from"]["quantity"], lamp["to"]["quantity"]) == (31, 14)
    assert lamp["status"] == "proposed"


def test_a_history_tells_readings_disagreements_and_decisions(seeded: Path, skew: Any) -> None:
    skew("approve", str(update_of(skew, "LAMP")["id"]), "--by", "ana")
    told = skew("history", "LAMP", "--json").json
    assert told["sku"] == "LAMP"
    assert {"reading", "correction", "disagreement"} <= {one["kind"] for one in told["entries"]}
    assert all(one["at"].endswith("Z") and one["channel"] for one in told["entries"])
    assert "approved by ana" in skew("history", "LAMP").out


def test_an_unknown_sku_has_an_empty_history_and_a_note(seeded: Path, skew: Any) -> None:
    ran = skew("history", "lamp", "--json")
    assert (ran.code, ran.json) == (
        0, {"sku": "lamp", "entries": [], "conservation": [], "thinned_before": None}
    )  # fmt: skip
    assert "capitals and spaces must match too" in ran.err
