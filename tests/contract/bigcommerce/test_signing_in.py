"""Signing in to BigCommerce: the store, its locations, the scopes that lack, the API path."""

import pytest

from sync.channels.bigcommerce.options import BigCommerceOptions
from sync.errors import NeedsOperator
from sync.secrets import SecretSource
from tests.contract.harness import OverHttp, opened, poll
from tests.fakes.bigcommerce import BigCommerceStore


async def test_signing_in_names_the_store_and_its_locations(harness: OverHttp) -> None:
    async with opened(harness) as channel:
        seen = await channel.sign_in()
    assert seen == ("Acme (acme.example); locations: 1 (Default location), 2 (Outlet, not enabled)")
    assert not [asked for asked in harness.server.asked if asked.method == "PUT"]


async def test_every_scope_that_lacks_is_named(store: BigCommerceStore, harness: OverHttp) -> None:
    store.scopes = frozenset({"information"})
    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator) as raised:
            await channel.sign_in()
    words = str(raised.value)
    assert "credential CONTRACT_SECRET" in words
    assert "all that it lacks: Store Inventory, Products" in words
    assert "or `url` has another store's hash" in words
    with pytest.raises(NeedsOperator, match="the API account lacks the scope Products"):
        await poll(harness)


async def test_what_only_names_needs_no_scope(store: BigCommerceStore, harness: OverHttp) -> None:
    store.scopes = frozenset({"inventory", "products"})
    async with opened(harness) as channel:
        seen = await channel.sign_in()
    assert seen == (
        "store abc123 (its name needs the scope Information & Settings); "
        "its locations can't be listed without the scope Store Locations"
    )


@pytest.mark.parametrize(
    ("location", "words"),
    [("9", "location 9 is not a location; known: 1"), ("2", "location 2 (Outlet, not enabled)")],
)
async def test_a_location_that_cannot_be_is_refused_at_sign_in(
    store: BigCommerceStore, harness: OverHttp, location: str, words: str
) -> None:
    store.location = location
    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator) as raised:
            await channel.sign_in()
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://store-abc123.mybigcommerce.com",
        "https://acme.example/",
        "https://api.bigcommerce.com/stores/store-abc123/v3",
        "https://api.bigcommerce.com/stores/",
        "api.bigcommerce.com/stores/abc123",
    ],
)
def test_what_is_not_the_api_path_is_explained(url: str) -> None:
    with pytest.raises(ValueError, match=r"^url .*https://api\.bigcommerce\.com/stores/HASH"):
        BigCommerceOptions(url=url, access_token=SecretSource(env="T"))


def test_both_ways_of_writing_the_path_are_one() -> None:
    for url in ("", "/", "/v3", "/v3/", "/v2"):
        options = BigCommerceOptions(
            url=f"https://api.bigcommerce.com/stores/abc123{url}",
            access_token=SecretSource(env="T"),
        )
        assert options.base == "https://api.bigcommerce.com/stores/abc123"
    with pytest.raises(ValueError, match=r"^location must be the number of a location"):
        BigCommerceOptions(
            url="https://x.example/stores/a", access_token=SecretSource(env="T"), location="BER"
        )
