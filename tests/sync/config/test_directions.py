"""skew.toml, two-way: each attribute flows one way, and only where both ends can do their part."""

import pytest

from store.model import Direction
from sync.targets import terms
from tests.sync.config_text import SHOP, errors_of, read

WAREHOUSE = """
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "simulated"
url = "http://127.0.0.1:9/warehouse"
token = { env = "SHOP_KEY" }
"""
PUSHED = WAREHOUSE + 'direction = "push"\n'
TWO_WAY = SHOP + 'direction = "two-way"\n'
BOTH = TWO_WAY + 'flows = { quantity = "in", state = "out" }\n'


def test_a_contract_reaches_the_terms() -> None:
    settings = read(PUSHED + BOTH)

    warehouse, shop = terms.terms(settings).channels

    assert shop.direction is Direction.TWO_WAY
    assert (shop.inflow, shop.writes) == (("quantity",), ("state",))
    assert "quantity" in warehouse.writes
    assert settings.warnings == ()


def test_two_two_way_channels_can_be_each_others_ends() -> None:
    warehouse = WAREHOUSE + 'direction = "two-way"\nflows = { quantity = "out" }\n'
    first, second = terms.terms(read(warehouse + BOTH)).channels
    assert (first.inflow, first.writes) == ((), ("quantity",))
    assert (second.inflow, second.writes) == (("quantity",), ("state",))


def test_an_authority_for_one_attribute_may_be_pushed_the_other_and_that_is_not_two_way() -> None:
    text = PUSHED.replace('quantity = "warehouse"', 'quantity = "warehouse"\nstate = "shop"')
    warehouse, shop = terms.terms(read(text + SHOP + 'direction = "push"')).channels
    assert (warehouse.inflow, shop.inflow) == ((), ())
    assert warehouse.writes == shop.writes == ("quantity", "state")


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (PUSHED + TWO_WAY, "shop.flows", "needs a direction for each attribute"),
        (PUSHED + TWO_WAY + "flows = {}", "shop.flows", "needs a direction for each attribute"),
        (
            PUSHED + SHOP + 'direction = "push"\nflows = { quantity = "out" }',
            "shop.flows",
            'only for direction = "two-way"',
        ),
        (
            PUSHED + TWO_WAY + 'flows = { quantity = "both" }',
            "shop.flows.quantity",
            "the same attribute can't flow both ways",
        ),
        (
            PUSHED + TWO_WAY + 'flows = { state = ["in", "out"] }',
            "shop.flows.state",
            "the same attribute can't flow both ways",
        ),
        (PUSHED + TWO_WAY + 'flows = { price = "in" }', "shop.flows.price", "not a known key"),
        (PUSHED + TWO_WAY + 'flows = "in"', "shop.flows", "must be a table"),
        (WAREHOUSE + BOTH, "shop.flows.quantity", "warehouse, which can't be written"),
        (
            WAREHOUSE.replace("simulated", "csv").replace("url", "path").replace("token", "#")
            + BOTH,
            "shop.flows.quantity",
            "warehouse, which can't be written",
        ),
        (
            WAREHOUSE + 'direction = "two-way"\nflows = { state = "in" }' + BOTH,
            "shop.flows.quantity",
            "warehouse, which can't be written",
        ),
        (
            WAREHOUSE + 'direction = "two-way"\nflows = { quantity = "in" }' + SHOP,
            "warehouse.flows.quantity",
            "this is already the authority for the quantity",
        ),
        (
            WAREHOUSE + 'direction = "two-way"\nflows = { quantity = "in" }' + BOTH,
            "warehouse.flows.quantity",
            "the same attribute can't flow both ways",
        ),
        (
            WAREHOUSE + 'direction = "two-way"\nflows = { quantity = "out" }' + SHOP,
            "warehouse.flows.quantity",
            "the same attribute can't flow both ways",
        ),
        (
            PUSHED + BOTH + BOTH.replace("shop", "market"),
            "market.flows.quantity",
            'channel shop already has "in"',
        ),
        (
            PUSHED + BOTH + '[[authority.rules]]\nskus = "A*"\nquantity = "shop"',
            "shop.flows.quantity",
            "this is already the authority for the quantity",
        ),
        (
            PUSHED + TWO_WAY + 'states = []\nflows = { quantity = "out", state = "in" }',
            "shop.flows.state",
            "this channel has none",
        ),
        (
            PUSHED + TWO_WAY + 'states = []\nflows = { state = "out" }',
            "shop.flows.state",
            "needs a way to write the state",
        ),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(text: str, key: str, says: str) -> None:
    assert says in errors_of(text)[f"channels.{key}"]


@pytest.mark.parametrize(
    ("attribute", "line", "key"),
    [
        ("quantity", "buffer = 1", "buffer"),
        ("quantity", 'share = "50%"', "share"),
        ("quantity", "cap = 5", "cap"),
        ("quantity", 'made_of = "on_hand"', "made_of"),
        ("quantity", 'locations = ["BER", "HAM"]', "locations"),
        ("quantity", 'rules = [{ skus = "A*", cap = 1 }]', "rules[0]"),
        ("quantity", 'rules = [{ skus = "A*", sold = false }]', "rules[0]"),
        ("quantity", 'rules = [{ skus = "A*", state = "hold" }]', "rules[0]"),
        ("state", 'when_out = "backorder"', "when_out"),
        ("state", 'rules = [{ skus = "A*", state = "hold" }]', "rules[0]"),
        ("state", 'rules = [{ skus = "A*", sold = false }]', "rules[0]"),
        ("state", 'locations = ["BER", "HAM"]', "locations"),
    ],
)
def test_a_part_is_never_the_truth_of_the_whole(attribute: str, line: str, key: str) -> None:
    errors = errors_of(PUSHED + TWO_WAY + f'flows = {{ {attribute} = "in" }}\n' + line)
    assert "would leave a part of it" in errors[f"channels.shop.{key}"]


@pytest.mark.parametrize(
    ("attribute", "line"),
    [
        ("quantity", "units = 6"),
        ("quantity", 'rules = [{ skus = "A*", units = 6 }]'),
        ("quantity", 'when_out = "backorder"'),
        ("state", "buffer = 1"),
        ("state", 'rules = [{ skus = "A*", cap = 1 }]'),
    ],
)
def test_what_leaves_the_attribute_whole_is_allowed(attribute: str, line: str) -> None:
    settings = read(PUSHED + TWO_WAY + f'flows = {{ {attribute} = "in" }}\n' + line)
    assert terms.terms(settings).channels[1].inflow == (attribute,)
