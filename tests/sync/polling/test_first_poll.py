"""A first poll has no good one before it: what gives a broken feed away all the same."""

from pathlib import Path

import msgspec
import pytest

from store.database.connection import Database
from store.model import Component, PollOutcome, Record
from store.polling import quarantine
from sync.settings import GuardSettings
from tests.sync.scripted_channel import Bench, HandClock, changed

STRICT = GuardSettings()


@pytest.fixture
def guarded(bench: Bench) -> Bench:
    """The bench with the guard's own defaults."""
    settings = changed(bench.settings, "shop", guard=STRICT)
    return Bench(changed(settings, "warehouse", guard=STRICT), bench.database, bench.clock)


def skus(count: int, prefix: str = "S", available: int = 5) -> dict[str, int]:
    return {f"{prefix}{n}": available for n in range(count)}


@pytest.mark.parametrize("name", ["shop", "warehouse"])
async def test_a_first_feed_of_nothing_but_zeros_waits_for_a_person(
    guarded: Bench, name: str
) -> None:
    (guarded.shop if name == "shop" else guarded.warehouse).shows(A=0, B=0, C=-1)

    report = await guarded.poll(name)

    assert report.outcome is PollOutcome.QUARANTINED
    assert report.error == "a first poll of nothing but zeros: none of 3 listings has stock"
    assert (await guarded.poll(name)).outcome is PollOutcome.QUARANTINED
    now = guarded.clock.now()
    guarded.database.write(quarantine.accept, name, guarded.context.comparison, who="ana", now=now)
    assert (await guarded.poll(name)).outcome is PollOutcome.GOOD


@pytest.mark.parametrize(
    "shown", [{"A": 0, "B": 0}, {"A": 0, "B": 0, "C": 0, "D": 1}], ids=["tiny", "one in stock"]
)
async def test_a_few_zeros_are_no_surprise(guarded: Bench, shown: dict[str, int]) -> None:
    guarded.shop.shows(**shown)
    assert (await guarded.poll()).outcome is PollOutcome.GOOD


async def test_zeros_that_the_authority_has_too_are_no_surprise(guarded: Bench) -> None:
    guarded.warehouse.shows(A=0, B=0, C=0, D=9)
    assert (await guarded.poll("warehouse")).outcome is PollOutcome.GOOD
    guarded.shop.shows(A=0, B=0, C=0)
    assert (await guarded.poll()).outcome is PollOutcome.GOOD


async def test_what_is_not_counted_is_no_zero(guarded: Bench) -> None:
    for sku in "ABC":
        guarded.shop.stock[sku] = Record(sku, None, state="uncounted")
    assert (await guarded.poll()).outcome is PollOutcome.GOOD


@pytest.mark.parametrize("first", ["shop", "warehouse"])
async def test_a_first_feed_that_hardly_meets_the_other_side_waits_for_a_person(
    guarded: Bench, first: str
) -> None:
    guarded.warehouse.shows(**skus(30))
    guarded.shop.shows(**skus(25, "id"), S0=5)
    second = "warehouse" if first == "shop" else "shop"

    assert (await guarded.poll(first)).outcome is PollOutcome.GOOD
    report = await guarded.poll(second)

    assert report.outcome is PollOutcome.QUARANTINED
    other = "the authority" if second == "shop" else "the other channels"
    assert report.error == (
        f"a first poll that hardly meets {other}: 1 of 26 SKUs are on both sides"
    )


@pytest.mark.parametrize(
    ("shop", "warehouse"),
    [
        ({**skus(19, "own")}, skus(500)),
        ({**skus(500, "own"), **skus(25)}, skus(25)),
        ({**skus(400, "own"), **skus(30)}, skus(500)),
        (skus(3), skus(500)),
        (skus(500), {**skus(500, "other"), **skus(50)}),
        (skus(500), {}),
    ],
    ids=["small", "all of the warehouse's", "a market", "few", "a tenth", "no warehouse yet"],
)
async def test_an_ordinary_first_start_is_not_stopped(
    guarded: Bench, shop: dict[str, int], warehouse: dict[str, int]
) -> None:
    guarded.warehouse.shows(**warehouse)
    guarded.shop.shows(**shop)
    if warehouse:
        assert (await guarded.poll("warehouse")).outcome is PollOutcome.GOOD
    assert (await guarded.poll()).outcome is PollOutcome.GOOD


async def test_a_shop_of_bundles_meets_their_components(tmp_path: Path, bench: Bench) -> None:
    settings = changed(bench.settings, "shop", guard=STRICT)
    bundles = tuple(Component(f"KIT{n}", f"S{n}", 2) for n in range(25))
    made = msgspec.structs.replace(settings, bundles=bundles)
    with Database.open(tmp_path / "other.db") as database:
        kits = Bench(made, database, HandClock())
        kits.warehouse.shows(**skus(30))
        kits.shop.shows(**{f"KIT{n}": 2 for n in range(25)})
        await kits.poll("warehouse")
        assert (await kits.poll()).outcome is PollOutcome.GOOD


async def test_a_limit_of_all_lets_a_first_feed_be_anything(bench: Bench) -> None:
    bench.warehouse.shows(**skus(30))
    await bench.poll("warehouse")
    bench.shop.shows(**skus(30, "id", 0))
    assert (await bench.poll()).outcome is PollOutcome.GOOD


async def test_only_the_first_good_poll_is_a_first_one(guarded: Bench) -> None:
    guarded.shop.shows(A=1)
    await guarded.poll()
    guarded.shop.stock.clear()
    guarded.shop.shows(A=1, B=0, C=0, D=0)
    assert (await guarded.poll()).outcome is PollOutcome.GOOD
