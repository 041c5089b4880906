"""Times without an offset are of the channel's zone, and a zone that is not known is refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import values
from sync.channels import event_decoding
from sync.clock import from_rfc3339
from sync.times.time_zones import TimeZone, time_zone, zone_of

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def utc(text: str) -> int:
    return from_rfc3339(text + "Z")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-29 13:05:00", "2026-11-29T12:05:00"),
        ("2026-07-29T13:05:00", "2026-07-29T11:05:00"),
        ("2026-07-29", "2026-07-28T22:00:00"),
        ("29.07.2026 13:05", "2026-07-29T11:05:00"),
        ("29.11.2026 13:05:03", "2026-11-29T12:05:03"),
        (" 29.11.2026, 13:05:03.25 ", "2026-11-29T12:05:03.25"),
        ("29.07.2026", "2026-07-28T22:00:00"),
        ("5.3.2026 7:05", "2026-03-05T06:05:00"),
        ("2026-07-29T13:05:00Z", "2026-07-29T13:05:00"),
        ("2026-07-29T13:05:00+05:30", "2026-07-29T07:35:00"),
        (str(utc("2026-07-29T13:05:00") // 1000), "2026-07-29T13:05:00"),
    ],
)
def test_only_a_time_that_names_no_zone_is_of_the_channels(written: str, meant: str) -> None:
    assert values.instant(written, BERLIN) == utc(meant)


@pytest.mark.parametrize("written", ["11/29/2026", "29/11/2026 21:15", "1/2/26", "01/02/2026 9:00"])
def test_a_time_with_slashes_is_refused_with_what_is_possible(written: str) -> None:
    with pytest.raises(ValueError, match=r"day or with the month.*2026-11-23 14:02.*23\.11\.2026"):
        values.instant(written, BERLIN)


@pytest.mark.parametrize(
    "written", ["32.11.2026", "11.29.2026", "29.11.26", "29.11.2026 25:00", "29.11.2026 9", "1.2"]
)
def test_what_is_no_day_is_no_time(written: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as"):
        values.instant(written, BERLIN)


def test_without_a_zone_it_is_utc() -> None:
    assert values.instant("2026-07-29 13:05:00", zone_of(None)) == utc("2026-07-29T13:05:00")


@pytest.mark.parametrize(
    ("zone", "written", "earlier", "later"),
    [
        # The hour that comes twice.
        (BERLIN, "2026-10-25 02:30:00", "2026-10-25T00:30:00", "2026-10-25T01:30:00"),
        (NEW_YORK, "2026-11-01 01:15:00", "2026-11-01T05:15:00", "2026-11-01T06:15:00"),
        # The hour that does not come.
        (BERLIN, "2026-03-29 02:30:00", "2026-03-29T00:30:00", "2026-03-29T01:30:00"),
        (NEW_YORK, "2026-03-08 02:15:00", "2026-03-08T06:15:00", "2026-03-08T07:15:00"),
    ],
)
def test_an_hour_that_means_two_instants_is_taken_carefully(
    zone: ZoneInfo, written: str, earlier: str, later: str
) -> None:
    assert values.instant(written, zone) == utc(earlier)
    for now, meant in ((utc(later) + 1, later), (utc(later) - 1, earlier), (0, earlier)):
        assert event_decoding.instant(written, zone, now=now) == utc(meant)


@given(
    name=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
    ),
    minutes=st.integers(0, 60 * 24 * 365),
)
def test_a_local_time_is_never_taken_for_later_than_it_was(name: str, minutes: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    local = at.astimezone(ZoneInfo(name)).replace(tzinfo=None)
    read = values.instant(local.isoformat(), zone_of(TimeZone(name)))
    assert read is not None
    assert at.timestamp() * 1000 - read in (0, 30 * 60_000, 60 * 60_000)


def test_a_known_zone_is_taken_as_it_is() -> None:
    assert [time_zone(name) for name in ("Europe/Berlin", "UTC", "Etc/GMT+5")]


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("Europe/Berln", 'did you mean "Europe/Berlin"?'),
        ("europe/berlin", 'did you mean "Europe/Berlin"?'),
        ("Berlin", 'did you mean "Europe/Berlin"?'),
        ("New York", 'did you mean "America/New_York"?'),
        ("+01:00", 'write "Etc/GMT-1" for a clock that is never changed'),
        ("UTC-5", 'write "Etc/GMT+5" for a clock that is never changed'),
        ("+05:30", 'such as "Europe/Berlin"'),
        ("CEST", 'such as "Europe/Berlin"'),
        ("", 'such as "Europe/Berlin"'),
        ("Europe", 'such as "Europe/Berlin"'),
        ("../../etc/passwd", 'such as "Europe/Berlin"'),
        ("right/Europe/Berlin", 'did you mean "Europe/Berlin"?'),
        (1, 'such as "Europe/Berlin"'),
        (None, 'such as "Europe/Berlin"'),
    ],
)
def test_what_is_no_zone_is_refused_with_one_that_is(written: object, remedy: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is asserted.
        time_zone(written)
    assert remedy in str(caught.value)
    assert values.quoted(written) in str(caught.value)
