"""`skew diff`: its rows, its filters, its forms and its exit code."""

import csv
from pathlib import Path
from typing import Any

import pytest

from store.model import Record
from tests.console.command_shop import configure, quarantine_poll, seed


def test_diff_does_not_pass_off_what_it_cannot_know_as_agreement(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = skew("diff")
    assert ran.out.splitlines() == [
        "Not all can be seen: warehouse never read, shop never read, market never read.",
        "No disagreements known.",
    ]
    assert ran.code == 1
    assert "skew: shop: never read; `skew poll shop` polls it\n" in ran.err

    seed(tmp_path)
    quarantine_poll(tmp_path / "skew.toml", "market", "2 of 3 listings are gone")
    document = skew("diff", "--channel", "shop", "--json")
    assert (document.err, len(document.json["disagreements"])) == ("", 2)
    document = skew("diff", "--channel", "market", "--json")
    words = "market: the last poll is quarantined; `skew accept market --show` shows what it would"
    assert words in document.err
    assert "Not all" not in document.out


@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
@pytest.mark.parametrize("of", [(), ("--channel", "shop")], ids=["all", "another channel"])
def test_diff_never_exits_0_while_something_can_not_be_seen(
    tmp_path: Path, skew: Any, form: tuple[str, ...], of: tuple[str, ...]
) -> None:
    """Nothing disagrees; then the authority's last poll fails, and nobody knows any more."""
    stock = [Record("LAMP", 14)]
    path = seed(tmp_path, {"warehouse": stock, "shop": stock, "market": stock})
    options = ("--config", str(path), *form, *of)
    assert skew("diff", *options).code == 0

    quarantine_poll(path, "warehouse", "all at zero")

    ran = skew("diff", *options)
    assert ran.code == 1
    assert "warehouse" in ran.err
    assert ("Not all can be seen: warehouse quarantined." in ran.out) == (not form)


def test_diff_has_stable_keys_and_exits_1_where_there_are_some(seeded: Path, skew: Any) -> None:
    ran = skew("diff", "--json", "--channel", "shop", "--sku", "LAMP")
    (lamp,) = ran.json["disagreements"]
    assert ran.code == 1
    assert list(lamp) == [
        "id", "sku", "channel", "location", "kind", "status", "reason", "reason_code", "reading",
        "target", "delta", "oversell_units", "undersell_units", "money_at_risk", "first_seen_at",
        "last_seen_at", "cause", "update", "acknowledged", "money_assumed", "ignored",
    ]  # fmt: skip
    assert (lamp["sku"], lamp["kind"], lamp["status"]) == (
        "LAMP",
        "quantity",
        "open",
    )
    assert (
        lamp["reading"]["available"],
        lamp["target"]["quantity"],
        lamp["delta"],
    ) == (31, 14, -17)
    assert (
        lamp["oversell_units"],
        lamp["undersell_units"],
        lamp["money_at_risk"],
    ) == (17, 0, 323.0)
    assert set(lamp["cause"]) == {"kind", "confidence", "evidence"}


def test_diff_is_filtered_by_channel_sku_pattern_and_kind(seeded: Path, skew: Any) -> None:
    def skus(*args: str) -> set[str]:
        return {
            disagreement["sku"]
            for disagreement in skew("diff", "--json", *args).json["disagreements"]
        }

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
