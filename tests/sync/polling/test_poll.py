"""Polling one channel: every row of the error table, and what a poll leaves behind."""

import asyncio

import msgspec
import pytest

from store.errors import DatabaseBusy
from store.model import Freshness, PollOutcome, Refused
from store.polling import quarantine
from store.queries import status_counts
from sync.errors import ContractBroken, NeedsOperator, Temporary
from sync.polling.recovery import PAUSE_MS
from sync.settings import GuardSettings
from tests.sync.scripted_channel import Bench, hang


def freshness(bench: Bench, name: str = "shop") -> Freshness:
    channels = bench.database.read(status_counts.channels, now=bench.clock.now())
    return next(channel.freshness for channel in channels if channel.name == name)


async def test_a_good_poll_records_what_the_channel_shows(bench: Bench) -> None:
    bench.shop.shows(A=3, B=4)

    report = await bench.poll()

    assert (report.outcome, report.listings, report.error) == (PollOutcome.GOOD, 2, None)
    assert freshness(bench) is Freshness.FRESH


async def test_a_poll_that_ends_midway_records_nothing_as_missing(bench: Bench) -> None:
    bench.shop.shows(A=3, B=4)
    bench.warehouse.shows(A=3, B=4)
    await bench.poll("warehouse")
    await bench.poll()
    bench.shop.shows(A=9)
    bench.shop.page_faults.append(Temporary("503"))

    report = await bench.poll()

    assert (report.outcome, report.error) == (PollOutcome.FAILED, "503")
    assert bench.disagreements() == []
    assert freshness(bench) is Freshness.FAILING


async def test_temporary_trouble_raises_no_incident_and_backs_off_longer_each_time(
    bench: Bench,
) -> None:
    rests = []
    for _ in range(3):
        bench.shop.page_faults.append(Temporary("503"))
        await bench.poll()
        rests.append(bench.channel_state["shop"].polls.rests_until - bench.clock.now())

    assert rests == [500, 1_000, 2_000]
    assert bench.open_incidents() == []


async def test_a_channel_that_says_when_to_come_back_is_left_alone_until_then(
    bench: Bench,
) -> None:
    bench.shop.page_faults.append(Temporary("429", retry_after_s=90))

    await bench.poll()

    assert bench.channel_state["shop"].polls.rests_until == bench.clock.now() + 90_000


async def test_a_clock_that_is_set_back_does_not_prolong_a_rest(bench: Bench) -> None:
    bench.shop.page_faults.append(Temporary("429", retry_after_s=90))
    await bench.poll()
    polls, now = bench.channel_state["shop"].polls, bench.clock.now()

    assert polls.rests(now + 89_999)
    assert not polls.rests(now + 90_000)
    assert not polls.rests(now - 60 * 60_000)


async def test_a_refused_credential_pauses_the_channel_and_names_the_credential(
    bench: Bench,
) -> None:
    bench.shop.page_faults.append(NeedsOperator("401, credential SHOP_KEY"))

    await bench.poll()

    channels = bench.database.read(status_counts.channels, now=bench.clock.now())
    paused = next(channel.paused_until for channel in channels if channel.name == "shop")
    assert paused == bench.clock.now() + PAUSE_MS
    assert bench.open_incidents() == [("shop", "credentials", "401, credential SHOP_KEY")]


async def test_a_mended_credential_ends_the_pause_and_the_incident(bench: Bench) -> None:
    bench.shop.page_faults.append(NeedsOperator("401, credential SHOP_KEY"))
    await bench.poll()

    await bench.poll()

    channels = bench.database.read(status_counts.channels, now=bench.clock.now())
    assert all(channel.paused_until is None for channel in channels)
    assert bench.open_incidents() == []
    assert bench.channel_state["shop"].polls.rests_until == 0


async def test_an_undecodable_page_is_an_incident_that_names_the_path(bench: Bench) -> None:
    bench.shop.page_faults.append(ContractBroken("not a list", path="items"))

    report = await bench.poll()

    assert report.outcome is PollOutcome.FAILED
    assert bench.open_incidents() == [("shop", "contract", "not a list, at items")]


