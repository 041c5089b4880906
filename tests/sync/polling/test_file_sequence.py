"""Full lists and files of changes: each counts once and in its order, and a gap is said."""

import os
from pathlib import Path

import msgspec
import pytest

from store.corrections import propose
from store.history.rewind import open_at
from store.model import CorrectionStatus, Direction, IncidentKind, PollOutcome
from store.polling import quarantine
from store.polling.changes import sequence
from store.queries import views
from store.queries.values import DisagreementFilter
from store.reasons import Reason
from sync.channels import open_channel
from sync.channels.csv.options import CsvOptions
from sync.polling.channel_state import ChannelState
from sync.settings import GuardSettings
from tests.sync.scripted_channel import Bench, changed

MINUTE = 60_000


class Folder:
    """A warehouse that drops full lists and files of changes into a folder."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._bench = bench
        self.folder = folder / "drop"
        self.folder.mkdir()
        options = {"path": "drop", "full": "full*.csv", "changes": "changes*.csv",
                   "words": {"gone": "absent"}}  # fmt: skip
        bench.settings = changed(
            bench.settings, "warehouse", kind="csv", direction=Direction.OBSERVE,
            options=msgspec.convert(options, CsvOptions), guard=GuardSettings(),
        )  # fmt: skip
        self.restart()

    def restart(self) -> None:
        """Begin again as a new process, that knows what the cache knows."""
        settings = self._bench.settings.channels["warehouse"]
        opened = open_channel(settings, self._bench.clock, self.folder.parent)
        self._bench.channel_state["warehouse"] = ChannelState(settings, opened)

    def put(self, name: str, **stock: object) -> None:
        """Drop a file that was written just now and is finished, and let a minute pass."""
        rows = "".join(f"{sku},{available}\n" for sku, available in stock.items())
        path = self.folder / name
        path.write_text(f"sku,available\n{rows}")
        self.touch(name)

    def touch(self, name: str) -> None:
        self._bench.clock.at += MINUTE
        at_ns = self._bench.clock.at * 1_000_000
        os.utime(self.folder / name, ns=(at_ns, at_ns))
        self._bench.clock.at += MINUTE


@pytest.fixture
def drop(bench: Bench, tmp_path: Path) -> Folder:
    return Folder(bench, tmp_path)


FULL = {f"S{n}": 10 for n in range(40)}


async def poll(bench: Bench) -> None:
    report = await bench.poll("warehouse")
    assert report.outcome is PollOutcome.GOOD, report.error


def stock(bench: Bench) -> dict[str, object]:
    """What the cache holds of the warehouse: a number, "gone" or what is wrong."""
    rows = bench.database.read(
        lambda connection: connection.execute(
            """SELECT i.sku, l.available, l.present, l.problem FROM listings l
            JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id
            WHERE c.name = 'warehouse'"""
        ).fetchall()
    )
    return {
        sku: problem or (available if present else "gone")
        for sku, available, present, problem in rows
    }


def moved(bench: Bench) -> dict[str, object]:
    return {sku: number for sku, number in stock(bench).items() if number != 10}


def incidents(bench: Bench) -> list[str]:
    rows = bench.database.read(
        lambda connection: connection.execute(
            "SELECT kind FROM incidents WHERE closed_at IS NULL ORDER BY id"
        ).fetchall()
    )
    return [kind for (kind,) in rows]


def proposed(bench: Bench) -> set[tuple[str, int | None]]:
    bench.database.write(propose.propose, now=bench.clock.now())
    return {
        (update.sku, update.to_quantity)
        for update in bench.updates()
        if update.status is CorrectionStatus.PROPOSED
    }


def gap(bench: Bench) -> str:
    found = bench.database.read(sequence.known, "warehouse")
    assert found is not None
    assert bool(found.gap) == (IncidentKind.GAP in incidents(bench))
    return found.gap


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


async def test_a_late_file_is_put_in_its_place_while_all_are_there(
    bench: Bench, drop: Folder
) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S1=1)
    drop.put("changes-3.csv", S1=3, S3=3)
    await poll(bench)
    assert gap(bench) == "a file of changes is missing between changes-1.csv and changes-3.csv"

    drop.put("changes-2.csv", S1=2, S2=2)
    await poll(bench)
    assert moved(bench) == {"S1": 3, "S2": 2, "S3": 3}
    assert gap(bench) == ""


async def test_a_late_file_that_has_no_place_any_more_is_left_out(
    bench: Bench, drop: Folder
) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S1=1)
    drop.put("changes-3.csv", S1=3, S3=3)
    await poll(bench)
    (drop.folder / "changes-3.csv").unlink()
    drop.put("changes-2.csv", S1=2, S2=2)
    for _ in range(2):
        await poll(bench)
        assert moved(bench) == {"S1": 3, "S3": 3}
        assert "is missing between" in gap(bench)

    drop.put("changes-4.csv", S4=4)
    await poll(bench)
    assert moved(bench) == {"S1": 3, "S3": 3, "S4": 4}
    drop.put("full.csv", **{**FULL, "S2": 2})
    await poll(bench)
    assert (moved(bench), gap(bench)) == ({"S2": 2}, "")


async def test_the_same_name_with_other_content_is_read_in_its_place_or_left_out(
    bench: Bench, drop: Folder
) -> None:
    drop.put("full.csv", **FULL)
    drop.put("changes-1.csv", S1=1)
    drop.put("changes-2.csv", S2=2)
    await poll(bench)
    drop.put("changes-1.csv", S1=7, S2=7)
    await poll(bench)
    assert (moved(bench), gap(bench)) == ({"S1": 7, "S2": 2}, "")

    (drop.folder / "full.csv").unlink()
    drop.put("changes-1.csv", S1=8)
    for _ in range(2):
        await poll(bench)
        assert moved(bench) == {"S1": 7, "S2": 2}
        assert gap(bench) == (
            "changes-1.csv came too late, or again with other content, and is left out"
        )


async def test_after_a_gap_nothing_is_raised_until_the_next_full_list(
    bench: Bench, drop: Folder
) -> None:
    bench.shop.shows(**FULL)
    drop.put("full.csv", **FULL)
    await poll(bench)
    await bench.poll("shop")
    drop.put("changes-1.csv", S1=11)
    await poll(bench)
    drop.put("changes-3.csv", S2=20, S3=3)
    await poll(bench)
    for _ in range(3):
        bench.clock.at += 5 * MINUTE
        await bench.poll("shop")
        await poll(bench)
    waiting = proposed(bench)
    assert ("S3", 3) in waiting
    assert ("S2", 20) not in waiting
    assert gap(bench)

    drop.put("full.csv", **{**FULL, "S1": 11, "S2": 20, "S3": 3})
    for _ in range(2):
        await poll(bench)
        await bench.poll("shop")
    waiting = proposed(bench)
    assert waiting == {("S1", 11), ("S2", 20), ("S3", 3)}
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


async def test_a_row_that_may_be_of_any_listing_is_a_gap(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    await poll(bench)
    (drop.folder / "changes-1.csv").write_text("sku,available\nS1,1\n\x07,2\n")
    drop.touch("changes-1.csv")
    await poll(bench)

    assert moved(bench) == {"S1": 1}
    assert "changes-1.csv, line 3: the SKU has control" in gap(bench)


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


async def test_an_instant_of_the_past_shows_its_gap_and_what_was_known(
    bench: Bench, drop: Folder
) -> None:
    bench.shop.shows(**FULL)
    drop.put("full.csv", **FULL)
    await poll(bench)
    await bench.poll("shop")
    instants = [bench.clock.at]
    drop.put("changes-1.csv", S1=20)
    drop.put("changes-3.csv", S2=2)
    await poll(bench)
    bench.clock.at += MINUTE
    await bench.poll("shop")
    await poll(bench)
    instants.append(bench.clock.at)
    drop.put("full.csv", **{**FULL, "S1": 20, "S2": 2})
    await poll(bench)
    bench.clock.at += MINUTE
    await bench.poll("shop")
    await poll(bench)
    instants.append(bench.clock.at)

    with open_at(bench.database.path, instants[0]) as then:
        seen = []
        for at in instants:
            then.rewind(at)
            rows = then.read(views.disagreements, DisagreementFilter(), now=at)
            seen.append({row.sku: (row.status, row.reason) for row in rows})
    assert seen[0] == {}
    assert seen[1]["S1"][1] is Reason.INCOMPLETE
    assert seen[1]["S2"][1] is not Reason.INCOMPLETE
    assert seen[2]["S1"][1] is not Reason.INCOMPLETE
