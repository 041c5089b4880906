"""Full lists and files of changes: each counts once and in its order."""

import msgspec
import pytest

from store.model import IncidentKind, PollOutcome
from store.polling import quarantine
from store.polling.changes import sequence
from tests.sync.polling.drop_folder import FULL, MINUTE, Folder, gap, incidents, moved, poll, stock
from tests.sync.scripted_channel import Bench, changed


async def test_changes_move_what_they_name_and_nothing_else(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    await poll(bench)
    drop.put("changes-1.csv", S9=2, NEW=5)
    report = await bench.poll("warehouse")

    assert (report.outcome, report.listings, report.changed) == (PollOutcome.GOOD, 41, 2)
    assert moved(bench) == {"S9": 2, "NEW": 5}


async def test_a_poll_without_anything_new_is_good_and_changes_nothing(
    bench: Bench, drop: Folder
) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S9=2)
    await poll(bench)
    for _ in range(3):
        bench.clock.at += 60 * MINUTE
        report = await bench.poll("warehouse")
        assert (report.outcome, report.changed) == (PollOutcome.GOOD, 0)
        drop.restart()
    assert moved(bench) == {"S9": 2}


async def test_what_waits_is_read_at_once_in_its_order(bench: Bench, drop: Folder) -> None:
    drop.put("changes-8.csv", S1=1)
    drop.put("full.csv", **FULL)
    drop.put("changes-10.csv", S2=10, S3=1)
    drop.put("changes-9.csv", S2=9, S4=9)
    await poll(bench)

    assert moved(bench) == {"S3": 1, "S4": 9}
    assert gap(bench) == ""


async def test_a_file_that_is_gone_after_it_was_read_still_counts(
    bench: Bench, drop: Folder
) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S1=1)
    await poll(bench)
    for name in ("full.csv", "changes-1.csv"):
        (drop.folder / name).unlink()
    drop.put("changes-2.csv", S2=2)
    drop.restart()
    await poll(bench)

    assert moved(bench) == {"S1": 1, "S2": 2}


async def test_without_a_full_list_nothing_is_read(bench: Bench, drop: Folder) -> None:
    drop.put("changes-1.csv", S1=1)
    report = await bench.poll("warehouse")

    assert report.outcome is PollOutcome.FAILED
    assert "no full list is there: no file's name is like full*.csv" in (report.error or "")


async def test_a_new_full_list_takes_the_place_of_all(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S1=1, NEW=5)
    await poll(bench)
    drop.put("full.csv", **{**FULL, "S2": 2})
    await poll(bench)
    assert moved(bench) == {"S2": 2, "NEW": "gone"}

    drop.put("full-2.csv", **FULL)
    await poll(bench)
    assert moved(bench) == {"NEW": "gone"}


async def test_an_older_full_list_changes_nothing(bench: Bench, drop: Folder) -> None:
    drop.put("full-1.csv", **{**FULL, "S1": 1})
    drop.put("full-2.csv", **FULL)
    await poll(bench)
    (drop.folder / "full-2.csv").unlink()
    await poll(bench)
    assert moved(bench) == {}


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_file_that_comes_twice_counts_once(
    bench: Bench, drop: Folder, *, restarted: bool
) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S1=1)
    drop.put("changes-2.csv", S1=2)
    await poll(bench)
    drop.touch("changes-1.csv")
    if restarted:
        drop.restart()
    await poll(bench)
    assert moved(bench) == {"S1": 2}
    assert gap(bench) == ""

    drop.put("full.csv", **FULL)
    await poll(bench)
    drop.touch("changes-2.csv")
    await poll(bench)
    assert moved(bench) == {}


async def test_numbers_may_begin_anew_with_a_full_list(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S1=1)
    drop.put("changes-2.csv", S2=2)
    await poll(bench)
    drop.put("full.csv", **FULL)
    await poll(bench)
    drop.put("changes-1.csv", S3=3)
    await poll(bench)
    drop.put("changes-2.csv", S4=4)
    await poll(bench)

    assert moved(bench) == {"S3": 3, "S4": 4}
    assert gap(bench) == ""


