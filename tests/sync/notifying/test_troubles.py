"""What is told, once, again when it is over, gathered, with rests, and not at night."""

from datetime import UTC, datetime
from typing import Any

import pytest

from store.model import Correction, CorrectionStatus, Incident
from store.monitoring.told import ToldTrouble
from sync.conditions import Condition, condition
from sync.notifying import troubles
from sync.notifying.troubles import NotifyPace, NotifyReading
from sync.secrets import SecretSource
from sync.settings import NotifySettings
from sync.times.quiet_hours import quiet_hours

NOW = round(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp() * 1000)
LONG_AGO = NOW - troubles.GATHER_MS
MINUTE = 60_000


def place(*on: str, quiet: str | None = None) -> NotifySettings:
    return NotifySettings(
        name="CHAT",
        url=SecretSource(env="CHAT"),
        on=tuple(condition(written) for written in on),
        quiet=None if quiet is None else quiet_hours(quiet),
    )


def incident(number: int, kind: str = "stale", channel: str | None = "shop") -> Incident:
    return Incident(number, channel, kind, NOW, NOW, 1, "no good poll for more than 3m", None)


def update(number: int, age_min: float) -> Correction:
    empty: dict[str, Any] = dict.fromkeys(Correction.__struct_fields__[:23])
    return Correction(
        **empty
        | {
            "id": number, "sku": f"SKU-{number}", "channel": "shop", "version": 3,
            "from_quantity": 9, "to_quantity": 2, "status": CorrectionStatus.PROPOSED,
            "proposed_at": round(NOW - age_min * MINUTE),
        }
    )  # fmt: skip


def reading(
    *incidents: Incident, oversell: int = 0, pending: tuple[Correction, ...] = (), at: int = NOW,
    seen: frozenset[int] = frozenset(), unknown: int = 0,
) -> NotifyReading:  # fmt: skip
    return NotifyReading(at, incidents, oversell, pending, seen, unknown)


def told_of(
    settings: NotifySettings,
    found: NotifyReading,
    *told: str,
    since: int = LONG_AGO,
    sent_at: int | None = None,
) -> troubles.Message | None:
    there = troubles.troubles(settings.on, found)
    known = {key: ToldTrouble(key, f"words of {key}", LONG_AGO) for key in told}
    pace = NotifyPace({trouble.key: since for trouble in there}, sent_at, found.at)
    return troubles.message(settings, there, known, pace, shop="acme")


def test_an_incident_is_told_with_where_and_what() -> None:
    message = told_of(place("incident"), reading(incident(7)))

    assert message is not None
    assert message.title == "Skew acme: stale on shop: no good poll for more than 3m"
    assert message.body == "stale on shop: no good poll for more than 3m"
    assert [trouble.key for trouble in message.told] == ["incident 7"]


def test_a_long_message_still_ends_with_where_to_look() -> None:
    found = reading(*(incident(number) for number in range(troubles.LINES_MAX + 5)))
    there = troubles.troubles(place("incident").on, found)
    pace = NotifyPace({trouble.key: LONG_AGO for trouble in there}, None, NOW)
    message = troubles.message(
        place("incident"), there, {}, pace, shop="acme", console="https://skew.example"
    )

    assert message is not None
    assert message.body.splitlines()[-2:] == ["and 5 more", "https://skew.example"]


def test_it_is_told_once_and_again_when_it_is_over() -> None:
    settings = place("incident")

    assert told_of(settings, reading(incident(7)), "incident 7") is None
    over = told_of(settings, reading(), "incident 7")

    assert over is not None
    assert (over.title, over.body, over.over) == (
        "Skew acme: over", "over: words of incident 7", ("incident 7",),
    )  # fmt: skip


def test_what_comes_together_is_told_together() -> None:
    message = told_of(place("incident"), reading(*(incident(n) for n in range(30))))

    assert message is not None
    assert message.title == "Skew acme: 30 new"
    lines = message.body.splitlines()
    assert (len(lines), lines[-1]) == (troubles.LINES_MAX + 1, "and 10 more")
    assert len(message.told) == 30


def test_what_is_new_is_gathered_for_a_moment() -> None:
    found = reading(incident(7))
    just_now = NOW - troubles.GATHER_MS + 1

    assert told_of(place("incident"), found, since=just_now) is None
    assert told_of(place("incident"), found, since=just_now - 1) is not None


def test_two_messages_have_a_rest_between_and_a_clock_set_back_adds_none() -> None:
    found = reading(incident(7))

    assert told_of(place("incident"), found, sent_at=NOW - troubles.REST_MS + 1) is None
    assert told_of(place("incident"), found, sent_at=NOW - troubles.REST_MS) is not None
    assert told_of(place("incident"), found, sent_at=NOW + 3_600_000) is not None


