"""The kind `vendure`: what can be configured of it, and what it can do."""

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.vendure.options import VendureOptions

OPTIONS = VendureOptions
BATCH_MAX = 200
ABILITIES = Abilities(
    kind="vendure",
    reads=("available", "on_hand", "committed", "state", "price"),
    states=frozenset({State.ACTIVE, State.DISABLED}),
    writes=("quantity", "state"),
    batch_max=BATCH_MAX,
    reads_one=True,
    refs=True,
    events=True,
    proven="Vendure 3.7.3",
    notes="Vendure 3, Admin GraphQL; its stock locations count as one",
)


def abilities(options: VendureOptions) -> Abilities:
    """Say what the channel can do: the same with any options."""
    del options
    return ABILITIES
