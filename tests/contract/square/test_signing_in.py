"""Signing in to Square, its limits and the keys of the kind."""

from typing import Any

import pytest

from sync.channels.square.options import SquareOptions
from sync.errors import ContractBroken, NeedsOperator
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    change,
    opened,
    options_of,
    poll,
)
from tests.contract.square.bench import CHANGES, COUNTS, asked_for, written
from tests.fakes.square import SquareSeller, refused
from tests.loopback import Answer, ReceivedRequest


async def test_signing_in_names_the_seller_and_the_locations(harness: OverHttp) -> None:
    async with opened(harness) as channel:
        seen = await channel.sign_in()

    assert seen == "Jet Fuel Coffee (M1); locations Main Street (MAIN)"
    assert {asked.headers["square-version"] for asked in harness.server.asked} == {"2026-09-16"}


@pytest.mark.parametrize("scope", ["INVENTORY_READ", "ITEMS_READ", "MERCHANT_PROFILE_READ"])
async def test_a_permission_that_reading_needs_is_named(
    harness: OverHttp, seller: SquareSeller, scope: str
) -> None:
    seller.scopes = tuple(found for found in seller.scopes if found != scope)

    for act in (poll(harness), signed_in(harness)):
        with pytest.raises(NeedsOperator) as caught:
            await act
        assert scope in str(caught.value)
        assert SECRET not in str(caught.value)


async def signed_in(harness: OverHttp) -> str:
    async with opened(harness) as channel:
        return await channel.sign_in()


async def test_a_token_that_may_not_write_says_so_and_reads(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.scopes = tuple(found for found in seller.scopes if found != "INVENTORY_WRITE")
    record = (await poll(harness)).of("A-1")

    assert "nothing can be written: the token lacks the permission INVENTORY_WRITE" in (
        await signed_in(harness)
    )
    with pytest.raises(NeedsOperator, match="INVENTORY_WRITE"):
        await written(harness, change(record, 1))


async def test_a_refusal_without_words_names_the_permission(harness: OverHttp) -> None:
    harness.front.spoil = lambda asked: Answer(status=403) if asked.path == COUNTS else None

    with pytest.raises(NeedsOperator, match="it needs the permission INVENTORY_READ"):
        await poll(harness)


async def test_a_sandbox_that_tells_nothing_of_a_token_is_signed_in_to(harness: OverHttp) -> None:
    harness.front.spoil = lambda asked: (
        Answer(status=404) if asked.path == "/oauth2/token/status" else None
    )

    assert "locations Main Street (MAIN)" in await signed_in(harness)


async def test_a_token_that_ends_while_a_sweep_runs_is_renewed_once(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.by_refresh, seller.page_size = True, 1
    pages = 0

    def end(path: str) -> None:
        nonlocal pages
        pages += 1
        if pages == 2:
            seller.tokens = set()

    seller.before_answer = end

    assert (await poll(harness)).stock == {"A-1": 5, "B-2": 0, "C-3": 12}
    tokens = asked_for(harness, "/oauth2/token")
    assert tokens == [
        {"grant_type": "refresh_token", "refresh_token": SECRET, "client_id": "sq0idp-1"}
    ] * 2  # fmt: skip


async def test_a_refresh_token_that_is_refused_is_named(
    harness: OverHttp, seller: SquareSeller, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller.by_refresh = True
    monkeypatch.setenv(SECRET_NAME, "an-0ld-one")

    with pytest.raises(NeedsOperator) as caught:
        await poll(harness)

    assert SECRET_NAME in str(caught.value)
    assert "an-0ld-one" not in str(caught.value)


# Limits


@pytest.mark.parametrize("status", [429, 200])
async def test_a_throttle_is_waited_out(harness: OverHttp, status: int) -> None:
    answers = [refused("RATE_LIMITED", "Too many requests.", status)]
    harness.front.spoil = lambda asked: answers.pop() if answers and asked.path == COUNTS else None

    assert (await poll(harness)).stock["A-1"] == 5


async def test_an_answer_of_success_with_another_error_is_none(harness: OverHttp) -> None:
    harness.front.spoil = lambda asked: (
        refused("INTERNAL_THING", "It broke.", 200) if asked.path == COUNTS else None
    )

    with pytest.raises(ContractBroken, match=r"It broke\. \(INTERNAL_THING\)"):
        await poll(harness)


async def test_new_fields_are_tolerated(harness: OverHttp, seller: SquareSeller) -> None:
    seller.article("A-1").data["colour_of_the_year"] = {"name": "teal"}
    seller.locations[0]["moon"] = "full"

    assert (await poll(harness)).stock["A-1"] == 5


# Keys


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "https://squareup.com/dashboard"}, "is a website, not the API"),
        ({"url": "https://jet-fuel.square.site"}, "is a website, not the API"),
        ({"url": "http://connect.squareup.com"}, "must begin with https://"),
        ({"url": "https://connect.squareup.com/v2"}, "must be the origin alone"),
        ({"url": "connect.squareup.com"}, "must begin with https:// and a host"),
        ({"token": None}, "token, or client_id and refresh_token"),
        ({"client_id": "a"}, "token, or client_id and refresh_token"),
        ({"token": None, "client_id": "a"}, "token, or client_id and refresh_token"),
        ({"client_secret": {"env": "S"}}, "client_secret: has no effect with token"),
        ({"location": " "}, "location: is empty"),
    ],
)
def test_keys_that_do_not_belong_together_are_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        options_of(SquareOptions, {"token": {"env": SECRET_NAME}, **keys})


def test_a_request_is_a_write_by_its_address(harness: OverHttp) -> None:
    write = ReceivedRequest("POST", CHANGES, {}, b"{}")
    assert harness.is_write(write)
    assert not harness.is_write(ReceivedRequest("POST", COUNTS, {}, b"{}"))
