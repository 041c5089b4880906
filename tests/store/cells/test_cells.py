"""What a cell keeps: less than it shows, and nothing that it can't show again."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.cells import instants
from store.cells.cell_ids import ITEMS_MAX
from store.errors import StoreError
from store.model import Record
from tests.store.world import MINUTE, START, World, channel, record, stock, world

PLAIN = st.text("ab 01\u00e9", max_size=8)
REFS = st.one_of(
    st.sampled_from(["", "A", "0", "00", "-0", "-7", "+7", "1e3", " 1", str(2**63), str(-(2**63))]),
    st.integers(-(2**70), 2**70).map(str),
    PLAIN,
)


@given(st.lists(st.tuples(REFS, REFS), min_size=1, max_size=6))
def test_a_ref_is_shown_as_the_channel_wrote_it(pairs: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), channel("shop")) as w:
        for place in (0, 1):
            w.poll(
                "warehouse",
                [Record("A" * (n + 1), 1, ref=refs[place]) for n, refs in enumerate(pairs)],
            )
            assert refs_of(w) == [refs[place] for refs in pairs]


def refs_of(w: World) -> list[str]:
    found = w.database.read(
        lambda connection: connection.execute("SELECT ref FROM listings ORDER BY id").fetchall()
    )
    return [ref for (ref,) in found]


def test_an_instant_that_many_cells_share_is_kept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instants, "MANY", 3)
    stock = [Record(f"S{number}", number) for number in range(3)]
    with world(tmp_path) as w:
        w.poll("shop", stock)
        w.poll("warehouse", stock)
        shared = "SELECT count(*) FROM cells WHERE observed_kept < 0"
        assert w.database.read(lambda c: c.execute(shared).fetchone()) == (6,)
        w.poll("shop", [Record("S0", 7), *stock[1:]])
        assert w.database.read(lambda c: c.execute(shared).fetchone()) == (5,)
        shown = w.database.read(
            lambda c: c.execute(
                "SELECT observed_at, target_since FROM listings ORDER BY id"
            ).fetchall()
        )
    warehouse_read, shop_read, shop_again = (START + 60_000 * n for n in (2, 1, 3))
    assert [tuple(row) for row in shown] == [
        *[(warehouse_read, None)] * 3,
        (shop_again, warehouse_read),
        *[(shop_read, warehouse_read)] * 2,
    ]


def test_cells_stay_as_long_as_they_were_when_much_moves_for_the_first_time(
    tmp_path: Path,
) -> None:
    """Pages are full after a first poll: whatever grows would split them."""
    takes_two_bytes = "{0}_kept BETWEEN -32768 AND -129"
    size = f"""SELECT DISTINCT {takes_two_bytes.format("observed")},
      {takes_two_bytes.format("since")} FROM cells WHERE target_quantity IS NOT NULL"""
    with world(tmp_path) as w:
        for moved in (0, 1):
            rows = stock(**{f"S{n}": 5 + moved for n in range(instants.MANY)})
            w.poll("warehouse", rows)
            w.poll("shop", rows)
            assert w.rows(size) == [(1, 1)]


def test_more_items_than_a_cells_id_can_name_are_refused(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.database.write(
            lambda c: c.execute("INSERT INTO items (id, sku) VALUES (?, 'last')", (ITEMS_MAX,))
        )
        with pytest.raises(StoreError, match="can't hold more than 268,435,455"):
            w.poll("warehouse", [Record("A", 1)])


def test_what_is_over_is_shown_as_it_was(tmp_path: Path) -> None:
    kept = "kind, available, state, target_quantity, target_state, delta, waits, at_least"
    times = "settles_at, first_seen_at, moved_at"
    open_ones = f"SELECT id, item_id, listing_id, channel_id, {kept}, {times} FROM {{}}"
    with world(tmp_path, channel("shop", settle_raise_ms=5_000)) as w:
        w.poll("warehouse", stock(A=5, B=5, C=5, D=0))
        w.poll("shop", [*stock(A=3, B=-1, E=1), Record("C", 5, state="odd"), record("D", 0)])
        w.now += MINUTE
        w.poll("warehouse", stock(A=9, B=5, C=5, D=0))
        before = w.rows(open_ones.format("open_disagreements ORDER BY id"))
        assert {row[4] for row in before} >= {"quantity", "negative", "unlisted"}
        assert {row[-1] - row[-2] for row in before} > {0}

        w.poll("shop", [*stock(A=9, B=5), record("C", 5, state="active")])

        over = w.rows(open_ones.format("past_disagreements ORDER BY id"))
        ids = {row[0] for row in over}
        assert over == [(*row[:10], 0, *row[11:]) for row in before if row[0] in ids]
        assert len(over) > 2
        assert w.rows("SELECT DISTINCT closed_at FROM past_disagreements") == [(w.now,)]
        assert w.rows("SELECT available, state FROM past_readings ORDER BY listing_id, id") == [
            (5, "active"),
            *((3, "active"), (-1, "active"), (5, "odd"), (0, None), (1, "active")),
        ]
        assert w.rows("SELECT quantity, state FROM past_targets ORDER BY id")[0] == (5, "active")


def test_a_join_finds_what_is_over_without_reading_all_of_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        plan = w.rows(
            """EXPLAIN QUERY PLAN SELECT d.* FROM items i CROSS JOIN channels c
            CROSS JOIN disagreements d ON d.listing_id = (c.id << 28) + i.id"""
        )
        steps = [step for *_, step in plan]
        assert "past_disagreements_of_listing" in " ".join(steps)
        assert not any(step.startswith(("MATERIALIZE", "SCAN d")) for step in steps)
