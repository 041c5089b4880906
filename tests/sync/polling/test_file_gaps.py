"""Files of changes that come late or are missing: they are put in their place, or a gap is said."""

from store.history.rewind import open_at
from store.queries import views
from store.queries.values import DisagreementFilter
from store.reasons import Reason
from tests.sync.polling.drop_folder import FULL, MINUTE, Folder, gap, moved, poll, proposed
from tests.sync.scripted_channel import Bench


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


async def test_a_row_that_may_be_of_any_listing_is_a_gap(bench: Bench, drop: Folder) -> None:
    drop.put("full.csv", **FULL)
    await poll(bench)
    (drop.folder / "changes-1.csv").write_text("sku,available\nS1,1\n\x07,2\n")
    drop.touch("changes-1.csv")
    await poll(bench)

    assert moved(bench) == {"S1": 1}
    assert "changes-1.csv, line 3: the SKU has control" in gap(bench)


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
