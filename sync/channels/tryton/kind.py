"""The kind `tryton`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.tryton.options import TrytonOptions

OPTIONS = TrytonOptions
BATCH_MAX = 50
ABILITIES = Abilities(
    kind="tryton",
    reads=("available", "state"),
    states=frozenset({State.ACTIVE, State.DISABLED}),
    writes=("quantity",),
    batch_max=BATCH_MAX,
    by_address=True,
    reads_one=True,
    refs=True,
    locations=True,
    proven="Tryton 8.2.1",
    notes="Tryton with the module stock; a write is an inventory, in three requests or four",
)
EXAMPLE = """\
url = "https://erp.example/DATABASE"
username = { env = "TRYTON_USER" }  # of the group Stock
password = { env = "TRYTON_PASSWORD" }
# location = "WH"  # the warehouse that counts; without it each is a location of its own
"""


def abilities(options: TrytonOptions) -> Abilities:
    """Say what the channel can do with these options."""
    return replace(ABILITIES, locations=options.location is None)
