"""What a channel's answers announce, over real HTTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.transport.budgets.base import UNLIMITED
from sync.transport.call import Call
from sync.transport.notices import ChannelNotices
from sync.transport.redaction import Redactor
from tests.loopback import Answer, script
from tests.sync.transport.test_transport import rig

SHOPIFY = "Shop.products, Shop.productVariants"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Deprecation": "@1688169599"}, "is deprecated since 2023-06-30"),
        ({"Deprecation": "Fri, 30 Jun 2023 23:59:59 GMT"}, "is deprecated since 2023-06-30"),
        ({"Deprecation": "true"}, "is deprecated"),
        ({"Deprecation": "soon\x00"}, "is deprecated"),
        ({"Sunset": "Fri, 31 Dec 2027 23:59:59 GMT"}, "is deprecated and ends on 2027-12-31"),
        (
            {
                "Deprecation": "@1798761600", "Sunset": "Fri, 31 Dec 2027 23:59:59 GMT",
                "Link": '<https://shop.test/next>; rel="next", '
                '<https://shop.test/why>; rel="deprecation"; type="text/html"',
            },
            "is deprecated since 2027-01-01 and ends on 2027-12-31; see https://shop.test/why",
        ),
        ({"X-Shopify-API-Deprecated-Reason": SHOPIFY}, f"is deprecated: {SHOPIFY}"),
        (
            {"Warning": '299 - "This API is deprecated and will be removed by Summer"'},
            "is deprecated: This API is deprecated and will be removed by Summer",
        ),
    ],
)  # fmt: skip
async def test_each_way_of_saying_it_is_read(headers: dict[str, str], words: str) -> None:
    headers = {name: value.replace("\x00", "") for name, value in headers.items()}
    async with rig(script(Answer(b"fine", headers=headers))) as r:
        await r.read("/v3/items/4711?page=2")
        assert r.transport.notices.words() == f"GET /v3/items/… {words}"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Deprecation": "false"},
        {"Deprecation": ""},
        {"Warning": '110 - "Response is stale"'},
        {"Warning": '299 - "Your plan ends soon"'},
        {"Link": '<https://shop.test/2>; rel="next"'},
    ],
)
async def test_what_announces_no_end_is_none(headers: dict[str, str]) -> None:
    async with rig(script(Answer(b"fine", headers=headers))) as r:
        await r.read()
        assert r.transport.notices.words() == ""


async def test_it_counts_until_the_same_is_answered_without_it() -> None:
    old, new = Answer(b"fine", headers={"Deprecation": "@1688169599"}), Answer(b"fine")
    async with rig(script(old, new, new)) as r:
        await r.read("/a/1")
        await r.read("/b")
        assert [notice.asked for notice in r.transport.notices.deprecated] == ["GET /a/…"]
        await r.read("/a/2")
        assert r.transport.notices.deprecated == []


async def test_an_error_and_a_sign_in_elsewhere_announce_it_too() -> None:
    old = {"Deprecation": "@1688169599"}
    async with rig(script(Answer(b"gone", status=404, headers=old))) as r:
        with pytest.raises(Exception, match="404"):
            await r.read("/a")
        desk = r.transport.beside(r.server.url, body_bytes_max=1000)
        await desk.request("POST", f"{r.server.url}/token", repeatable=True, accept={404})
        await desk.aclose()
        asked = [notice.asked for notice in r.transport.notices.deprecated]
        assert asked == ["GET /a", "POST /token"]


async def test_operations_of_graphql_are_asked_one_by_one() -> None:
    def answer(asked: object) -> Answer:
        is_old = b"SkewList" in asked.body  # type: ignore[attr-defined]
        headers = {"X-Shopify-API-Deprecated-Reason": SHOPIFY} if is_old else {}
        return Answer(b"{}", headers=headers)

    async with rig(answer) as r:
        for query in ("query SkewList{a}", "mutation SkewSet($a:Int){a}"):
            await r.transport.request(
                "POST", f"{r.server.url}/admin/api/2026-10/graphql.json", repeatable=True,
                json={"query": query},
            )  # fmt: skip
        [notice] = r.transport.notices.deprecated
        assert notice.asked == "POST /admin/api/2026-10/graphql.json SkewList"


async def test_no_secret_is_quoted_and_there_is_a_bound() -> None:
    old = {
        "X-Shopify-API-Deprecated-Reason": "ask t0p-s3cret",
        "Link": "<http://x/t0p-s3cret>; rel=sunset",
    }
    async with rig(script(*[Answer(b"fine", headers=old)] * 60)) as r:
        for number in range(60):
            await r.read(f"/{'ab'[number % 2] * (number + 1)}")
        words = r.transport.notices.words()
        assert "t0p-s3cret" not in words
        assert "•••" in words
        assert words.endswith("; and 47 more")
        assert len(r.transport.notices.deprecated) == 50


@given(
    deprecation=st.text(max_size=40), sunset=st.text(max_size=40), link=st.text(max_size=80),
    warning=st.text(max_size=80),
)  # fmt: skip
def test_no_header_does_any_harm(deprecation: str, sunset: str, link: str, warning: str) -> None:
    call = Call("GET", "http://x/", {}, None, None, None, None, True, (), lambda _: None, UNLIMITED)
    notices = ChannelNotices()
    headers = {"deprecation": deprecation, "sunset": sunset, "link": link, "warning": warning}
    for prefix in ("", "@", "@1", "@999999999999999"):
        notices.note(call, {**headers, "deprecation": prefix + deprecation}, Redactor())
        assert "\n" not in notices.words()
