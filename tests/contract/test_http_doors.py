"""Every way of signing in to a described API, against a real server of that shape."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.channels.base import ListingRef
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary
from tests.contract.backends import Market
from tests.contract.doors import DOORS, USUAL, Desk, Rotating
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    change,
    opened,
    over_http,
    poll,
    read_events,
)
from tests.contract.http_desks import desk, failure, market
from tests.long_run import first
from tests.loopback import Answer, ReceivedRequest, script, serving

DESKS = sorted(name for name, door in DOORS.items() if isinstance(door(), Desk))


def _rarely(door: str) -> int:
    """Those of `USUAL` first, which are tried in every run; the others in the long one."""
    return USUAL.index(door) if door in USUAL else len(USUAL)


@pytest.fixture(params=sorted(DOORS))
def any_shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    yield from market(request.param, tmp_path)


@pytest.fixture(params=first(3, sorted(DOORS, key=_rarely)))
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    yield from market(request.param, tmp_path)


@pytest.fixture(params=first(1, sorted(DESKS, key=_rarely)))
def desk_shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    """One whose door gives tokens."""
    yield from market(request.param, tmp_path)


@pytest.fixture
def login_shop(tmp_path: Path) -> Iterator[OverHttp]:
    yield from market("login", tmp_path)


async def test_the_list_one_record_a_write_and_events_are_signed_in_to(
    any_shop: OverHttp,
) -> None:
    shop = any_shop
    assert isinstance(shop.backend, Market)
    shop.backend.order("A-1", 2)
    reading = await poll(shop)
    async with opened(shop) as channel:
        (found,) = (await channel.read([ListingRef("A-4", "", "")])).records
        (receipt,) = await channel.write([change(found, 44)])

    assert len(reading.pages) == 3
    assert reading.stock == {f"A-{number}": number for number in range(5)}
    assert (receipt.refused, shop.shown("A-4")) == (None, 44)
    assert len((await read_events(shop)).events) == 1


async def test_a_wrong_secret_is_named_and_not_shown(
    shop: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_NAME, "wr0ng-s3cret")
    shop.front.spoil = lambda asked: (
        Answer({"message": f"bad: {asked.path} {asked.headers} {asked.body!r}"}, 401)
        if isinstance(shop.backend, Market) and not shop.backend.door.lets_in(asked)
        and asked.path.startswith("/stock") else None
    )  # fmt: skip

    error = await failure(shop)

    assert type(error) is NeedsOperator
    assert SECRET_NAME in str(error)
    assert "wr0ng-s3cret" not in repr(error)


async def test_a_retry_is_signed_afresh(shop: OverHttp) -> None:
    troubles = [Answer(status=503), Answer(status=503)]
    shop.front.spoil = lambda asked: (
        troubles.pop() if troubles and asked.path.startswith("/stock") else None
    )

    assert len((await poll(shop)).records) == 5


async def test_what_it_shows_goes_to_no_other_server(shop: OverHttp) -> None:
    with serving(script(Answer({"items": []}))) as thief:
        moved = Answer(status=307, headers={"Location": f"{thief.url}/stock"})
        shop.front.spoil = lambda asked: moved if asked.path.startswith("/stock") else None
        assert isinstance(await failure(shop), ContractBroken)

        shop.front.spoil = lambda asked: moved if asked.path.startswith("/door") else None
        if isinstance(shop.backend, Market) and isinstance(shop.backend.door, Desk):
            assert isinstance(await failure(shop), ContractBroken)
        assert thief.asked == []


async def test_nothing_that_was_given_is_seen_in_an_error(desk_shop: OverHttp) -> None:
    desk_shop.front.spoil = lambda asked: (
        Answer({"message": f"no: {asked.path} {asked.headers}"}, 400)
        if asked.path.startswith("/stock")
        else None
    )

    error = await failure(desk_shop)

    assert "t0ken" not in repr(error)
    assert "•••" in str(error)


async def test_one_sign_in_serves_all(desk_shop: OverHttp) -> None:
    async with opened(desk_shop) as channel:
        wanted = [ListingRef(f"A-{number}", "", "") for number in range(5)]
        await asyncio.gather(*(channel.read([ref]) for ref in wanted))
        async for _page in channel.pages():
            pass

    assert desk(desk_shop).sign_ins == 1


async def test_a_token_that_ends_between_two_pages_is_renewed_and_the_poll_goes_on(
    desk_shop: OverHttp,
) -> None:
    pages = []
    async with opened(desk_shop) as channel:
        async for page in channel.pages():
            pages.append(page)
            desk(desk_shop).expire()

    assert sum(len(page.records) for page in pages) == 5
    # The page ahead may have been asked for before the token was taken back.
    assert 2 <= desk(desk_shop).sign_ins <= 3


async def test_two_requests_that_meet_a_401_at_once_sign_in_once(desk_shop: OverHttp) -> None:
    async with opened(desk_shop) as channel:
        await channel.sign_in()
        desk(desk_shop).expire()
        found = await channel.read([ListingRef(f"A-{number}", "", "") for number in range(5)])

    assert len(found.records) == 5
    assert desk(desk_shop).sign_ins == 2


async def test_a_write_that_met_a_401_is_sent_once_more(desk_shop: OverHttp) -> None:
    async with opened(desk_shop) as channel:
        (record,) = (await channel.read([ListingRef("A-3", "", "")])).records
        desk(desk_shop).expire()
        (receipt,) = await channel.write([change(record, 30)])

    assert (receipt.refused, desk_shop.shown("A-3")) == (None, 30)
    writes = [asked for asked in desk_shop.server.asked if asked.method == "PUT"]
    assert len(writes) == 2


async def test_a_token_that_never_works_is_not_asked_for_again_and_again(
    desk_shop: OverHttp,
) -> None:
    desk_shop.front.spoil = lambda asked: (
        Answer({"message": "no right"}, 403) if asked.path.startswith("/stock") else None
    )
    async with opened(desk_shop) as channel:
        with pytest.raises(NeedsOperator):
            await channel.sign_in()
        with pytest.raises(NeedsOperator):
            await channel.read([ListingRef(f"A-{number}", "", "") for number in range(5)])

    assert desk(desk_shop).sign_ins == 1


async def test_a_wrong_password_is_tried_once_for_all_that_wait(
    login_shop: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shop that counts wrong passwords would lock the account."""
    monkeypatch.setenv(SECRET_NAME, "wr0ng-s3cret")
    async with opened(login_shop) as channel:
        with pytest.raises(NeedsOperator):
            await channel.read([ListingRef(f"A-{number}", "", "") for number in range(5)])

    assert desk(login_shop).tried == 1


