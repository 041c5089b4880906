"""The configuration of the small shop, with what each version knows of it."""

BUNDLES = "bundle_sku,component_sku,quantity\nBOX-1,SKU-0001,2\nBOX-1,SKU-0002,1\nBOX-2,BOX-1,1\n"


WORDS = """
[channels.warehouse.words]
"on request" = "uncounted"
[channels.outlet.words]
"100+" = "at least 100"
"on request" = "uncounted"
"""


FEED = """
[channels.feed]
kind = "csv"
path = "feed"
full = "full*.csv"
changes = "changes-*.csv"
every = "30m"
stale_after = "30d"
missing = "ignore"
"""


def config(version: int, url: str, *, derived: bool) -> str:
    """The configuration, with what this schema's version knows."""
    has_events = version >= 2
    has_pools = has_events and derived
    catalogue = '[catalogue]\nbundles = "bundles.csv"' if has_pools else ""
    settled = 'buffer = 2\nsettle = { reduce = "30s", raise = "5m" }'
    when_out = 'when_out = "disable"' if version >= 2 else ""
    halved = f'share = "50%"\ncap = 20\n{when_out}\nmissing = "ignore"'
    own = 'missing = "ignore"\n'
    by_place = own + 'locations = { berlin = "BER", hamburg = "HAM" }' if has_pools else own
    as_one = own + 'locations = ["BER", "HAM"]' if has_pools else own

    def shop(name: str, more: str = "") -> str:
        return f"""
[channels.{name}]
kind = "http"
url = "{url}/{name}"
items = "items"
next = "next"
direction = "push"
every = "30m"
stale_after = "2h"
read_back_within = "4s"
{more}
[channels.{name}.fields]
sku = "sku"
ref = "ref"
available = "available"
state = "state"
price = "price"
updated_at = "at"
{'location = "place"' if name == "stores" else ""}
[channels.{name}.states]
live = "active"
paused = "disabled"
waiting = "preorder"
[channels.{name}.write]
method = "PUT"
url = "{url}/{name}/item/{{ref}}"
body = {{ available = "$quantity", if_available = "$previous" }}
conflict = [409, 412]
{accepted}
read = "{url}/{name}/item/{{ref}}"
"""

    accepted = "accepted = [202]" if version >= 16 else ""
    keep = "400d" if derived else "2d"
    state = "" if derived else 'state = "shop"'
    feed = FEED if version >= 17 else ""
    events = f"""
[channels.shop.events]
url = "{url}/shop/events?after={{cursor}}"
items = "events"
cursor = "cursor"
[channels.shop.events.fields]
id = "id"
kind = "kind"
sku = "sku"
quantity = "quantity"
at = "at"
order = "order"
"""
    words = WORDS if version >= 16 else ""
    return f"""
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
{state}
[[authority.rules]]
skus = "DS-*"
quantity = "supplier"
{catalogue}
[approval]
hold = "1s"
expires = "5h"
second_person_above = 60
[history]
keep = "{keep}"
[guard]
max_zeroed = "15%"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
every = "30m"
stale_after = "30d"
lag = "2m"
[channels.supplier]
kind = "csv"
path = "supplier.csv"
every = "30m"
stale_after = "30d"
[channels.outlet]
kind = "csv"
path = "outlet.csv"
every = "30m"
stale_after = "30d"
missing = "ignore"
{words}
{feed}
{shop("shop", settled)}
{events if has_events else ""}
{shop("market", halved)}
[[channels.market.rules]]
skus = "DS-*"
sold = false
[[channels.market.rules]]
skus = "SKU-001*"
buffer = 1
{shop("stores", by_place)}
{shop("pooled", as_one)}
"""
