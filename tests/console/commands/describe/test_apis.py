"""An API is described from what it answers."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.loopback import Answer, ReceivedRequest, serving

COUNT = 55


def asked_for(asked: ReceivedRequest, name: str, default: int) -> int:
    found = parse_qs(urlsplit(asked.path).query).get(name)
    return int(found[0]) if found else default


def link_only(asked: ReceivedRequest, url: str) -> Answer:
    """The pages are in the Link header, the total beside it."""
    page = asked_for(asked, "page", 1)
    rows = [{"sku": f"S-{n}", "qty": n} for n in range(COUNT)]
    headers = {"X-Total-Count": str(COUNT)}
    if page * 20 < COUNT:
        headers["Link"] = f'<{url}/stock?page={page + 1}>; rel="next"'
    return Answer(rows[(page - 1) * 20 : page * 20], headers=headers)


def woocommerce(asked: ReceivedRequest, _url: str) -> Answer:
    """Pages by number, totals in headers; the draft and the untracked are in it, too."""
    size, page = asked_for(asked, "per_page", 10), asked_for(asked, "page", 1)
    rows = [
        {
            "id": n,
            "name": f"Product {n}",
            "status": "draft" if n % 9 == 8 else "publish",
            "sku": f"W-{n}",
            "price": "9.50",
            "manage_stock": n % 5 != 0,
            "stock_quantity": n if n % 5 else None,
            "stock_status": "instock",
            "date_modified_gmt": "2026-11-01T09:00:00",
            "images": [{"id": 1, "name": "x"}],
        }
        for n in range(COUNT)
    ]
    headers = {"X-WP-Total": str(COUNT), "X-WP-TotalPages": str(-(-COUNT // size))}
    return Answer(rows[(page - 1) * size : page * size], headers=headers)


def medusa(asked: ReceivedRequest, _url: str) -> Answer:
    """Each item has its levels, one a location; the list goes on by offset."""
    size, offset = asked_for(asked, "limit", 20), asked_for(asked, "offset", 0)
    rows = [
        {
            "id": f"iitem_{n}",
            "sku": f"M-{n}",
            "stocked_quantity": 2 * n,
            "location_levels": [
                {
                    "id": f"{n}{place}",
                    "location_id": f"sloc_{place}",
                    "stocked_quantity": n,
                    "reserved_quantity": 1,
                    "available_quantity": n - 1,
                }
                for place in "AB"
            ],
        }
        for n in range(COUNT)
    ]
    page = rows[offset : offset + size]
    return Answer({"inventory_items": page, "count": COUNT, "offset": offset, "limit": size})


def graphql(asked: ReceivedRequest, _url: str) -> Answer:
    """Asked with POST; the next page by a cursor in its variables."""
    if asked.method != "POST":
        return Answer({"errors": [{"message": "use POST"}]}, 405)
    after = int((asked.json.get("variables") or {}).get("after") or 0)
    rows = [{"sku": f"G-{n}", "stock": {"onHand": n}} for n in range(COUNT)]
    info = {"hasNextPage": after + 20 < COUNT, "endCursor": str(after + 20)}
    return Answer({"data": {"stocks": {"nodes": rows[after : after + 20], "pageInfo": info}}})


def by_sku(_asked: ReceivedRequest, _url: str) -> Answer:
    """An object whose keys are the SKUs."""
    return Answer({"stock": {f"KET-{n}": {"qty": n} for n in range(COUNT)}})


def next_url(asked: ReceivedRequest, url: str) -> Answer:
    """The next page's address is in the body, and the SKU is a number."""
    page = asked_for(asked, "page", 1)
    rows = [{"article": 1000 + n, "num_in_stock": n, "num_allocated": 1} for n in range(COUNT)]
    leads = f"{url}/records?page={page + 1}" if page * 20 < COUNT else None
    return Answer({"count": COUNT, "next": leads, "results": rows[(page - 1) * 20 : page * 20]})


def unasked(asked: ReceivedRequest, _url: str) -> Answer:
    """More follow, and no parameter leads to them."""
    del asked
    rows = [{"sku": f"U-{n}", "available": n} for n in range(20)]
    return Answer({"items": rows, "total": COUNT})


