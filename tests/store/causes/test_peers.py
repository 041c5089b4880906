"""What the other disagreements of a channel, and its other SKUs, say of one."""

from pathlib import Path

import pytest

from store.causes import find_facts, peers
from store.model import Policy, Record
from tests.store.causes.test_find_facts import cause, known
from tests.store.world import channel, stock, world


def test_what_a_channel_keeps_back_of_many_skus_is_a_buffer(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10, B=20, C=30, D=40, E=50, F=60))
        w.poll("shop", stock(A=8, B=18, C=28, D=38, E=48, F=7))
        found = known(w, skus=("A",))
        assert (found.peers.open, dict(found.peers.deltas)) == (6, {2: 5})
        assert cause(w, skus=("A",)) == "buffer"
        assert cause(w, skus=("F",)) == "unexplained"


def test_what_a_channel_counts_in_packs_is_a_unit_of_measure(tmp_path: Path) -> None:
    """F is 7 of 90: rounding down keeps the ratio."""
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=12, B=24, C=36, D=48, E=60, F=90))
        w.poll("shop", stock(A=1, B=2, C=3, D=4, E=5, F=7))
        peers = known(w, skus=("A",)).peers
        assert (peers.ratio, peers.ratio_count, peers.target_is_larger) == (12, 6, True)
        assert cause(w, skus=("F",)) == "unit of measure"
        w.poll("shop", stock(A=144, B=288, C=432, D=576, E=720, F=7))
        peers = known(w, skus=("A",)).peers
        assert (peers.ratio, peers.ratio_count, peers.target_is_larger) == (12, 5, False)
        assert cause(w, skus=("A",)) == "unit of measure"


def test_each_channel_has_its_own_crowd(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market", policies=(Policy("*"),))) as w:
        w.poll("warehouse", stock(A=10, B=20, C=30, D=40, E=50))
        w.poll("shop", stock(A=8, B=18, C=28, D=38, E=48))
        w.poll("market", stock(A=9, B=20, C=30, D=40, E=50))
        assert known(w, channels=("market",)).peers.open == 1
        assert known(w, channels=("shop",), skus=("A",)).peers.open == 5


def test_two_skus_that_show_each_others_numbers_name_each_other(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10, B=25, C=30))
        w.poll("shop", stock(A=25, B=10, C=31))
        assert known(w, skus=("A",)).swapped_with == "B"
        assert known(w, skus=("B",)).swapped_with == "A"
        assert known(w, skus=("C",)).swapped_with is None
        assert cause(w, skus=("A",)) == "mapping"


def test_a_swap_must_be_the_only_one_of_its_numbers(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10, B=25, C=25))
        w.poll("shop", stock(A=25, B=10, C=10))
        assert known(w, skus=("A",)).swapped_with is None
        assert known(w, skus=("B",)).swapped_with is None


def test_swaps_are_looked_for_at_each_location_and_not_where_very_many_disagree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as w:
        for name, numbers in (("warehouse", (10, 25)), ("shop", (25, 10))):
            w.poll(
                name,
                [
                    Record(sku, number, location=place)
                    for place in ("north", "south")
                    for sku, number in zip("AB", numbers, strict=True)
                ],
            )
        ids = [disagreement.id for disagreement in w.diff(skus=("A",))]
        found = w.database.read(find_facts.find, ids).values()
        assert [facts.swapped_with for facts in found] == ["B", "B"]
        monkeypatch.setattr(peers, "SWAPS_MAX", 3)
        found = w.database.read(find_facts.find, ids).values()
        assert [facts.swapped_with for facts in found] == [None, None]
