"""Times to come: as-of is for ever the earlier of the time and our first sight of it.

Rule 3, docs/architecture.md. A file server's clock or its time zone may be ahead, or a source's.
"""

import os
from pathlib import Path

import msgspec
import pytest

from store.event_kinds import Event, EventKind
from store.model import CorrectionStatus, Direction, PollOutcome
from sync.channels import open_channel
from sync.channels.csv.options import CsvOptions
from sync.corrections.written_rules import WrittenRules
from sync.polling.channel_state import ChannelState
from sync.settings import ApprovalRule, ApprovalSettings
from tests.sync.scripted_channel import Bench, changed

HOUR = 3_600_000
AHEAD = 2 * HOUR


class Drop:
    """A warehouse that drops files, in a folder of its own or always the same one."""

    def __init__(self, bench: Bench, folder: Path, path: str) -> None:
        self._bench = bench
        self._folder = folder
        self._path = path
        bench.settings = changed(
            bench.settings, "warehouse", kind="csv", direction=Direction.OBSERVE,
            options=msgspec.convert({"path": path}, CsvOptions),
        )  # fmt: skip
        self.restart()

    def restart(self) -> None:
        """Begin again as a new process, that knows what the cache knows."""
        settings = self._bench.settings.channels["warehouse"]
        opened = open_channel(settings, self._bench.clock, self._folder)
        self._bench.channel_state["warehouse"] = ChannelState(settings, opened)

    def put(self, name: str = "w.csv", *, ahead: int = AHEAD, **stock: int) -> None:
        rows = "".join(f"{sku},{available}\n" for sku, available in stock.items())
        path = self._folder / name
        path.write_text(f"sku,available\n{rows}")
        at_ns = (self._bench.clock.at + ahead) * 1_000_000
        os.utime(path, ns=(at_ns, at_ns))


@pytest.fixture
def drop(bench: Bench, tmp_path: Path) -> Drop:
    return Drop(bench, tmp_path, "w.csv")


def as_of(bench: Bench, channel: str = "warehouse") -> int:
    (at,) = bench.database.read(
        lambda connection: connection.execute(
            "SELECT as_of FROM channels WHERE name = ?", (channel,)
        ).fetchone()
    )
    return int(at)


def target(bench: Bench, sku: str = "A", channel: str = "shop") -> int:
    (quantity,) = bench.database.read(
        lambda connection: connection.execute(
            """SELECT l.target_quantity FROM listings l JOIN items i ON i.id = l.item_id
            JOIN channels c ON c.id = l.channel_id WHERE i.sku = ? AND c.name = ?""",
            (sku, channel),
        ).fetchone()
    )
    return int(quantity)


def sell(bench: Bench, quantity: int, sku: str = "A") -> None:
    bench.shop.shows(**{sku: (bench.shop.stock[sku].available or 0) - quantity})
    at = bench.clock.at
    bench.shop.tells(Event(f"e{at}", EventKind.ORDERED, sku, quantity, at, order=f"o{at}"))


async def test_a_file_from_the_future_is_as_of_its_first_sight_for_ever(
    bench: Bench, drop: Drop
) -> None:
    drop.put(A=10)
    await bench.poll("warehouse")
    first = as_of(bench)
    assert first <= bench.clock.at

    for wait in (1_000, HOUR, AHEAD, 24 * HOUR):
        bench.clock.at += wait
        drop.restart()
        await bench.poll("warehouse")
        assert as_of(bench) == first


async def test_sold_stock_is_not_offered_again_by_an_old_file_from_the_future(
    bench: Bench, drop: Drop
) -> None:
    drop.put(A=10)
    bench.shop.shows(A=10)
    await bench.poll("warehouse")
    await bench.poll("shop")
    sell(bench, 10)
    await bench.poll("shop")

    for wait in (1_000, HOUR, AHEAD, 3 * HOUR):
        bench.clock.at += wait
        drop.restart()
        await bench.poll("warehouse")
        await bench.poll("shop")
        assert target(bench) == 0
        assert bench.updates() == []