APIS: list[tuple[Callable[[ReceivedRequest, str], Answer], list[str], int, dict[str, Any]]] = [
    (link_only, [], COUNT, {"items": "@", "paging": {"by": "link"}}),
    (
        woocommerce,
        [],
        COUNT,
        {
            "total": "header:X-Wp-Total",
            "states": {"publish": "active", "draft": "disabled"},
            "paging": {"by": "page", "param": "page", "size": {"param": "per_page", "value": 100}},
        },
    ),
    (medusa, [], 2 * COUNT, {"each": {"items": "location_levels"}, "total": "count"}),
    (
        graphql,
        ["--body", json.dumps({"query": "query($after: String) { stocks(after: $after) { x } }"})],
        COUNT,
        {"method": "POST", "fields": {"sku": "sku", "on_hand": "stock.onHand"}},
    ),
    (by_sku, [], COUNT, {"each": {"keys": "stock"}}),
    (
        next_url,
        [],
        COUNT,
        {
            "next": "next",
            "fields": {
                "sku": "to_string(article)",
                "on_hand": "num_in_stock",
                "committed": "num_allocated",
            },
        },
    ),
]


@pytest.mark.parametrize(
    ("answer", "extra", "count", "keys"), APIS, ids=[case[0].__name__ for case in APIS]
)
def test_what_is_proposed_of_an_api_is_checked_and_polled_whole(
    answer: Callable[[ReceivedRequest, str], Answer],
    extra: list[str],
    count: int,
    keys: dict[str, Any],
    desk: Path,
    skew: Any,
) -> None:
    urls: list[str] = []
    with serving(lambda asked: answer(asked, urls[0])) as api:
        urls.append(api.url)
        ran = skew("describe", f"{api.url}/stock", *extra)

        assert (ran.code, ran.err) == (0, "")
        assert {asked.method for asked in api.asked} == {"POST" if extra else "GET"}
        described = tomllib.loads(ran.out)["channels"]["shop"]
        assert {key: described[key] for key in keys} == keys
        (desk / "skew.toml").write_text('[authority]\nquantity = "shop"\n' + ran.out)
        assert skew("check").code == 0
        assert skew("check", "--online").code == 0
        polled = skew("poll", "--json")

    assert polled.code == 0, polled.out
    assert json.loads(polled.out)["polls"][0]["listings"] == count


def test_a_way_to_the_next_page_that_leads_nowhere_is_taken_back(skew: Any) -> None:
    with serving(lambda asked: unasked(asked, "")) as api:
        ran = skew("describe", f"{api.url}/stock")

    assert ran.code == 0
    assert "paging" not in tomllib.loads(ran.out)["channels"]["shop"]
    assert "tried and taken back: paging by page, page: page 2 has what page 1 has" in ran.out
    assert "more pages follow, and no way to ask for them was found" in ran.out


def test_beside_each_key_stands_what_was_seen_and_a_guess_is_called_one(skew: Any) -> None:
    rows: list[dict[str, object]] = [
        {"sku": f"S-{n}", "stock": {"qty": n} if n > 2 else {}, "state": "odd"} for n in range(60)
    ]
    rows[5]["stock"] = {"qty": ">100"}
    with serving(lambda _asked: Answer({"rows": rows})) as api:
        ran = skew("describe", f"{api.url}/stock", "--name", "till", "--whole")

    whole = tomllib.loads(ran.out)
    assert whole["authority"] == {"quantity": "till"}
    assert whole["channels"]["till"]["words"] == {">100": "at least 100"}
    lines = ran.out.splitlines()
    (sku,) = (line for line in lines if line.startswith("sku"))
    (available,) = (line for line in lines if line.startswith("available"))
    assert 'found in 60 of 60: "S-0", "S-1", "S-2", …' in sku
    assert "guess: by the name `qty`; found in 57 of 60" in available
    assert "# not found, and not needed: location, state, price, updated_at" in lines
    assert any('its "odd" are not known as states here' in line for line in lines)


def test_where_no_quantity_is_found_it_says_so_and_pastes_harmlessly(skew: Any) -> None:
    with serving(lambda _asked: Answer([{"sku": "A", "colour": "red"}] * 3)) as api:
        ran = skew("describe", f"{api.url}/stock")

    assert ran.code == 1
    assert "# NOT FOUND: a quantity; add it to `fields` as available = … or on_hand = …" in ran.out
    assert "# a record has: sku, colour" in ran.out
    assert tomllib.loads(ran.out) == {}


