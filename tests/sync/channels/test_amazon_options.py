"""What the table of an Amazon channel must say, and what is told where it does not."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync import channels
from sync.channels.amazon import marketplaces
from sync.channels.amazon.kind import EXAMPLE, abilities
from sync.channels.amazon.options import AUTH_URL, AmazonOptions
from sync.config.decoding import Findings, table
from sync.config.load import decode
from sync.errors import ConfigErrors

RIGHT: dict[str, Any] = {
    "client_id": "amzn1.application-oa2-client.1",
    "client_secret": {"env": "A"},
    "refresh_token": {"env": "B"},
    "seller_id": "A2SELLER",
    "marketplaces": ["DE", "fr"],
}


def read(**keys: Any) -> AmazonOptions:
    found = Findings()
    options = table({**RIGHT, **keys}, AmazonOptions, "channels.amazon", found)
    if options is None:
        raise AssertionError("; ".join(map(str, found.errors)))
    return options


def wrong(**keys: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        read(**keys)
    return str(caught.value)


def test_countries_become_ids_and_the_address_that_of_their_region() -> None:
    options = read()

    assert options.marketplaces == ("A1PA6795UKMFR9", "A13V1IB3VIYZZH")
    assert (options.url, options.auth_url) == (marketplaces.EUROPE, AUTH_URL)
    assert read(marketplaces=["GB"]).marketplaces == read(marketplaces=["UK"]).marketplaces
    assert read(marketplaces=["US"]).url == marketplaces.NORTH_AMERICA
    assert read(marketplaces=["JP"]).url == marketplaces.FAR_EAST


def test_a_marketplace_that_is_newer_than_this_version_needs_the_address() -> None:
    assert "url: is missing" in wrong(marketplaces=["A0NEWMARKET123"])
    assert read(marketplaces=["A0NEWMARKET123"], url=marketplaces.EUROPE).url


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"marketplaces": []}, 'channels.amazon.marketplaces: is empty: write marketplaces = ["'),
        ({"marketplaces": ["XX"]}, 'has "XX", which is neither a country'),
        ({"marketplaces": ["DE", "A1PA6795UKMFR9"]}, "names DE (A1PA6795UKMFR9) twice"),
        ({"marketplaces": ["DE", "US"]}, "are of different regions"),
        ({"url": "https://www.amazon.de"}, "www.amazon.de is not Amazon's API for sellers"),
        ({"url": "https://sellercentral.amazon.com"}, "is not Amazon's API for sellers"),
        ({"url": "https://sellingpartnerapi-na.amazon.com"}, "is of another region than DE"),
        ({"url": "http://sellingpartnerapi-eu.amazon.com"}, "must begin with https://"),
        ({"url": "http://proxy.example"}, "must begin with https://"),
        ({"auth_url": "http://proxy.example"}, "channels.amazon.auth_url: must begin with https"),
        ({"url": "sellingpartnerapi-eu.amazon.com"}, "must begin with https:// and a host"),
        ({"url": "https://a:b@sellingpartnerapi-eu.amazon.com"}, "must not contain a user"),
        ({"seller_id": "my shop"}, 'seller_id: "my shop" is not a seller'),
        ({"fulfilment": "both"}, "fulfilment"),
        ({"fulfilment": "fba", "location": "X"}, "location: has no effect"),
        ({"location": ""}, "location: is not the id of a supply source"),
        ({"client_secret": "secret"}, "client_secret"),
    ],
)
def test_what_does_not_belong_together_is_said_with_what_would(
    keys: dict[str, Any], words: str
) -> None:
    assert words in wrong(**keys)


@pytest.mark.parametrize(
    "url", ["https://sandbox.sellingpartnerapi-eu.amazon.com", "http://[::1]:9"]
)
def test_the_sandbox_and_this_machine_are_right_too(url: str) -> None:
    assert read(url=url).url == url


def test_fba_stock_can_only_be_observed() -> None:
    can = abilities(read(fulfilment="fba"))

    assert (can.writes, can.states, can.later, can.locations) == ((), frozenset(), False, False)
    assert "incoming" in can.reads
    assert abilities(read()).locations
    assert not abilities(read(location="supply-1")).locations


def test_pushing_to_fba_is_refused_for_these_keys(tmp_path: Path) -> None:
    keys = {"kind": "amazon", "direction": "push", **RIGHT, "fulfilment": "fba"}
    warehouse = {"kind": "csv", "path": "stock.csv"}
    data = {"authority": {"quantity": "w"}, "channels": {"w": warehouse, "a": keys}}
    with pytest.raises(ConfigErrors, match='kind "amazon" with these keys is only read'):
        decode(data, source="skew.toml", base=tmp_path, environ=None)


def test_the_example_decodes() -> None:
    import tomllib

    keys = tomllib.loads(EXAMPLE)
    kind, every = keys.pop("kind"), keys.pop("every")
    assert channels.KINDS[kind]
    assert every
    assert msgspec.convert(keys, AmazonOptions).seller_id
