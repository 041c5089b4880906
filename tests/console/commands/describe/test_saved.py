"""An answer that was saved, a file and a database are described."""

import json
import os
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from tests.loopback import Answer, serving


def test_an_answer_that_was_saved_is_described_without_asking(desk: Path, skew: Any) -> None:
    saved = {"items": [{"sku": "24-MB01", "source_code": "default", "quantity": 100}]}
    (desk / "answer.json").write_text(json.dumps(saved))

    ran = skew("describe", "answer.json", "--url", "https://shop.example/rest/V1/source-items")

    assert ran.code == 0
    described = tomllib.loads(ran.out)["channels"]["shop"]
    assert described["url"] == "https://shop.example/rest/V1/source-items"
    assert "nothing was tried: this is an answer that was saved" in ran.out


@pytest.fixture
def quiet(desk: Path) -> Callable[[str, str], None]:
    """Drop a file that nobody writes any more."""

    def drop(name: str, content: str) -> None:
        path = desk / name
        path.write_text(content, encoding="utf-8")
        then = time.time() - 60
        os.utime(path, (then, then))

    return drop


def test_a_file_with_titles_above_its_heading_is_described(
    desk: Path, skew: Any, quiet: Callable[[str, str], None]
) -> None:
    quiet(
        "lager.csv",
        "Bericht vom 30.11.2026\n\nArtikel-Nr;Bezeichnung;Bestand\n"
        "K-1;Kessel;12\nK-2;Tasse;ausverkauft\n",
    )

    ran = skew("describe", "lager.csv")

    assert ran.code == 0
    described = tomllib.loads(ran.out)["channels"]["warehouse"]
    assert described == {
        "kind": "csv",
        "path": "lager.csv",
        "columns": {"sku": "Artikel-Nr", "available": "Bestand", "title": "Bezeichnung"},
        "words": {"ausverkauft": "0"},
    }
    (desk / "skew.toml").write_text('[authority]\nquantity = "warehouse"\n' + ran.out)
    assert skew("check").code == 0
    assert skew("poll").code == 0


def test_a_file_s_numbers_are_read_as_they_are_written(
    skew: Any, quiet: Callable[[str, str], None]
) -> None:
    rows = "".join(f"SCREW-M{n};{n}.000;0,0{n}\n" for n in range(1, 9))
    quiet("lager.csv", f"Artikel;Bestand;Preis\n{rows}BOLT-8;40;1.100,10\n")

    ran = skew("describe", "lager.csv")

    described = tomllib.loads(ran.out)["channels"]["warehouse"]
    assert described["columns"] == {"sku": "Artikel", "available": "Bestand", "price": "Preis"}
    assert described["decimal"] == ","
    assert "page 1 was read by this: 9 listings" in ran.out
    assert "can't be read" not in ran.out


def test_a_database_is_described_by_the_tables_that_look_like_stock(desk: Path, skew: Any) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{desk}/shop.db")
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)",
            "CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT, name TEXT)",
            'CREATE TABLE levels (id INT, "on hand" INT, of INT REFERENCES products(id))',
            "INSERT INTO products VALUES (1, 'A-1', 'Kettle'), (2, 'B-2', 'Cup')",
            "INSERT INTO levels VALUES (7, 4, 1), (8, 0, 2)",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()

    ran = skew("describe", "shop.db")

    assert ran.code == 0, ran.err
    described = tomllib.loads(ran.out)["channels"]["database"]
    assert described["url"] == "sqlite:///shop.db"
    assert described["columns"]["on_hand"] == "on hand"
    assert "JOIN products p ON p.id = s." in described["select"]
    (desk / "skew.toml").write_text('[authority]\nquantity = "database"\n' + ran.out)
    assert skew("check", "--online").code == 0
    assert skew("poll").code == 0
    one = skew("describe", "shop.db", "--table", "customers")
    assert (one.code, "NOT FOUND: a quantity" in one.out) == (1, True)
    none = skew("describe", "shop.db", "--table", "nope")
    assert 'no table "nope"; tables: customers, levels, products' in none.err


def test_as_json_it_is_one_document(skew: Any) -> None:
    with serving(lambda _asked: Answer([{"sku": "A", "available": 1}])) as api:
        ran = skew("describe", f"{api.url}/x", "--json")

    document = json.loads(ran.out)
    assert document["channel"]["fields"] == {"sku": "sku", "available": "available"}
    assert document["missing"] == []
    assert tomllib.loads(document["toml"])["channels"]["shop"] == document["channel"]
