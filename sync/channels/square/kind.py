"""The kind `square`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.square.options import SquareOptions

OPTIONS = SquareOptions
BATCH_MAX = 100
"""Changes in one call (square/connect-python-sdk, BatchChangeInventoryRequest)."""
ABILITIES = Abilities(
    kind="square",
    reads=("available", "state", "price"),
    states=frozenset({State.ACTIVE, State.HOLD, State.DISABLED, State.ARCHIVED}),
    writes=("quantity",),
    idempotency=True,
    batch_max=BATCH_MAX,
    reads_one=True,
    refs=True,
    delta=True,
    since=True,
    locations=True,
    rate_limit="not published; a refusal for it is waited out",
    notes="Square Inventory and Catalog APIs; a count is of the instant at which Skew looked. Not "
    "verified: that a catalogue which changes while it is read shows every item",
)
EXAMPLE = """\
token = { env = "SQUARE_TOKEN" }  # the application's access token (developer.squareup.com/apps)
# location = "L1A2B3C4D5E6F"      # only this one; without it each location stands at its own id
"""


def abilities(options: SquareOptions) -> Abilities:
    """Say what the channel can do with these options."""
    return replace(ABILITIES, locations=options.location is None)
