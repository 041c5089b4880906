"""`skew history`: the timeline, the accounts, and what was true at a time, as text and JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.history import retention
from store.history.retention import ThinningProgress
from store.model import Millis, Record
from store.polling import merge, staging
from store.polling.events import EventOrigin
from sync.clock import from_rfc3339
from sync.config.load import load
from sync.targets import terms
from tests.console.command_shop import configure, update_of
from tests.store.recorded_events import record_events

DAY = "2023-11-14T"


def at(time: str) -> Millis:
    return from_rfc3339(f"{DAY}{time}Z")


def poll(
    database: Database, path: Path, channel: str, record: Record, now: Millis, *reported: Event
) -> None:
    """One good poll of one record, with the events that came with it."""
    comparison = terms.comparison(load(path, None))
    sweep = database.write(staging.begin, channel, None, now=now)
    database.write(staging.stage, sweep, [record], (), None)
    database.write(merge.merge, sweep, comparison, now=now, as_of=None)
    if reported:
        database.write(record_events, EventOrigin(channel, now - 1), reported, comparison)


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lamp that was sold at 14:03, which was reported at 14:20; answers the cache."""
    path = configure(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKEW_CONFIG", raising=False)
    settings = load(path, None)
    with Database.open(settings.database) as database:
        database.write(terms.comparison(settings).configure, now=at("13:00:00"))
        poll(database, path, "warehouse", Record("LAMP", 12), at("14:00:00"))
        shown = Record("LAMP", 14, source_at=at("13:58:00"))
        poll(database, path, "shop", shown, at("14:01:00"))
        sold = Event("e1", EventKind.ORDERED, "LAMP", 2, at("14:03:00"), order="55\x1b[31m")
        fallen = Record("LAMP", 11, source_at=at("14:03:00"))
        poll(database, path, "shop", fallen, at("14:20:00"), sold)
    return settings.database


def happened(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[str, str]:
    assert run(["history", "LAMP", *args]) == 0
    printed = capsys.readouterr()
    return printed.out, printed.err


def document(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    return json.loads(happened(capsys, *args, "--json")[0])


def test_an_event_stands_where_we_came_to_know_of_it(
    past: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = document(capsys)["entries"]
    (event,) = (entry for entry in entries if entry["kind"] == "event")
    assert event == {
        "at": f"{DAY}14:03:00.000Z", "channel": "shop", "kind": "event", "id": "e1",
        "event": "ordered", "quantity": 2, "order": "55\x1b[31m",
        "received_at": f"{DAY}14:19:59.999Z", "fate": "projected", "unseen": True,
        "location": "", "of": None, "moves": -2,
    }  # fmt: skip
    kinds = [entry["kind"] for entry in entries if entry["channel"] == "shop"]
    assert kinds.index("event") > kinds.index("reading")
    out, _ = happened(capsys)
    assert "ordered 2, order 55␛[31m, moved the targets, not yet counted by the" in out
    assert "reported 2023-11-14 14:19:59Z" in out


def test_each_channel_has_its_account(past: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys)["conservation"] == [
        {
            "channel": "warehouse", "location": "", "opening": 12, "closing": 12, "events": 0,
            "corrections": 0, "unexplained": 0, "from": f"{DAY}14:00:00.000Z",
            "until": f"{DAY}14:00:00.000Z",
        },
        {
            "channel": "shop", "location": "", "opening": 14, "closing": 11, "events": -2,
            "corrections": 0, "unexplained": -1, "from": f"{DAY}13:58:00.000Z",
            "until": f"{DAY}14:03:00.000Z",
        },
    ]  # fmt: skip
    out, _ = happened(capsys)
    assert out.splitlines()[-3:] == [
        "CHANNEL    OPENING  EVENTS  UPDATES  UNEXPLAINED  CLOSING  FROM                  UNTIL",
        (
            "warehouse       12       0        0            0       12  2023-11-14 14:00:00Z  "
            "2023-11-14 14:00:00Z"
        ),
        (
            "shop            14      −2        0           −1       11  2023-11-14 13:58:00Z  "
            "2023-11-14 14:03:00Z"
        ),
    ]


def test_a_window_leaves_out_what_was_known_before_and_after(
    past: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = document(capsys, "--since", f"{DAY}14:10:00Z")
    assert {entry["kind"] for entry in written["entries"]} >= {"event", "reading"}
    assert all(entry["at"] != f"{DAY}14:01:00.000Z" for entry in written["entries"])
    early = document(capsys, "--until", f"{DAY}14:10:00Z")
    assert "event" not in {entry["kind"] for entry in early["entries"]}
    (shop,) = (account for account in early["conservation"] if account["channel"] == "shop")
    assert (shop["closing"], shop["unexplained"]) == (14, 0)


def test_what_was_true_at_a_time_is_shown_beside_what_was_known_then(
    past: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = document(capsys, "--at", f"{DAY}14:10:00Z")
    shop = written["cells"][1]
    assert (written["at"], shop["channel"]) == (f"{DAY}14:10:00.000Z", "shop")
    assert (shop["true"]["available"], shop["known"]["available"]) == (11, 14)
    assert (shop["known_at"], shop["known_then"]) == (f"{DAY}14:20:00.000Z", False)
    assert shop["target"]["quantity"] == 12
    assert [
        (disagreement["disagreement"], disagreement["channel"])
        for disagreement in written["disagreements"]
    ] == [("quantity", "shop")]
    known = {(entry["kind"], entry["at"][11:16]): entry["known"] for entry in written["entries"]}
    assert known["event", "14:03"] is False
    assert known["reading", "14:01"] is True
    assert known["reading", "14:20"] is False

    out, _ = happened(capsys, "--at", f"{DAY}14:10:00Z")
    lines = out.splitlines()
    assert lines[:4] == [
        "At 2023-11-14 14:10:00Z",
        "CHANNEL    WAS  KNOWN THEN  TARGET  WHAT WAS",
        "warehouse  12   12               –  ● known",
        "shop       11   14              12  ○ not known until 2023-11-14 14:20:00Z",
    ]
    assert lines[4].startswith("Open at that time: shop, quantity")


def test_a_time_to_come_and_one_before_everything_are_noted(
    past: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = happened(capsys, "--at", "2999-01-01")
    assert "2999-01-01 00:00:00Z is in the future: this is the state now" in err
    out, err = happened(capsys, "--at", "2020-01-01")
    assert out == ""
    assert "LAMP: nothing recorded up to 2020-01-01 00:00:00Z; its first entry is of" in err


def test_what_has_been_thinned_out_is_shown(past: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Database.open(past) as database:
        place: ThinningProgress | None = ThinningProgress()
        while place is not None:
            place = database.write(retention.thin, place, before=at("14:30:00"))
    words = "what ended before 2023-11-14 14:30:00Z is deleted ([history] keep = 90d)"
    out, _ = happened(capsys)
    assert out.splitlines()[-1] == words
    assert document(capsys)["thinned_before"] == f"{DAY}14:30:00.000Z"
    _, err = happened(capsys, "--at", f"{DAY}14:10:00Z")
    assert words in err


@pytest.mark.parametrize(
    "text", ["yesterday", "2h later", "-2h", "", "1960-01-01", "0001-01-01T00:00:00+14:00", "10000"]
)
def test_a_time_that_is_none_is_refused_with_what_would_be_right(
    past: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert run(["history", "LAMP", f"--since={text}"]) == 2
    assert "how long ago, such as 2h" in capsys.readouterr().err


def test_times_that_contradict_each_other_are_refused(
    past: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["history", "LAMP", "--since", "1h", "--until", "2h ago"]) == 2
    assert run(["history", "LAMP", "--since", "1h", "--at", "2h"]) == 2
    assert "--at is a single time" in capsys.readouterr().err


def test_a_history_tells_readings_disagreements_and_decisions(seeded: Path, skew: Any) -> None:
    skew("approve", str(update_of(skew, "LAMP")["id"]), "--by", "ana")
    document = skew("history", "LAMP", "--json").json
    assert document["sku"] == "LAMP"
    assert {"reading", "correction", "disagreement"} <= {
        entry["kind"] for entry in document["entries"]
    }
    assert all(entry["at"].endswith("Z") and entry["channel"] for entry in document["entries"])
    assert "approved by ana" in skew("history", "LAMP").out


def test_an_unknown_sku_has_an_empty_history_and_a_note(seeded: Path, skew: Any) -> None:
    ran = skew("history", "lamp", "--json")
    assert (ran.code, ran.json) == (
        0, {"sku": "lamp", "entries": [], "conservation": [], "thinned_before": None}
    )  # fmt: skip
    assert "capitals and spaces must match too" in ran.err
