"""The kind `bigcommerce`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.bigcommerce.options import BigCommerceOptions

OPTIONS = BigCommerceOptions
BATCH_MAX = 2000
ABILITIES = Abilities(
    kind="bigcommerce",
    reads=("available", "on_hand", "state"),
    states=frozenset({State.ACTIVE, State.PREORDER, State.DISABLED}),
    writes=("quantity",),
    batch_max=BATCH_MAX,
    reads_one=True,
    refs=True,
    later=True,
    applies_within_ms=60_000,
    delta=True,
    locations=True,
    rate_limit="150 or 450 requests in 30 seconds, by the store's plan, for all its apps",
    notes="BigCommerce, Inventory and Catalog API V3; a state is the product's, read and never "
    "written; how long an adjustment takes is not documented",
)
EXAMPLE = """\
kind = "bigcommerce"
url = "https://api.bigcommerce.com/stores/HASH"      # the API path of a store-level API account
access_token = { env = "BIGCOMMERCE_TOKEN" }
# location = "1"                  # the one that counts; without it each is a location of its own
"""


def abilities(options: BigCommerceOptions) -> Abilities:
    """Say what the channel can do with these options."""
    return replace(ABILITIES, locations=options.location is None)
