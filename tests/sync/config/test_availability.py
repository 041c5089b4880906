"""skew.toml: units, made_of, when_out, locations, events and history, and what is wrong in them."""

import pytest

from store.model import Figure, Policy, Pool, State
from sync.targets import terms as terms_module
from tests.sync.config_text import SHOP, SMALLEST, errors_of, read

TILL = """
[channels.till]
kind = "simulated"
url = "http://127.0.0.1:9/till"
token = { env = "SHOP_KEY" }
states = []
"""


def test_what_a_target_is_made_of_reaches_the_terms() -> None:
    settings = read(
        SMALLEST
        + SHOP
        + """
units = 12
made_of = "available+incoming"
when_out = "backorder"
[[channels.shop.rules]]
skus = "A*"
units = 6
[[channels.shop.rules]]
skus = "B*"
made_of = "on_hand"
[events]
unseen_after = "2h"
ahead = "1m"
[history]
keep = "7d"
"""
    )

    both = Figure.AVAILABLE_AND_INCOMING
    assert terms_module.policies(settings.channels["shop"]) == (
        Policy("A*", units=6, made_of=both, when_out=State.BACKORDER),
        Policy("B*", units=12, made_of=Figure.ON_HAND, when_out=State.BACKORDER),
        Policy("*", units=12, made_of=both, when_out=State.BACKORDER),
    )
    assert terms_module.terms(settings).unseen_after_ms == 7_200_000
    assert settings.events.ahead_ms == 60_000
    assert settings.history_keep_ms == 7 * 86_400_000
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("sold-out", None),
        ("backorder", State.BACKORDER),
        ("preorder", State.PREORDER),
        ("disable", State.DISABLED),
    ],
)
def test_when_out_is_the_state_that_its_word_means(written: str, state: State | None) -> None:
    settings = read(SMALLEST + SHOP + f'when_out = "{written}"')
    assert terms_module.policies(settings.channels["shop"])[-1].when_out is state


@pytest.mark.parametrize("written", ["backorder", "preorder", "disable"])
def test_when_out_must_be_a_state_that_the_channel_can_show(written: str) -> None:
    shop = SHOP + 'states = ["active", "hold"]\n'
    errors = errors_of(SMALLEST + shop + f'when_out = "{written}"')
    assert "it can show active, hold" in errors["channels.shop.when_out"]
    errors = errors_of(SMALLEST + TILL + f'when_out = "{written}"')
    assert "it can show no states at all" in errors["channels.till.when_out"]


def test_a_channel_hides_what_it_cannot_show_and_nobody_may_buy() -> None:
    settings = read(SMALLEST + SHOP + TILL)
    _, shop, till = terms_module.terms(settings).channels
    assert shop.hides == ()
    assert till.hides == (State.HOLD, State.DISABLED, State.ARCHIVED)


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("units = 0", "units", "at least 1"),
        ("units = 1.5", "units", "must be a whole number"),
        ('units = "12"', "units", "must be a whole number"),
        ("units = 1000000", "units", "at most 100000"),
        ('made_of = "incoming"', "made_of", '"available" or "on_hand" or "available+incoming"'),
        ('rules = [{ skus = "A*", units = 0 }]', "rules[0].units", "at least 1"),
        ('rules = [{ skus = "A*", made_of = "all" }]', "rules[0].made_of", '"on_hand"'),
        ('when_out = "hide"', "when_out", 'must be "sold-out"'),
        ("when_out = 0", "when_out", 'must be "sold-out"'),
        ('locations = "BER"', "locations", "must be a table such as"),
        ("locations = {}", "locations", "is empty"),
        ("locations = []", "locations", "empty list"),
        ("locations = { web = [] }", "locations", '"web" has an empty list'),
        ("locations = { web = 5 }", "locations", '"web" must name one'),
        ('locations = { web = ["BER", 5] }', "locations", '"web" must name one'),
        ('locations = { web = ["BER", "BER"] }', "locations", 'names "BER" twice'),
        ('locations = { web = ["A+B", "C"] }', "locations", "a name without +"),
        ('locations = { web = "a\\tb" }', "locations", "the location is"),
        ('locations = { "a\\tb" = "BER" }', "locations", "the location is"),
        (
            'locations = { web = ["BER", "HAM"], berlin = "BER" }',
            "locations",
            '"web" and "berlin" both have "BER", but differ otherwise',
        ),
        (
            'locations = { web = ["BER", "HAM"], app = ["HAM", "MUC"] }',
            "locations",
            '"web" and "app" both have "HAM", but differ otherwise',
        ),
        (
            'direction = "push"\nlocations = { web = "BER", app = "BER" }',
            "direction",
            '"web" and "app" of `locations` are summed',
        ),
        (
            'direction = "push"\nlocations = { web = ["B", "H"], app = ["H", "B"] }',
            "direction",
            'write direction = "observe"',
        ),
        (
            (
                'direction = "two-way"\nflows = { quantity = "out" }\n'
                'locations = { web = "BER", app = "BER" }'
            ),
            "direction",
            "so a correction has no place to go",
        ),
        ('events = { url = "x" }', "events", 'not a key of kind "simulated": remove it'),
    ],
)
def test_what_cannot_be_is_named_with_the_remedy(line: str, key: str, says: str) -> None:
    assert says in errors_of(SMALLEST + SHOP + line)[f"channels.shop.{key}"]


