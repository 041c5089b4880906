"""The reports for people, against text that a person has read."""

import json

from console.reports import disagreements, json_documents, tables, timeline
from console.reports.table import Paper
from console.text import remedies
from store.database.lease import Lease
from store.decision import Decision
from store.model import (
    Cause,
    Correction,
    CorrectionStatus,
    Direction,
    Disagreement,
    Freshness,
    Incident,
    Kind,
    PollOutcome,
    Status,
)
from store.queries.values import ChannelHealth, HistoryEntry, Overview, StatusCounts
from store.reasons import HeldBack, Reason
from sync.corrections.decide import blast_radius
from sync.polling.reporting.poll_report import PollReport

NOW = 1_795_442_531_250
"""2026-11-23 14:02:11.250 UTC."""

PIPE = Paper(width=None, colour=False)


def disagreement(**changed: object) -> Disagreement:
    values: dict[str, object] = {
        "id": 1,
        "listing_id": 10,
        "sku": "SKU-0004411",
        "title": "Blue widget",
        "channel": "market",
        "location": "",
        "kind": Kind.QUANTITY,
        "status": Status.OPEN,
        "reason": None,
        "decidable_at": None,
        "available": 31,
        "state": None,
        "observed_at": NOW - 1000,
        "target": 14,
        "target_state": None,
        "delta": -17,
        "price_minor": 1900,
        "first_seen_at": NOW - 42_000,
        "last_seen_at": NOW - 1000,
        "correction_id": 881,
        "correction_status": CorrectionStatus.PROPOSED,
        "correction_version": 1,
    }
    return Disagreement(**(values | changed))  # type: ignore[arg-type]


def correction(**changed: object) -> Correction:
    values: dict[str, object] = {
        "id": 881,
        "listing_id": 10,
        "sku": "SKU-0004411",
        "title": "Blue widget",
        "channel": "market",
        "location": "",
        "status": CorrectionStatus.PROPOSED,
        "version": 1,
        "from_quantity": 31,
        "from_state": None,
        "to_quantity": 14,
        "to_state": None,
        "price_minor": 1900,
        "proposed_at": NOW - 120_000,
        "decided_at": None,
        "decided_by": None,
        "second_by": None,
        "hold_until": None,
        "expires_at": None,
        "snoozed_until": None,
        "note": None,
        "result": None,
    }
    return Correction(**(values | changed))  # type: ignore[arg-type]


def counts() -> StatusCounts:
    def channel(name: str, freshness: Freshness, **changed: object) -> ChannelHealth:
        values: dict[str, object] = {
            "id": 1,
            "name": name,
            "kind": "http",
            "direction": Direction.PUSH,
            "roles": (),
            "freshness": freshness,
            "last_success_at": NOW - 4000,
            "age_ms": 4000,
            "listings": 12_408,
            "last_error": None,
            "last_poll_at": NOW - 4000,
            "next_poll_at": None,
            "every_ms": 60_000,
            "paused_until": None,
            "recent_ms": (),
            "quarantined_poll": None,
        }
        return ChannelHealth(**(values | changed))  # type: ignore[arg-type]

    return StatusCounts(
        channels=(
            channel(
                "warehouse",
                Freshness.FRESH,
                kind="csv",
                direction=Direction.OBSERVE,
                roles=("quantity authority",),
            ),
            channel(
                "market",
                Freshness.STALE,
                age_ms=2_463_000,
                last_error="401, MARKET_TOKEN",
                unexplained=7,
            ),
        ),
        overview=Overview(
            skus=12_408,
            open=37,
            settling=2,
            unknown=1_920,
            oversell=30,
            oversell_units=142,
            oversell_money=1230.4,
            undersell=7,
            undersell_units=12,
            undersell_money=0.0,
            channels=2,
            channels_stale=1,
            pending=9,
            incidents=1,
            errors_5m=0,
            newest_reading_at=NOW,
        ),
        updates={"proposed": 9, "not_applied": 1, "verified": 0},
        incidents=(
            Incident(1, "market", "credentials", NOW - 60_000, NOW, 3, "401, MARKET_TOKEN", None),
        ),
        lease=Lease("daemon on till-1", "token", NOW, NOW, NOW),
    )


def test_status_is_read_at_a_glance() -> None:
    assert tables.status(counts(), PIPE) == [
        "CHANNEL    KIND  ROLE                         HEALTH   LAST OK  LISTINGS  UNEXPLAINED",
        "warehouse  csv   quantity authority, observe  ● fresh     0:04    12,408            0",
        "market     http  push                         ✖ stale    41:03    12,408            7",
        "  401, MARKET_TOKEN",
        "",
        "Disagreements  37 open · 2 settling · 1,920 unknown",
        "               ▲ oversell 142 units, 1,230 · ▼ undersell 12 units, no prices",
        "Updates        9 pending: 9 proposed · 1 not applied",
        "Engine         running, daemon on till-1",
        "",
        "INCIDENT     CHANNEL  SINCE",
        "credentials  market   2026-11-23 14:01:11Z",
        "  401, MARKET_TOKEN",
    ]


