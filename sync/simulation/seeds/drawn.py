"""A configuration drawn from a seed: so that many trials try many ways of working."""

import random
from pathlib import Path
from typing import Any, Literal

import msgspec

from store.model import Component, Direction, State
from sync.channels.abilities import Abilities
from sync.channels.simulated.kind import SimulatedOptions
from sync.secrets import SecretSource
from sync.settings import (
    ApprovalRule,
    ApprovalSettings,
    AuthorityRule,
    ChannelSettings,
    EventSettings,
    GuardSettings,
    PushLimits,
    Settings,
)
from sync.simulation.channel import Item
from sync.simulation.trial.plan import TrialRates
from sync.simulation.trial.shop import STOPPED

WAREHOUSE = "warehouse"
SUPPLIER = "supplier"
OUTLETS = ("shop", "market", "till")
STATES = (State.ACTIVE, *STOPPED)
Regime = Literal["reductions", "everything"]


class DrawnTrial(msgspec.Struct, frozen=True):
    """What a seed works with."""

    settings: Settings
    abilities: dict[str, Abilities]
    items: tuple[Item, ...]
    is_connected: bool
    regime: Regime
    rates: TrialRates = TrialRates()
    tick_s: float = 1.0
    """How often an idle engine looks: what a trial costs the most."""


_LOOSE = GuardSettings(max_zeroed_ppm=900_000, max_changed_ppm=1_000_000, max_shrunk_ppm=300_000)
"""What a small catalogue that sells much needs: a third of it moves from poll to poll."""


def drawn(seed: int, folder: Path) -> DrawnTrial:
    """Draw the configuration of a seed."""
    chance = random.Random(f"{seed} configuration")  # noqa: S311 - a play, not a secret
    regime: Regime = "reductions" if seed % 2 else "everything"
    outlets = OUTLETS[: chance.choice((1, 2, 2, 3, 3))]
    has_supplier = chance.random() < 0.2  # noqa: PLR2004
    items = tuple(
        Item(
            f"DS-{number:02}" if has_supplier and number % 4 == 3 else f"SKU-{number:02}",  # noqa: PLR2004
            f"Thing {number}", 990 + number, chance.choice((0, 3, 8, 20, 60)),
        )
        for number in range(chance.choice((8, 16, 32)))
    )  # fmt: skip
    parts = [item.sku for item in items[:5]]
    bundles = chance.choice((
        (), (),
        (Component("KIT-1", parts[0], 1), Component("KIT-1", parts[1], 2)),
        (Component("KIT-1", parts[3], 3), Component("KIT-2", parts[2], 1),
         Component("KIT-2", parts[0], 1), Component("KIT-2", parts[4], 2)),
    ))  # fmt: skip
    abilities = {name: _abilities(chance) for name in outlets}
    abilities[WAREHOUSE] = Abilities(
        kind="simulated",
        reads=("available", "on_hand", "committed", "incoming", "state")
        + (("source time",) if chance.random() < 0.5 else ()),  # noqa: PLR2004
        states=frozenset(STATES),
    )
    sources = (WAREHOUSE, SUPPLIER) if has_supplier else (WAREHOUSE,)
    abilities |= dict.fromkeys(sources, abilities[WAREHOUSE])
    channels = {
        name: _channel(
            chance, name, Direction.OBSERVE, lag_ms=chance.choice((0, 8_000, 15_000)), states=True
        )
        for name in sources
    }
    sold = [item.sku for item in items] + list(dict.fromkeys(part.bundle for part in bundles))
    for name in outlets:
        channels[name] = _channel(
            chance,
            name,
            Direction.PUSH,
            buffer=chance.choice((0, 0, 1, 3)),
            share_ppm=chance.choice((1_000_000, 1_000_000, 500_000, 330_000)),
            cap=chance.choice((None, None, 10)),
            settle_reduce_ms=chance.choice((0, 5_000)),
            settle_raise_ms=chance.choice((5_000, 15_000, 40_000)),
            lag_ms=chance.choice((0, 0, 4_000)),
            units=chance.choice((1, 1, 1, 1, 6)),
            aliases=chance.choice(({}, {}, {f"{name}/{sku}": sku for sku in sold[::2]})),
        )
    return DrawnTrial(
        Settings(
            path=folder / "skew.toml",
            database=folder / "skew.db",
            authority_quantity=WAREHOUSE,
            authority_state=WAREHOUSE,
            authority_rules=(
                (AuthorityRule(skus="DS-*", quantity=SUPPLIER, state=SUPPLIER),)
                if has_supplier
                else ()
            ),
            bundles=bundles,
            channels=channels,
            approval=_approval(chance, regime),
            push=chance.choice(
                (PushLimits(), PushLimits(), PushLimits(max_units=60, max_skus_per_hour=80))
            ),
            events=EventSettings(unseen_after_ms=60_000, ahead_ms=chance.choice((20_000, 300_000))),
        ),
        abilities,
        items,
        is_connected=regime == "everything",
        regime=regime,
        rates=TrialRates(
            faults=chance.choice((2.0, 9.0, 9.0, 20.0)), decisions=chance.choice((14.0, 14.0, 40.0))
        ),
        tick_s=chance.choice((1.0, 2.0, 3.0)),
    )