def test_only_the_kinds_that_are_asked_for() -> None:
    found = reading(incident(1, "stale"), incident(2, "quarantined"), incident(3, "loop"))

    message = told_of(place("incident quarantined", "incident loop"), found)

    assert message is not None
    assert [trouble.key for trouble in message.told] == ["incident 2", "incident 3"]


def test_what_somebody_knows_already_is_told_to_nobody_else_and_is_not_over() -> None:
    found = reading(incident(7), seen=frozenset({7}))

    assert told_of(place("incident"), found) is None
    assert told_of(place("incident"), found, "incident 7") is None


@pytest.mark.parametrize(("units", "is_told"), [(100, False), (101, True)])
def test_oversell_is_told_above_its_threshold(units: int, *, is_told: bool) -> None:
    message = told_of(place("oversell > 100"), reading(oversell=units))

    assert (message is not None) is is_told
    if message is not None:
        assert message.body == "101 units oversold, more than 100"


@pytest.mark.parametrize(
    ("units", "unknown", "is_over"), [(0, 300, False), (60, 41, False), (60, 40, True)]
)
def test_oversell_that_can_t_be_seen_is_not_over(
    units: int, unknown: int, *, is_over: bool
) -> None:
    found = reading(oversell=units, unknown=unknown)

    assert told_of(place("oversell > 100"), found) is None
    message = told_of(place("oversell > 100"), found, "oversell > 100")
    assert (message is not None) is is_over


def test_oversell_that_grows_is_one_trouble() -> None:
    assert told_of(place("oversell > 100"), reading(oversell=5_000), "oversell > 100") is None


def test_updates_that_wait_are_named_with_what_approves_them() -> None:
    pending = (update(1, 31), update(2, 30.1), update(3, 29.9))

    message = told_of(place("pending older than 30m"), reading(pending=pending))

    assert message is not None
    assert message.body.splitlines() == [
        "2 updates have waited longer than 30m",
        "SKU-1 on shop: 9 → 2; skew approve 1@3",
        "SKU-2 on shop: 9 → 2; skew approve 2@3",
    ]


@pytest.mark.parametrize(
    ("hour", "is_quiet"), [(20, False), (21, True), (23, True), (0, True), (5, True), (6, False)]
)
def test_at_night_only_oversell_is_told(hour: int, *, is_quiet: bool) -> None:
    """In November Berlin is an hour ahead of UTC."""
    settings = place("incident", "oversell > 100", quiet="22:00-07:00 Europe/Berlin")
    night = round(datetime(2026, 11, 30, hour, tzinfo=UTC).timestamp() * 1000)
    found = reading(incident(7), oversell=200, at=night)

    message = told_of(settings, found, since=night - troubles.GATHER_MS)

    assert message is not None
    keys = [trouble.key for trouble in message.told]
    assert keys == (["oversell > 100"] if is_quiet else ["incident 7", "oversell > 100"])
    over = told_of(settings, reading(at=night), "incident 9")
    assert (over is None) is is_quiet


def test_quiet_hours_know_their_end() -> None:
    hours = quiet_hours("22:00-07:00 Europe/Berlin")
    evening = round(datetime(2026, 11, 30, 21, 30, tzinfo=UTC).timestamp() * 1000)
    morning = round(datetime(2026, 12, 1, 6, tzinfo=UTC).timestamp() * 1000)

    assert hours.end_of(evening) == morning
    assert hours.end_of(morning - 1) == morning
    assert hours.end_of(morning) is None
    noon = quiet_hours("12:00-13:00")
    assert noon.end_of(NOW) == NOW + 3_600_000
    assert noon.end_of(NOW - 1) is None


@pytest.mark.parametrize(
    "written", ["", "incident x", "oversell", "oversell > -1", "oversell >= 5", "pending", "stale",
                "pending older than 3", "pending older than x", 7, None],
)  # fmt: skip
def test_what_is_no_condition_is_refused_with_the_remedy(written: object) -> None:
    with pytest.raises(ValueError, match=r"write|is not a"):
        condition(written)


@pytest.mark.parametrize(
    "written", ["", "22-7", "25:00-07:00", "22:00-22:00", "22:00-07:00 Mars/Phobos", 5]
)
def test_what_are_no_quiet_hours_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        quiet_hours(written)


def test_a_condition_is_written_one_way() -> None:
    assert condition("oversell>100") == Condition("oversell > 100")
    assert condition("oversell   >  100") == Condition("oversell > 100")
    assert condition("pending older than 1800s") == Condition("pending older than 30m")
