"""The kind `ebay`: what can be configured of it, and what it can do."""

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.ebay.options import EbayOptions

OPTIONS = EbayOptions
ABILITIES = Abilities(
    kind="ebay",
    reads=("available", "state", "price"),
    states=frozenset({State.ACTIVE, State.HOLD, State.DISABLED}),
    writes=("quantity",),
    per_item=True,
    reads_one=True,
    refs=True,
    rate_limit="a number of calls a day for the application; a listing is revised 250 times a day",
    notes="eBay Sell Inventory; sees only listings that were made in, or moved to, its Inventory "
    "API; one call for each SKU and sweep. Not verified: the daily limit of 2,000,000 calls, how "
    "soon a write shows, the scopes' exact refusal",
)
EXAMPLE = """\
kind = "ebay"
client_id = { env = "EBAY_CLIENT_ID" }
client_secret = { env = "EBAY_CLIENT_SECRET" }
refresh_token = { env = "EBAY_REFRESH_TOKEN" }
marketplaces = ["EBAY_US"]
# credentials_expire = "2028-05-01"  # when the refresh token ends: 18 months after the consent
every = "30m"
"""


def abilities(options: EbayOptions) -> Abilities:
    """Say what the channel can do: the same with any options."""
    del options
    return ABILITIES
