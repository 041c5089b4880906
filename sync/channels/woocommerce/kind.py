"""The kind `woocommerce`: what can be configured of it, and what it can do."""

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.woocommerce.options import WooCommerceOptions

OPTIONS = WooCommerceOptions
BATCH_MAX = 100
"""Of one call: 101 are a 413. A plugin may allow fewer."""
ABILITIES = Abilities(
    kind="woocommerce",
    reads=("available", "state", "price"),
    states=frozenset({State.ACTIVE, State.BACKORDER, State.DISABLED}),
    writes=("quantity", "state"),
    batch_max=BATCH_MAX,
    by_address=True,
    reads_one=True,
    refs=True,
    delta=True,
    per_item=True,
    rate_limit="none of its own; that of the shop's hosting",
    notes="WooCommerce 3.5 and later; stock that variations share is written at their product",
)
EXAMPLE = """\
url = "https://shop.example"
consumer_key = { env = "SHOP_CONSUMER_KEY" }        # ck_…, with Read/Write
consumer_secret = { env = "SHOP_CONSUMER_SECRET" }  # cs_…
"""


def abilities(options: WooCommerceOptions) -> Abilities:
    """Say what the channel can do: the same with any options."""
    del options
    return ABILITIES
