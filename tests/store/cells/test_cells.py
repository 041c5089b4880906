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
from tests.store.world import START, World, channel, world

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


def test_more_items_than_a_cells_id_can_name_are_refused(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.database.write(
            lambda c: c.execute("INSERT INTO items (id, sku) VALUES (?, 'last')", (ITEMS_MAX,))
        )
        with pytest.raises(StoreError, match="can't hold more than 268,435,455"):
            w.poll("warehouse", [Record("A", 1)])
