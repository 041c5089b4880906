"""The kind `erpnext`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.erpnext.options import ErpNextOptions

OPTIONS = ErpNextOptions
BATCH_MAX = 100
"""More rows are submitted by a background job, minutes later (`StockReconciliation.submit`)."""
ABILITIES = Abilities(
    kind="erpnext",
    reads=("available", "on_hand", "committed", "unavailable", "state"),
    states=frozenset({State.ACTIVE, State.DISABLED}),
    writes=("quantity",),
    batch_max=BATCH_MAX,
    reads_one=True,
    since=True,
    locations=True,
    rate_limit="none, unless the site sets one",
    notes="ERPNext 14 and later; each write is a submitted Stock Reconciliation. Items with serial "
    "or batch numbers are compared, not written",
)
EXAMPLE = """\
kind = "erpnext"
url = "https://erp.example.com"
api_key = { env = "ERPNEXT_KEY" }        # of a user with the role Stock Manager
api_secret = { env = "ERPNEXT_SECRET" }
location = "Stores - EX"                 # one warehouse; without it each is a location
"""


def abilities(options: ErpNextOptions) -> Abilities:
    """Say what the channel can do.

    Of one warehouse, its listings stand at no location. What changed since can be asked for only
    where the site's time zone is known.
    """
    by_time = options.timezone is not None
    return replace(ABILITIES, locations=options.location is None, since=by_time)
