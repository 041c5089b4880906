"""When the user's API keys end, from Odoo 18 on. Which of them is ours Odoo does not say."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from store.model import Millis
from sync.channels.odoo.desk import OdooDesk
from sync.channels.odoo.shapes import OdooApiKey
from sync.errors import ChannelError

WARN_DAYS = 14
_KEYS_MAX = 100
_MODEL = "res.users.apikeys"


async def ending(desk: OdooDesk, now: Millis) -> Sequence[str]:
    """A warning for each key that ends soon; none where the user may not see that."""
    until = datetime.fromtimestamp(now / 1000, UTC) + timedelta(days=WARN_DAYS)
    try:
        fields = await desk.fields_of(_MODEL)
        if not {"name", "expiration_date"} <= fields:
            return ()
        user = await desk.way.user()
        if user is None:
            return ()
        domain = [
            ["user_id", "=", user],
            ["expiration_date", "<=", f"{until:%Y-%m-%d %H:%M:%S}"],
        ]
        rows = await desk.rows(_MODEL, domain, ["name", "expiration_date"], limit=_KEYS_MAX)
        found = desk.shaped(rows, OdooApiKey, _MODEL)
    except ChannelError:
        # That keys can't be looked at takes nothing from what was read of the stock.
        return ()
    return [
        f'the API key "{desk.client.text(str(key.name))}" of this user ends on '
        f"{desk.client.text(key.expiration_date[:10])}: make a new one"
        for key in found
    ]