def test_status_as_json_hides_the_lease_token() -> None:
    document = json_documents.write(json_documents.status(counts()))
    assert json.loads(document)["engine"] == {"running": True, "holder": "daemon on till-1"}
    assert json.loads(document)["channels"][1]["age_s"] == 2463.0
    assert json.loads(document)["incidents"][0]["since"] == "2026-11-23T14:01:11.250Z"
    assert '"token"' not in document


def test_a_difference_is_shown_with_its_cause_or_with_why_it_must_wait() -> None:
    lag = Cause("lag", 0.9, "shows the target of 13:58")
    settling = disagreement(
        sku="LAMP",
        status=Status.SETTLING,
        reason=Reason.SETTLING,
        decidable_at=NOW + 60_000,
        available=41,
        target=55,
        delta=14,
        price_minor=None,
        correction_id=None,
    )
    held = disagreement(
        sku="KETTLE", kind=Kind.STATE, state="active", target_state="hold", delta=None,
        correction_id=None, location="oslo",
    )  # fmt: skip
    table = disagreements.DisagreementTable(PIPE, now=NOW)
    lines = table.lines([(disagreement(), lag), (settling, None), (held, lag)])
    assert [*lines, *table.total()] == [
        (
            "SKU          CHANNEL      KIND       SHOWS  TARGET    Δ  RISK   AGE  "
            "WHY                             UPDATE         ID"
        ),
        (
            "SKU-0004411  market       quantity      31      14  −17   323  0:42  "
            "lag: shows the target of 13:58  #881 proposed   1"
        ),
        (
            "LAMP         market       quantity      41      55  +14     –  0:42  "
            "settling, wait until 14:03:11Z  –               1"
        ),
        (
            "KETTLE       market/oslo  state     active    hold    –     –  0:42  "
            "lag: shows the target of 13:58  –               1"
        ),
        "",
        "3 disagreements, 2 open: ▲ 17 units too many, ▼ 0 too few",
    ]


def test_updates_tell_way_status_and_the_channels_words() -> None:
    failed = correction(
        id=7, status=CorrectionStatus.NOT_APPLIED, decided_by="ana", second_by="bo",
        decided_at=NOW - 3000, result="the channel said 200, shows 31",
    )  # fmt: skip
    lines = tables.updates([correction(), failed], PIPE, now=NOW)
    assert lines[1:] == [
        "#881  SKU-0004411  market      31  →  14  reduce  proposed     2:00  –",
        (
            "  #7  SKU-0004411  market      31  →  14  reduce  not applied  0:03  ana and bo  "
            "the channel said 200, shows 31"
        ),
    ]
    assert tables.updates([], PIPE, now=NOW) == ["No pending updates."]


def test_an_update_shows_the_quantity_the_state_or_both() -> None:
    def shown(**changed: object) -> str:
        return tables.updates([correction(**changed)], PIPE, now=NOW)[1].split("market")[1][:26]

    of_state = {"from_state": "active", "to_state": "hold"}
    assert shown(to_quantity=31, **of_state).split() == ["active", "→", "hold", "reduce"]
    assert shown(to_quantity=0, **of_state).split()[:4] == ["31", "active", "→", "0"]
    assert shown(from_state="active", to_state="active").split()[:3] == ["31", "→", "14"]


def test_on_a_terminal_an_error_is_shown_whole_below_its_row() -> None:
    words = "the shop cannot be reached at http://127.0.0.1:9/shop: all connection attempts failed"
    made = [PollReport("shop", PollOutcome.FAILED, 0, 0, 90, words)]
    lines = tables.polls(made, Paper(width=40, colour=False))
    assert " ".join(line.strip() for line in lines[2:]) == words
    assert all(len(line) <= 40 for line in lines)


def test_the_effect_of_a_batch_is_shown_before_it_is_done() -> None:
    batch = [correction(), correction(sku="B", to_quantity=0, price_minor=None)]
    assert tables.effect(blast_radius(batch), 2, PIPE) == [
        (
            "2 updates of 2 SKUs on 1 channel: ▲ 0 units up, ▼ 48 down, 1 to zero; "
            "worth ▲ 0.00 ▼ 323, 1 without a price"
        ),
    ]


def test_a_decision_that_was_not_done_says_why() -> None:
    made = [Decision(1, ok=True), Decision(2, ok=False, why="it was superseded")]
    assert tables.decisions(made, "approved", PIPE) == [
        "1 update approved.",
        "✖ #2 not changed: it was superseded",
    ]


def test_a_decision_that_was_not_done_says_what_would_make_it_possible() -> None:
    made = [
        Decision(1, ok=False, why="not now", held_back=HeldBack(Reason.CHANNEL_STALE)),
        Decision(2, ok=False, why="not now", held_back=HeldBack(Reason.AUTHORITY_QUARANTINED)),
        Decision(3, ok=False, why="it is approved", status=CorrectionStatus.APPROVED),
    ]
    document = "\n".join(tables.decisions(made, "approved", PIPE))
    assert "#1 not changed: channel stale; `skew poll` polls it" in document
    assert "#2 not changed: authority quarantined; `skew status` says where" in document
    assert "#3 not changed: it is approved; `skew undo` takes it back during its hold" in document