async def test_a_bug_in_a_channels_code_is_an_incident_without_the_bugs_own_words(
    bench: Bench,
) -> None:
    bench.shop.page_faults.append(KeyError("token=hunter2"))

    report = await bench.poll()

    [(channel, kind, message)] = bench.open_incidents()
    assert (channel, kind, report.outcome) == ("shop", "crashed", PollOutcome.FAILED)
    assert message.startswith("crashed: KeyError at sync/scripted_channel.py:")
    assert "hunter2" not in message


async def test_one_channels_crash_leaves_the_other_running(bench: Bench) -> None:
    bench.shop.page_faults.append(RuntimeError())
    bench.warehouse.shows(A=1)

    crashed, good = await asyncio.gather(bench.poll("shop"), bench.poll("warehouse"))

    assert (crashed.outcome, good.outcome) == (PollOutcome.FAILED, PollOutcome.GOOD)


async def test_a_hung_poll_is_cut_off_by_its_deadline(bench: Bench) -> None:
    channel_state = bench.channel_state["shop"]
    channel_state.settings = msgspec.structs.replace(
        channel_state.settings, timeout_ms=5, stale_after_ms=50
    )
    bench.shop.page_faults.append(hang)

    report = await bench.poll()

    assert (report.outcome, report.error) == (
        PollOutcome.FAILED,
        "cut off: it took longer than 0.05 s, and was not at its end after 0 records",
    )
    assert bench.open_incidents() == []


async def test_a_poll_that_we_stop_ourselves_says_nothing_about_the_channel(bench: Bench) -> None:
    bench.shop.shows(A=3, B=4)
    begun = asyncio.Event()

    async def begin_and_hang() -> None:
        begun.set()
        await hang()

    bench.shop.page_faults.append(begin_and_hang)
    polling = asyncio.create_task(bench.poll())
    await begun.wait()

    polling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await polling

    assert freshness(bench) is Freshness.NEVER
    channels = bench.database.read(status_counts.channels, now=bench.clock.now())
    assert [(channel.last_error, channel.last_poll_at) for channel in channels] == [
        (None, None)
    ] * 2


async def test_trouble_with_the_cache_is_not_the_channels(bench: Bench) -> None:
    bench.shop.page_faults.append(DatabaseBusy("busy"))

    with pytest.raises(DatabaseBusy):
        await bench.poll()

    assert bench.open_incidents() == []


async def test_an_implausible_poll_is_quarantined_and_the_last_good_one_stays(
    bench: Bench,
) -> None:
    skus = {f"S{number}": 5 for number in range(30)}
    bench.shop.shows(**skus)
    bench.warehouse.shows(**skus)
    await bench.poll("warehouse")
    await bench.poll()
    bench.channel_state["shop"].settings = msgspec.structs.replace(
        bench.channel_state["shop"].settings, guard=GuardSettings()
    )
    bench.shop.shows(**dict.fromkeys(skus, 0))

    report = await bench.poll()

    assert report.outcome is PollOutcome.QUARANTINED
    assert report.error == "30 of 30 listings newly at zero (100 %), more than 10 %"
    assert bench.disagreements() == []
    assert bench.open_incidents() == [("shop", "quarantined", report.error)]


async def test_the_next_plausible_poll_replaces_a_quarantined_one(bench: Bench) -> None:
    bench.shop.shows(A=3)
    await bench.poll()
    stock, bench.shop.stock = bench.shop.stock, {}
    assert (await bench.poll()).outcome is PollOutcome.QUARANTINED
    bench.shop.stock = stock

    report = await bench.poll()

    assert report.outcome is PollOutcome.GOOD
    assert not bench.quarantined("shop")
    assert bench.open_incidents() == []


async def test_a_poll_that_is_shorter_than_announced_is_cut_short(bench: Bench) -> None:
    bench.shop.shows(A=3, B=4)
    bench.shop.announced = 3

    report = await bench.poll()

    assert report.error == "cut short: the channel announced 3 records, 2 came"


