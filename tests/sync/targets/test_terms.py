"""From skew.toml to the terms of the comparison."""

import tomllib
from pathlib import Path

from store.model import NOT_FOR_SALE, Authority, Policy, State
from sync.config.load import decode
from sync.targets import terms as terms_module

SHOP = """
[authority]
quantity = "warehouse"
state = "shop"
[[authority.rules]]
skus = "DS-*"
quantity = "supplier"
[[authority.rules]]
skus = "X-*"
state = "supplier"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.supplier]
kind = "csv"
path = "supplier.csv"
[channels.shop]
kind = "simulated"
url = "http://127.0.0.1:9/shop"
token = { env = "SHOP_KEY" }
direction = "push"
buffer = 2
share = "50%"
[[channels.shop.rules]]
skus = "DS-*"
buffer = 0
[[channels.shop.rules]]
skus = "X-*"
sold = false
state = "hold"
"""


def test_a_rule_leaves_the_attribute_that_it_does_not_name_to_the_common_authority() -> None:
    settings = decode(tomllib.loads(SHOP), source="skew.toml", base=Path(), environ=None)

    terms = terms_module.terms(settings)

    assert terms.authorities == (
        Authority("DS-*", "supplier", "shop"),
        Authority("X-*", "warehouse", "supplier"),
        Authority("*", "warehouse", "shop"),
    )
    assert [channel.roles for channel in terms.channels] == [
        ("quantity authority",),
        ("quantity authority", "state authority"),
        ("state authority",),
    ]


def test_a_narrower_policy_keeps_what_it_does_not_change() -> None:
    settings = decode(tomllib.loads(SHOP), source="skew.toml", base=Path(), environ=None)
    assert terms_module.policies(settings.channels["shop"]) == (
        Policy("DS-*", buffer=0, share_ppm=500_000),
        Policy("X-*", buffer=2, share_ppm=500_000, sold=False, state=State.HOLD),
        Policy("*", buffer=2, share_ppm=500_000),
    )


def test_a_state_that_is_shown_and_cannot_be_written_takes_the_quantity_off_sale() -> None:
    described = """
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.market]
kind = "http"
url = "http://127.0.0.1:9/stock"
items = "items"
fields = { sku = "sku", available = "n", state = "state" }
direction = "push"
[channels.market.write]
url = "http://127.0.0.1:9/stock/{sku}"
body = { n = "$quantity" }
"""

    def hidden(text: str) -> tuple[State, ...]:
        settings = decode(tomllib.loads(text), source="skew.toml", base=Path(), environ=None)
        return terms_module.terms(settings).channels[1].hides

    assert hidden(described) == NOT_FOR_SALE
    assert (
        hidden(described.replace('{ n = "$quantity" }', '{ n = "$quantity", s = "$state" }')) == ()
    )
    assert hidden(described.replace('direction = "push"', "")) == ()
