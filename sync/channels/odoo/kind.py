"""The kind `odoo`: what can be configured of it, and what it can do."""

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.odoo.options import OdooOptions

OPTIONS = OdooOptions
BATCH_MAX = 50
"""Each number that differs is a call of its own."""
ABILITIES = Abilities(
    kind="odoo",
    reads=("available", "on_hand", "committed", "state", "price"),
    states=frozenset({State.ACTIVE, State.DISABLED, State.ARCHIVED}),
    writes=("quantity",),
    batch_max=BATCH_MAX,
    reads_one=True,
    refs=True,
    since=True,
    locations=True,
    notes="Odoo 19 by JSON-2, 15 to 18 by JSON-RPC, with the app Inventory. Lots, packages, "
    "consignments and kits are read and not written",
)
EXAMPLE = """\
kind = "odoo"
url = "https://mycompany.odoo.com"
api_key = { env = "ODOO_API_KEY" }
location = "WH"
"""


def abilities(options: OdooOptions) -> Abilities:
    """Say what the channel can do: the same with any options."""
    del options
    return ABILITIES
