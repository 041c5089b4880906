"""What of an answer is which field, where its records are, and how that is written down."""

import tomllib

import pytest

from sync.describing import names, paging, record_lists
from sync.describing.fields import FieldChoice, choose
from sync.describing.paging import SeenAnswer
from sync.describing.record_lists import expression
from sync.describing.seen import scan
from sync.describing.toml_text import TomlTable, safe, table_lines, value_text


def chosen(*records: dict[str, object]) -> FieldChoice:
    return choose(scan(records), expression)


def paths(choice: FieldChoice) -> dict[str, str]:
    return {name: expression(found.place.path) for name, found in choice.fields.items()}


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ({"sku": "A", "available": 1}, {"sku": "sku", "available": "available"}),
        ({"SKU": "A", "Qty": "1"}, {"sku": "SKU", "available": "Qty"}),
        (
            {"sellerSku": "A", "inventoryDetails": {"fulfillableQuantity": 3}, "totalQuantity": 5},
            {"sku": "sellerSku", "available": "inventoryDetails.fulfillableQuantity"},
        ),
        (
            {"partner_sku": "A", "num_in_stock": 3, "num_allocated": 1},
            {"sku": "partner_sku", "on_hand": "num_in_stock", "committed": "num_allocated"},
        ),
        (
            {"default_code": "A", "free_qty": 3.0, "qty_available": 4.0, "id": 7},
            {"sku": "default_code", "available": "qty_available", "ref": "id"},
        ),
        (
            {"Artikel-Nr": "A", "Lagerbestand": 4},
            {"sku": '"Artikel-Nr"', "available": "Lagerbestand"},
        ),
        ({"name": "Kettle", "colour": "red"}, {"title": "name"}),
        ({"sku": "A", "quantity": {"deep": {"er": {"than": {"this": 1}}}}}, {"sku": "sku"}),
        ({"sku": "A", "available": "twelve"}, {"sku": "sku"}),
    ],
)
def test_fields_are_found_by_their_names_and_values(
    record: dict[str, object], fields: dict[str, str]
) -> None:
    assert paths(chosen(record)) == fields


def test_a_location_is_taken_where_a_sku_is_there_several_times() -> None:
    rows: list[dict[str, object]] = [
        {"sku": sku, "available": 1, "source_code": place} for sku in "AB" for place in ("x", "y")
    ]
    assert paths(chosen(*rows))["location"] == "source_code"
    assert chosen(*rows).fields["sku"].is_sure
    alone = chosen(*rows[::2])
    assert "location" not in alone.fields
    assert "it is left out, as each SKU is there once" in alone.notes[0]


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("unlimited", "uncounted"),
        ("Not stocked", "absent"),
        ("SOLD OUT", "0"),
        (">100", "at least 100"),
        ("50+", "at least 50"),
        ("more than 7", "at least 7"),
        ("soon", None),
        ("12", None),
    ],
)
def test_words_for_numbers_are_known(word: str, meaning: str | None) -> None:
    assert names.number_of(word) == meaning


@pytest.mark.parametrize(
    ("content", "items", "each"),
    [
        ([{"sku": "A", "available": 1}], "@", None),
        ({"data": {"rows": [{"sku": "A", "qty": 1}], "users": [{"id": 1}]}}, "data.rows", None),
        ({"a b": [{"sku": "A", "qty": 1}]}, '"a b"', None),
        (
            {"products": [{"id": 1, "variants": [{"sku": "A", "stock": 1}]}]},
            "products",
            {"items": "variants"},
        ),
        ({"stock": {"A-1": {"qty": 1}, "B-2": {"qty": 2}}}, "[@]", {"keys": "stock"}),
        ({"A-1": 1, "B-2": 2}, "[@]", {"keys": "@"}),
    ],
)
def test_the_records_are_found(content: object, items: str, each: dict[str, str] | None) -> None:
    found = record_lists.best(content)

    assert found is not None
    assert (found.items, found.each) == (items, each)
    assert found.choice.is_enough or (each or {}).get("keys")


@pytest.mark.parametrize("content", [None, 5, "text", [], {}, [1, 2], {"status": "ok"}, [[]]])
def test_what_has_no_records_has_none(content: object) -> None:
    assert record_lists.best(content) is None


