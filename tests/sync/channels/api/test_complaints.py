"""An error in the body of an answer of success: what is one, what only looks like one."""

from typing import Any

import pytest

from sync.channels.api import complaints
from sync.channels.api.complaints import Trouble

RECORD = {"sku": "A-1", "qty": 3}


def items_of(content: Any) -> Any:
    return content.get("items") if isinstance(content, dict) else content


@pytest.mark.parametrize(
    ("content", "words", "trouble"),
    [
        ({"items": None, "errors": [{"message": "Throttled"}]}, "Throttled", Trouble.THROTTLED),
        ({"items": [], "errors": [{"message": "backend timed out"}]}, "timed out", Trouble.PASSING),
        ({"items": [], "error": "index is rebuilt"}, "index is rebuilt", Trouble.OTHER),
        ({"items": [RECORD], "error": {"message": "half"}}, "half", Trouble.OTHER),
        ({"items": [], "error": True, "message": "no db", "code": 503}, "no db", Trouble.PASSING),
        ({"items": [], "errors": 2}, "errors: 2", Trouble.OTHER),
        ({"items": [], "success": False, "message": "no db"}, "no db", Trouble.OTHER),
        ({"status": "error", "message": "no such view"}, "no such view", Trouble.OTHER),
        ({"data": {"p": {"items": [], "userErrors": [{"message": "odd"}]}}}, "odd", Trouble.OTHER),
        ({"data": {"p": {"errorCode": "NOPE", "message": "odd"}}}, "odd (NOPE)", Trouble.OTHER),
        ({"data": None, "errors": [{"message": "x", "extensions": {"code": "THROTTLED"}}]},
         "x (THROTTLED)", Trouble.THROTTLED),
        ({"error": "invalid_token", "error_description": "it expired"}, "invalid_token: it expired",
         Trouble.NOT_SIGNED_IN),
        ({"code": "rest_cannot_view", "message": "Sorry.", "data": {"status": 401}},
         "Sorry. (rest_cannot_view, 401)", Trouble.NOT_SIGNED_IN),
        ({"items": [RECORD], "code": 429, "message": "wait"}, "wait (429)", Trouble.THROTTLED),
        ({"items": [], "code": 1001, "message": "view is locked"}, "view is locked (1001)",
         Trouble.OTHER),
        ({"fault": {"faultstring": "Rate limit quota violation"}}, "Rate limit", Trouble.THROTTLED),
        ([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}], "Session expired",
         Trouble.NOT_SIGNED_IN),
        ({"error": {"code": 200, "message": "Server Error", "data": {"message": "Odd"}}},
         "Server Error", Trouble.OTHER),
    ],
)  # fmt: skip
def test_an_error_in_a_page_is_found_in_every_usual_shape(
    content: Any, words: str, trouble: Trouble
) -> None:
    found = complaints.of_page(content, items_of(content))
    assert found is not None
    assert words in found.words
    assert found.trouble is trouble


@pytest.mark.parametrize(
    "content",
    [
        {"items": [], "errors": []},
        {"items": [RECORD], "error": None},
        {"items": [RECORD], "error": "", "message": ""},
        {"items": [RECORD], "error": {"code": 0, "message": ""}},
        {"items": [RECORD], "errors": {"sku": []}},
        {"items": [], "error": False, "success": True},
        {"code": 0, "message": "success", "items": []},
        {"code": "200", "message": "OK", "items": [RECORD]},
        {"items": [RECORD], "message": "Welcome", "code": "WINTER"},
        {"items": [{**RECORD, "error": "low", "message": "a gift", "code": "X"}]},
        [{**RECORD, "error": "low"}],
        [{"code": "A-1", "description": "Kettle", "qty": 3}],
        {"items": [RECORD], "status": "ok"},
        [],
    ],
)
def test_what_only_looks_like_an_error_is_none(content: Any) -> None:
    assert complaints.of_page(content, items_of(content)) is None


def test_a_message_where_a_list_belongs_is_worth_showing_and_no_more() -> None:
    found = complaints.of_page({"message": "Welcome", "things": [1]}, None)
    assert found is not None
    assert (found.words, found.is_sure) == ("Welcome", False)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"update": [{"id": 1, "error": {"code": "invalid_id", "message": "Invalid ID."}}]},
         "Invalid ID. (invalid_id)"),
        ({"data": {"set": {"userErrors": [{"code": "NEGATIVE", "message": "below 0"}]}}},
         "below 0 (NEGATIVE)"),
        ({"responses": [{"statusCode": 400, "errors": [{"message": "taken"}]}]}, "taken"),
        ({"results": [{"sku": "A-1", "error": "unknown SKU"}]}, "unknown SKU"),
        ({"errors": {"quantity": ["must not be negative"]}}, "quantity: must not be negative"),
        ({"code": 1001, "message": "stock locked"}, "stock locked (1001)"),
        ({"ok": False, "error": "ratelimited"}, "ratelimited"),
    ],
)  # fmt: skip
def test_an_error_after_a_write_is_found_in_its_one_entry_too(content: Any, words: str) -> None:
    found = complaints.of_write(content)
    assert found is not None
    assert found.words == words


@pytest.mark.parametrize(
    "content",
    [
        RECORD,
        {"status": "ACCEPTED", "submission": 1},
        {"code": "UPDATED", "message": "Stock updated"},
        {"code": "A-1", "message": "a gift card", "qty": 3},
        {"code": 1, "message": "Operation successful"},
        {"update": [{"id": 1, "stock_quantity": 3}]},
        {"product": {"sku": "A-1", "error": "low stock"}},
        {"errors": [], "error": None},
        [],
        None,
        "done",
    ],
)
def test_an_answer_that_repeats_the_article_is_no_error(content: Any) -> None:
    assert complaints.of_write(content) is None


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        ({"error": "slow down, try again in 2 s"}, 2),
        ({"error": "slow down, try again in 1500 ms"}, 1.5),
        ({"error": "slow down, wait 3 minutes"}, 180),
        ({"error": {"message": "slow down", "retry_after": 7}}, 7),
        ({"errors": [{"message": "slow down", "extensions": {"retryAfter": 4}}]}, 4),
        ({"error": "slow down"}, None),
    ],
)
def test_how_long_to_wait_is_read_where_it_is_said(content: Any, seconds: float | None) -> None:
    found = complaints.of_page(content, None)
    assert found is not None
    assert found.retry_after_s == seconds


def test_a_body_without_end_or_bottom_costs_nothing() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = {"error": [deep]}
    found = complaints.of_page(deep, None)
    assert found is not None
    wide = {"items": [], "errors": [{"message": "x" * 1_000_000}] * 5}
    found = complaints.of_page(wide, [])
    assert found is not None
