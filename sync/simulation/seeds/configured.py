"""A configuration of the user on a simulated shop: its channels, policy, approvals and guard."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import msgspec

from store.database.connection import Database
from store.monitoring import witness
from sync import channels
from sync.channels.base import Abilities
from sync.config.load import load
from sync.settings import ChannelRule, ChannelSettings, Settings
from sync.simulation.channel import Item
from sync.simulation.seeds.drawn import DrawnTrial
from sync.simulation.seeds.trial import SeedResult, TrialFolder, planned, run_given
from sync.simulation.trial.plan import TrialRates

POLLS_PER_STEP = 6
"""So many things happen from one poll of the busiest channel to the next, about."""
GAP_S = 0.35
"""How far steps lie apart, on average, where nothing is stretched."""
STOCKS = (0, 3, 8, 20, 60, 5, 12, 1, 30, 2, 15, 40)
SKUS = 24


def left_out(settings: Settings) -> list[str]:
    """What of a configuration a trial does without."""
    of_channels = settings.channels.values()
    found = {
        "aliases": any(channel.aliases for channel in of_channels),
        "locations": any(channel.locations for channel in of_channels),
        "units": any(channel.units != 1 for channel in of_channels),
        "flows": any(channel.flows for channel in of_channels),
        "catalogue.bundles": bool(settings.bundles),
        "authority.rules": bool(settings.authority_rules),
        "approval.people": settings.approval.people is not None,
    }
    return [name for name, is_there in found.items() if is_there]


def invented_items() -> tuple[Item, ...]:
    """A small catalogue."""
    return tuple(
        Item(f"SKU-{number:02}", f"Thing {number}", 990, STOCKS[number % len(STOCKS)])
        for number in range(SKUS)
    )


def items_of(settings: Settings) -> tuple[Item, ...]:
    """The SKUs of the cache that moved most, with their stock; invented ones where it has none.

    Raises StoreError where there is no cache.
    """
    with Database.open(settings.database, read_only=True) as database:
        found = database.read(witness.most_moved, settings.authority_quantity, SKUS)
    items = tuple(
        Item(sku, title or sku, price or 990, max(0, available or 0))
        for sku, title, price, available in found
    )
    return items or invented_items()


def configured(settings: Settings, folder: Path, items: Sequence[Item]) -> DrawnTrial:
    """A trial of this configuration, in a cache of its own in `folder`."""
    kept = msgspec.structs.replace(
        settings,
        path=folder / "skew.toml",
        database=folder / "skew.db",
        authority_state=settings.authority_quantity,
        authority_rules=(),
        channels={name: _plain(channel) for name, channel in settings.channels.items()},
        approval=msgspec.structs.replace(settings.approval, people=None),
        notify=(),
        serve=None,
        bundles=(),
    )
    quickest_s = min(channel.every_ms for channel in kept.channels.values()) / 1000
    stretch = max(1.0, quickest_s / POLLS_PER_STEP / GAP_S)
    return DrawnTrial(
        kept,
        {name: _abilities(channel) for name, channel in kept.channels.items()},
        tuple(items),
        is_connected=True,
        regime="everything",
        rates=TrialRates(stretch=stretch, states=False),
        tick_s=max(1.0, quickest_s / 10),
    )


def run_configured(path: Path, seed: int, *, steps: int, items: Sequence[Item]) -> SeedResult:
    """Run one seed of the configuration in a file. Raises ConfigErrors."""
    with TrialFolder() as folder:
        given = configured(load(path, None), folder, items)
        return run_given(seed, given, planned(seed, given, steps))


def _plain(channel: ChannelSettings) -> ChannelSettings:
    """A channel in our names and units, at one location."""
    rules = tuple(_plain_rule(rule) for rule in channel.rules)
    return msgspec.structs.replace(
        channel, aliases={}, locations={}, units=1, rules=rules, flows={}, webhook=None, link=None
    )


def _plain_rule(rule: ChannelRule) -> ChannelRule:
    return msgspec.structs.replace(rule, units=None)


def _abilities(channel: ChannelSettings) -> Abilities:
    """What its kind can do, as far as a simulated channel does it."""
    can = channels.kind(channel.kind).abilities(channel.options)
    return dataclasses.replace(
        can,
        by_address=False, described=False, is_local=False, changes=False, files=False,
        recognises=False, since=False, locations=False,
    )  # fmt: skip