def test_hostile_answers_are_data(skew: Any) -> None:
    rows = [
        {
            "sku": f"A-{n}",
            "qty": n,
            'x"\n[channels.evil]\nkind = "csv"': 1,
            "title": '\x1b]0;owned\x07\n[channels.evil]\nkind = "csv" #',
            "na\u202eme": "x",
            "state": "on\n[skew]",
        }
        for n in range(12)
    ]
    with serving(lambda _asked: Answer({"it\"ems'\n": rows, "it's": rows})) as api:
        ran = skew("describe", f"{api.url}/stock")

    assert ran.code == 0
    assert list(tomllib.loads(ran.out)) == ["channels"]
    assert list(tomllib.loads(ran.out)["channels"]) == ["shop"]
    assert all(character.isprintable() or character == "\n" for character in ran.out)


def test_a_secret_is_a_place_and_never_shown(
    desk: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret-k3y")
    (desk / "key").write_text("s3cret-k3y")

    def answer(asked: ReceivedRequest) -> Answer:
        if asked.headers.get("authorization") != "Bearer s3cret-k3y":
            return Answer({"message": "who are you?"}, 401)
        return Answer([{"sku": "A", "available": 1}])

    with serving(answer) as api:
        for place, written in (
            ("env:SHOP_KEY", {"env": "SHOP_KEY"}),
            ("file:key", {"file": "key"}),
        ):
            ran = skew("describe", f"{api.url}/stock", "--token", place)
            assert ran.code == 0
            assert tomllib.loads(ran.out)["channels"]["shop"]["token"] == written
            assert "s3cret" not in ran.out + ran.err
        refused = skew("describe", f"{api.url}/stock")
        typed = skew("describe", f"{api.url}/stock", "--token", "s3cret-k3y")
        in_url = skew("describe", f"{api.url}/stock?api_key=s3cret-k3y")

    assert (refused.code, "answered 401" in refused.err) == (1, True)
    assert typed.code == 2
    assert "--token takes no secret itself: say where it is: env:NAME" in typed.err
    assert in_url.code == 2
    assert "s3cret" not in typed.err + in_url.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing.csv"], 2, "nothing.csv not found; write a URL, a file, or a database's URL"),
        (["http://127.0.0.1:9/x"], 1, "cannot be reached"),
        (["http://127.0.0.1:9/x", "--body", "{"], 2, "--body is not JSON"),
        (["http://127.0.0.1:9/x", "--header", "Accept"], 2, "is written 'X-Auth-Token: env:"),
        (["http://127.0.0.1:9/x", "--auth", "basic"], 2, "--auth is not TOML"),
        (["sftp://files.example/stock.csv"], 2, "copy the file here first"),
        (["env:NO_SUCH_DB"], 2, "the environment variable NO_SUCH_DB is not set"),
        (["postgresql://ana:s3cret@127.0.0.1:9/db"], 2, "url must not hold a password"),
        (["sqlite:///gone.db"], 1, "gone.db not found"),
    ],
)
def test_what_cannot_be_looked_at_is_named(
    arguments: list[str], code: int, words: str, skew: Any
) -> None:
    ran = skew("describe", *arguments)

    assert ran.code == code
    assert words in ran.err
    assert "s3cret" not in ran.err
    assert ran.out == ""


def test_an_answer_that_is_no_list_of_records_is_named(skew: Any) -> None:
    answers = iter([Answer({"status": "ok"}), Answer(b"<html>Sign in</html>"), Answer({"a": [1]})])
    with serving(lambda _asked: next(answers)) as api:
        first, second = (skew("describe", f"{api.url}/x") for _ in range(2))
        third = skew("describe", f"{api.url}/x", "--items", "a[")

    assert "no list of records was found in an object with status" in first.err
    assert "is not JSON" in second.err
    assert '"<html>Sign in</html>"' in second.err
    assert (third.code, "--items: is not JMESPath" in third.err) == (2, True)


def test_an_error_in_an_answer_of_success_is_in_its_words(skew: Any) -> None:
    errors = {"errors": [{"message": 'Cannot query field "stok"'}], "data": None}
    with serving(lambda _asked: Answer(errors)) as api:
        ran = skew("describe", f"{api.url}/graphql", "--body", '{"query": "{ stok }"}')

    assert (ran.code, ran.out) == (1, "")
    assert 'answered with an error: Cannot query field "stok"' in ran.err


def test_the_records_can_be_named(skew: Any) -> None:
    content = {"stock": [{"sku": "A", "available": 1}], "other": [{"sku": "B", "available": 2}]}
    with serving(lambda _asked: Answer(content)) as api:
        ran = skew("describe", f"{api.url}/x", "--items", "other")

    assert tomllib.loads(ran.out)["channels"]["shop"]["items"] == "other"
