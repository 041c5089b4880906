"""The pages of a described list: every way to ask for them, and what each of them ends with."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from sync.errors import ContractBroken, NeedsOperator
from tests.contract.harness import change
from tests.contract.listing_backend import refs, running_shop, stock
from tests.long_run import first
from tests.loopback import Answer, ReceivedRequest

WAYS = [
    "next", "page", "page_in_body", "offset", "offset_in_body", "link", "cursor", "cursor_in_body",
]  # fmt: skip
NESTED = ["items", "keys", "asked"]
WHOLE = {f"S-{n}": n for n in range(35)}


@pytest.mark.parametrize("nesting", first(2, ["flat", *NESTED]))
@pytest.mark.parametrize("paging", WAYS)
async def test_a_list_of_any_shape_is_read_whole(paging: str, nesting: str) -> None:
    async with running_shop(paging, nesting) as running:
        pages = await running.poll()
    assert stock(pages) == WHOLE
    assert (pages[-1].cut_short, list(pages[-1].warnings)) == ("", [])
    assert not any(page.refused for page in pages)
    assert running.shop.lists == 4


@pytest.mark.parametrize("nesting", NESTED)
async def test_what_is_inside_is_written_and_read_by_the_ids_that_the_list_gave(
    nesting: str,
) -> None:
    async with running_shop("page", nesting) as running, running.channel() as channel:
        (listing,) = [ref for ref in refs(await running.poll()) if ref.sku == "S-7"]
        assert listing.ref == '{"ref":7,"parent":107}'
        fresh = await channel.read([listing])
        assert [(record.sku, record.available, record.ref) for record in fresh.records] == [
            ("S-7", 7, listing.ref)
        ]
        (receipt,) = await channel.write([change(fresh.records[0], 3)])
        after = await channel.read([listing])
    assert receipt.refused is None
    assert running.shop.asked == ['{"qty": 3, "of": 107}']
    assert [record.available for record in after.records] == [3]


BY_NUMBER = ["page", "offset"]


@pytest.mark.parametrize("count", first(2, [10, 35, 0, 1, 20]))
@pytest.mark.parametrize("past_end", ["empty", "missing", "repeat"])
@pytest.mark.parametrize("paging", BY_NUMBER)
async def test_with_a_total_a_list_ends_whatever_a_page_past_its_end_is(
    paging: str, past_end: str, count: int
) -> None:
    async with running_shop(paging) as running:
        running.shop.fill(count)
        running.shop.past_end = past_end
        pages = await running.poll()
    assert stock(pages) == {f"S-{n}": n for n in range(count)}
    assert (pages[-1].cut_short, list(pages[-1].warnings)) == ("", [])


@pytest.mark.parametrize("count", first(1, [20, 1, 11, 35]))
@pytest.mark.parametrize("paging", BY_NUMBER)
async def test_a_list_without_total_or_size_ends_with_an_empty_page(
    paging: str, count: int
) -> None:
    async with running_shop(paging) as running:
        running.shop.fill(count)
        running.shop.total = lambda _count: None
        running.keys = {"total": None, "paging": {"by": paging, "param": paging}}
        pages = await running.poll()
    assert stock(pages) == {f"S-{n}": n for n in range(count)}
    assert pages[-1].cut_short == ""


async def test_a_page_past_the_end_that_is_the_last_once_more_ends_the_list() -> None:
    async with running_shop("page") as running:
        running.shop.past_end = "repeat"
        running.shop.total = lambda _count: None
        running.keys = {"total": None, "paging": {"by": "page", "param": "page"}}

        def sell(number: int) -> None:
            running.shop.products[34]["variants"][0]["qty"] = 30 - number

        running.shop.before = sell
        pages = await running.poll()
    assert sorted(stock(pages)) == sorted(WHOLE)
    assert (pages[-1].cut_short, list(pages[-1].warnings)) == ("", [])


async def test_a_page_2_that_is_page_1_is_a_whole_list_only_where_a_total_says_so() -> None:
    """The API does not know the parameter, or has one page and gives its last past the end."""
    async with running_shop("page") as running:
        running.shop.total = lambda _count: None
        running.keys = {"total": None, "paging": {"by": "page", "param": "pg"}}
        ignored = await running.poll()
        running.shop.total = lambda count: count
        running.keys["total"] = "found.count"
        told = await running.poll()
        running.shop.fill(10)
        whole = await running.poll()
    assert ignored[-1].cut_short == (
        "cut short: page 2 is page 1 once more, so this is the whole list, or the API does not "
        "page by page: add total or paging.size"
    )
    assert told[-1].cut_short.startswith(
        "cut short: `found.count` announces 35 records, 10 came; page 2 is page 1 once more"
    )
    assert (len(stock(whole)), whole[-1].cut_short) == (10, "")


@pytest.mark.parametrize("paging", BY_NUMBER)
async def test_an_api_that_gives_fewer_than_it_is_asked_for_is_read_to_its_end(paging: str) -> None:
    async with running_shop(paging) as running:
        running.shop.total = lambda _count: None
        size = {"param": "limit", "value": 1000}
        running.keys = {"total": None, "paging": {"by": paging, "param": paging, "size": size}}
        pages = await running.poll()
        running.shop.fill(10)
        running.shop.past_end = "missing"
        small = await running.poll()
    assert stock(pages) == WHOLE
    assert (len(stock(small)), small[-1].cut_short) == (10, "")


async def test_a_short_page_is_the_last_where_the_size_is_known() -> None:
    async with running_shop("page") as running:
        running.shop.total = lambda _count: None
        running.shop.past_end = "missing"
        running.keys = {"total": None}
        pages = await running.poll()
    assert (stock(pages), running.shop.lists) == (WHOLE, 4)
    assert [urlsplit(asked.path).query for asked in running.server.asked] == [
        f"limit=10&page={number}" for number in (1, 2, 3, 4)
    ]


async def test_parameters_of_the_address_stay_and_a_cursor_is_escaped() -> None:
    async with running_shop("cursor") as running:
        running.keys = {"url": f"{running.server.url}/products?active=1&cursor=at%205&x=a%20b"}
        await running.poll()
    assert [urlsplit(asked.path).query for asked in running.server.asked][:2] == [
        "active=1&cursor=at%205&x=a%20b", "active=1&x=a%20b&cursor=at%2015",
    ]  # fmt: skip


@pytest.mark.parametrize("total", first(1, ["found.count", "header:X-WP-Total"]))
@pytest.mark.parametrize("paging", [*BY_NUMBER, "cursor", "link", "next"])
async def test_fewer_than_the_newest_page_announces_are_cut_short(paging: str, total: str) -> None:
    async with running_shop(paging, "items") as running:
        running.keys = {"total": total}
        running.shop.total = lambda count: count + 1 if running.shop.lists == 4 else count
        answer = running.shop.answer

        def with_header(asked: ReceivedRequest) -> Answer:
            told = answer(asked)
            found: Any = told.body
            return Answer(
                told.body, told.status, {**told.headers, "X-WP-Total": str(found["found"]["count"])}
            )

        running.server.answer = with_header
        if paging in BY_NUMBER:
            # Nothing else may end it: the page past the end is empty.
            running.shop.before = lambda _number: None
        pages = await running.poll()
    by = total.removeprefix("header:") if total.startswith("header:") else f"`{total}`"
    expected = f"cut short: {by} announces 36 records, 35 came"
    if paging in BY_NUMBER:
        assert pages[-1].cut_short in ("", expected)
        assert stock(pages) == WHOLE
    else:
        assert pages[-1].cut_short == expected


async def test_records_that_cannot_be_read_count_towards_the_total() -> None:
    async with running_shop("page") as running:
        running.shop.products[3]["variants"][0]["qty"] = "many"
        pages = await running.poll()
    assert (len(stock(pages)), pages[-1].cut_short) == (34, "")
    assert [refused.sku for page in pages for refused in page.refused] == ["S-3"]


async def test_what_a_filter_leaves_out_counts_as_the_api_counts_it() -> None:
    """A page whose records are all left out is no end either."""
    async with running_shop("page") as running:
        running.keys = {"items": "found.items[?qty > `12`]"}
        pages = await running.poll()
    assert stock(pages) == {f"S-{n}": n for n in range(13, 35)}
    assert (pages[-1].cut_short, list(pages[-1].warnings)) == ("", [])


async def test_a_total_of_the_page_is_no_total_of_the_list() -> None:
    async with running_shop("page") as running:
        running.shop.total = lambda _count: 10
        pages = await running.poll()
    assert stock(pages) == WHOLE
    assert list(pages[-1].warnings) == [
        "total: `found.count` says 10, and 35 records came: it is not how many the list has"
    ]


@pytest.mark.parametrize("paging", BY_NUMBER)
async def test_a_record_that_comes_twice_because_the_list_moved_is_counted_once(
    paging: str,
) -> None:
    async with running_shop(paging) as running:

        def insert(number: int) -> None:
            if number == 3:
                variant = {"id": 999, "sku": "NEW", "qty": 1}
                running.shop.products.insert(0, {"id": 1099, "variants": [variant]})

        running.shop.before = insert
        pages = await running.poll()
    skus = [record.sku for page in pages for record in page.records]
    assert sorted(skus) == sorted(WHOLE)
    assert pages[-1].cut_short == ""
    assert list(pages[-1].warnings) == [
        "the list moved while it was read: 1 of its records came twice"
    ]


async def test_a_list_that_became_shorter_says_that_something_may_have_slipped_through() -> None:
    async with running_shop("page") as running:

        def remove(number: int) -> None:
            if number == 3:
                del running.shop.products[0]

        running.shop.before = remove
        pages = await running.poll()
    assert "S-20" not in stock(pages)
    (warning,) = pages[-1].warnings
    assert warning.startswith("the list moved while it was read: it became shorter by 1, so that")


@pytest.mark.parametrize(
    ("paging", "body", "words"),
    [
        (
            "cursor",
            {"found": {"items": [{"sku": "A", "id": 1, "qty": 1}], "after": "x", "more": True}},
            "page 2: `found.after` leads back to a page already read",
        ),
        (
            "cursor",
            {"found": {"items": [{"sku": "A", "id": 1, "qty": 1}], "after": None, "more": True}},
            "page 1: `found.more` says that a page follows, and `found.after` found nothing",
        ),
        (
            "cursor",
            {"found": {"items": [], "after": {"at": 1}, "more": True}},
            "page 1: `found.after` found an object, not a cursor",
        ),
        (
            "page",
            {"found": {"items": [], "count": "lots"}},
            'page 1: total: `found.count` found "lots"',
        ),
    ],
)  # fmt: skip
async def test_pages_that_lead_nowhere_are_refused(paging: str, body: object, words: str) -> None:
    async with running_shop(paging) as running:
        running.shop.spoil = lambda _asked: Answer(body)
        with pytest.raises(ContractBroken) as caught:
            await running.poll()
    assert str(caught.value).startswith(f"shop: {words}")


async def test_pages_that_begin_again_are_a_circle() -> None:
    async with running_shop("page") as running:
        running.keys = {"total": None, "paging": {"by": "page", "param": "page"}}
        running.shop.total = lambda _count: None
        answer = running.shop.answer

        def round_and_round(asked: ReceivedRequest) -> Answer:
            number = int(urlsplit(asked.path).query.removeprefix("page=")) - 1
            path = f"/products?page={number % 3 + 1}"
            return answer(ReceivedRequest("GET", path, asked.headers, b""))

        running.server.answer = round_and_round
        with pytest.raises(ContractBroken, match="page 4: paging by page leads on, and this page"):
            await running.poll()


async def test_a_link_to_another_host_is_not_followed() -> None:
    async with running_shop("link") as running:
        headers = {"Link": '<http://127.0.0.1:9/products?offset=10>; rel="next"'}
        answer = running.shop.answer
        running.server.answer = lambda asked: Answer(answer(asked).body, headers=headers)
        with pytest.raises(ContractBroken, match="shop points to another server"):
            await running.poll()


async def test_a_token_that_is_refused_between_two_pages_ends_the_poll() -> None:
    async with running_shop("page") as running:
        running.shop.spoil = lambda _asked: (
            Answer({"message": "expired"}, 401) if running.shop.lists == 2 else None
        )
        with pytest.raises(NeedsOperator, match="401"):
            await running.poll()


@pytest.mark.parametrize(
    ("paging", "keys", "warning"),
    [
        (
            "page",
            {"total": "found.amount"},
            "total: `found.amount` found nothing; the page has found",
        ),
        ("page", {"total": "header:X-Total"}, "total: the answer has no header X-Total"),
        (
            "page",
            {"paging": {"by": "page", "param": "page", "more": "more"}},
            "paging.more: `more` found nothing; the page has found",
        ),
        (
            "cursor",
            {"paging": {"by": "cursor", "param": "cursor", "cursor": "found.next"}},
            "paging.cursor: `found.next` found nothing; the page has found",
        ),
    ],
)  # fmt: skip
async def test_a_key_of_the_list_that_finds_nothing_is_named(
    paging: str, keys: dict[str, Any], warning: str
) -> None:
    async with running_shop(paging) as running:
        running.keys = keys
        pages = await running.poll()
    assert warning in pages[-1].warnings
