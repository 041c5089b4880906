"""Files of changes that have fewer columns than the full list: the rest stays as it was."""

from pathlib import Path

import msgspec
import pytest

from store.model import PollOutcome
from sync.channels.csv.options import CsvOptions
from tests.sync.polling.drop_folder import Folder
from tests.sync.scripted_channel import Bench, changed

COLUMNS = {
    "sku": "SKU", "available": "Qty", "price": "Price", "title": "Name", "state": "State",
    "updated_at": "Changed",
}  # fmt: skip
FULL = """SKU;Qty;Price;Name;State;Changed
A;5;1.50;Cup;active;2026-11-01 10:00
B;6;2.50;Pot;disabled;2026-11-01 10:00
C;;3.50;Gift;active;2026-11-01 10:00
D;8;four;Pan;active;2026-11-01 10:00
"""


@pytest.fixture
def drop(bench: Bench, tmp_path: Path) -> Folder:
    folder = Folder(bench, tmp_path)
    configure(bench, columns=COLUMNS)
    folder.restart()
    return folder


def configure(bench: Bench, **keys: object) -> None:
    table = {"path": "drop", "full": "full*", "changes": "changes*", "words": {"gone": "absent"}}
    options = msgspec.convert({**table, **keys}, CsvOptions)
    bench.settings = changed(bench.settings, "warehouse", options=options)


def put(drop: Folder, name: str, content: str) -> None:
    (drop.folder / name).write_text(content)
    drop.touch(name)


def listings(bench: Bench) -> dict[str, tuple[object, ...]]:
    rows = bench.database.read(
        lambda connection: connection.execute(
            """SELECT i.sku, l.available, coalesce(l.price_minor, i.price_minor), i.title, l.state,
              l.source_at
            FROM listings l JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id
            WHERE c.name = 'warehouse' AND l.present = 1 AND l.problem IS NULL"""
        ).fetchall()
    )
    return {row[0]: tuple(row)[1:] for row in rows}


async def poll(bench: Bench) -> None:
    report = await bench.poll("warehouse")
    assert report.outcome is PollOutcome.GOOD, report.error


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_a_file_of_changes_has_no_column_for_stays(
    bench: Bench, drop: Folder, *, at_once: bool
) -> None:
    files = {
        "full.csv": FULL,
        "changes-1.csv": "SKU;Qty\nA;4\nB;3\nC;7\nNEW;1\n",
        "changes-2.csv": "SKU;Qty;Price\nA;3;9.00\n",
        "changes-3.csv": "SKU;Qty\nA;2\nB;\n",
    }
    for name, content in files.items():
        put(drop, name, content)
        if not at_once:
            await poll(bench)
    await poll(bench)

    assert listings(bench) == {
        "A": (2, 900, "Cup", "active", None),
        "B": (None, 250, "Pot", "disabled", None),
        "C": (7, 350, "Gift", None, None),
        "NEW": (1, None, None, None, None),
    }


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_listing_that_was_gone_keeps_nothing(
    bench: Bench, drop: Folder, *, at_once: bool
) -> None:
    for name, content in {
        "full.csv": FULL,
        "changes-1.csv": "SKU;Qty\nB;gone\n",
        "changes-2.csv": "SKU;Qty\nB;3\n",
    }.items():
        put(drop, name, content)
        if not at_once:
            await poll(bench)
    await poll(bench)

    # A price and a title that the item has once stay with the item.
    of_item = (None, None) if at_once else (250, "Pot")
    assert listings(bench)["B"] == (3, *of_item, None, None)


async def test_a_full_list_says_all_anew(bench: Bench, drop: Folder) -> None:
    put(drop, "full.csv", FULL)
    put(drop, "changes-1.csv", "SKU;Qty\nA;4\n")
    await poll(bench)
    put(drop, "full.csv", "SKU;Qty;Price;Name;State;Changed\nA;4;;;;\n")
    report = await bench.poll("warehouse")

    assert report.listings == 1, report
    assert listings(bench)["A"] == (4, 150, "Cup", None, None)


@pytest.mark.parametrize(
    ("full", "changes", "lacking"),
    [
        ("sku,location,available\nA,x,5\n", "sku,available\nA,4\n", "location"),
        ("sku,on_hand,committed\nA,5,2\n", "sku,on_hand\nA,4\n", "committed"),
        ("sku,available,on_hand\nA,5,5\n", "sku,on_hand\nA,4\n", "available"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_what_says_which_listing_and_how_many_must_be_there(
    bench: Bench, drop: Folder, full: str, changes: str, lacking: str, *, at_once: bool
) -> None:
    configure(bench)
    drop.restart()
    put(drop, "full.csv", full)
    if not at_once:
        await poll(bench)
    put(drop, "changes-1.csv", changes)
    report = await bench.poll("warehouse")

    assert report.outcome is PollOutcome.FAILED
    assert f'no column "{lacking}"' in (report.error or "")
