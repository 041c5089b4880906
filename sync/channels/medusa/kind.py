"""The kind `medusa`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.medusa.options import MedusaOptions

OPTIONS = MedusaOptions
BATCH_MAX = 200
ABILITIES = Abilities(
    kind="medusa",
    reads=("available", "on_hand", "committed", "incoming", "state"),
    states=frozenset({State.ACTIVE, State.BACKORDER, State.DISABLED}),
    writes=("quantity",),
    batch_max=BATCH_MAX,
    reads_one=True,
    refs=True,
    locations=True,
    proven="Medusa 2.21.2",
    notes="Medusa 2, Admin API; a status is the product's, so it is read and never written",
)
EXAMPLE = """\
url = "https://medusa.example"
secret_key = { env = "MEDUSA_SECRET_KEY" }  # sk_…, from Settings → Secret API Keys
# location = "sloc_01…"           # the one that counts; without it each is a location of its own
"""


def abilities(options: MedusaOptions) -> Abilities:
    """Say what the channel can do with these options."""
    return replace(ABILITIES, locations=options.location is None)
