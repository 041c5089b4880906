"""Columns have names: one can be added to a query without a count of those before it."""

import ast
import re
import sqlite3
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

import console
import store
from store.database.rows import Columns


class Colour(StrEnum):
    RED = "red"


class Lamp(msgspec.Struct, frozen=True):
    sku: str
    colour: Colour
    lit: bool
    watts: int = 40


class Point(NamedTuple):
    x: int
    y: int


def test_a_row_is_read_by_the_names_of_its_columns_in_whatever_order_they_are_written() -> None:
    lamps = Columns(
        Lamp,
        {"lit": "t.is_lit", "sku": "t.name", "colour": "t.colour"},
        {"colour": Colour, "lit": bool},
    )
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (is_lit INTEGER, colour TEXT, name TEXT)")
    connection.execute("INSERT INTO t VALUES (1, 'red', 'LAMP')")

    (row,) = connection.execute(f"SELECT {lamps.sql} FROM t")

    connection.close()
    assert lamps.read(row) == Lamp("LAMP", Colour.RED, lit=True)


def test_a_named_tuple_can_be_read_too() -> None:
    points = Columns(Point, {"y": "b", "x": "a"})
    assert points.sql == 'a AS "x", b AS "y"'
    assert points.read((1, 2)) == Point(1, 2)


@pytest.mark.parametrize(
    ("columns", "unlike"),
    [
        ({"sku": "a", "color": "b", "lit": "c"}, "color, colour"),
        ({"sku": "a", "lit": "c"}, "colour, lit"),
        ({"x": "a"}, "sku, x"),
    ],
)
def test_columns_that_are_not_the_leading_fields_are_refused(
    columns: dict[str, str], unlike: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(f"the leading fields of Lamp: {unlike}")):
        Columns(Lamp, columns)


@pytest.mark.long
def test_no_column_is_read_by_its_number() -> None:
    """`row[3]` and `row[2:]` must be counted by whoever reads them; the first of all need not."""
    counted = [
        f"{path.relative_to(package.parent)}:{node.lineno}: {ast.unparse(node)}"
        for package in (folder_of(store), folder_of(console))
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript) and is_counted(node, slices=package.name == "store")
    ]
    assert counted == []


def folder_of(package: object) -> Path:
    return Path(str(package.__file__)).parent  # type: ignore[attr-defined]


def is_counted(node: ast.Subscript, *, slices: bool) -> bool:
    """Whether a number from 1 on stands in it; in the console, slices are of texts and lists."""
    if isinstance(node.slice, ast.Slice):
        return slices and any(map(is_number, (node.slice.lower, node.slice.upper)))
    return is_number(node.slice)


def is_number(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 1


@pytest.mark.parametrize("code", ["row[1]", "row[2:]", "values[7:8]", "rows[0][:6]"])
def test_what_counts_as_a_count(code: str) -> None:
    (found,) = (
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Subscript) and is_counted(node, slices=True)
    )
    assert ast.unparse(found) == code
