"""`skew incidents`, `accept` and `discard`: trouble, and a poll that waits for a person."""

from pathlib import Path
from typing import Any

import pytest

from store.channels import incidents
from store.database.connection import Database
from store.model import IncidentKind, Record
from store.polling import quarantine
from sync.clock import SystemClock
from sync.config.load import load
from tests.console.command_shop import quarantine_poll, seed

HOSTILE = "\x1b]0;owned\x07[b]401\u202e"


def trouble(path: Path, kind: IncidentKind, words: str = "401", channel: str = "shop") -> int:
    """Raise an incident; answers its id."""
    with Database.open(load(path, None).database) as database:
        now = SystemClock().now()
        database.write(incidents.raise_incident, channel, kind, words, now=now)
        found = database.read(incidents.open_incidents)
    return next(found_one.id for found_one in found if found_one.kind == kind)


def test_incidents_are_listed_worst_first_with_their_messages(seeded: Path, skew: Any) -> None:
    assert (skew("incidents").code, skew("incidents").out) == (0, "No incidents.\n")
    trouble(seeded, IncidentKind.EVENTS, "events: 503")
    trouble(seeded, IncidentKind.CREDENTIALS, HOSTILE, "market")

    ran = skew("incidents")

    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0].split() == ["ID", "SEVERITY", "CHANNEL", "KIND", "LASTS", "TIMES", "STATE"]
    assert lines[1].split()[1:5] == ["✖", "severe", "market", "credentials"]
    assert lines[1].endswith("new")
    assert lines[2] == "  ␛]0;owned␇[b]401\ufffd"
    assert lines[3].split()[1:5] == ["○", "minor", "shop", "events"]
    assert [incident["channel"] for incident in skew("incidents", "--json").json["incidents"]] == [
        "market",
        "shop",
    ]
    only = skew("incidents", "--channel", "shop", "--json").json["incidents"]
    assert [(incident["kind"], incident["state"], incident["count"]) for incident in only] == [
        ("events", "new", 1)
    ]
    assert skew("incidents", "--channel", "shpo").code == 2


def test_an_incident_is_acknowledged_snoozed_and_woken_by_its_id(seeded: Path, skew: Any) -> None:
    number = str(trouble(seeded, IncidentKind.CREDENTIALS))

    seen = skew("incidents", "acknowledge", number, "--by", "ana")
    assert (seen.code, seen.out) == (0, "1 incident acknowledged.\n")
    assert "seen by ana" in skew("incidents").out

    slept = skew("incidents", "snooze", number, "--for", "2h", "--by", "bo")
    assert (slept.code, slept.out) == (0, "1 incident snoozed for 2h.\n")
    ran = skew("incidents", "--json")
    (document,) = ran.json["incidents"]
    assert (ran.code, document["state"], document["snoozed_by"]) == (0, "snoozed", "bo")
    assert document["acknowledged_by"] == "ana"

    assert skew("incidents", "wake", number).out == "1 incident awake again.\n"
    assert skew("incidents").code == 1
    again = skew("incidents", "wake", number, "99")
    assert (again.code, again.out) == (1, "")
    assert again.err.splitlines() == [
        f"skew: incident {number} is not snoozed",
        "skew: incident 99 not found",
    ]
    assert skew("incidents", "snooze", number, "--for", "soon").code == 2


def test_the_configuration_may_stand_before_or_after_the_incidents_command(
    tmp_path: Path, seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = str(trouble(seeded, IncidentKind.CREDENTIALS))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for before, after in ((("--config", str(seeded)), ()), ((), ("--config", str(seeded)))):
        assert skew("incidents", *before, "acknowledge", number, *after).code == 0


def test_a_snoozed_incident_is_listed_by_status_and_no_alarm_to_a_monitor(
    tmp_path: Path, skew: Any
) -> None:
    alike = [Record("LAMP", 14)]
    path = seed(tmp_path, {"warehouse": alike, "shop": alike, "market": alike})
    asked = ("status", "--json", "--config", str(path))
    assert skew(*asked).code == 0
    number = str(trouble(path, IncidentKind.EVENTS))
    assert skew(*asked).code == 1

    skew("incidents", "snooze", number, "--config", str(path))

    ran = skew(*asked)
    assert ran.code == 0
    assert [incident["kind"] for incident in ran.json["incidents"]] == ["events"]


def test_what_a_quarantined_poll_would_change_is_shown_without_accepting_it(
    seeded: Path, skew: Any
) -> None:
    quarantine_poll(seeded, "market", "2 of 3 listings are gone")

    ran = skew("accept", "market", "--show")

    assert ran.code == 0
    text = ran.out
    assert text.splitlines()[0].endswith(" of market: 2 of 3 listings are gone")
    assert "1 of 3 known listings seen, 1 changed, 1 newly at zero, 2 gone" in text
    assert "3 listings would change: ▲ 0 units up, ▼ 194 down, 2 SKUs to zero" in text
    assert "market: " in text
    assert "=CABLE  180 → not listed  −180" in text
    assert skew("status", "--json").json["channels"][2]["freshness"] == "quarantined"
    document = skew("accept", "market", "--show", "--json").json
    assert (document["accepted"], document["moved"], document["units_down"]) == (False, 3, 194)
    assert [row["sku"] for row in document["listings"]] == ["=CABLE", "LAMP", "KETTLE"]


def test_accepting_tells_the_effect_first_and_only_accepts_the_poll_that_was_seen(
    seeded: Path, skew: Any
) -> None:
    quarantine_poll(seeded, "market", "all at zero")
    wrong = skew("accept", "market", "--poll", "1")
    assert wrong.code == 1
    assert "not 1: look again" in wrong.err

    ran = skew("accept", "market", "--by", "ana")

    assert ran.code == 0
    assert "3 listings would change" in ran.out
    assert ran.out.splitlines()[-1].startswith("Accepted: ")
    (over,) = skew("incidents", "--all", "--json").json["incidents"]
    assert (over["state"], over["closed_by"], over["closed_why"]) == ("closed", "ana", "accepted")


def test_a_quarantined_poll_is_discarded_with_a_reason(seeded: Path, skew: Any) -> None:
    quarantine_poll(seeded, "market", "all at zero")

    ran = skew("discard", "market", "--reason", "a test export", "--by", "ana")

    assert ran.code == 0
    assert ran.out.endswith("its last good readings count again.\n")
    document = skew("status", "--json").json
    assert document["channels"][2]["freshness"] == "fresh"
    assert document["channels"][2]["last_error"] == (
        "the last poll was discarded by ana: a test export"
    )
    listed = skew("incidents", "--all").out
    assert "closed by ana" in listed
    again = skew("discard", "market")
    assert (again.code, again.out) == (1, "")
    assert "has no quarantined poll" in again.err
    assert skew("discard", "shpo").code == 2


def test_a_poll_that_comes_again_after_it_was_discarded_says_so(seeded: Path, skew: Any) -> None:
    quarantine_poll(seeded, "market", "all at zero")
    skew("discard", "market", "--by", "ana")

    quarantine_poll(seeded, "market", "all at zero")

    assert "all at zero; the same data that ana discarded at " in skew("incidents").out
    with Database.open(load(seeded, None).database) as database:
        assert database.read(quarantine.waiting, "market") is not None