ROWS = [{"sku": f"S-{n}", "qty": n} for n in range(20)]
CURSOR = {"endCursor": "abc", "hasNextPage": True}


@pytest.mark.parametrize(
    ("url", "content", "headers", "keys"),
    [
        ("/s", {"rows": ROWS, "next": "/s?page=2"}, {}, {"next": "next"}),
        (
            "/s",
            {"rows": ROWS, "links": {"next": {"href": "/s?p=2"}}},
            {},
            {"next": "links.next.href"},
        ),
        ("/s", {"rows": ROWS}, {"link": '</s?page=2>; rel="next"'}, {"paging": {"by": "link"}}),
        (
            "/s?page=0&limit=20",
            {"rows": ROWS, "total": 90},
            {},
            {"paging": {"by": "page", "param": "page", "size": {"value": 20}, "first": 0}},
        ),
        (
            "/s",
            {"rows": ROWS, "pagination": {"skip": 0, "limit": 20, "total": 90}},
            {},
            {"paging": {"by": "offset", "param": "skip", "size": {"value": 20}}},
        ),
        (
            "/s",
            {"rows": ROWS, "next_page_token": "abc"},
            {},
            {"paging": {"by": "cursor", "param": "page_token", "cursor": "next_page_token"}},
        ),
        (
            "/s",
            {"rows": ROWS, "page": CURSOR},
            {},
            {
                "paging": {
                    "by": "cursor",
                    "param": "after",
                    "cursor": "page.endCursor",
                    "more": "page.hasNextPage",
                }
            },
        ),
        ("/s", {"rows": ROWS}, {}, {}),
    ],
)
def test_the_likeliest_way_to_the_next_page_comes_first(
    url: str, content: object, headers: dict[str, str], keys: dict[str, object]
) -> None:
    answer = SeenAnswer(f"https://shop.example{url}", content, headers)
    found = record_lists.best(content)
    assert found is not None

    signs = paging.signs(answer, found)

    assert signs.ways[0].keys == keys
    assert signs.ways[-1].keys == {}


@pytest.mark.parametrize(
    ("variables", "filled", "by"),
    [
        ({"page": 1}, {"page": "$page"}, "page"),
        (
            {"options": {"take": 20, "skip": 0}},
            {"options": {"take": 20, "skip": "$offset"}},
            "offset",
        ),
        (
            {"f": [{"key": "limit", "value": "20"}, {"key": "page", "value": "1"}]},
            {"f": [{"key": "limit", "value": "20"}, {"key": "page", "value": "$page"}]},
            "page",
        ),
    ],
)
def test_a_page_s_number_in_a_body_is_found(
    variables: dict[str, object], filled: dict[str, object], by: str
) -> None:
    content = {"data": {"rows": ROWS, "total": 90}}
    body = {"query": "{ rows }", "variables": variables}
    found = record_lists.best(content)
    assert found is not None

    way = paging.signs(SeenAnswer("https://shop.example/g", content, {}, "POST", body), found).ways[
        0
    ]

    assert way.keys == {"paging": {"by": by}}
    assert way.body == {"query": "{ rows }", "variables": filled}


def test_a_next_page_on_another_server_is_not_followed_and_named() -> None:
    content = {"rows": ROWS, "next": "https://evil.example/s?page=2"}
    found = record_lists.best(content)
    assert found is not None

    signs = paging.signs(SeenAnswer("https://shop.example/s", content), found)

    assert all("next" not in way.keys for way in signs.ways)
    assert signs.notes == ['`next` leads to another server, "evil.example": it is not followed']


def test_whatever_is_written_is_toml_again() -> None:
    odd = 'a "b" \\ \n\t\x00\x7f\u202e\ud800 ü 🙂 [x] # y'
    table = TomlTable({odd: odd, "n": 1, "t": True, "l": [odd, {"k": odd}], "in": TomlTable()})
    table.remarks["n"] = f"{odd}\n[evil]"

    text = "\n".join(table_lines(("channels", "shop"), table))

    whole = odd.replace("\ud800", "\ufffd")
    found = tomllib.loads(text)["channels"]["shop"]
    assert found == {whole: whole, "n": 1, "t": True, "l": [whole, {"k": whole}], "in": {}}
    assert "\x00" not in safe(odd)
    assert value_text({"a": None}) == "{}"
