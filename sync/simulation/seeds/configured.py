"""A configuration of the user on a simulated shop: its channels, policy, approvals and guard."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from store.database.connection import Database
from store.model import Direction, Figure
from store.monitoring import past_demand
from store.monitoring.past_demand import PastDemand, PastMovement
from sync import channels
from sync.channels.abilities import Abilities
from sync.config.load import load
from sync.settings import ChannelSettings, Settings
from sync.simulation.channel import Item
from sync.simulation.seeds.drawn import DrawnTrial
from sync.simulation.seeds.history import stretch_of, with_demand
from sync.simulation.seeds.results import SeedResult
from sync.simulation.seeds.run import TrialFolder, planned, run_given
from sync.simulation.trial.plan import TrialRates
from sync.simulation.trial.shop import bundles_of, sources_of

POLLS_PER_STEP = 6
"""So many things happen from one poll of the busiest channel to the next, about."""
GAP_S = 0.35
"""How far steps lie apart, on average, where nothing is stretched."""
STOCKS = (0, 3, 8, 20, 60, 5, 12, 1, 30, 2, 15, 40)
SKUS = 24
NAMED_MAX = 4
"""So many of a configuration's bundles' parts, and of each channel's other names, are listed."""
SKUS_OF_HISTORY = 60
MOVEMENTS_MAX = 20_000
"""The newest so many are repeated: what is handed to each process that runs seeds."""
SOLD_LEAST = 20
DEMAND_SHARE = 0.75
"""So many of the steps are what customers and suppliers do."""
GAP_POLLS_MAX = 2
"""Where nothing happened for longer than so many polls of the slowest channel, time is skipped."""


def left_out(settings: Settings) -> dict[str, str]:
    """What of a configuration a trial does without, by its key, each with why."""
    of_channels = settings.channels.values()
    sources = sources_of(settings)
    both = [name for name in sources if settings.channels[name].direction is not Direction.OBSERVE]
    found = {
        "locations": (
            any(channel.locations for channel in of_channels),
            "the simulated stock is all in one place",
        ),
        "flows": (
            any(channel.flows for channel in of_channels),
            "nothing flows into an authority here; quantities are written as with push",
        ),
        "made_of": (
            any(channel.made_of is not Figure.AVAILABLE for channel in of_channels)
            or any(rule.made_of for channel in of_channels for rule in channel.rules),
            "targets are made of what is available",
        ),
        "units of an authority": (
            any(settings.channels[name].units != 1 for name in sources),
            "its stock is counted in pieces here",
        ),
        "authority.state": (
            settings.authority_state != settings.authority_quantity,
            "states come from whoever is right about the quantity",
        ),
        f"writing to {' and '.join(sorted(both))}": (
            bool(both),
            "who is right about the stock of some SKUs lists only these here",
        ),
        "duplicates": (
            any(channel.writes_all for channel in of_channels),
            "a SKU stands once in each list",
        ),
        "webhook": (
            any(channel.webhook for channel in of_channels), "channels are only polled"
        ),
        "rate": (
            any(channel.rate_per_s for channel in of_channels), "no request waits for its turn"
        ),
    }  # fmt: skip
    return {name: why for name, (is_there, why) in found.items() if is_there}