@pytest.mark.parametrize(
    ("lines", "key", "says"),
    [
        ('[events]\nunseen = "1h"', "events.unseen", "did you mean `unseen_after`?"),
        ("[events]\nunseen_after = 5", "events.unseen_after", "is not a duration"),
        ('[events]\nahead = "soon"', "events.ahead", "is not a duration"),
        ("[history]\nkeep = 90", "history.keep", "is not a duration"),
        ("catalogue = 5", "catalogue", "write [catalogue]"),
        ('[catalogue]\nbundle = "b.csv"', "catalogue.bundle", "did you mean `bundles`?"),
    ],
)
def test_a_wrong_key_of_a_table_is_named_with_the_remedy(lines: str, key: str, says: str) -> None:
    assert says in errors_of(lines + "\n" + SMALLEST)[key]


def test_a_location_map_names_the_places_and_the_pools_of_a_channel() -> None:
    settings = read(
        SMALLEST
        + SHOP
        + 'locations = { berlin = "BER", web = ["HAM", "BER-2"], app = ["BER-2", "HAM"] }\n'
        + TILL
        + 'locations = ["HAM", "BER-2"]\n'
    )

    terms = terms_module.terms(settings)

    assert settings.channels["shop"].locations["web"] == ("BER-2", "HAM")
    assert dict(settings.channels["till"].locations) == {"": ("BER-2", "HAM")}
    assert [channel.places for channel in terms.channels] == [
        (),
        ("BER", "BER-2+HAM"),
        ("BER-2+HAM",),
    ]
    assert terms.pools == (Pool("BER-2+HAM", ("BER-2", "HAM")),)


def test_an_authority_maps_each_location_to_one_and_may_sum_its_own() -> None:
    errors = errors_of(SMALLEST + 'locations = ["BER", "HAM"]\n' + SHOP)
    assert "this channel is the authority" in errors["channels.warehouse.locations"]
    errors = errors_of(
        SMALLEST
        + SHOP
        + 'locations = { a = ["BER", "HAM"] }\n[[authority.rules]]\nskus = "A*"\nquantity = "shop"'
    )
    assert "name one" in errors["channels.shop.locations"]
    settings = read(SMALLEST + 'locations = { zone1 = "BER", zone2 = "BER" }\n' + SHOP)
    assert terms_module.terms(settings).channels[0].places == ("BER",)


def test_no_location_has_the_name_of_a_pool() -> None:
    text = SMALLEST + SHOP + 'locations = ["BER", "HAM"]\n' + TILL
    errors = errors_of(text + 'locations = { till = "BER+HAM" }\n')
    assert 'names "BER+HAM", which is a pool\'s name' in errors["channels.till.locations"]


def test_a_pool_of_one_own_location_can_be_pushed() -> None:
    settings = read(SMALLEST + SHOP + 'direction = "push"\nlocations = ["BER", "HAM"]\n')
    assert "quantity" in terms_module.terms(settings).channels[1].writes


def test_a_figure_that_the_authority_does_not_report_is_warned_of() -> None:
    warehouse = SMALLEST + 'columns = { sku = "sku", available = "available" }\n'
    for figure, lacking in (("on_hand", "on_hand"), ("available+incoming", "incoming")):
        settings = read(warehouse + SHOP + f'made_of = "{figure}"')
        (warning,) = settings.warnings
        assert warning == (
            f"channels.shop.made_of: warehouse does not report {lacking}: available is used instead"
        )


def test_when_out_on_the_authority_for_states_is_warned_of() -> None:
    text = SMALLEST.replace("[channels", 'state = "shop"\n[channels', 1)
    settings = read(text + SHOP + 'when_out = "backorder"')
    assert "channels.shop.when_out: this is the authority for states" in settings.warnings[0]
