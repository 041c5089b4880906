"""A parent's own list, by `each.url`: what ends it, and what says that it was cut."""

from typing import Any

import pytest

from sync.errors import ContractBroken
from tests.contract.listing_backend import RunningShop, running_shop, stock
from tests.loopback import Answer, ReceivedRequest

PAGED: dict[str, dict[str, Any]] = {
    "no sign": {},
    "total": {"total": "found.count"},
    "more": {"paging": {"by": "page", "param": "page", "more": "found.page < found.pages"}},
    "offset": {"paging": {"by": "offset", "param": "offset"}},
}
BY_PAGE: dict[str, Any] = {"total": None, "paging": {"by": "page", "param": "page"}}


def page_of(asked: ReceivedRequest) -> int:
    return int(asked.path.partition("page=")[2] or 1)


def paged_products(running: RunningShop, asked: ReceivedRequest) -> Answer:
    """The list of parents, which says in each way where it is."""
    if "offset=" in asked.path:
        return running.shop.answer(asked)
    page, products = page_of(asked), running.shop.products
    some = products[(page - 1) * 10 : page * 10]
    pages = -(-len(products) // 10)
    return Answer(
        {"found": {"items": some, "count": len(products), "page": page, "pages": pages}},
    )


def answers(running: RunningShop, children: Any) -> None:
    """Let each parent's own list be what `children` makes of its number and the page."""

    def answer(asked: ReceivedRequest) -> Answer:
        path = asked.path.partition("?")[0]
        if not path.endswith("/variants"):
            return paged_products(running, asked)
        found = children(int(path.split("/")[2]), page_of(asked))
        return found if isinstance(found, Answer) else Answer(found)

    running.server.answer = answer


@pytest.mark.long
@pytest.mark.parametrize("keys", PAGED.values(), ids=PAGED)
async def test_a_list_that_has_no_pages_is_whole_where_the_list_of_parents_has_them(
    keys: dict[str, Any],
) -> None:
    async with running_shop("page", "asked") as running:
        answers(running, lambda number, _page: [{"id": number, "sku": f"S-{number}", "qty": 1}])
        running.keys = {**BY_PAGE, **keys}
        pages = await running.poll()
    assert stock(pages) == {f"S-{n}": 1 for n in range(100, 135)}
    assert not any(page.refused or page.cut_short or page.warnings for page in pages)


@pytest.mark.parametrize("keys", PAGED.values(), ids=PAGED)
async def test_an_answer_that_is_one_record_is_asked_for_once(keys: dict[str, Any]) -> None:
    """Whatever it calls `total` or `count` is its own."""
    async with running_shop("page", "asked") as running:
        answers(
            running,
            lambda number, _page: {"id": number, "sku": f"S-{number}", "qty": 1, "total": 9},
        )
        url = f"{running.server.url}/products/{{parent.id}}/variants"
        running.keys = {**BY_PAGE, "each": {"items": "[@]", "url": url}, **keys}
        pages = await running.poll()
        asked = [asked.path for asked in running.server.asked if "/variants" in asked.path]
    assert len(stock(pages)) == len(asked) == 35
    assert not any(page.refused or page.cut_short for page in pages)


async def test_a_page_past_the_end_may_be_missing() -> None:
    async with running_shop("page", "asked") as running:
        answers(
            running,
            lambda number, page: (
                [{"id": number, "sku": f"S-{number}", "qty": 1}] if page == 1 else Answer({}, 404)
            ),
        )
        running.keys = BY_PAGE
        pages = await running.poll()
    assert len(stock(pages)) == 35
    assert not any(page.refused for page in pages)


async def test_a_more_that_is_made_of_null_ends_it() -> None:
    async with running_shop("page", "asked") as running:
        answers(
            running,
            lambda number, page: {
                "rows": [{"id": number, "sku": f"S-{number}-{page}", "qty": 1}],
                "found": {"page": page, "pages": None},
            },
        )
        url = f"{running.server.url}/products/{{parent.id}}/variants"
        running.keys = {**BY_PAGE, **PAGED["more"], "each": {"items": "rows", "url": url}}
        pages = await running.poll()
    assert stock(pages) == {f"S-{n}-1": 1 for n in range(100, 135)}


async def test_pages_that_differ_in_the_place_only_are_all_read() -> None:
    """The levels of one article have the same SKU on each page of them."""
    async with running_shop("page", "asked") as running:
        running.shop.fill(1)
        answers(
            running,
            lambda _number, page: [
                {"sku": "KET", "place": f"P-{page}-{n}", "qty": page} for n in range(3 * (page < 3))
            ],
        )
        running.keys = {
            **BY_PAGE,
            "ids": None,
            "write": None,
            "fields": {"sku": "item.sku", "location": "item.place", "available": "item.qty"},
        }
        pages = await running.poll()
    found = [(record.location, record.available) for page in pages for record in page.records]
    assert found == [(f"P-{page}-{n}", page) for page in (1, 2) for n in range(3)]


async def test_a_list_that_announces_more_than_comes_is_cut_and_names_its_parent() -> None:
    async with running_shop("page", "asked") as running:
        running.shop.fill(3)
        answers(
            running,
            lambda number, _page: {
                "rows": [{"id": number, "sku": f"S-{number}", "qty": 1}],
                "found": {"count": 1 + (number == 101)},
            },
        )
        url = f"{running.server.url}/products/{{parent.id}}/variants"
        each = {"items": "rows", "url": url}
        running.keys = {**BY_PAGE, "total": "found.count", "each": each}
        pages = await running.poll()
    assert stock(pages) == {"S-100": 1, "S-102": 1}
    (refused,) = [refused for page in pages for refused in page.refused]
    assert refused.place == "page 1, record 2"
    assert refused.reason == (
        "children of parent.id 101 can't be read: cut short: `found.count` announces 2 records, "
        "1 came; page 2 is page 1 once more: this address does not page by page"
    )


async def test_what_ends_a_poll_names_the_parent_too() -> None:
    async with running_shop("page", "asked") as running:
        answers(running, lambda _number, _page: {"id": 7})
        with pytest.raises(ContractBroken) as caught:
            await running.poll()
    assert ", children of parent.id 1" in str(caught.value)
    assert str(caught.value).endswith("`@` found an object, not a list")


@pytest.mark.parametrize(("count", "is_doubted"), [(10, True), (50, True), (9, False)])
async def test_a_full_page_that_comes_twice_is_doubted_once(
    count: int, *, is_doubted: bool
) -> None:
    """It may be a page of an API that asks for the next one otherwise."""
    many = [{"id": n, "sku": f"V-{n}", "qty": n} for n in range(count)]
    async with running_shop("page", "asked") as running:
        running.shop.fill(12)
        answers(
            running,
            lambda number, _page: [{**level, "sku": f"{level['sku']}-{number}"} for level in many],
        )
        running.keys = {**BY_PAGE}
        if count == 10:
            running.keys["paging"] = {"by": "page", "param": "page", "size": {"value": 10}}
        pages = await running.poll()
    assert len(stock(pages)) == 12 * count
    doubt = (
        f"each.url: page 1, record 1, children of parent.id 100: exactly {count} came, and page 2 "
        "is page 1 once more: there may be more"
    )
    assert list(pages[-1].warnings) == [doubt] * is_doubted


async def test_a_list_of_just_as_many_as_are_asked_for_is_doubtful_and_names_its_parent() -> None:
    async with running_shop("page", "asked") as running:
        running.shop.fill(3)
        running.server.answer = lambda asked: (
            Answer([{"id": n, "sku": f"{asked.path}-{n}", "qty": 1} for n in range(100)])
            if "/variants" in asked.path
            else paged_products(running, asked)
        )
        url = f"{running.server.url}/products/{{parent.id}}/variants?limit=100"
        running.keys = {"total": None, "paging": None, "each": {"items": "[]", "url": url}}
        pages = await running.poll()
    (warning,) = [words for page in pages for words in page.warnings if "each.url" in words]
    assert warning == (
        "each.url: page 1, record 1, children of parent.id 100: exactly 100 records came, and the "
        "address has `limit`: there may be a next page, and no `next` is described"
    )


@pytest.mark.parametrize(
    ("words", "is_doubtful"), [("node down", True), ("Invalid page.", False), ("Not Found", False)]
)
async def test_a_page_that_is_refused_for_something_else_may_be_missing(
    words: str, *, is_doubtful: bool
) -> None:
    async with running_shop("page", "asked") as running:
        running.server.answer = lambda asked: (
            Answer({"message": words}, 404)
            if page_of(asked) > 1
            else Answer({"found": {"items": [{"id": n, "variants": []} for n in range(10)]}})
        )
        size = {"param": "size", "value": 100}
        paging = {"by": "page", "param": "page", "size": size}
        running.keys = {"total": None, "each": {"items": "variants"}, "paging": paging}
        pages = await running.poll()
    warnings = [warning for page in pages for warning in page.warnings if "refused" in warning]
    assert bool(warnings) == is_doubtful
    assert all(words in warning and "page 2" in warning for warning in warnings)
