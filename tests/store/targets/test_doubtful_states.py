"""A quantity that a state can make 0 rests on the state's authority, too."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from store.model import Authority, Component, Direction, Refused, State
from store.polling import quarantine
from store.reasons import Reason
from tests.store.world import MINUTE, World, channel, record, stock, world

ALL = tuple(State)


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    """States are a PIM's word; one shop can show none but active, the other all of them."""
    pim = channel("pim", direction=Direction.OBSERVE, writes=(), stale_after_ms=20 * MINUTE)
    shops = (channel("shop", states=(State.ACTIVE,)), channel("open", states=ALL))
    words = [Authority("*", "warehouse", "pim")]
    with world(tmp_path, pim, *shops, authorities=words) as made:
        made.poll("pim", [record(sku, 9, state="active") for sku in ("A", "B", "KIT")])
        made.poll("warehouse", stock(A=9, B=9))
        yield made


def proposed(w: World) -> list[str]:
    """Which shops are proposed for, once both sell less than they should."""
    for name in ("shop", "open"):
        w.twice(name, stock(A=3))
    w.poll("warehouse", stock(A=9, B=9))
    return sorted(correction.channel for correction in w.updates())


def test_a_state_that_can_be_trusted_stands_in_no_ones_way(w: World) -> None:
    assert proposed(w) == ["open", "shop"]


@pytest.mark.parametrize("trouble", ["stale", "unreadable", "quarantined"])
def test_no_quantity_is_proposed_on_a_doubtful_state_that_could_make_it_0(
    w: World, trouble: str
) -> None:
    if trouble == "stale":
        w.now += 30 * MINUTE
    elif trouble == "unreadable":
        w.poll("pim", stock(B=9, KIT=9), refused=[Refused("row 1", "no number", "A", "")])
    else:
        sweep = w.sweep("pim")
        w.database.write(quarantine.quarantine_poll, sweep, "empty", now=w.now, as_of=None)
    assert proposed(w) == ["open"]
    (waits,) = [
        disagreement
        for disagreement in w.diff(channels=("shop",))
        if disagreement.kind == "quantity"
    ]
    assert waits.reason == Reason.AUTHORITY_STALE


def test_a_bundle_rests_on_the_states_of_its_components(w: World) -> None:
    kit = (Component("KIT", "A", 1), Component("KIT", "B", 1))
    w.reconfigure(msgspec.structs.replace(w.comparison.terms, bundles=kit))
    w.now += 30 * MINUTE
    w.poll("warehouse", stock(A=9, B=9))
    w.twice("open", stock(KIT=3))
    w.poll("warehouse", stock(A=9, B=9))
    assert [correction.sku for correction in w.updates()] == []