def _abilities(chance: random.Random) -> Abilities:
    batch_max = chance.choice((1, 4, 50))
    reads_one = chance.random() < 0.7  # noqa: PLR2004
    later = chance.random() < 0.15  # noqa: PLR2004
    return Abilities(
        kind="simulated",
        reads=("available", "price")
        + (("on_hand", "committed") if chance.random() < 0.3 else ())  # noqa: PLR2004
        + (("source time",) if chance.random() < 0.5 else ()),  # noqa: PLR2004
        writes=("quantity",),
        compare_and_set=chance.random() < 0.4 and not later,  # noqa: PLR2004
        idempotency=chance.random() < 0.5,  # noqa: PLR2004
        batch_max=batch_max,
        later=later,
        reads_one=reads_one,
        refs=chance.random() < 0.5,  # noqa: PLR2004
        events=chance.random() < 0.7,  # noqa: PLR2004
        per_item=chance.random() < 0.5,  # noqa: PLR2004
    )


def _channel(
    chance: random.Random,
    name: str,
    direction: Direction,
    *,
    states: bool = False,
    **given: Any,  # noqa: ANN401  # Of `ChannelSettings`, which are of several types.
) -> ChannelSettings:
    every_ms = chance.choice((5_000, 10_000, 20_000))
    return ChannelSettings(
        name=name,
        kind="simulated",
        direction=direction,
        every_ms=every_ms,
        stale_after_ms=3 * every_ms,
        timeout_ms=5_000,
        read_back_within_ms=chance.choice((5_000, 10_000)),
        guard=chance.choice((_LOOSE, _LOOSE, _LOOSE, GuardSettings())),
        options=SimulatedOptions(
            url="http://127.0.0.1", token=SecretSource(env="NONE"),
            states=STATES if states else (),
        ),
        **given,
    )  # fmt: skip


def _approval(chance: random.Random, regime: Regime) -> ApprovalSettings:
    only: Literal["reduce"] | None = "reduce" if regime == "reductions" else None
    rules = (
        ApprovalRule(channel=chance.choice((None, "shop")), only=only or "reduce"),
        ApprovalRule(channel=chance.choice((None, "market")), only=only, max_units=6),
    )
    return ApprovalSettings(
        mode=chance.choice(("manual", "rules", "rules")),
        hold_ms=chance.choice((0, 3_000, 8_000)),
        expires_ms=chance.choice((4_000, 20_000, 900_000)),
        second_person_above=chance.choice((None, None, 15)),
        people=chance.choice((None, None, ("ana", "ben"))),
        rules=rules,
    )
