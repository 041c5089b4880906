"""`skew why`: each listing's verdict with its reasons, also where it agrees or can't be seen."""

from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from store.channels import pauses
from store.database.connection import Database
from store.model import Record
from sync.clock import SystemClock
from sync.config.load import load
from tests.console import command_shop
from tests.console.command_shop import (
    CONFIGURATION,
    STOCK,
    configure,
    fail,
    quarantine_poll,
    seed,
    update_of,
)

HOUR_MS = 3_600_000


def explained(skew: Any, sku: str, *args: str) -> dict[str, Any]:
    """By channel, and by channel and place where there is one, what `skew why` says."""
    document = skew("why", "--json", *args, "--", sku).json
    return {
        f"{listing['channel']}/{listing['location']}".rstrip("/"): listing
        for listing in document["listings"]
    }


def about(listing: dict[str, Any], topic: str) -> str:
    return "; ".join(line["text"] for line in listing["why"] if line["about"] == topic)


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    return {name: listing["verdict"] for name, listing in found.items()}


def fill(folder: Path, configuration: str, stock: dict[str, list[Record]], ago_ms: int = 0) -> Path:
    """A cache of this configuration in which every channel was read `ago_ms` ago."""
    path = configure(folder)
    path.write_text(configuration)
    command_shop.fill(path, stock, ago_ms=ago_ms)
    return path


@pytest.fixture
def shop_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKEW_CONFIG", raising=False)
    return tmp_path


def test_it_says_what_is_shown_who_decides_and_what_is_done(seeded: Path, skew: Any) -> None:
    found = explained(skew, "LAMP")
    assert verdicts(found) == {"warehouse": "authority", "shop": "disagrees", "market": "agrees"}
    shop = found["shop"]
    assert shop["summary"] == "shows 31; should show 14: 17 too many"
    assert about(shop, "authority").startswith(
        "warehouse decides quantity and state of every SKU; has 14; warehouse read 0:0"
    )
    assert about(shop, "target") == "14 available → 14"
    assert about(shop, "guard") == "nothing stands in the way"
    number = update_of(skew, "LAMP")["id"]
    assert about(shop, "update") == f"#{number} 31 → 14: proposed; waits for a person"
    assert shop["update"]["id"] == number
    assert found["market"]["summary"] == "shows 14, as it should"
    assert about(found["market"], "update") == ""


def test_one_channel_can_be_asked_for_alone(seeded: Path, skew: Any) -> None:
    assert list(explained(skew, "LAMP", "--channel", "market")) == ["market"]
    wrong = skew("why", "LAMP", "--channel", "markt")
    assert wrong.code == 2
    assert "market" in wrong.err


def test_an_unknown_sku_is_said_and_exits_1(seeded: Path, skew: Any) -> None:
    asked = skew("why", "--json", "lamp")
    assert (asked.code, asked.json["listings"]) == (1, [])
    assert "lamp: SKU not found" in asked.err


def test_what_cant_be_seen_is_never_said_to_agree(shop_folder: Path, skew: Any) -> None:
    fill(shop_folder, CONFIGURATION, STOCK, ago_ms=HOUR_MS)
    found = explained(skew, "LAMP")
    assert set(verdicts(found).values()) == {"unknown"}
    assert "as it should" not in str(found)
    assert about(found["market"], "guard") == "market is stale"


@pytest.mark.parametrize("channel", ["warehouse", "market"])
def test_a_quarantine_of_either_side_takes_the_agreement_away(
    seeded: Path, skew: Any, channel: str
) -> None:
    quarantine_poll(seeded, channel, "all at zero")
    market = explained(skew, "LAMP")["market"]
    assert market["verdict"] == "unknown"
    assert f"{channel}" in about(market, "guard")
    assert "quarantined" in about(market, "guard")


def test_a_pause_and_a_refusal_stand_in_the_way_and_are_named(seeded: Path, skew: Any) -> None:
    number = update_of(skew, "LAMP")["id"]
    fail(seeded, number)
    with Database.open(load(seeded, None).database) as database:
        database.write(
            pauses.pause, "shop", who="ana", reason="stocktake",
            until=SystemClock().now() + HOUR_MS,
        )  # fmt: skip
    skew("pause", "--all", "--by", "ben", "--reason", "audit", "--yes")
    shop = explained(skew, "LAMP")["shop"]
    assert "shop is paused by ana until" in about(shop, "guard")
    assert "stocktake" in about(shop, "guard")
    assert "✖ failed" in about(shop, "update")
    assert "nothing new until target or reading moves" in about(shop, "update")


