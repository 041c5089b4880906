"""A listing that a list in pages lacks is looked for once more before it is gone."""

import dataclasses

import pytest

from store.model import PollOutcome, Refused, Status
from store.queries import status_counts
from sync.channels.base import FreshReadings, ListingRef
from sync.errors import ContractBroken, NeedsOperator, Temporary
from sync.polling.absences import LOOKS_MAX
from tests.sync.scripted_channel import Bench


async def agree(bench: Bench, *skus: str) -> None:
    """Both show the same, and the shop was read."""
    bench.shop.shows(**dict.fromkeys(skus, 5))
    bench.warehouse.shows(**dict.fromkeys(skus, 5))
    await bench.poll("warehouse")
    await bench.poll()
    bench.shop.looked.clear()


def without_single_reads(bench: Bench) -> None:
    bench.shop.abilities = dataclasses.replace(bench.shop.abilities, reads_one=False)


def missing(bench: Bench) -> list[str]:
    return [found.sku for found in bench.disagreements() if found.kind == "missing"]


def listings(bench: Bench) -> int:
    channels = bench.database.read(status_counts.channels, now=bench.clock.now())
    return next(channel.listings for channel in channels if channel.name == "shop")


async def test_one_that_slipped_between_two_pages_is_read_by_itself(bench: Bench) -> None:
    await agree(bench, "A", "B", "C", "D")
    bench.shop.left_out = {"C"}
    bench.shop.shows(C=4)

    report = await bench.poll()

    assert bench.shop.looked == ["poll", "read"]
    assert (report.outcome, report.warnings) == (PollOutcome.GOOD, ())
    (found,) = bench.disagreements()
    assert (found.sku, found.kind, found.available) == ("C", "quantity", 4)
    assert listings(bench) == 4

    bench.shop.left_out = set()
    await bench.poll()
    assert (missing(bench), listings(bench)) == ([], 4)


async def test_one_that_is_not_there_by_itself_either_is_missing_at_once(bench: Bench) -> None:
    await agree(bench, "A", "B", "C", "D")
    del bench.shop.stock["C"]
    await bench.poll()
    assert (missing(bench), listings(bench)) == (["C"], 3)


async def test_without_a_single_read_the_next_list_decides(bench: Bench) -> None:
    await agree(bench, "A", "B", "C", "D")
    without_single_reads(bench)
    del bench.shop.stock["C"]

    report = await bench.poll()

    assert report.outcome is PollOutcome.GOOD
    assert report.warnings == (
        "not in the newest list, and were there before: C; the next poll decides",
    )
    assert (missing(bench), listings(bench)) == ([], 4)
    report = await bench.poll()
    assert report.warnings == ()
    assert (missing(bench), listings(bench)) == (["C"], 3)


async def test_one_that_comes_back_was_never_gone(bench: Bench) -> None:
    await agree(bench, "A", "B", "C", "D")
    without_single_reads(bench)
    bench.shop.left_out = {"C"}
    await bench.poll()
    bench.shop.left_out = set()
    await bench.poll()
    await bench.poll()
    assert (bench.disagreements(), listings(bench)) == ([], 4)
    assert bench.open_incidents() == []


async def test_what_one_list_lacks_is_unknown_and_not_written_meanwhile(bench: Bench) -> None:
    await bench.disagree({"A": 9, "B": 9, "C": 9}, {"A": 5, "B": 9, "C": 9})
    bench.approve()
    without_single_reads(bench)
    bench.shop.left_out = {"A"}
    await bench.poll()

    (found,) = bench.disagreements()
    await bench.apply()

    assert (found.status, found.reason) == (Status.UNKNOWN, "unreadable")
    assert bench.shop.written == []


@pytest.mark.parametrize(
    "error", [Temporary("503"), ContractBroken("400", path="/C"), NeedsOperator("403")]
)
async def test_a_single_read_that_fails_leaves_it_to_the_next_list(
    bench: Bench, error: Exception
) -> None:
    await agree(bench, "A", "B", "C", "D")
    del bench.shop.stock["C"]
    bench.shop.read_faults.append(error)
    assert (await bench.poll()).outcome is PollOutcome.GOOD
    assert missing(bench) == []
    bench.shop.read_faults.append(error)
    await bench.poll()
    assert missing(bench) == ["C"]


async def test_one_that_can_be_read_neither_way_is_gone_with_the_second_list(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(wanted: list[ListingRef]) -> FreshReadings:
        return FreshReadings(refused=[Refused("r", "no view", listing.sku) for listing in wanted])

    await agree(bench, "A", "B", "C", "D")
    monkeypatch.setattr(bench.shop, "read", read)
    bench.shop.left_out = {"C"}
    await bench.poll()
    assert missing(bench) == []
    await bench.poll()
    assert missing(bench) == ["C"]


async def test_a_file_is_whole_and_needs_no_second_look(bench: Bench) -> None:
    await agree(bench, "A", "B", "C", "D")
    bench.shop.abilities = dataclasses.replace(bench.shop.abilities, is_local=True)
    bench.shop.left_out = {"C"}
    await bench.poll()
    assert bench.shop.looked == ["poll"]
    assert missing(bench) == ["C"]


async def test_of_very_many_only_some_are_read_by_themselves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def read(wanted: list[ListingRef]) -> FreshReadings:
        asked.append(len(wanted))
        return FreshReadings()

    names = [f"S{number:03}" for number in range(LOOKS_MAX + 20)]
    await agree(bench, *names)
    monkeypatch.setattr(bench.shop, "read", read)
    bench.shop.left_out = set(names[5:])

    report = await bench.poll()

    assert asked == [LOOKS_MAX]
    assert len(missing(bench)) == LOOKS_MAX
    assert "and 12 more; the next poll decides" in report.warnings[0]
    await bench.poll()
    assert (len(missing(bench)), listings(bench)) == (LOOKS_MAX + 15, 5)
