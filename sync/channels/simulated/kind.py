"""The kind `simulated`: what can be configured of it, and what it can do."""

from dataclasses import replace
from typing import Annotated

import msgspec

from store.model import State
from sync.channels.abilities import Abilities
from sync.secrets import SecretSource

BATCH_MAX = 50


class SimulatedOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    token: SecretSource
    page_size: Annotated[int, msgspec.Meta(ge=1, le=500)] = 250
    states: tuple[State, ...] = tuple(State)
    """Those that the channel can express; none for a till that only counts."""


OPTIONS = SimulatedOptions
ABILITIES = Abilities(
    kind="simulated",
    reads=("available", "on_hand", "committed", "incoming", "price", "state"),
    states=frozenset(State),
    writes=("quantity", "state"),
    compare_and_set=True,
    idempotency=True,
    batch_max=BATCH_MAX,
    reads_one=True,
    events=True,
    notes="the demo's world, over HTTP on loopback",
)


def abilities(options: SimulatedOptions) -> Abilities:
    """Say what the channel can do with these options."""
    if options.states:
        return replace(ABILITIES, states=frozenset(options.states))
    return replace(ABILITIES, reads=ABILITIES.reads[:-1], states=frozenset(), writes=("quantity",))
