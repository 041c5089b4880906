"""Rows that are put in by column are those that were given, whatever types they have."""

import sqlite3
from enum import StrEnum
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.database import bulk
from tests.store.world import stock, world

VALUES = ("sku", "available", "state", "at_least")


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Kilo(int):
    pass


class Line(msgspec.Struct, frozen=True):
    sku: str
    available: int | None
    state: str | None
    at_least: bool


LINES = st.lists(
    st.builds(
        Line,
        sku=st.text(st.characters(codec="utf-8"), max_size=5),
        available=st.none()
        | st.integers(-(2**63), 2**63 - 1)
        | st.integers(0, 9).map(Kilo)
        | st.floats(allow_nan=False),
        state=st.none() | st.sampled_from(Mood) | st.just("good"),
        at_least=st.booleans(),
    ),
    max_size=6,
)


@given(LINES, st.sets(st.sampled_from(VALUES[1:])))
def test_what_is_put_in_by_column_is_what_was_put_in_by_row(
    lines: list[Line], absent: set[str]
) -> None:
    rows = [
        (
            line.sku,
            None if "available" in absent else line.available,
            None if "state" in absent else line.state,
            line.at_least and "at_least" not in absent,
        )
        for line in lines
    ]
    connection = sqlite3.connect(":memory:")
    for table in ("by_row", "by_column"):
        connection.execute(
            f"""CREATE TABLE {table} (poll INTEGER, sku TEXT NOT NULL, available, state TEXT,
            at_least INTEGER NOT NULL DEFAULT 0)"""
        )
    connection.executemany("INSERT INTO by_row VALUES (7, ?, ?, ?, ?)", rows)

    columns = dict(zip(VALUES, zip(*rows, strict=True), strict=False))
    bulk.insert(connection, "by_column", columns, {"poll": 7})

    query = "SELECT poll, sku, available, typeof(available), state, at_least FROM {} ORDER BY rowid"
    by_row = connection.execute(query.format("by_row")).fetchall()
    by_column = connection.execute(query.format("by_column")).fetchall()
    connection.close()
    assert by_column == by_row
    assert len(by_column) == len(rows)


def test_an_update_that_fails_half_way_undoes_its_whole_transaction(tmp_path: Path) -> None:
    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute(f"{bulk.UPDATE} cells SET differs = CASE WHEN available = 1 THEN 7 END")

    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1, B=2))
        before = w.rows("SELECT * FROM cells")
        with pytest.raises(sqlite3.IntegrityError):
            w.database.write(spoil)
        assert w.rows("SELECT * FROM cells") == before