def test_of_many_with_the_same_reason_the_first_are_named_and_the_others_counted() -> None:
    """Of 100,000 that a push limit refuses, one line says it."""
    large = "push limit: 3,150,000 units in a batch, at most 5 ([push])"
    made = [Decision(number, ok=False, why=large) for number in range(1, 4)]
    assert tables.decisions(made, "approved", PIPE) == [
        f"✖ #{number} not changed: {large}" for number in range(1, 4)
    ]
    made += [Decision(number, ok=False, why=large) for number in range(4, 1239)]
    made.insert(2, Decision(9001, ok=False, why=remedies.NOT_FOUND))
    assert tables.decisions(made, "approved", PIPE) == [
        f"✖ #1, #2, #3 and 1,235 more not changed: {large}",
        "✖ #9001 not found",
    ]


def test_an_id_that_no_update_has_is_not_found() -> None:
    made = [Decision(99, ok=False, why=remedies.NOT_FOUND)]
    assert tables.decisions(made, "approved", PIPE) == ["✖ #99 not found"]


def test_the_first_of_two_approvals_is_noted_and_not_counted_as_approved() -> None:
    made = [Decision(1, ok=True, why="noted: a second person must approve it too")]
    assert tables.decisions(made, "approved", PIPE) == [
        "noted #1: a second person must approve it too",
    ]


def test_polls_tell_what_each_channel_said() -> None:
    made = [
        PollReport("shop", PollOutcome.GOOD, 1200, 3, 1840),
        PollReport("market", PollOutcome.QUARANTINED, 0, 0, 90, "the catalogue is empty"),
    ]
    quarantined = (
        "the catalogue is empty; `skew accept market` accepts the poll, "
        "`skew discard market` discards it"
    )
    assert tables.polls(made, PIPE)[1:] == [
        "shop     good            1,200        3  1.8s",
        "market   quarantined         0        0  0.1s",
        f"  {quarantined}",
    ]
    unread = {"shop": "not compared, because it can't be read: line 9", "market": "something older"}
    assert tables.polls(made, PIPE, unread)[2:] == [
        "  not compared, because it can't be read: line 9",
        "market   quarantined         0        0  0.1s",
        f"  {quarantined}",
    ]
    assert [
        poll["ok"] for poll in json.loads(json_documents.write(json_documents.polls(made)))["polls"]
    ] == [
        True,
        False,
    ]


def test_a_timeline_reads_as_sentences() -> None:
    entries = [
        HistoryEntry(NOW, "shop", "reading", {"available": 31, "on_hand": 33, "committed": 2,
                                              "present": 1, "location": "", "state": "active"}),
        HistoryEntry(NOW, "shop", "reading", {"available": None, "present": 0, "location": ""}),
        HistoryEntry(NOW, "shop", "target", {"quantity": 14, "state": None, "location": "oslo"}),
        HistoryEntry(NOW, "shop", "disagreement", {"disagreement": "quantity", "delta": -17,
                                                   "closed_at": None}),
        HistoryEntry(NOW, "shop", "correction", {"id": 881, "from": 31, "to": 14,
                                                 "step": "not_applied", "who": "engine",
                                                 "note": "shows 31"}),
        HistoryEntry(NOW, "shop", "correction", {"id": 882, "from": 5, "to": 5, "who": "skew",
                                                 "from_state": "active", "to_state": "disabled",
                                                 "step": "proposed"}),
        HistoryEntry(NOW, "shop", "event", {"event": "ordered", "quantity": 2, "order": "M-1",
                                            "fate": "projected", "received_at": NOW,
                                            "location": "oslo"}),
    ]  # fmt: skip
    assert [timeline.what_happened(entry) for entry in entries] == [
        "shows 31, 33 on hand, 2 committed, active",
        "not listed",
        "target 14 at oslo",
        "quantity, −17, open",
        "#881 31 → 14 not applied by engine: shows 31",
        "#882 active → disabled proposed by skew",
        "ordered 2 at oslo, order M-1, moved the targets, reported 2026-11-23 14:02:11Z",
    ]
    assert timeline.TimelineTable(PIPE).lines(entries[:1]) == [
        "AT                    CHANNEL  KIND     WHAT",
        "2026-11-23 14:02:11Z  shop     reading  shows 31, 33 on hand, 2 committed, active",
    ]


def test_an_instant_inside_a_history_is_written_as_a_time() -> None:
    entry = HistoryEntry(NOW, "shop", "disagreement", {"closed_at": NOW, "delta": 1})
    assert json_documents.entry(entry)["closed_at"] == "2026-11-23T14:02:11.250Z"


def test_a_spreadsheet_gets_no_formula() -> None:
    for danger in ("=1+1", "+1", "-1", "@x", "\tx", "\r=x"):
        assert str(disagreements.defused(danger)).startswith("'")
    assert disagreements.defused("SKU-1") == "SKU-1"
    assert disagreements.defused(-17) == -17