def test_the_rule_that_fits_is_named_with_what_it_keeps_back(shop_folder: Path, skew: Any) -> None:
    rules = """buffer = 2
share = "50%"
[[channels.shop.rules]]
skus = "K*"
sold = false
[channels.market]"""
    configuration = CONFIGURATION.replace("[channels.market]", rules)
    fill(shop_folder, configuration, STOCK)
    lamp, kettle = (explained(skew, sku)["shop"] for sku in ("LAMP", "KETTLE"))
    assert about(lamp, "policy") == "[channels.shop]: from what is available, buffer 2, share 50 %"
    assert about(lamp, "target") == "14 available − 2 buffer, share 50 % → 6"
    assert "[[channels.shop.rules]] for K*: " in about(kettle, "policy")
    assert "not sold" in about(kettle, "policy")


def test_states_are_said_to_agree_to_differ_or_not_to_be_compared(
    shop_folder: Path, skew: Any
) -> None:
    configuration = CONFIGURATION.replace("states = []", "")
    stock = {
        "warehouse": [Record("LAMP", 14, state="active"), Record("KETTLE", 3, state="hold")],
        "shop": [Record("LAMP", 14, state="active"), Record("KETTLE", 3, state="active")],
        "market": [Record("LAMP", 14), Record("KETTLE", 0)],
    }
    fill(shop_folder, configuration, stock)
    lamp, kettle = explained(skew, "LAMP"), explained(skew, "KETTLE")
    assert about(lamp["shop"], "state") == "active, as it should be"
    assert about(kettle["shop"], "state") == "active; should be hold"
    assert kettle["shop"]["verdict"] == "disagrees"
    assert "shows no states" in about(lamp["market"], "state")


def test_a_channel_without_the_sku_says_whether_it_should_have_it(
    shop_folder: Path, skew: Any
) -> None:
    configuration = CONFIGURATION.replace(
        'path = "market.csv"', 'path = "market.csv"\nmissing = "ignore"'
    )
    stock = {**STOCK, "warehouse": [*STOCK["warehouse"], Record("VASE", 5)]}
    fill(shop_folder, configuration, stock)
    found = explained(skew, "VASE")
    assert found["shop"]["summary"] == "does not list it; should show 5"
    assert "correct it on shop yourself" in about(found["shop"], "update")
    assert found["market"]["verdict"] == "not_listed"
    assert 'missing = "ignore"' in about(found["market"], "reading")


def test_what_nobody_counts_is_not_compared(shop_folder: Path, skew: Any) -> None:
    stock = {
        "warehouse": [Record("LAMP", None, state="uncounted")],
        "shop": [Record("LAMP", 5)],
        "market": [Record("LAMP", None, state="uncounted")],
    }
    fill(shop_folder, CONFIGURATION, stock)
    found = explained(skew, "LAMP")
    assert found["shop"]["verdict"] == "uncounted"
    assert found["market"]["verdict"] == "uncounted"
    assert "does not count it" in about(found["shop"], "authority")


def test_texts_from_outside_reach_the_terminal_as_data(
    seeded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", "LAMP"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "Lamp" in printed


def test_a_bundle_names_its_parts_and_what_they_make(shop_folder: Path, skew: Any) -> None:
    (shop_folder / "bundles.csv").write_text(
        "bundle_sku,component_sku,quantity\nSET,LAMP,2\nSET,CUP,1\n"
    )
    configuration = CONFIGURATION + '[catalogue]\nbundles = "bundles.csv"\n'
    stock = {
        "warehouse": [Record("LAMP", 14), Record("CUP", 30)],
        "shop": [Record("SET", 7), Record("LAMP", 14), Record("CUP", 30)],
    }
    fill(shop_folder, configuration, stock)
    found = explained(skew, "SET")["shop"]
    assert found["verdict"] == "agrees"
    assert "2 × LAMP (14 make 7)" in about(found, "parts")


def test_seeded_cache_is_not_changed_by_asking(tmp_path: Path, skew: Any) -> None:
    path = seed(tmp_path)
    before = skew("diff", "--config", str(path), "--json").json
    skew("why", "--config", str(path), "LAMP")
    assert [
        row["id"] for row in skew("diff", "--config", str(path), "--json").json["disagreements"]
    ] == [row["id"] for row in before["disagreements"]]