async def test_a_new_file_counts_although_its_clock_is_ahead(bench: Bench, drop: Drop) -> None:
    drop.put(A=10)
    bench.shop.shows(A=10)
    await bench.poll("warehouse")
    await bench.poll("shop")
    sell(bench, 4)
    await bench.poll("shop")
    assert target(bench) == 6

    bench.clock.at += 60_000
    drop.put(A=6)
    await bench.poll("warehouse")

    assert target(bench) == 6
    assert as_of(bench) > bench.clock.at - 60_000


async def test_a_file_that_is_put_there_again_is_the_same_file(bench: Bench, drop: Drop) -> None:
    dated = bench.clock.at + AHEAD
    drop.put(A=10)
    await bench.poll("warehouse")
    first = as_of(bench)
    drop.put(A=9, ahead=0)
    bench.clock.at += HOUR
    await bench.poll("warehouse")

    bench.clock.at += HOUR
    drop.put(A=10, ahead=dated - bench.clock.at)
    await bench.poll("warehouse")

    assert as_of(bench) == first


@pytest.mark.parametrize("ahead", [-HOUR, 0, 60_000, 299_000, 301_000, AHEAD])
async def test_only_what_is_far_ahead_is_an_incident(bench: Bench, drop: Drop, ahead: int) -> None:
    drop.put(A=10, ahead=ahead + 1_000)
    await bench.poll("warehouse")
    incidents = bench.open_incidents()

    assert [kind for _, kind, _ in incidents] == (["clock"] if ahead > 300_000 else [])
    assert as_of(bench) <= bench.clock.at
    if ahead == AHEAD:
        assert "w.csv is dated 20" in incidents[0][2]
        assert "2 h ahead of this machine's clock: it counts as of 20" in incidents[0][2]


async def test_the_incident_ends_with_a_file_of_a_right_time(bench: Bench, drop: Drop) -> None:
    drop.put(A=10)
    await bench.poll("warehouse")
    bench.clock.at += 24 * HOUR
    await bench.poll("warehouse")
    assert [kind for _, kind, _ in bench.open_incidents()] == ["clock"]

    drop.put(A=10, ahead=0)
    await bench.poll("warehouse")

    assert bench.open_incidents() == []


async def test_the_files_of_a_folder_are_ordered_by_when_they_were_seen(
    bench: Bench, tmp_path: Path
) -> None:
    drop = Drop(bench, tmp_path, ".")
    drop.put("monday.csv", A=1)
    assert (await bench.poll("warehouse")).outcome is PollOutcome.GOOD
    assert shown(bench) == 1

    bench.clock.at += HOUR
    drop.put("tuesday.csv", A=2, ahead=0)
    drop.restart()
    await bench.poll("warehouse")
    assert shown(bench) == 2

    bench.clock.at += HOUR
    drop.put("wednesday.csv", A=3)
    await bench.poll("warehouse")
    bench.clock.at += 3 * HOUR
    drop.put("thursday.csv", A=4, ahead=0)
    drop.restart()
    await bench.poll("warehouse")
    assert shown(bench) == 4
    bench.clock.at += 24 * HOUR
    await bench.poll("warehouse")
    assert shown(bench) == 4


def shown(bench: Bench) -> int:
    (available,) = bench.database.read(
        lambda connection: connection.execute(
            """SELECT l.available FROM listings l JOIN channels c ON c.id = l.channel_id
            WHERE c.name = 'warehouse'"""
        ).fetchone()
    )
    return int(available)


def date(bench: Bench, ahead: int = AHEAD, **quantities: int) -> None:
    """The warehouse shows these, moved at a time to come."""
    bench.warehouse.shows(**quantities)
    for sku in quantities:
        dated = msgspec.structs.replace(
            bench.warehouse.stock[sku], source_at=bench.clock.at + ahead
        )
        bench.warehouse.stock[sku] = dated


