"""The kind `adobe-commerce`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.adobe_commerce.options import AdobeCommerceOptions

OPTIONS = AdobeCommerceOptions
BATCH_MAX = 20
"""Web API Limits, once they are switched on, allow a list no more (API security, 2026-11)."""
ABILITIES = Abilities(
    kind="adobe-commerce",
    reads=("available", "on_hand", "committed", "state"),
    states=frozenset({State.ACTIVE, State.BACKORDER, State.HOLD}),
    writes=("quantity",),
    batch_max=BATCH_MAX,
    reads_one=True,
    locations=True,
    rate_limit="none of its own; that of the shop's hosting",
    notes="salable quantities by the list export-stock-salable-qty, or by source",
)
EXAMPLE = """\
url = "https://shop.example"
access_token = { env = "SHOP_ACCESS_TOKEN" }  # of an integration: System → Integrations
# website = "base"  # whose salable quantities are compared
# source = "default"  # which is written, where the website sells from several
"""


def abilities(options: AdobeCommerceOptions) -> Abilities:
    """Say what the channel can do with these options."""
    if options.figure == "salable":
        return replace(ABILITIES, locations=False)
    return replace(
        ABILITIES,
        reads=("available", "on_hand", "state"),
        states=frozenset({State.ACTIVE, State.HOLD}),
        locations=options.source is None,
    )
