"""What no Skew has written is named with its place, in every column of every table."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from store.database import schema
from store.database.connection import Database
from store.database.maintenance import condition, strange_content
from tests.store.database.old_caches import kept
from tests.store.world import World, stock, world


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=7))
        w.twice("shop", stock(A=9))
        approve_one(w)
    return tmp_path / "skew.db"


def approve_one(w: World) -> None:
    w.database.write(
        lambda c: c.execute("INSERT INTO audit VALUES (99, 1, 5, 'ana', 'x', '{}', NULL, NULL)")
    )


def changed(path: Path, *statements: str) -> list[str]:
    """What is found after somebody changed the file."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        return list(strange_content.find(connection))


def test_what_skew_wrote_is_not_strange(path: Path) -> None:
    assert changed(path) == []
    assert condition.first_problem(path) is None


@pytest.mark.long
@pytest.mark.parametrize("name", kept.NAMES)
def test_what_each_earlier_skew_wrote_is_not_strange(tmp_path: Path, name: str) -> None:
    kept.lay_out(name, tmp_path)
    assert condition.check(tmp_path / "skew.db").problems == []
    Database.open(tmp_path / "skew.db").close()
    assert condition.check(tmp_path / "skew.db").problems == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE items SET price_minor = 'x'", "items.price_minor holds 'x'"),
        ("UPDATE items SET title = x'ff00'", "items.title holds X'FF00'"),
        ("UPDATE polls SET outcome = 'goo' WHERE id = 1", "polls.outcome holds 'goo'"),
        ("UPDATE corrections SET status = ''", "corrections.status holds ''"),
        ("UPDATE audit SET seen = '{' WHERE id = 99", "audit.seen holds '{'"),
        ("UPDATE audit SET seen = '[]' WHERE id = 99", "audit.seen holds '[]'"),
        ("UPDATE channels SET warnings = 'null'", "channels.warnings holds 'null'"),
        (
            "UPDATE polls SET started_at = 4611686018427387904 WHERE id = 1",
            "polls.started_at holds 4611686018427387904",
        ),
        ("UPDATE channels SET paused_until = 1e308", "channels.paused_until holds 1.0e+308"),
        (
            "PRAGMA user_version = 3",
            f"it says that its schema is 3, and has all of {len(schema.MIGRATIONS)}",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON polls BEGIN SELECT 1; END",
            "it has the trigger t as no Skew makes it",
        ),
        ("ALTER TABLE told RENAME COLUMN words TO word", "told lacks words"),
    ],
)
def test_the_first_such_value_of_a_column_is_named(path: Path, statement: str, words: str) -> None:
    assert changed(path, statement) == [words]
    assert words in condition.check(path).problems


def test_a_value_of_any_length_is_shown_in_part(path: Path) -> None:
    (found,) = changed(path, f"UPDATE items SET truth_quantity = '{'9a' * 5_000}'")
    assert len(found) < 80


def test_every_column_that_is_told_of_is_there(path: Path) -> None:
    columns = schema.newest_columns()
    told = strange_content._WORDS.keys() | strange_content._JSON.keys()
    assert [
        place for place in told if place.split(".")[1] not in columns[place.split(".")[0]]
    ] == []
    with Database.open(path):
        assert len(columns) > 30
