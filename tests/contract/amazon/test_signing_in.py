"""Signing in to Amazon, its roles, and what its errors mean."""

import pytest

from sync.errors import ContractBroken, NeedsOperator, Temporary
from tests.contract.amazon.bench import asked, backend, signed_in
from tests.contract.harness import OverHttp, poll
from tests.fakes.amazon import ITEMS
from tests.fakes.amazon_shelf import FR
from tests.loopback import Answer, ReceivedRequest


async def test_the_token_goes_as_amazon_wants_it(amazon: OverHttp) -> None:
    await poll(amazon)

    (sign_in,) = asked(amazon, "/auth/o2/token")
    assert b"grant_type=refresh_token" in sign_in.body
    for request in asked(amazon, ITEMS):
        assert request.headers["x-amz-access-token"] == "Atza|t0ken-1"
        assert "authorization" not in request.headers
        assert request.headers["user-agent"] == "Skew/1 (Language=Python)"


@pytest.mark.parametrize(
    ("wrong", "named", "other"),
    [
        ("client_secret", "WRONG_ONE", "CONTRACT_SECRET"),
        ("refresh_token", "WRONG_ONE", "CONTRACT_SECRET"),
    ],
)
async def test_the_credential_that_died_is_named_alone(
    amazon: OverHttp, monkeypatch: pytest.MonkeyPatch, wrong: str, named: str, other: str
) -> None:
    monkeypatch.setenv("WRONG_ONE", "0ld-credential")
    backend(amazon).more = {wrong: {"env": "WRONG_ONE"}}

    with pytest.raises(NeedsOperator, match=named) as caught:
        await poll(amazon)

    assert other not in str(caught.value)
    assert "0ld-credential" not in str(caught.value)


async def test_a_missing_role_is_named(amazon: OverHttp) -> None:
    backend(amazon).denied = {ITEMS}

    with pytest.raises(NeedsOperator, match='searchListingsItems needs the role "Product Listing"'):
        await poll(amazon)


async def test_signing_in_names_the_store_and_its_marketplaces(amazon: OverHttp) -> None:
    words = "Kettles & Co, seller A2SELLER in Amazon A1P: 3 listings in DE (A1PA6795UKMFR9)"

    assert await signed_in(amazon) == words


async def test_signing_in_does_without_the_role_that_names_the_store(amazon: OverHttp) -> None:
    backend(amazon).denied = {"/sellers/"}

    assert await signed_in(amazon) == (
        "seller A2SELLER in DE (A1PA6795UKMFR9): 3 listings in DE (A1PA6795UKMFR9)"
    )


async def test_signing_in_does_without_an_answer_that_only_names_the_store(
    amazon: OverHttp,
) -> None:
    amazon.front.spoil = lambda request: (
        Answer({"message": "no such path"}, 404) if request.path.startswith("/sellers/") else None
    )

    assert (await signed_in(amazon)).startswith("seller A2SELLER in DE")


async def test_signing_in_where_one_does_not_sell_says_so(amazon: OverHttp) -> None:
    backend(amazon).selling = (FR,)

    with pytest.raises(NeedsOperator, match=r"does not sell in DE \(A1PA.*this region: FR"):
        await signed_in(amazon)


async def test_an_unknown_seller_is_a_matter_for_people(amazon: OverHttp) -> None:
    amazon.front.spoil = lambda request: (
        Answer({"errors": [{"code": "NOT_FOUND"}]}, 404) if request.path.startswith(ITEMS) else None
    )

    with pytest.raises(NeedsOperator, match=r"404 for seller A2SELLER.*check url, seller_id"):
        await poll(amazon)


async def test_a_web_page_is_not_the_api(amazon: OverHttp) -> None:
    amazon.front.spoil = lambda request: (
        Answer(b"<!doctype html><title>Amazon.de</title>") if "items" in request.path else None
    )

    with pytest.raises(NeedsOperator, match="url must be Amazon's API for sellers"):
        await poll(amazon)


async def test_a_throttle_tells_nothing_and_is_waited_out(amazon: OverHttp) -> None:
    refusals = [429, 429]

    def throttle(request: ReceivedRequest) -> Answer | None:
        if request.path.startswith(ITEMS) and refusals:
            words = {"code": "QuotaExceeded", "message": "You exceeded your quota"}
            return Answer({"errors": [words]}, refusals.pop())
        return None

    amazon.front.spoil = throttle
    assert len((await poll(amazon)).records) == 3


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("QuotaExceeded", Temporary),
        ("InternalFailure", Temporary),
        ("Unauthorized", NeedsOperator),
        ("InvalidInput", ContractBroken),
    ],
)
async def test_errors_in_an_answer_of_success_are_errors(
    amazon: OverHttp, code: str, error: type[Exception]
) -> None:
    body = {"numberOfResults": 0, "items": [], "errors": [{"code": code, "message": "so it is"}]}
    amazon.front.spoil = lambda request: Answer(body) if request.path.startswith(ITEMS) else None

    with pytest.raises(error, match="so it is"):
        await poll(amazon)