@pytest.mark.parametrize("stale", ["expires_in", "exp"])
async def test_a_token_is_renewed_before_it_ends(
    stale: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shop in market("login" if stale == "expires_in" else "login, a JWT", tmp_path):
        async with opened(shop) as channel:
            await channel.sign_in()
            later = {"expires_in": 895_000, "exp": 3_595_000}[stale]
            monkeypatch.setattr("tests.contract.harness.QuickClock.now", _ahead(later))
            await channel.sign_in()

        assert desk(shop).sign_ins == 2


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _ahead(span_ms: int) -> "object":
    from sync.clock import SystemClock

    now = SystemClock().now()
    return lambda _clock: now + span_ms


async def test_a_secret_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    backend = Market(door=DOORS["login"]())
    backend.put("A-1", 1)
    secret = tmp_path / "shop.pw"
    secret.write_text("the-0ld-one")
    table = desk_table(backend, {"file": "shop.pw"})
    with over_http(table, tmp_path) as shop:
        async with opened(shop) as channel:
            with pytest.raises(NeedsOperator) as caught:
                await channel.sign_in()
            assert "file shop.pw" in str(caught.value)
            assert caught.value.is_replaced is not None
            assert not caught.value.is_replaced()
            secret.write_text(SECRET)
            assert caught.value.is_replaced()
            assert await channel.sign_in()


def desk_table(backend: Market, source: dict[str, str]) -> Market:
    """The same shop, its password from elsewhere."""
    door = backend.door
    assert isinstance(door, Desk)
    before = door.table

    def table(url: str) -> dict[str, object]:
        keys = before(url)
        keys["login"]["body"] = {**keys["login"]["body"], "password": source}
        return keys

    door.table = table
    return backend


async def test_a_rotated_refresh_token_is_used_next(tmp_path: Path) -> None:
    for shop in market("refresh token", tmp_path):
        door = desk(shop)
        assert isinstance(door, Rotating)
        async with opened(shop) as channel:
            for _ in range(3):
                await channel.sign_in()
                door.expire()

        assert door.sign_ins == 3
        assert door.tried == 3


async def test_a_rotated_refresh_token_is_written_back_to_its_file(tmp_path: Path) -> None:
    for shop in market("refresh token", tmp_path):
        door = desk(shop)
        assert isinstance(door, Rotating)
        door.first = "none"
        kept = tmp_path / "refresh.token"
        kept.write_text(f"{SECRET}\n")
        kept.chmod(0o640)
        before = door.table
        door.table = lambda url, before=before: {  # type: ignore[misc]
            "oauth": {**before(url)["oauth"], "refresh_token": {"file": "refresh.token"}}
        }
        async with opened(shop) as daemon:
            await daemon.sign_in()
            await poll(shop)
            door.expire()
            await daemon.sign_in()
        await poll(shop)

        assert door.tried == 4
        assert kept.read_text() == "refresh-t0ken-4\n"
        assert kept.stat().st_mode & 0o777 == 0o640
        assert _names(tmp_path) == ["refresh.token"]


async def test_the_server_that_gives_tokens_may_be_another(tmp_path: Path) -> None:
    backend = Market(door=DOORS["oauth"]())
    backend.put("A-1", 1)
    door = backend.door
    assert isinstance(door, Desk)
    with (
        serving(lambda asked: door.answer(asked) or Answer(status=404)) as server,
        over_http(backend, tmp_path) as shop,
    ):
        before = door.table
        door.table = lambda _url: before(f"{server.url}/door")
        reading = await poll(shop)

        assert len(reading.records) == 1
        assert all(SECRET.encode() not in asked.body for asked in shop.server.asked)
        assert all("authorization" not in asked.headers for asked in server.asked)
        assert [asked.path for asked in server.asked] == ["/door"]


PAGE = b"<!doctype html><html><title>Please sign in</title><form></form></html>"
WRONG = {
    "no token": (Answer({"user": "a"}), "`data.accessToken` found nothing; the answer has user"),
    "an empty one": (Answer({"data": {"accessToken": ""}}), "found an empty text, not a token"),
    "a table": (Answer({"data": {"accessToken": {"s3": 1}}}), "found an object, not a token"),
    "a line break": (Answer({"data": {"accessToken": "a\r\nX: 1"}}), "that no header takes"),
    "too long": (Answer({"data": {"accessToken": "t0ken" * 9000}}), "it has 45,000 characters"),
    "a web page": (Answer(PAGE), 'sent no JSON: a web page instead: "Please sign in"'),
    "a form": (Answer(b"access_token=t0ken-1&token_type=bearer"), "sent no JSON"),
    "nothing": (Answer(b""), "sent no JSON"),
    "beyond bounds": (Answer(b" " * 1024, repeat=2000), "sent a body of more than 1,048,576 bytes"),
    "redirected": (Answer(status=302, headers={"Location": "/stock"}), "answered a POST with 302"),
    "an error in a 200": (Answer({"error": "Invalid login"}), "it says: Invalid login"),
    "a page of 401": (Answer(PAGE, 401), 'answered 401: a web page: "Please sign in"'),
    "not found": (Answer({"message": "no route"}, 404), "answered 404: no route"),
    "throttled": (Answer({"message": "later"}, 429), "answered 429, asked us to slow down"),
    "broken": (Answer(b"oops", 500), "answered 500"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", first(4, WRONG))
async def test_a_sign_in_that_gives_no_token_names_the_channel_and_the_place(
    login_shop: OverHttp, wrong: str
) -> None:
    answer, words = WRONG[wrong]
    login_shop.front.spoil = lambda asked: answer if asked.path == "/door" else None

    error = await failure(login_shop)

    assert words in str(error)
    assert "/door" in str(error)
    assert "t0ken" not in repr(error)
    kinds: dict[str, type[ChannelError]] = {
        "an error in a 200": NeedsOperator, "a page of 401": NeedsOperator,
        "not found": NeedsOperator, "throttled": Temporary, "broken": Temporary,
    }  # fmt: skip
    assert type(error) is kinds.get(wrong, ContractBroken) or wrong == "a web page"
    assert not [asked for asked in login_shop.server.asked if asked.path.startswith("/stock")]


async def test_a_write_without_a_token_is_not_sent(login_shop: OverHttp) -> None:
    (record, *_) = (await poll(login_shop)).records
    login_shop.front.spoil = lambda asked: Answer(PAGE) if asked.path == "/door" else None
    before = len(login_shop.server.asked)

    async with opened(login_shop) as channel:
        with pytest.raises(Temporary, match="not sent: shop: sign-in at"):
            await channel.write([change(record, 9)])

    assert [asked.path for asked in login_shop.server.asked[before:]] == ["/door"]


async def test_a_session_that_ends_in_a_form_to_sign_in_is_renewed(tmp_path: Path) -> None:
    """Where a session has ended, many shops send people, and us, to a page with a form."""
    for shop in market("login, a cookie", tmp_path):
        door = desk(shop)

        def spoil(asked: ReceivedRequest, door: Desk = door) -> Answer | None:
            if asked.path == "/people":
                return Answer(PAGE, headers={"Content-Type": "text/html"})
            if asked.path.startswith("/stock") and not door.lets_in(asked):
                return Answer(status=302, headers={"Location": "/people"})
            return None

        shop.front.spoil = spoil
        async with opened(shop) as channel:
            await channel.sign_in()
            door.expire()
            assert await channel.sign_in()
        assert door.sign_ins == 2


async def test_headers_of_the_channel_go_with_a_sign_in_on_its_own_server_only(
    login_shop: OverHttp,
) -> None:
    door = desk(login_shop)
    before = door.table
    door.more = {"headers": {"X-Api-Key": {"env": SECRET_NAME}}}
    await poll(login_shop)

    assert {asked.headers.get("x-api-key") for asked in login_shop.server.asked} == {SECRET}

    with serving(lambda asked: door.answer(asked) or Answer(status=404)) as other:
        door.table = lambda _url: before(f"{other.url}/door")
        await poll(login_shop)
        assert ["x-api-key" in asked.headers for asked in other.asked] == [False]
