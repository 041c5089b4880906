"""Events of a poll: read before its readings, recorded with them, and no trouble of theirs."""

import sqlite3

import msgspec
import pytest

from store.event_kinds import Event, EventKind
from store.model import PollOutcome, Refused
from store.polling import events
from store.polling.events import EventBatch
from sync.channels.base import EventPage
from sync.errors import ContractBroken, NeedsOperator, Temporary
from sync.polling import events as events_module
from sync.polling.recovery import EVENTS_PATIENCE, PAUSE_MS
from tests.sync.scripted_channel import NOON, Bench, hang


def sale(event_id: str, sku: str = "A", quantity: int = 1, at: int = NOON, **more: str) -> Event:
    return Event(event_id, EventKind.ORDERED, sku, quantity, at, **more)


def recorded(bench: Bench) -> list[tuple[str, int]]:
    """The events that the cache has, with how often each came again."""

    def ask(connection: sqlite3.Connection) -> list[tuple[str, int]]:
        rows = connection.execute("SELECT event_id, repeats FROM events ORDER BY id")
        return rows.fetchall()

    return bench.database.read(ask)


def odd(bench: Bench) -> list[tuple[str, str]]:
    def ask(connection: sqlite3.Connection) -> list[tuple[str, str]]:
        return connection.execute("SELECT what, words FROM odd_events ORDER BY id").fetchall()

    return bench.database.read(ask)


def cursor(bench: Bench) -> str | None:
    return bench.database.read(events.cursor, "shop")


async def test_events_are_read_before_the_readings_and_recorded_with_them(bench: Bench) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"), sale("e2"), cursor="c1")

    report = await bench.poll()

    assert report.outcome is PollOutcome.GOOD
    assert bench.shop.looked == ["events", "poll"]
    assert recorded(bench) == [("e1", 0), ("e2", 0)]
    assert cursor(bench) == "c1"


async def test_a_sku_that_comes_with_the_same_poll_is_known_to_its_events(bench: Bench) -> None:
    bench.shop.shows(NEW=3)
    bench.shop.tells(sale("e1", "NEW"))

    await bench.poll()

    assert recorded(bench) == [("e1", 0)]
    assert bench.open_incidents() == []


async def test_the_next_poll_goes_on_from_the_cursor(bench: Bench) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(cursor="c1")
    await bench.poll()
    bench.shop.tells()
    await bench.poll()
    await bench.poll()

    assert bench.shop.asked == [None, "c1", "c1"]


async def test_a_poll_that_fails_records_its_events_all_the_same(bench: Bench) -> None:
    bench.shop.shows(A=3)
    await bench.poll()
    bench.shop.tells(sale("e1"), cursor="c1")
    bench.shop.page_faults.append(Temporary("503"))

    report = await bench.poll()

    assert report.outcome is PollOutcome.FAILED
    assert recorded(bench) == [("e1", 0)]
    assert cursor(bench) == "c1"


async def test_a_quarantined_poll_records_its_events_all_the_same(bench: Bench) -> None:
    bench.shop.shows(A=3)
    await bench.poll()
    bench.shop.stock.clear()
    bench.shop.tells(sale("e1"), cursor="c1")

    report = await bench.poll()

    assert report.outcome is PollOutcome.QUARANTINED
    assert recorded(bench) == [("e1", 0)]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ContractBroken("no list", path="page 1"), "its events can't be read: no list, at page 1"),
        (NeedsOperator("403"), "its events can't be read: 403"),
    ],
)
async def test_trouble_with_events_is_an_incident_and_fails_no_readings(
    bench: Bench, error: Exception, words: str
) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"), cursor="c1")
    bench.shop.event_faults.append(error)

    report = await bench.poll()

    assert report.outcome is PollOutcome.GOOD
    assert bench.open_incidents() == [("shop", "events", words)]
    assert recorded(bench) == [("e1", 0)]
    assert cursor(bench) == "c1"


async def test_a_bug_in_a_channels_events_names_its_place_and_fails_no_readings(
    bench: Bench,
) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"))
    bench.shop.event_faults.append(KeyError("secret"))

    assert (await bench.poll()).outcome is PollOutcome.GOOD
    ((_, kind, words),) = bench.open_incidents()
    assert kind == "events"
    assert "crashed: KeyError at sync/scripted_channel.py" in words
    assert "secret" not in words


async def test_events_that_hang_are_cut_off_and_the_readings_go_on(bench: Bench) -> None:
    channel_state = bench.channel_state["shop"]
    channel_state.settings = msgspec.structs.replace(
        channel_state.settings, timeout_ms=50, stale_after_ms=50
    )
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"))
    bench.shop.event_faults.append(hang)

    assert (await bench.poll()).outcome is PollOutcome.GOOD
    assert bench.open_incidents() == []