def invented_items(settings: Settings) -> tuple[Item, ...]:
    """A small catalogue, in which something fits each of the configuration's patterns."""
    patterns = [rule.skus for rule in settings.authority_rules]
    patterns += [rule.skus for channel in settings.channels.values() for rule in channel.rules]
    patterns += [rule.skus for rule in settings.approval.rules if rule.skus is not None]
    bundles = {part.bundle for part in settings.bundles}
    named = [_example(pattern) for pattern in patterns]
    named += [part.component for part in settings.bundles[:NAMED_MAX]]
    for channel in settings.channels.values():
        named += list(channel.aliases.values())[:NAMED_MAX]
    skus = [sku for sku in dict.fromkeys(named) if sku not in bundles][: SKUS // 2]
    skus += [f"SKU-{number:02}" for number in range(SKUS - len(skus))]
    return tuple(
        Item(sku, sku, 990, STOCKS[number % len(STOCKS)]) for number, sku in enumerate(skus)
    )


def _example(pattern: str) -> str:
    """A SKU that fits a pattern: `DS-*` → `DS-1`."""
    one = re.sub(r"\[!?(.)[^]]*\]", lambda found: found[1], pattern)
    return one.replace("*", "1").replace("?", "1")


class Customers(msgspec.Struct, frozen=True):
    """What customers of a trial want: the same for each configuration that is compared."""

    items: tuple[Item, ...]
    stretch: float
    """How many times longer all gaps are than in a drawn trial."""
    past: PastDemand | None = None
    """What they wanted once; None: what the seed draws."""
    is_connected: bool = True
    """Whether the shop has a connector, which writes stock on and loses some of it."""


def invented(settings: Settings, *, is_connected: bool = True) -> Customers:
    """Customers that come as fast as the configuration polls."""
    items = invented_items(settings)
    return Customers(items, _stretch(settings), is_connected=is_connected)


def of_the_past(settings: Settings, *, is_connected: bool = True) -> Customers:
    """The customers that the cache knows of. Raises StoreError, and NoHistory."""
    if not settings.database.exists():
        raise NoHistory(f"there is no cache at {settings.database} yet")
    with Database.open(settings.database, read_only=True) as database:
        past = database.read(past_demand.read, SKUS_OF_HISTORY)
    outlets = set(settings.channels) - sources_of(settings)
    bundles = {part.bundle for part in settings.bundles}
    # What a bundle took is among what its parts fell by.
    movements = [
        movement
        for movement in past.movements
        if movement.sku not in bundles
        and (movement.what in ("received", "sold at the counter") or movement.channel in outlets)
    ][-MOVEMENTS_MAX:]
    skus = [sku for sku in past.skus if sku.sku not in bundles]
    if sum(movement.what == "sold" for movement in movements) < SOLD_LEAST:
        raise NoHistory(
            f"{settings.database} has fewer than {SOLD_LEAST} sales of the SKUs that moved most"
        )
    past = PastDemand(skus, movements)
    return Customers((), _stretch(settings), past, is_connected=is_connected)


class NoHistory(Exception):
    """The cache knows of no demand that could be repeated."""


def _stretch(settings: Settings) -> float:
    quickest_s = min(channel.every_ms for channel in settings.channels.values()) / 1000
    return max(1.0, quickest_s / POLLS_PER_STEP / GAP_S)


def configured(settings: Settings, folder: Path, customers: Customers) -> DrawnTrial:
    """A trial of this configuration, in a cache of its own in `folder`."""
    sources = sources_of(settings)
    items = customers.items
    known = [item.sku for item in items]
    bundles = bundles_of(settings, known)
    kept = msgspec.structs.replace(
        settings,
        path=folder / "skew.toml",
        database=folder / "skew.db",
        authority_state=settings.authority_quantity,
        authority_rules=tuple(
            msgspec.structs.replace(rule, state=rule.quantity)
            for rule in settings.authority_rules
            if rule.quantity is not None
        ),
        channels={
            name: _plain(channel, is_source=name in sources)
            for name, channel in settings.channels.items()
        },
        notify=(),
        serve=None,
        bundles=tuple(part for part in settings.bundles if part.bundle in bundles),
    )
    quickest_s = min(channel.every_ms for channel in kept.channels.values()) / 1000
    return DrawnTrial(
        kept,
        {name: _abilities(channel) for name, channel in kept.channels.items()},
        items,
        is_connected=customers.is_connected,
        regime="everything",
        rates=TrialRates(stretch=customers.stretch, states=False),
        tick_s=max(1.0, quickest_s / 10),
    )


def run_configured(path: Path, seed: int, *, steps: int, customers: Customers) -> SeedResult:
    """Run one seed of the configuration in a file. Raises ConfigErrors."""
    settings, past = load(path, None), customers.past
    movements: Sequence[PastMovement] = ()
    if past is not None:
        movements, items = stretch_of(past, seed, round(steps * DEMAND_SHARE))
        customers = msgspec.structs.replace(customers, items=items)
    with TrialFolder() as folder:
        given = configured(settings, folder, customers)
        performed = planned(seed, given, steps)
        if past is not None:
            slowest_ms = max(channel.every_ms for channel in settings.channels.values())
            performed = with_demand(
                seed, performed, movements, gap_ms_max=GAP_POLLS_MAX * slowest_ms
            )
        return run_given(seed, given, performed)


def _plain(channel: ChannelSettings, *, is_source: bool) -> ChannelSettings:
    """A channel at one location, of which all is written that it takes."""
    is_written = channel.direction is not Direction.OBSERVE and not is_source
    rules = tuple(
        msgspec.structs.replace(rule, made_of=None, units=None if is_source else rule.units)
        for rule in channel.rules
    )
    return msgspec.structs.replace(
        channel, locations={}, rules=rules, flows={}, webhook=None, link=None,
        made_of=Figure.AVAILABLE, writes_all=False, units=1 if is_source else channel.units,
        direction=Direction.PUSH if is_written else Direction.OBSERVE,
    )  # fmt: skip


def _abilities(channel: ChannelSettings) -> Abilities:
    """What its kind can do, as far as a simulated channel does it."""
    can = channels.kind(channel.kind).abilities(channel.options)
    return dataclasses.replace(
        can,
        by_address=False, described=False, is_local=False, changes=False, files=False,
        recognises=False, since=False, locations=False,
    )  # fmt: skip
