"""The kind `amazon`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.amazon.options import AmazonOptions

OPTIONS = AmazonOptions
BATCH_MAX = 2_000
"""So many are looked at in 40 s at half of the default limit, and go in one feed."""
ABILITIES = Abilities(
    kind="amazon",
    reads=("available", "on_hand", "committed", "unavailable", "incoming", "state", "price"),
    states=frozenset({State.ACTIVE, State.DISABLED}),
    writes=("quantity",),
    batch_max=BATCH_MAX,
    later=True,
    reads_one=True,
    per_item=True,
    locations=True,
    applies_within_ms=60 * 60_000,
    rate_limit="5 requests a second for listings (20 each), 2 for FBA (50 each), 5 feeds in 5 min",
    notes="Selling Partner API; FBA stock can't be written; Amazon promises no time in which a "
    "write shows",
)
EXAMPLE = """\
kind = "amazon"
client_id = { env = "AMAZON_CLIENT_ID" }
client_secret = { env = "AMAZON_CLIENT_SECRET" }
refresh_token = { env = "AMAZON_REFRESH_TOKEN" }
seller_id = "A2EXAMPLE7SELL"    # the merchant token in Seller Central
marketplaces = ["DE"]           # of one region; each is read by itself
fulfilment = "merchant"         # or "fba": what lies at Amazon, only read
every = "15m"                   # 1,000 listings take 20 s
"""


def abilities(options: AmazonOptions) -> Abilities:
    """Say what the channel can do: with FBA nothing is written and there is no state."""
    if options.fulfilment == "fba":
        reads = ("available", "on_hand", "committed", "unavailable", "incoming")
        return replace(
            ABILITIES, reads=reads, states=frozenset(), writes=(), batch_max=1, later=False,
            per_item=False, locations=False,
        )  # fmt: skip
    return replace(
        ABILITIES, reads=("available", "state", "price"), locations=options.location is None
    )
