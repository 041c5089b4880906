"""`skew simulate`: a configuration on the simulated shop."""

from pathlib import Path
from typing import Any

import pytest

from console.reports.simulation import comparison
from sync.config.load import load
from sync.simulation.seeds.configured import (
    Customers,
    configured,
    invented,
    left_out,
    run_configured,
)
from sync.simulation.seeds.many import ManyResults, run_many
from sync.simulation.seeds.results import SeedResult, TrialFigures, TrialResult
from sync.simulation.trial.shop import authority_of

SMALL = """[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
every = "5s"
[channels.shop]
kind = "simulated"
url = "http://127.0.0.1:9"
token = { env = "NOWHERE" }
direction = "push"
every = "5s"
rate = 2
"""
LARGE = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[[authority.rules]]
skus = "DS-*"
quantity = "supplier"
[catalogue]
bundles = "bundles.csv"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
every = "20s"
[channels.supplier]
kind = "csv"
path = "supplier.csv"
[channels.shop]
kind = "simulated"
url = "http://127.0.0.1:9/shop"
token = { env = "SHOP_KEY" }
direction = "push"
units = 2
aliases = "aliases.csv"
[[channels.shop.rules]]
skus = "XL-?"
cap = 3
[approval]
people = ["ana", "ben"]
"""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    (tmp_path / "bundles.csv").write_text(
        "bundle_sku,component_sku,quantity\nKIT,CUP,2\nKIT,LID,1\n"
    )
    (tmp_path / "aliases.csv").write_text("own,sku\nS-CUP,CUP\n")
    path = tmp_path / "skew.toml"
    path.write_text(LARGE)
    return path


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "skew.toml").write_text(SMALL)
    (tmp_path / "buffer.toml").write_text(SMALL.replace('"push"', '"push"\nbuffer = 3'))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def figures(oversold: int) -> SeedResult:
    with_skew = TrialResult(0, 0, 0, {}, {}, [], TrialFigures(oversold_units=oversold), "")
    return SeedResult("everything", with_skew, TrialFigures())


def test_one_seed_is_the_same_run_each_time_and_needs_no_secret_and_no_cache(
    small: Path, skew: Any
) -> None:
    asked = ("simulate", "--config", "skew.toml", "--seed", "3", "--steps", "20", "--json")

    first = skew(*asked)
    compared = skew(*asked, "--against", "buffer.toml").json

    against, difference = compared.pop("against"), compared.pop("difference")
    found = first.json
    assert (first.code, found) == (0, compared)
    assert found["seeds"] == [3]
    assert found["broken"] == []
    with_skew = found["with"]
    assert sum(with_skew["wrong_writes_because"].values()) == with_skew["wrong_writes"]
    assert sum(with_skew["oversold_units_because"].values()) == with_skew["oversold_units"]
    # A channel that keeps three pieces back has less on sale: what is right there is another.
    assert against["with"] != with_skew
    more = against["with"]["oversold_units"] - with_skew["oversold_units"]
    assert difference["oversold_units"]["mean"] == more
    assert "not simulated: rate: no request waits for its turn" in first.err
    assert not (small / "skew.db").exists()


def test_two_configurations_must_have_the_same_channels(seeded: Path, skew: Any) -> None:
    other = seeded.with_name("other.toml")
    other.write_text(seeded.read_text().replace("channels.market", "channels.till"))

    refused = skew("simulate", "--against", str(other))

    assert refused.code == 2
    assert "warehouse, shop, market; it has warehouse, shop, till" in refused.err


def test_a_configuration_in_which_nobody_sells_is_refused(tmp_path: Path, skew: Any) -> None:
    alone = tmp_path / "skew.toml"
    alone.write_text(SMALL.partition("[channels.shop]")[0])

    ended = skew("simulate", "--config", str(alone))

    assert ended.code == 2
    assert "skew.toml has no channel that sells: each is an authority" in ended.err


def test_without_sales_in_the_cache_there_is_no_history_to_repeat(seeded: Path, skew: Any) -> None:
    refused = skew("simulate", "--history")
    assert refused.code == 2
    assert "fewer than 20 sales" in refused.err


def test_what_a_configuration_names_is_in_the_catalogue_and_is_played(
    large: Path, tmp_path: Path
) -> None:
    settings = load(large, None)
    customers = invented(settings)
    skus = {item.sku for item in customers.items}
    assert {"DS-1", "XL-1", "CUP", "LID"} <= skus
    assert left_out(settings) == {}

    kept = configured(settings, tmp_path, customers).settings
    assert authority_of(kept, "DS-1") == "supplier"
    assert (kept.channels["shop"].units, kept.channels["shop"].aliases) == (2, {"S-CUP": "CUP"})
    assert {part.bundle for part in kept.bundles} == {"KIT"}
    assert kept.approval.people == ("ana", "ben")


@pytest.mark.long
def test_a_large_configuration_breaks_no_promise(large: Path) -> None:
    customers: Customers = invented(load(large, None))
    result = run_configured(large, 1, steps=150, customers=customers)
    assert result.with_skew.broken == []
    assert result.with_skew.writes


def test_an_interrupted_run_keeps_what_was_counted() -> None:
    def told(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    found = run_many(figures, [5, 6, 7], told=told, processes=1)
    assert (list(found.results), found.is_interrupted) == ([5, 6], True)


def test_a_difference_says_which_is_better_by_how_much_and_whether_it_is_chance() -> None:
    def ran(*oversold: int) -> ManyResults:
        return ManyResults({seed: figures(units) for seed, units in enumerate(oversold)})

    first, sure, unsure = ran(10, 10, 10, 10), ran(7, 6, 7, 6), ran(4, 8, 12, 16)

    def say(other: Any) -> str:
        found = comparison.difference(first, other, lambda figures: figures.oversold_units)
        return comparison.sentence("oversold units", found, ("a.toml", "b.toml"))

    assert say(first) == "oversold units: the same in each of 4 seeds"
    assert say(sure) == (
        "oversold units: b.toml has 3.5 ± 0.6 less a seed; less in 4 and more in 0 of 4 seeds"
    )
    assert say(unsure).endswith("this can be chance, run more --seeds")
