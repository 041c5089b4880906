"""When raises may be approved: the calendar, and what it holds back."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from store.database.connection import Database
from store.model import CorrectionStatus as Status
from sync.corrections import cron, decide, windows, written_rules
from sync.corrections.written_rules import WrittenRules
from sync.settings import (
    ApprovalRule,
    ApprovalSettings,
    ApprovalWindow,
    Settings,
    WindowStanding,
)
from sync.times.time_zones import TimeZone
from tests.sync.engine_bench import made, running, until, updates
from tests.sync.scripted_channel import Bench, Shop

HOUR = 3_600_000


def at(written: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def window(
    written: str, hours: float, effect: str = "freeze", reason: str = "stocktake", zone: str = ""
) -> ApprovalWindow:
    return ApprovalWindow(
        cron=written,
        duration_ms=round(hours * HOUR),
        effect=effect,  # type: ignore[arg-type]
        reason=reason,
        timezone=TimeZone(zone) if zone else None,
    )


NIGHT = window("0 22 * * *", 9)
ALWAYS = window("* * * * *", 1)
OFFICE = window("0 9 * * 1-5", 8, "allow", "office hours", "Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "until_"),
    [
        ("2026-11-30 21:59:59.999", None),
        ("2026-11-30 22:00", "2026-12-01 07:00"),
        ("2026-12-01 03:00", "2026-12-01 07:00"),
        ("2026-12-01 06:59:59.999", "2026-12-01 07:00"),
        ("2026-12-01 07:00", None),
    ],
)
def test_a_freeze_holds_from_its_begin_to_its_end(now: str, until_: str | None) -> None:
    found = windows.standing([NIGHT], at(now))

    if until_ is None:
        assert found is None
    else:
        assert found == WindowStanding(held=True, until=at(until_), reason="stocktake")


def test_outside_of_every_allow_raises_wait_for_the_next() -> None:
    """30 November 2026 is a Monday; Berlin is an hour ahead of UTC."""
    sunday = windows.standing([OFFICE], at("2026-11-29 12:00"))
    monday = windows.standing([OFFICE], at("2026-11-30 08:00"))
    evening = windows.standing([OFFICE], at("2026-11-30 16:00"))

    opens = at("2026-11-30 09:00", "Europe/Berlin")
    assert sunday == WindowStanding(held=True, until=opens, reason="outside of: office hours")
    assert monday == WindowStanding(
        held=False, until=at("2026-11-30 17:00", "Europe/Berlin"), reason="office hours"
    )
    assert evening is not None
    assert (evening.held, evening.until) == (True, at("2026-12-01 09:00", "Europe/Berlin"))


def test_a_freeze_goes_before_an_allow_and_ends_it() -> None:
    lunch = window("0 12 * * *", 1, reason="lunch", zone="Europe/Berlin")

    before = windows.standing([OFFICE, lunch], at("2026-11-30 09:30", "Europe/Berlin"))
    within = windows.standing([OFFICE, lunch], at("2026-11-30 12:30", "Europe/Berlin"))

    noon = at("2026-11-30 12:00", "Europe/Berlin")
    assert before == WindowStanding(held=False, until=noon, reason="office hours")
    assert within == WindowStanding(held=True, until=noon + HOUR, reason="lunch")


def test_windows_that_touch_are_one() -> None:
    found = windows.standing([window("0 * * * *", 1)], at("2026-11-30 10:30"))

    assert found is not None
    assert found.held
    assert found.until is not None
    assert found.until >= at("2026-12-01 08:00")


def test_the_end_is_where_no_window_holds_any_more() -> None:
    """A night, the stocktake that begins as it ends, and a count that overlaps that."""
    night = window("0 22 * * *", 9, reason="night")
    stocktake = window("0 7 1 * *", 3)
    count = window("30 9 1 * *", 2, reason="count")

    found = windows.standing([night, stocktake, count], at("2026-11-30 23:00"))

    assert found == WindowStanding(held=True, until=at("2026-12-01 11:30"), reason="night")


def test_a_freeze_that_ends_outside_of_every_allow_holds_until_one_opens() -> None:
    lunch = window("0 12 * * *", 1, reason="lunch")
    morning = window("0 9 * * *", 3, "allow", "morning")
    evening = window("0 18 * * *", 2, "allow", "evening")

    found = windows.standing([lunch, morning, evening], at("2026-11-30 12:30"))
    before = windows.standing([lunch, morning, evening], at("2026-11-30 10:00"))

    assert found == WindowStanding(held=True, until=at("2026-11-30 18:00"), reason="lunch")
    assert before == WindowStanding(held=False, until=at("2026-11-30 12:00"), reason="morning")


def test_a_freeze_that_lasts_as_an_allow_opens_holds_on() -> None:
    office = window("0 9 * * *", 8, "allow", "office")
    count = window("0 8 * * *", 2, reason="count")

    found = windows.standing([office, count], at("2026-11-30 07:00"))

    assert found == WindowStanding(
        held=True, until=at("2026-11-30 10:00"), reason="outside of: office"
    )


def test_allows_that_touch_are_one() -> None:
    early = window("0 6 * * *", 3, "allow", "early")
    late = window("0 9 * * *", 3, "allow", "late")

    found = windows.standing([early, late], at("2026-11-30 07:00"))

    assert found == WindowStanding(held=False, until=at("2026-11-30 12:00"), reason="early")


@settings_of(max_examples=30, deadline=None)
@given(
    written=st.lists(
        st.tuples(st.integers(0, 23), st.integers(1, 12), st.sampled_from(["allow", "freeze"])),
        min_size=1,
        max_size=3,
    ),
    start=st.integers(0, 47),
)
def test_until_its_end_nothing_changes_and_there_it_does(
    written: list[tuple[int, int, str]], start: int
) -> None:
    calendar = [window(f"0 {hour} * * *", hours, effect) for hour, hours, effect in written]
    now = at("2026-11-30 00:30") + start * HOUR
    found = windows.standing(calendar, now)
    held = found is not None and found.held
    if found is None or found.until is None or found.until - now > 20 * HOUR:
        return

    def holds(then: int) -> bool:
        standing = windows.standing(calendar, then)
        return standing is not None and standing.held

    assert all(holds(then) == held for then in range(now, found.until, HOUR // 2))
    assert holds(found.until) != held


def test_a_clock_that_is_put_back_lengthens_the_night_and_no_window() -> None:
    """In Berlin the hour from 2 to 3 came twice on 25 October 2026."""
    sale = window("0 1 * * *", 4, zone="Europe/Berlin")

    found = windows.standing([sale], at("2026-10-25 00:30"))

    assert found is not None
    assert found.until == at("2026-10-24 23:00") + 4 * HOUR


def test_an_engine_may_ask_as_often_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    begins = windows._begins

    def counted(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        return begins(*args)

    monkeypatch.setattr(windows, "_begins", counted)
    start = at("2027-01-04 10:30")
    windows.standing([ALWAYS], start)
    once = asked
    for passed in range(0, 1_000, 50):
        windows.standing([ALWAYS], start + passed)

    assert 0 < asked == once


def test_no_windows_say_nothing() -> None:
    assert windows.standing([], at("2026-11-30 10:00")) is None


def test_a_window_that_never_comes_again_is_said() -> None:
    never = window("0 0 30 2 *", 1, "allow", "never")
    found = windows.standing([never], at("2026-11-30 10:00"))

    assert found == WindowStanding(held=True, until=None, reason="no window opens any more")


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("1-5", {0, 1, 2, 3, 4}),
        ("0", {6}),
        ("7", {6}),
        ("0-2", {6, 0, 1}),
        ("5-7", {4, 5, 6}),
        ("1-5/2", {0, 2, 4}),
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat,sun", {5, 6}),
        ("1,3,fri", {0, 2, 4}),
        ("*", set(range(7))),
    ],
)
def test_weekdays_are_crons(weekdays: str, days: set[int]) -> None:
    trigger = cron.trigger_of(f"0 0 * * {weekdays}", UTC)
    now = datetime(2026, 11, 30, tzinfo=UTC)
    found = set()
    for _ in range(8):
        now = trigger.get_next_fire_time(None, now)
        found.add(now.weekday())
        now = now.replace(minute=1)

    assert found == days


@pytest.mark.parametrize(
    "written", ["", "* * * *", "* * * * * *", "60 * * * *", "0 0 1 * 1", "0 0 * * 8", "0 0 * * 5-1",
                "a b c d e", "0 0 * * 1-5/0", "@daily"],
)  # fmt: skip
def test_what_is_no_cron_expression_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        cron.trigger_of(written, UTC)


def frozen(settings: Settings, **given: object) -> Settings:
    approval = ApprovalSettings(hold_ms=0, windows=(ALWAYS,), **given)  # type: ignore[arg-type]
    return msgspec.structs.replace(settings, approval=approval)


async def test_in_a_freeze_a_person_may_reduce_and_not_raise(bench: Bench) -> None:
    found = await bench.disagree({"A": 1, "B": 9}, {"A": 5, "B": 2})
    up, down = sorted(found, key=lambda update: update.sku)
    now = bench.clock.now()
    seen = [(up.id, up.version), (down.id, down.version)]

    decided = decide.approve(bench.database, frozen(bench.settings), seen, who="ana", now=now)

    assert [(done.id, done.ok) for done in decided] == [(up.id, False), (down.id, True)]
    held = decided[0].held_back
    assert held is not None
    assert held.detail == "stocktake"
    assert held.until is not None
    assert held.until > now
    assert [bench.update(i.id).status for i in (up, down)] == [Status.PROPOSED, Status.APPROVED]


async def test_in_a_freeze_rules_approve_nothing(bench: Bench) -> None:
    await bench.disagree({"A": 9}, {"A": 2})
    rules = {"mode": "rules", "rules": (ApprovalRule(),)}
    now = bench.clock.now()

    assert await WrittenRules().approve(bench.database, frozen(bench.settings, **rules), now) == 0
    free = msgspec.structs.replace(
        bench.settings,
        approval=ApprovalSettings(hold_ms=0, **rules),  # type: ignore[arg-type]
    )
    assert await WrittenRules().approve(bench.database, free, now) == 1


async def test_what_was_approved_before_is_not_raised_within(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=1, B=9)
    shops["warehouse"].shows(A=5, B=2)
    async with running(made(settings, database)):
        await until(lambda: len(updates(database, Status.PROPOSED)) == 2)
    seen = [(update.id, update.version) for update in updates(database, Status.PROPOSED)]
    now = made(settings, database)._clock.now()
    decide.approve(database, settings, seen, who="ana", now=now)

    async with running(made(frozen(settings), database)):
        await until(lambda: len(updates(database, Status.VERIFIED)) == 1)
        await until(lambda: any(u.result for u in updates(database, Status.APPROVED)))

    assert [update.sku for update in updates(database, Status.VERIFIED)] == ["B"]
    [waits] = updates(database, Status.APPROVED)
    assert (waits.sku, waits.result) == (
        "A", "not written yet: no window lets raises and rules through: stocktake",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attribute", "covered"), [(None, True), ("quantity", True), ("state", False)]
)
async def test_a_rule_may_be_for_one_attribute(
    bench: Bench, attribute: str | None, *, covered: bool
) -> None:
    [found] = await bench.disagree({"A": 9}, {"A": 2})

    rule = ApprovalRule(attribute=attribute)  # type: ignore[arg-type]

    assert written_rules.matches(found, rule) is covered
    both = msgspec.structs.replace(found, from_state="active", to_state="hold")
    assert written_rules.matches(both, rule) is (attribute is None)
