"""What came of an Amazon catalogue is whole, or said to be cut."""

import base64
from typing import Any

import pytest

from sync.errors import ContractBroken, Temporary
from tests.contract.amazon.bench import asked, backend, shelf
from tests.contract.harness import OverHttp, poll
from tests.fakes.amazon import ITEMS
from tests.fakes.amazon_shelf import CREATED_FROM
from tests.loopback import Answer, ReceivedRequest


@pytest.mark.long
async def test_more_than_a_search_gives_is_read_by_the_time_of_creation(amazon: OverHttp) -> None:
    for number in range(1_500):
        shelf(amazon).add(f"N-{number:04}", {"DEFAULT": number})

    reading = await poll(amazon)

    assert len(reading.records) == len(reading.stock) == 1_503
    assert reading.pages[-1].announced == 1_503
    searches = asked(amazon, f"{ITEMS}?")
    assert sum("createdAfter" in request.path for request in searches) == 26
    assert len(searches) == 76


@pytest.mark.long
async def test_what_was_created_in_one_moment_is_never_silently_cut(amazon: OverHttp) -> None:
    for number in range(1_100):
        shelf(amazon).add(f"N-{number:04}", {"DEFAULT": number}, created=CREATED_FROM + 5_000)

    reading = await poll(amazon)

    assert reading.pages[-1].cut_short.startswith("1,10")
    assert "lists 1,000 of them" in reading.pages[-1].cut_short


@pytest.mark.long
async def test_a_listing_that_is_deleted_while_the_list_is_read_hides_none(
    amazon: OverHttp,
) -> None:
    for number in range(60):
        amazon.put(f"N-{number:02}", 1)

    def delete(request: ReceivedRequest) -> None:
        if "pageToken" in request.path:
            shelf(amazon).listings.pop("A-1", None)

    backend(amazon).before_answer = delete
    reading = await poll(amazon)

    assert reading.stock.keys() >= {f"N-{number:02}" for number in range(60)}
    assert len(reading.records) == len(reading.stock)
    assert (reading.pages[-1].announced or 0) <= len(reading.records)


async def test_a_list_that_shrinks_with_each_page_is_given_up(amazon: OverHttp) -> None:
    for number in range(60):
        amazon.put(f"N-{number:02}", 1)

    def delete(request: ReceivedRequest) -> None:
        if "pageToken" in request.path:
            shelf(amazon).listings.popitem()

    backend(amazon).before_answer = delete
    with pytest.raises(Temporary, match=r"shop: the list broke off .*a listing was deleted"):
        await poll(amazon)


async def test_a_list_that_leads_to_itself_ends(amazon: OverHttp) -> None:
    page: dict[str, Any] = {"numberOfResults": 9, "items": [{"sku": "A-1"}]}
    page["pagination"] = {"nextToken": base64.b64encode(b"0").decode()}
    amazon.front.spoil = lambda request: Answer(page) if request.path.startswith(ITEMS) else None

    with pytest.raises(ContractBroken, match=r"shop: pagination.nextToken: leads to itself"):
        await poll(amazon)


async def test_a_page_whose_token_ended_is_reached_by_the_time_of_creation(
    amazon: OverHttp,
) -> None:
    for number in range(60):
        amazon.put(f"N-{number:02}", 1)
    shelf(amazon).expired = 2

    reading = await poll(amazon)

    assert len(reading.records) == len(reading.stock) == reading.pages[-1].announced == 63
    shelf(amazon).expired = 99
    with pytest.raises(Temporary, match=r"shop: the list broke off .*invalid or expired"):
        await poll(amazon)


async def test_a_token_that_ends_between_two_pages_is_renewed(amazon: OverHttp) -> None:
    for number in range(60):
        amazon.put(f"N-{number:02}", 1)

    def end(request: ReceivedRequest) -> None:
        if "pageToken" in request.path and backend(amazon).signed_in == 1:
            backend(amazon).tokens.clear()

    backend(amazon).before_answer = end
    assert len((await poll(amazon)).records) == 63
    assert backend(amazon).signed_in == 2
