"""What a page says of the rest of its list."""

from typing import Any

import httpx
import pytest

from sync.channels.http.listing import announcements


def announced(
    content: Any, items: str = "items", headers: Any = None, *, follows_next: bool = False
) -> announcements.Announcement:
    named = httpx.Headers({name.replace("_", "-"): text for name, text in (headers or {}).items()})
    return announcements.of(named, content, items, follows_next=follows_next)


@pytest.mark.parametrize(
    ("content", "items", "headers", "by"),
    [
        ([], "@", {"X_Total_Count": "35"}, "X-Total-Count"),
        ([], "@", {"x_wp_total": "35"}, "X-Wp-Total"),
        ([], "@", {"Content_Range": "items 0-9/35"}, "Content-Range"),
        ({"items": [], "total": 35}, "items", {}, "`total`"),
        ({"items": [], "count": 35, "next": None}, "items", {}, "`count`"),
        ({"data": [], "meta": {"page": {"total": 35}}}, "data", {}, "`meta.page.total`"),
        ({"data": {"p": {"items": [], "totalItems": 35}}}, "data.p.items", {},
         "`data.p.totalItems`"),
        ({"content": [], "page": {"totalElements": "35"}}, "content", {}, "`page.totalElements`"),
        ({"hits": {"hits": [], "total": {"value": 35}}}, "hits.hits", {}, "`hits.total`"),
        ({"items": [], "@odata.count": 35}, "items", {}, "`@odata.count`"),
    ],
)  # fmt: skip
def test_a_total_is_found_wherever_it_is_usual(
    content: Any, items: str, headers: dict[str, str], by: str
) -> None:
    told = announced(content, items, headers).records
    assert told is not None
    if by == "`hits.total`":
        assert told.number == 35
    else:
        assert (told.number, told.by) == (35, by)


@pytest.mark.parametrize(
    ("content", "items"),
    [
        ({"items": [{"total": 35}]}, "items"),
        ({"stock": {"A-1": {"total": 35}}}, "stock"),
        ({"items": [], "total": "many"}, "items"),
        ({"items": [], "total": -1}, "items"),
        ({"items": [], "total": True}, "items"),
        ({"items": [], "total": 35}, "items[?live]"),
    ],
)
def test_what_is_no_count_of_these_records_is_left_alone(content: Any, items: str) -> None:
    assert announced(content, items).records is None


@pytest.mark.parametrize(
    ("content", "headers", "words"),
    [
        ([], {"Link": '</s?page=2>; rel="next", </s?page=4>; rel="last"'}, "`Link` header"),
        ([], {"Link": "</s?page=2>; title=x; rel=next"}, "`Link` header"),
        ({"has_more": True}, {}, "`has_more` is true"),
        ({"data": {"p": {"pageInfo": {"hasNextPage": True}}}}, {}, ""),
        ({"pageInfo": {"hasNextPage": True}}, {}, "`pageInfo.hasNextPage` is true"),
        ({"next": "/s?page=2"}, {}, "`next` leads on"),
        ({"next_cursor": "abc"}, {}, "`next_cursor` leads on"),
        ({"_links": {"next": {"href": "/s?page=2"}}}, {}, "`_links.next` leads on"),
        ({"links": [{"rel": "next", "href": "/s"}]}, {}, "`links` has"),
        ({"@odata.nextLink": "http://x/"}, {}, "`@odata.nextLink` leads on"),
    ],
)
def test_another_page_is_noticed(content: Any, headers: dict[str, str], words: str) -> None:
    items = "data.p.items" if "data" in content else "items"
    more = announced(content, items, headers).more
    assert words in more if words else "hasNextPage" in more


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ({"next": None, "has_more": False}, {}),
        ({"next": "", "next_page": 0}, {}),
        ({"_links": {"next": None}}, {}),
        ([], {"Link": '</s?page=1>; rel="prev", </s/next>; rel="self"'}),
        ({"items": [{"has_more": True, "next": "x"}]}, {}),
    ],
)
def test_a_last_page_is_the_last(content: Any, headers: dict[str, str]) -> None:
    assert announced(content, headers=headers).more == ""


def test_a_next_of_the_description_is_not_gainsaid_by_another_key() -> None:
    page = {"items": [], "paging": {"next": None}, "next_cursor": "for later"}
    assert announced(page, follows_next=True).more == ""
    assert announced(page).more


@pytest.mark.parametrize(
    ("url", "count", "is_cut"),
    [
        ("http://x/s?limit=100", 100, True),
        ("http://x/s?page[size]=37", 37, True),
        ("http://x/s?$top=1000", 1000, True),
        ("http://x/s?page=1", 25, True),
        ("http://x/s?page=1", 250, True),
        ("http://x/s?page=1", 37, False),
        ("http://x/s?limit=100", 99, False),
        ("http://x/s?limit=100", 0, False),
        ("http://x/s", 100, False),
        ("http://x/s?warehouse=100", 100, False),
    ],
)
def test_a_full_page_of_an_address_with_pages_looks_cut(
    url: str, count: int, *, is_cut: bool
) -> None:
    assert bool(announcements.looks_cut(url, count)) is is_cut
