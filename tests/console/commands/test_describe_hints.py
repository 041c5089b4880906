"""`skew describe`: what it says where the answer alone is not enough, or is not what was meant."""

import gzip
import json
import os
import time
import tomllib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Answer, Loopback, serving

LISTED = [{"sku": f"S-{n}", "available": n} for n in range(30)]


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKEW_CONFIG", raising=False)
    return tmp_path


def always(answer: Answer) -> AbstractContextManager[Loopback]:
    return serving(lambda _asked: answer)


def drop(path: Path, content: bytes, age_s: float) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    then = time.time() - age_s
    os.utime(path, (then, then))


def test_who_did_not_sign_in_is_told_how(skew: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret-k3y")
    answers = [
        Answer({"message": "who are you?"}, 401),
        Answer({"message": "not for you"}, 403),
        Answer({"success": False, "message": "API key expired"}),
    ]
    for answer in answers:
        with always(answer) as api:
            unsigned = skew("describe", f"{api.url}/x", "--header", "Accept: application/json")
            signed = skew("describe", f"{api.url}/x", "--header", "X-Key: env:SHOP_KEY")

        words = json.loads(json.dumps(answer.body))["message"]
        assert (unsigned.code, signed.code) == (1, 1)
        assert words in unsigned.err
        assert "No credential was given: sign in with --token env:NAME" in unsigned.err
        assert words in signed.err
        assert "--token" not in signed.err


@pytest.mark.parametrize(
    "content",
    [
        {"errors": [{"message": "API key expired"}], "data": None},
        {"success": False, "message": "API key expired"},
    ],
)
def test_a_saved_answer_that_is_an_error_is_shown_as_one(
    content: object, desk: Path, skew: Any
) -> None:
    (desk / "a.json").write_text(json.dumps(content))

    ran = skew("describe", "a.json")

    assert (ran.code, ran.out) == (1, "")
    assert 'it is an error, not a list: "API key expired' in ran.err


def test_the_address_of_a_saved_answer_is_marked_where_nobody_gave_it(
    desk: Path, skew: Any
) -> None:
    (desk / "a.json").write_text(json.dumps(LISTED))

    marked = skew("describe", "a.json")
    given = skew("describe", "a.json", "--url", "https://shop.test/v1")

    (url,) = (line for line in marked.out.splitlines() if line.startswith("url = "))
    assert "# FILL IN: where this answer is from" in url
    assert "# check: `url` is a placeholder" in marked.out
    assert "GET https://shop.example" not in marked.out
    assert "FILL IN" not in given.out
    assert "GET https://shop.test/v1" in given.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "the list is empty: ask where it has records"),
        ({"data": {"products": []}}, "the list `data.products` is empty"),
    ],
)
def test_an_empty_list_is_called_empty(content: object, words: str, skew: Any) -> None:
    with serving(lambda _asked: Answer(content)) as api:
        ran = skew("describe", f"{api.url}/x")

    assert ran.code == 1
    assert words in ran.err


def test_a_full_page_is_suspicious_only_where_no_total_says_otherwise(skew: Any) -> None:
    answers: list[object] = [{"rows": LISTED, "total": 30}, {"rows": LISTED}]
    for content, is_said in zip(answers, (False, True), strict=True):
        with always(Answer(content)) as api:
            ran = skew("describe", f"{api.url}/x")

        assert ran.code == 0
        assert ("there may be more pages" in ran.out) is is_said


def test_an_address_that_a_description_has_names_it_first(skew: Any) -> None:
    rows = [
        {"id": n, "sku": f"W-{n}", "stock_quantity": n, "variations": [7] if n > 8 else []}
        for n in range(9, 12)
    ]
    with serving(lambda _asked: Answer(rows)) as api:
        ran = skew("describe", f"{api.url}/blog/wp-json/wc/v3/products?per_page=5")
        other = skew("describe", f"{api.url}/v3/products")

    first = ran.out.splitlines()[0]
    assert f"skew init --from woocommerce --url {api.url}/blog, or" in first
    assert f'use = "woocommerce" and url = "{api.url}/blog"' in first
    assert "woocommerce" not in other.out
    assert "`variations` leads to children that are not in this answer (in 3 of 3" in other.out


def test_an_address_that_a_description_has_names_it_also_where_it_is_refused(skew: Any) -> None:
    with serving(lambda _asked: Answer({"message": "no"}, 401)) as api:
        ran = skew("describe", f"{api.url}/wp-json/wc/v3/products")

    assert f"skew init --from woocommerce --url {api.url}" in ran.err


@pytest.mark.parametrize(
    "content",
    [[{"sku": "A", "available": 1, "stockrecords": 5}], {"results": [{"sku": "A", "qty": 1}, 5]}],
)
def test_an_answer_of_another_shape_is_not_taken_for_a_description_s(
    content: object, skew: Any
) -> None:
    with always(Answer(content)) as api:
        ran = skew("describe", f"{api.url}/api/admin/products/")

    assert (ran.code, ran.err) == (0, "")
    assert "skew init" not in ran.out


def test_a_folder_of_full_lists_and_changes_is_seen_as_one(desk: Path, skew: Any) -> None:
    full = "Artikel-Nr;Verfügbar;VK-Preis;Geändert;Regal\n" + "".join(
        f"K-{n};{n};{n},50;2026-11-29 21:15;R{n}\n" for n in range(1, 61)
    )
    head = full.splitlines()[0]
    drop(desk / "in" / "full-1.csv", full.encode(), 900)
    drop(desk / "in" / "full-2.csv.gz", gzip.compress(f"{full}Summe;;;;\n".encode()), 600)
    drop(desk / "in" / "changes-8.csv", f"{head}\nK-7;1.000;7,50;2026-11-30 04:01;R7\n".encode(), 9)

    ran = skew("describe", "in")

    assert ran.code == 0, ran.err
    described = tomllib.loads(ran.out)["channels"]["warehouse"]
    assert described == {
        "kind": "csv",
        "path": "in",
        "full": "full-*.csv*",
        "changes": "changes-*.csv",
        "decimal": ",",
        "columns": {
            "sku": "Artikel-Nr",
            "available": "Verfügbar",
            "price": "VK-Preis",
            "updated_at": "Geändert",
        },
    }
    assert "full-2.csv.gz: 60 rows and a totals row, looked at" in ran.out
    assert '"full-2.csv.gz" is its newest full list' in ran.out
    assert "found in 60 of 60: " in ran.out
    assert "null in" not in ran.out
    assert "# columns left over: Regal" in ran.out
    (desk / "skew.toml").write_text('[authority]\nquantity = "warehouse"\n' + ran.out)
    assert skew("check").code == 0
    polled = json.loads(skew("poll", "--json").out)
    assert polled["polls"][0]["listings"] == 60


def test_changes_alone_are_named(desk: Path, skew: Any) -> None:
    drop(desk / "in" / "delta-1.csv", b"sku,available\nA,1\n", 60)

    ran = skew("describe", "in")

    assert ran.code == 0
    assert 'by its name, "delta-1.csv" holds only what changed' in ran.out


def test_lists_inside_are_shown_where_something_is_not_found(skew: Any) -> None:
    rows = [{"id": n, "name": "P", "variants": [{"id": n, "sku": f"V-{n}"}]} for n in range(3)]
    with serving(lambda _asked: Answer(rows)) as api:
        ran = skew("describe", f"{api.url}/x")

    assert ran.code == 1
    assert "# a record has a list `variants` of: id, sku (3 items)" in ran.out
    assert tomllib.loads(ran.out) == {}
