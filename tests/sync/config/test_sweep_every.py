"""`sweep_every`: only where polls of only what changed are possible at all."""

from dataclasses import replace

import pytest

from tests.sync.config_text import errors_of, read
from tests.sync.scripted_channel import Shop

HEAD = """
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
"""
SHOP = (
    HEAD
    + """
[channels.shop]
kind = "scripted"
shop = "shop"
"""
)


@pytest.fixture(autouse=True)
def _lists_changes(shops: dict[str, Shop]) -> None:
    shops["shop"].abilities = replace(shops["shop"].abilities, since=True, refs=True)


def test_by_default_it_is_an_hour() -> None:
    assert read(SHOP).channels["shop"].sweep_every_ms == 3_600_000


def test_it_is_taken_where_the_kind_lists_what_changed() -> None:
    assert read(SHOP + 'sweep_every = "15m"').channels["shop"].sweep_every_ms == 900_000


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (HEAD + 'sweep_every = "1h"', "warehouse", 'of kind "csv", can\'t list what changed'),
        (
            SHOP + 'sweep_every = "1h"\n[channels.shop.locations]\na = "here"\nb = "here"\n',
            "shop",
            "several locations are one",
        ),
        (SHOP + 'sweep_every = "1h"\nduplicates = "write-all"', "shop", "needs all of them"),
        (SHOP + 'sweep_every = "0s"', "shop", "at least 100ms"),
        (SHOP + 'sweep_every = "soon"', "shop", "is not a duration"),
        (SHOP + "sweep_every = 60", "shop", "is not a duration"),
        (SHOP + 'sweep_every = "-1h"', "shop", "is not a duration"),
    ],
)
def test_nonsense_and_wrong_company_name_the_key(text: str, key: str, says: str) -> None:
    [(found, message)] = errors_of(text).items()

    assert found == f"channels.{key}.sweep_every"
    assert says in message