async def test_a_file_of_one_name_counts_whenever_it_is_another(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    for sku in ("S1", "S2", "S3"):
        drop.put("changes.csv", **{sku: 3})
        await poll(bench)
    assert moved(bench) == {"S1": 3, "S2": 3, "S3": 3}
    assert gap(bench) == ""


async def test_an_unreadable_row_blinds_its_own_listing_until_it_is_named_again(
    bench: Bench, drop: Folder
) -> None:
    drop.put("full.csv", **FULL)
    await poll(bench)
    drop.put("changes-1.csv", S1="twelve", S2=2)
    await poll(bench)
    for _ in range(2):
        assert set(moved(bench)) == {"S1", "S2"}
        assert 'changes-1.csv, line 2: "twelve" is not a whole number' in str(moved(bench)["S1"])
        assert incidents(bench) == [IncidentKind.UNREADABLE]
        drop.put(f"changes-{2 + _}.csv", S3=10)
        await poll(bench)
    drop.put("changes-4.csv", S1=4)
    await poll(bench)

    assert moved(bench) == {"S1": 4, "S2": 2}
    assert incidents(bench) == []


async def test_what_a_file_of_changes_says_is_gone_is_gone(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    await poll(bench)
    drop.put("changes-1.csv", S1="gone", NEVER="gone")
    await poll(bench)
    assert moved(bench) == {"S1": "gone"}

    drop.put("changes-2.csv", S1=4)
    await poll(bench)
    assert moved(bench) == {"S1": 4}


async def test_a_listing_that_stands_twice_stays_twice(bench: Bench, drop: Folder) -> None:
    (drop.folder / "full.csv").write_text("sku,available\nA,1\nA,2\nB,3\nC,4\n")
    drop.touch("full.csv")
    await poll(bench)
    drop.put("changes-1.csv", A=7, B=8)
    await poll(bench)

    rows = bench.database.read(
        lambda connection: connection.execute(
            """SELECT i.sku, l.copies FROM listings l JOIN items i ON i.id = l.item_id
            JOIN channels c ON c.id = l.channel_id WHERE c.name = 'warehouse'"""
        ).fetchall()
    )
    assert {tuple(row) for row in rows} == {("A", 2), ("B", 1), ("C", 1)}
    assert stock(bench)["B"] == 8


async def test_an_implausible_file_of_changes_waits_for_a_person(
    bench: Bench, drop: Folder
) -> None:
    drop.put("full.csv", **FULL)
    await poll(bench)
    drop.put("changes-1.csv", **dict.fromkeys(list(FULL)[:20], 0))
    for _ in range(2):
        report = await bench.poll("warehouse")
        assert report.outcome is PollOutcome.QUARANTINED
        assert "20 of 40 listings newly at zero" in (report.error or "")
    assert moved(bench) == {}

    bench.database.write(
        quarantine.accept, "warehouse", bench.context.comparison, who="ana", now=bench.clock.at
    )
    assert len(moved(bench)) == 20
    await poll(bench)
    drop.put("changes-2.csv", S0=5)
    await poll(bench)
    assert moved(bench)["S0"] == 5
    assert gap(bench) == ""


async def test_a_poll_that_ended_before_its_merge_is_read_again(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    await poll(bench)
    drop.put("changes-1.csv", S1=1)
    # What a kill -9 leaves: pages were staged, nothing was merged.
    state = bench.channel_state["warehouse"]
    state.channel.resume(bench.database.read(sequence.known, "warehouse"))  # type: ignore[attr-defined]
    assert [page async for page in state.channel.pages()]
    drop.restart()
    await poll(bench)

    assert moved(bench) == {"S1": 1}


async def test_other_settings_begin_with_the_full_list(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S1=1)
    await poll(bench)
    named = {"sku": "sku", "available": "available"}
    options = msgspec.structs.replace(bench.settings.channels["warehouse"].options, columns=named)
    bench.settings = changed(bench.settings, "warehouse", options=options)
    drop.restart()
    drop.put("changes-2.csv", S2=2)
    await poll(bench)

    assert moved(bench) == {"S1": 1, "S2": 2}