async def test_one_unreadable_record_blinds_its_own_cell_only(bench: Bench) -> None:
    bench.shop.shows(A=3, B=4)
    bench.shop.refused = [Refused("items[2].quantity", "twelve is no number", sku="C")]

    report = await bench.poll()

    assert report.outcome is PollOutcome.GOOD
    assert [kind for _, kind, _ in bench.open_incidents()] == ["unreadable"]


async def test_two_polls_of_one_channel_never_overlap(bench: Bench) -> None:
    bench.shop.shows(A=3, B=4)
    running = 0
    most = 0

    async def count() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    bench.shop.page_faults.extend([count, count])

    await asyncio.gather(bench.poll(), bench.poll())

    assert most == 1


async def test_down_and_recovered_are_each_logged_once(bench: Bench) -> None:
    lines: list[str] = []

    class Log:
        def info(self, event: str, **_: object) -> None:
            lines.append(event)

        warning = info

        def debug(self, event: str, **_: object) -> None:
            pass

    msgspec.structs.force_setattr(bench.context, "log", Log())
    bench.shop.page_faults.extend([Temporary("503"), Temporary("503"), Temporary("503")])

    for _ in range(5):
        await bench.poll()

    assert lines == [
        "channel in trouble", "channel recovered", "poll finished", "poll finished",
    ]  # fmt: skip


async def test_a_poll_during_which_a_person_accepted_another_counts_for_nothing(
    bench: Bench,
) -> None:
    skus = {f"S{number}": 5 for number in range(30)}
    bench.warehouse.shows(**skus)
    await bench.poll("warehouse")
    bench.channel_state["warehouse"].settings = msgspec.structs.replace(
        bench.channel_state["warehouse"].settings, guard=GuardSettings()
    )
    bench.warehouse.shows(**dict.fromkeys(skus, 0))
    await bench.poll("warehouse")
    bench.warehouse.shows(**skus)

    async def accept() -> None:
        await bench.database.awrite(
            quarantine.accept, "warehouse", bench.context.comparison, who="ana",
            now=bench.clock.now(),
        )  # fmt: skip

    bench.warehouse.page_faults.append(accept)
    overtaken = await bench.poll("warehouse")
    after = await bench.poll("warehouse")

    assert overtaken.outcome is PollOutcome.FAILED
    assert "other readings of warehouse came in" in (overtaken.error or "")
    # The zeros that were accepted are in the cache, and the next poll sees that they have gone.
    assert (after.outcome, after.changed) == (PollOutcome.QUARANTINED, 30)


async def test_a_poll_that_the_machine_slept_through_counts_for_nothing(bench: Bench) -> None:
    bench.shop.shows(A=3)

    async def sleep() -> None:
        bench.clock.at += 3_600_000

    bench.shop.page_faults.append(sleep)

    report = await bench.poll()

    assert (report.outcome, report.error) == (
        PollOutcome.FAILED, "the machine slept during the poll",
    )  # fmt: skip
    assert freshness(bench) is Freshness.NEVER


async def test_a_list_that_says_itself_that_there_is_more_is_set_aside(bench: Bench) -> None:
    bench.warehouse.shows(A=3, B=4)
    await bench.poll("warehouse")
    bench.shop.shows(A=3)
    bench.shop.cut_short = "cut short: `total` announces 2 records, 1 came"

    report = await bench.poll()

    assert (report.outcome, report.error) == (PollOutcome.QUARANTINED, bench.shop.cut_short)
    assert bench.disagreements() == []


async def test_what_is_doubtful_about_a_poll_stays_in_sight_until_a_poll_without_it(
    bench: Bench,
) -> None:
    def warnings() -> tuple[str, ...]:
        channels = bench.database.read(status_counts.channels, now=bench.clock.now())
        return next(channel.warnings for channel in channels if channel.name == "shop")

    bench.shop.shows(A=3)
    bench.shop.warnings = ["fields.state: `state` found in 0 of 1 records"]
    report = await bench.poll()
    assert (report.outcome, report.warnings) == (PollOutcome.GOOD, tuple(bench.shop.warnings))
    assert warnings() == report.warnings

    bench.shop.page_faults.append(Temporary("503"))
    await bench.poll()
    assert warnings() == report.warnings

    bench.shop.warnings = []
    assert (await bench.poll()).warnings == ()
    assert warnings() == ()