async def test_passing_trouble_is_an_incident_once_it_does_not_pass(bench: Bench) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"))
    bench.shop.event_faults.extend([Temporary("503")] * EVENTS_PATIENCE)
    for _ in range(EVENTS_PATIENCE - 1):
        assert (await bench.poll()).outcome is PollOutcome.GOOD
        assert bench.open_incidents() == []
        bench.clock.at += PAUSE_MS

    assert (await bench.poll()).outcome is PollOutcome.GOOD
    assert bench.open_incidents() == [("shop", "events", "its events can't be read: 503")]

    bench.clock.at += PAUSE_MS
    await bench.poll()
    assert bench.open_incidents() == []


async def test_after_trouble_the_events_rest_and_the_readings_do_not(bench: Bench) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"))
    bench.shop.event_faults.append(NeedsOperator("403"))
    await bench.poll()
    await bench.poll()
    assert bench.shop.looked == ["events", "poll", "poll"]

    bench.clock.at += PAUSE_MS
    await bench.poll()

    assert bench.shop.looked[3:] == ["events", "poll"]
    assert bench.open_incidents() == []


async def test_an_incident_of_an_earlier_run_ends_once_the_events_are_read(bench: Bench) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"))
    bench.shop.event_faults.append(Temporary("503"))
    await bench.poll()
    bench.channel_state["shop"].event_reads.__init__("events")  # type: ignore[misc]

    await bench.poll()

    assert bench.open_incidents() == []


async def test_bad_events_are_one_incident_that_ends_with_the_next_good_batch(
    bench: Bench,
) -> None:
    bench.shop.shows(A=3)
    bad = Refused("event e9", "it has no time", "A")
    bench.shop.tells(sale("e1"), sale("e2", "NOBODY"), refused=(bad,))

    await bench.poll()
    await bench.poll()

    assert bench.open_incidents() == [
        ("shop", "events", "event e9 (SKU A): it has no time, and 1 more")
    ]
    refused = [words for what, words in odd(bench) if what == "refused"]
    assert refused == [
        "event e9: it has no time",
        "event e2: no channel has shown SKU NOBODY yet",
    ], "each is counted once a day"

    bench.shop.tells(sale("e3"))
    await bench.poll()
    assert bench.open_incidents() == []


async def test_another_body_is_an_incident_until_the_channel_tells_well_again(
    bench: Bench,
) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"))
    await bench.poll()
    bench.shop.tells(sale("e1", quantity=2))
    await bench.poll()

    words = "event e1 came again with a different quantity; the first counts"
    assert bench.open_incidents() == [("shop", "events", words)]

    bench.shop.tells(sale("e2"))
    await bench.poll()
    assert bench.open_incidents() == []


async def test_an_event_of_tomorrow_is_refused_by_the_configured_tolerance(bench: Bench) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1", at=NOON + 400_000), sale("e2", at=NOON + 200_000))

    await bench.poll()

    assert recorded(bench) == [("e2", 0)]
    assert "ahead of this machine's clock" in bench.open_incidents()[0][2]


async def test_what_was_asked_again_on_purpose_is_no_fault(bench: Bench) -> None:
    bench.shop.shows(A=3)
    bench.shop.tells(sale("e1"))
    await bench.poll()
    bench.shop.tells(sale("e1"), sale("e0", at=NOON - 1), again_until=NOON)
    await bench.poll()
    assert odd(bench) == []

    bench.shop.tells(sale("e1"))
    await bench.poll()
    assert [what for what, _ in odd(bench)] == ["repeat"]


async def test_more_than_a_poll_holds_comes_with_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "EVENTS_MAX", 2)
    bench.shop.shows(A=3)
    bench.shop.tells()
    bench.shop.event_pages = [
        EventPage([sale("e0", at=NOON - 9)], cursor="c0", again_until=NOON - 5),
        EventPage([sale("e1"), sale("e2")], cursor="c1", again_until=NOON - 5),
        EventPage([sale("e3")], cursor="c2", again_until=NOON - 5),
    ]

    await bench.poll()

    assert recorded(bench) == [("e0", 0), ("e1", 0), ("e2", 0)]
    assert cursor(bench) == "c1"


async def test_an_empty_batch_of_events_changes_nothing(bench: Bench) -> None:
    now = bench.clock.now()
    taken = bench.database.write(
        events.record_batch_alone, "shop", EventBatch(), bench.context.comparison, now=now
    )

    assert (taken.new, taken.repeats) == (0, 0)
    assert cursor(bench) is None


async def test_repeats_of_events_without_an_end_are_given_up_and_reported(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "HELD_MAX", 3)
    bench.shop.shows(A=3)
    bench.shop.tells()
    old = [[sale(f"e{n}", at=NOON - 9), sale(f"f{n}", at=NOON - 9)] for n in range(9)]
    bench.shop.event_pages = [EventPage(page, cursor="c0", again_until=NOON - 5) for page in old]

    assert (await bench.poll()).outcome is PollOutcome.GOOD

    assert len(recorded(bench)) == 4
    ((_, _, words),) = bench.open_incidents()
    assert "shop reports more than 3 events before its cursor" in words