async def test_a_source_time_to_come_is_as_of_its_first_sight_for_ever(bench: Bench) -> None:
    date(bench, A=10)
    bench.shop.shows(A=10)
    await bench.poll("warehouse")
    await bench.poll("shop")
    sell(bench, 10)
    await bench.poll("shop")

    for wait in (1_000, HOUR, AHEAD, 3 * HOUR):
        bench.clock.at += wait
        bench.channel_state["warehouse"] = ChannelState(
            bench.settings.channels["warehouse"], bench.warehouse
        )
        await bench.poll("warehouse")
        await bench.poll("shop")
        assert target(bench) == 0
    assert [kind for _, kind, _ in bench.open_incidents()] == ["clock"]
    assert "SKU A is dated 20" in bench.open_incidents()[0][2]

    date(bench, -1_000, A=3)
    await bench.poll("warehouse")

    assert target(bench) == 3
    assert bench.open_incidents() == []


async def test_a_number_that_moved_counts_although_its_time_is_still_to_come(
    bench: Bench,
) -> None:
    date(bench, A=10)
    bench.shop.shows(A=10)
    await bench.poll("warehouse")
    await bench.poll("shop")
    sell(bench, 4)
    await bench.poll("shop")
    assert target(bench) == 6

    bench.clock.at += 60_000
    bench.warehouse.shows(A=6)
    await bench.poll("warehouse")

    assert target(bench) == 6


def by_rules(bench: Bench) -> None:
    approval = ApprovalSettings(mode="rules", hold_ms=0, rules=(ApprovalRule(),))
    bench.settings = msgspec.structs.replace(bench.settings, approval=approval)


async def decided(bench: Bench) -> dict[str, CorrectionStatus]:
    await WrittenRules().approve(bench.database, bench.settings, bench.clock.now())
    return {update.sku: update.status for update in bench.updates()}


async def test_what_was_there_at_first_sight_raises_nothing_by_rule(
    bench: Bench, drop: Drop
) -> None:
    by_rules(bench)
    drop.put(UP=10, DOWN=10)
    bench.shop.shows(UP=4, DOWN=14)
    for name in ("warehouse", "shop", "shop", "warehouse", "shop"):
        await bench.poll(name)

    assert await decided(bench) == {
        "UP": CorrectionStatus.PROPOSED,
        "DOWN": CorrectionStatus.APPROVED,
    }

    # The next file came while we looked.
    drop.put(UP=10, DOWN=10)
    await bench.poll("warehouse")
    assert (await decided(bench))["UP"] is CorrectionStatus.APPROVED


@pytest.mark.parametrize("pause", [1_000, 120_000])
async def test_a_file_that_came_while_nobody_looked_raises_nothing_by_rule(
    bench: Bench, drop: Drop, pause: int
) -> None:
    by_rules(bench)
    drop.put(UP=4, ahead=0)
    bench.shop.shows(UP=4)
    for name in ("warehouse", "shop"):
        await bench.poll(name)
    bench.clock.at += pause
    drop.restart()
    drop.put(UP=10)
    for name in ("warehouse", "shop", "shop", "warehouse", "shop"):
        await bench.poll(name)

    watched = pause < bench.settings.channels["warehouse"].stale_after_ms
    expected = CorrectionStatus.APPROVED if watched else CorrectionStatus.PROPOSED
    assert await decided(bench) == {"UP": expected}


@pytest.mark.parametrize("ahead", [-1_000, 60_000, AHEAD])
async def test_a_source_time_to_come_at_first_sight_raises_nothing_by_rule(
    bench: Bench, ahead: int
) -> None:
    by_rules(bench)
    date(bench, ahead, UP=10, DOWN=10)
    bench.shop.shows(UP=4, DOWN=14)
    for name in ("warehouse", "shop", "shop", "warehouse", "shop"):
        await bench.poll(name)
    up = (await decided(bench))["UP"]
    assert up is (CorrectionStatus.PROPOSED if ahead == AHEAD else CorrectionStatus.APPROVED)
    assert (await decided(bench))["DOWN"] is CorrectionStatus.APPROVED

    if ahead == AHEAD:
        date(bench, ahead, UP=11)
        await bench.poll("warehouse")
        assert CorrectionStatus.APPROVED in (await decided(bench)).values()
        newest = bench.updates()[-1]
        assert (newest.sku, newest.status) == ("UP", CorrectionStatus.APPROVED)
