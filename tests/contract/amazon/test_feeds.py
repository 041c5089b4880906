"""Many updates of Amazon's listings in one feed: sent once, watched, its report read."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.channels.amazon.api import PATCH
from sync.channels.amazon.writing import PATCHES_S
from sync.channels.base import Receipt
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown
from tests.contract.amazon.bench import backend, shelf
from tests.contract.amazon.test_writes import patches
from tests.contract.harness import OverHttp, change, opened, over_http, poll, settle
from tests.fakes.amazon import Amazon
from tests.fakes.amazon_feeds import AmazonFeedDesk
from tests.fakes.amazon_shelf import DE, FR
from tests.loopback import Answer, serving

SKUS = [f"N-{number:03}" for number in range(int(PATCHES_S * PATCH.rate_per_s / 2) + 5)]
"""More than the patches of a call at half of the limit."""


@pytest.fixture
def amazon(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(Amazon(), tmp_path) as found:
        desk = backend(found).feeds
        with serving(desk.document_answer) as documents:
            desk.documents_url = documents.url
            for sku in SKUS:
                found.put(sku, 5)
            yield found


def desk_of(harness: OverHttp) -> AmazonFeedDesk:
    return backend(harness).feeds


async def write_all(harness: OverHttp, quantity: int = 2) -> list[Receipt]:
    reading = await poll(harness)
    async with opened(harness) as channel:
        return list(await channel.write([change(reading.of(sku), quantity) for sku in SKUS]))


def created(harness: OverHttp) -> int:
    return sum(request.path.endswith("/feeds") for request in harness.server.asked)


async def test_one_feed_sets_all_and_our_token_stays_with_amazon(amazon: OverHttp) -> None:
    receipts = await write_all(amazon)

    assert [receipt.later for receipt in receipts] == [True] * len(SKUS)
    assert created(amazon) == 1
    (preview,) = patches(amazon)
    assert "mode=VALIDATION_PREVIEW" in preview.path
    settle(amazon)
    assert set((await poll(amazon)).stock.values()) == {2}
    upload, download = desk_of(amazon).asked
    assert (upload.method, download.method) == ("PUT", "GET")
    for request in (upload, download):
        assert not any("Atza" in value for value in request.headers.values())
    content = json.loads(upload.body)
    assert content["header"] == {"sellerId": "A2SELLER", "version": "2.0", "issueLocale": "en_US"}
    assert content["messages"][0] == {
        "messageId": 1,
        "sku": "N-000",
        "operationType": "PATCH",
        "productType": "KETTLE",
        "patches": [
            {
                "op": "merge",
                "path": "/attributes/fulfillment_availability",
                "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": 2}],
            }
        ],
    }


@pytest.mark.long
async def test_what_its_report_refuses_is_refused_one_by_one(amazon: OverHttp) -> None:
    shelf(amazon).invalid = {"N-003": "not this one", "N-007": "nor that"}
    receipts = await write_all(amazon)

    refused = {receipt.change.sku: receipt.refused for receipt in receipts if receipt.refused}
    assert refused == {"N-003": "not this one (90000900)", "N-007": "nor that (90000900)"}
    assert sum(receipt.later for receipt in receipts) == len(SKUS) - 2


@pytest.mark.long
async def test_a_feed_that_takes_long_is_left_to_the_polls(amazon: OverHttp) -> None:
    desk_of(amazon).looks_until_done = 99
    receipts = await write_all(amazon)

    assert all(receipt.later for receipt in receipts)
    assert created(amazon) == 1


@pytest.mark.long
async def test_a_feed_that_ends_fatal_may_have_done_anything(amazon: OverHttp) -> None:
    desk_of(amazon).ends = "FATAL"
    receipts = await write_all(amazon)

    assert {receipt.unknown for receipt in receipts} == {
        "feed 1 ended FATAL: Amazon may have applied a part of it"
    }


@pytest.mark.long
async def test_a_cancelled_feed_has_done_nothing(amazon: OverHttp) -> None:
    desk_of(amazon).ends = "CANCELLED"
    receipts = await write_all(amazon)

    assert {receipt.refused for receipt in receipts} == {
        "feed 1 was cancelled before Amazon began with it"
    }


@pytest.mark.long
async def test_an_issue_of_the_whole_feed_is_one_of_each(amazon: OverHttp) -> None:
    desk_of(amazon).issue_of_all = "The feed can't be read"
    receipts = await write_all(amazon)

    assert {receipt.refused for receipt in receipts} == {"The feed can't be read"}


@pytest.mark.long
async def test_a_lost_answer_to_a_feed_sends_no_second_one(amazon: OverHttp) -> None:
    def lose(request: object) -> Answer | None:
        path = getattr(request, "path", "")
        if not path.endswith("/feeds"):
            return None
        backend(amazon).answer(request)  # type: ignore[arg-type]
        return Answer(lose=True)

    reading = await poll(amazon)
    async with opened(amazon) as channel:
        amazon.front.spoil = lose
        with pytest.raises(WriteOutcomeUnknown):
            await channel.write([change(reading.of(sku), 2) for sku in SKUS])

    assert created(amazon) == 1
    settle(amazon)
    assert set((await poll(amazon)).stock.values()) == {2}


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/documents", 500, Temporary),
        ("/documents", 403, NeedsOperator),
        ("/feeds", 429, Temporary),
        ("/feeds", 403, NeedsOperator),
        ("/feeds", 503, WriteOutcomeUnknown),
    ],
)
async def test_what_keeps_a_feed_from_being_sent_is_raised(
    amazon: OverHttp, path: str, status: int, error: type[Exception]
) -> None:
    amazon.front.spoil = lambda request: (
        Answer({"errors": [{"code": "X", "message": "no"}]}, status)
        if request.path.endswith(path)
        else None
    )
    with pytest.raises(error):
        await write_all(amazon)

    assert desk_of(amazon).feeds == {}


@pytest.mark.long
async def test_a_feed_that_is_refused_whole_refuses_each(amazon: OverHttp) -> None:
    amazon.front.spoil = lambda request: (
        Answer({"errors": [{"code": "InvalidInput", "message": "no such type"}]}, 400)
        if request.path.endswith("/feeds")
        else None
    )
    receipts = await write_all(amazon)

    assert {receipt.refused for receipt in receipts} == {"shop answered 400: no such type"}
    assert created(amazon) == 1


@pytest.mark.long
async def test_an_upload_that_fails_sends_nothing(amazon: OverHttp) -> None:
    desk_of(amazon).documents_url += "/elsewhere"
    with pytest.raises(Temporary, match="nothing was written: the upload of a feed") as caught:
        await write_all(amazon)

    assert created(amazon) == 0
    assert "s1gned" not in str(caught.value)


@pytest.mark.long
@pytest.mark.parametrize("path", ["/feeds/1", "/documents/out-1"])
async def test_what_can_t_be_learned_of_an_accepted_feed_changes_nothing(
    amazon: OverHttp, path: str
) -> None:
    amazon.front.spoil = lambda request: (
        Answer({"errors": []}, 403) if request.path.endswith(path) else None
    )
    receipts = await write_all(amazon)

    assert all(receipt.later for receipt in receipts)


@pytest.mark.long
async def test_a_batch_whose_first_ones_are_all_invalid_is_not_sent(amazon: OverHttp) -> None:
    shelf(amazon).invalid = dict.fromkeys(SKUS, "no right to list")
    receipts = await write_all(amazon)

    assert created(amazon) == 0
    assert [receipt.refused for receipt in receipts[:3]] == ["no right to list (90000900)"] * 3
    assert {receipt.unsent for receipt in receipts[3:]} == {
        "Amazon refused the first 3 of the batch"
    }


@pytest.mark.long
async def test_each_marketplace_has_a_feed_of_its_own(amazon: OverHttp) -> None:
    backend(amazon).marketplaces = ("DE", "FR")
    for sku in SKUS[:4]:
        shelf(amazon).listings[sku].statuses = {FR: ["BUYABLE"]}
    receipts = await write_all(amazon)

    assert all(receipt.later for receipt in receipts)
    sent = {feed["marketplaceIds"][0]: feed for feed in desk_of(amazon).feeds.values()}
    assert {marketplace: len(feed["messages"]) for marketplace, feed in sent.items()} == {
        FR: 4,
        DE: len(SKUS) - 4,
    }
