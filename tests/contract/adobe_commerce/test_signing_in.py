"""Rights, editions and addresses of Adobe Commerce, and the keys of the kind."""

from typing import Any
from urllib.parse import unquote

import pytest

from sync.channels.adobe_commerce.options import AdobeCommerceOptions
from sync.errors import NeedsOperator, WriteOutcomeUnknown, WriteRejected
from sync.secrets import SecretSource
from tests.contract.adobe_commerce.bench import write
from tests.contract.harness import OverHttp, opened, poll
from tests.fakes.adobe_commerce import AdobeShop
from tests.loopback import Answer, ReceivedRequest


async def test_a_missing_right_is_named(harness: OverHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACT_SECRET", "an0ther")

    with pytest.raises(NeedsOperator, match="authorized to access Magento_InventoryApi::source_i"):
        await poll(harness)


async def test_a_refused_batch_says_why(shop: AdobeShop, harness: OverHttp) -> None:
    shop.put("CUP", 5)
    words = {"message": 'Maximum items of type "%type" is %max', "parameters": {
        "type": "SourceItem", "max": 10,
    }}  # fmt: skip
    harness.front.spoil = lambda asked: Answer(words, 400) if harness.is_write(asked) else None

    with pytest.raises(WriteRejected, match='of type "SourceItem" is 10'):
        await write(harness, ("CUP", 2))


async def test_a_web_page_in_answer_to_a_write_leaves_its_outcome_open(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.put("CUP", 5)
    harness.front.spoil = lambda asked: Answer(b"<html>") if harness.is_write(asked) else None

    with pytest.raises(WriteOutcomeUnknown):
        await write(harness, ("CUP", 2))


async def test_the_cloud_service_is_signed_in_to_by_ims_and_again_between_pages(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.by_ims, shop.token_lives = True, 5
    for number in range(700):
        shop.put(f"N-{number}", number)

    reading = await poll(harness)

    assert len(reading.stock) == 700
    paths = [unquote(asked.path.partition("?")[0]) for asked in harness.server.asked]
    assert paths[0] == "/ims/token/v3"
    assert paths.count("/ims/token/v3") > 1
    assert all(path.startswith(("/ims/", "/tenant/V1/")) for path in paths)


async def test_an_integration_signs_each_request_where_its_token_alone_is_not_taken(
    shop: AdobeShop, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.by_oauth1 = True
    shop.put("CUP/A,B", 5)

    (receipt,) = await write(harness, ("CUP/A,B", 2))
    monkeypatch.setenv("CONTRACT_SECRET", "an0ther")
    with pytest.raises(NeedsOperator, match="credential CONTRACT_SECRET"):
        await poll(harness)

    assert receipt.refused is None
    assert shop.shown("CUP/A,B") == 2
    assert len(shop.nonces) == len(harness.server.asked)


async def test_a_server_without_the_inventory_modules_is_explained(harness: OverHttp) -> None:
    answer = Answer({"message": "Request does not match any route."}, 404)
    harness.front.spoil = lambda asked: answer if "sources" in asked.path else None

    with pytest.raises(NeedsOperator, match=r"match any route.*\(MSI\) active"):
        await poll(harness)


async def test_a_version_without_the_list_of_salable_quantities_is_explained(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.put("CUP", 5)
    answer = Answer({"message": "Request does not match any route."}, 404)
    harness.front.spoil = lambda asked: answer if "export" in asked.path else None

    with pytest.raises(NeedsOperator, match='compared with figure = "sources"'):
        await poll(harness)


async def test_a_website_that_is_not_there_is_named(shop: AdobeShop, harness: OverHttp) -> None:
    shop.website = "moon"

    with pytest.raises(NeedsOperator, match='website "moon" is not the code'):
        await poll(harness)


async def test_a_product_that_is_deleted_while_it_is_looked_up_stops_nothing(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.put("CUP", 5)
    shop.product("GIFT", manage_stock=False)
    shop.lay("GIFT", "default", 5)

    def delete(asked: ReceivedRequest) -> None:
        if "/stockItems/" in asked.path:
            shop.products.pop("GIFT", None)

    harness.front.spoil = delete

    assert (await poll(harness)).stock["CUP"] == 5


@pytest.mark.parametrize("status", [200, 404])
async def test_a_page_of_the_shop_instead_of_its_api_is_explained(
    harness: OverHttp, status: int
) -> None:
    harness.front.spoil = lambda _asked: Answer(b"<!doctype html><title>Shop</title>", status)

    with pytest.raises(NeedsOperator, match="url must be the shop's address"):
        await poll(harness)


async def test_a_source_that_is_not_there_is_named_with_those_that_are(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.source = "north"

    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator, match=r'"north" is not an enabled.*known: default'):
            await channel.sign_in()


async def test_signing_in_names_the_stock_and_what_can_be_written(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.linked = ("default", "north")
    async with opened(harness) as channel:
        seen = await channel.sign_in()

    assert seen == (
        "Main of the website base; sources: Default (default), North (north); "
        "nothing can be written until `source` names one of them"
    )


@pytest.mark.parametrize(
    ("url", "by_ims", "rest"),
    [
        ("https://shop.example", False, "https://shop.example/rest/V1"),
        ("https://shop.example/", False, "https://shop.example/rest/V1"),
        ("https://shop.example/eu", False, "https://shop.example/eu/rest/V1"),
        ("https://shop.example/rest/de/V1/", False, "https://shop.example/rest/de/V1"),
        ("https://shop.example/rest", False, "https://shop.example/rest/V1"),
        ("https://na1.api.example/AbC", True, "https://na1.api.example/AbC/V1"),
    ],
)
def test_the_address_of_the_api(url: str, *, by_ims: bool, rest: str) -> None:
    key = SecretSource(env="N")
    ways: dict[str, Any] = (
        {"client_id": "c", "client_secret": key} if by_ims else {"access_token": key}
    )

    assert AdobeCommerceOptions(url=url, **ways).rest == rest


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "shop.example"}, "^url must begin"),
        ({"access_token": None}, "^access_token, or client_id"),
        ({"client_id": "c"}, "^access_token, or client_id"),
        ({"consumer_key": "c"}, "^consumer_secret is missing"),
        ({"page_size": 301}, "^page_size 301"),
        ({"page_size": 0}, "^page_size 0"),
        ({"source": ""}, "^source is empty"),
        ({"auth_url": "ims"}, "^auth_url must begin"),
    ],
)
def test_what_does_not_belong_together_is_said(keys: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"url": "https://shop.example", "access_token": SecretSource(env="N")}

    with pytest.raises(ValueError, match=words):
        AdobeCommerceOptions(**{**good, **keys})
