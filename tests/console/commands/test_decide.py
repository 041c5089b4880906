"""The commands that decide on updates and on quarantined polls."""

import time
from pathlib import Path
from typing import Any

import pytest

from store.database.connection import Database
from store.model import CorrectionStatus
from store.queries import views
from sync.clock import SystemClock
from tests.console.command_shop import fail, quarantine_poll, update_of


def test_an_approval_is_kept_with_who_and_why_and_can_be_undone(seeded: Path, skew: Any) -> None:
    update = update_of(skew, "LAMP")

    approved = skew("approve", str(update["id"]), "--by", "ana", "--note", "counted")

    assert approved.code == 0
    assert approved.out == "1 update approved.\n"
    after = update_of(skew, "LAMP")
    assert (after["status"], after["decided_by"], after["note"]) == ("approved", "ana", "counted")
    assert skew("undo", f"#{update['id']}", "--by", "ana").code == 0
    assert update_of(skew, "LAMP")["status"] == "proposed"


def test_an_approval_of_a_version_that_moved_on_is_not_done_and_says_why(
    seeded: Path, skew: Any
) -> None:
    update = update_of(skew, "LAMP")
    ran = skew("approve", f"{update['id']}@{update['version'] + 1}", "--json")
    assert ran.code == 1
    (decision,) = ran.json["decisions"]
    assert (decision["id"], decision["ok"]) == (update["id"], False)
    assert decision["why"]
    assert skew("approve", "999").code == 1


def test_approving_all_tells_its_effect_first_and_keeps_to_the_filters(
    seeded: Path, skew: Any
) -> None:
    ran = skew("approve", "--all", "--sku", "L*")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "1 update of 1 SKU on 1 channel: ▲ 0 units up, ▼ 17 down, 0 to zero; worth ▲ 0.00 ▼ 323",
        "1 update approved.",
    ]
    assert update_of(skew, "KETTLE")["status"] == "proposed"
    rest = skew("approve", "--all", "--channel", "shop", "--json")
    assert rest.json["effect"]["to_zero"] == 1
    assert [decision["ok"] for decision in rest.json["decisions"]] == [True]


@pytest.mark.parametrize(
    "name", ["", "  ", "\u200b", "rule", "Skew", "a\nb", "a\u202eb", "x" * 500], ids=ascii
)
def test_a_name_that_tells_nobody_is_refused(seeded: Path, skew: Any, name: str) -> None:
    ran = skew("approve", "1", "--by", name)

    assert ran.code == 2
    assert "--by" in ran.err
    assert update_of(skew, "LAMP")["status"] == "proposed"


def test_only_the_people_that_are_named_approve_and_accept(seeded: Path, skew: Any) -> None:
    seeded.write_text(f'[approval]\npeople = ["ana", "ben"]\n{seeded.read_text()}')
    quarantine_poll(seeded, "market", "too many at zero")

    refused = skew("approve", "--all", "--by", "eve")
    kept = skew("accept", "market", "--yes", "--by", "eve")

    assert refused.code == kept.code == 1
    assert "eve may not approve: `[approval] people` has ana, ben" in refused.out
    assert "eve may not approve" in kept.err
    assert skew("reject", "--all", "--sku", "K*", "--by", "eve").code == 0
    assert skew("approve", "--all", "--by", "Ana ").code == 0
    assert skew("accept", "market", "--yes", "--by", "ben").code == 0


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_a_decision_is_of_the_time_of_the_answer_and_not_of_the_question(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Whoever reads for a while before answering still has the whole hold to think again."""
    answered: list[int] = []

    def ask(*_args: object, **_options: object) -> str:
        time.sleep(0.3)
        answered.append(SystemClock().now())
        return "2"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.prompt", ask)

    ran = skew(command, "--all", "--channel", "shop")

    assert ran.code == 0
    with Database.open(seeded.parent / "skew.db") as database:
        decided = [
            update.decided_at
            for update in database.read(views.updates, statuses=tuple(CorrectionStatus))
            if update.channel == "shop" and update.decided_at is not None
        ]
    assert decided
    assert all(at >= answered[0] for at in decided)


def test_a_rejection_and_a_snooze_are_kept(seeded: Path, skew: Any) -> None:
    lamp, kettle = update_of(skew, "LAMP")["id"], update_of(skew, "KETTLE")["id"]
    assert skew("reject", str(lamp), "--reason", "recount").code == 0
    assert skew("snooze", str(kettle), "--for", "2h").code == 0
    assert update_of(skew, "LAMP")["status"] == "rejected"
    assert update_of(skew, "KETTLE")["status"] == "snoozed"
    assert skew("snooze", str(kettle), "--for", "soon").code == 2


def test_a_quarantined_poll_is_accepted_by_name(seeded: Path, skew: Any) -> None:
    quarantine_poll(seeded, "market", "2 of 3 listings are gone")
    document = skew("status", "--json").json
    assert document["channels"][2]["freshness"] == "quarantined"
    assert document["incidents"][0]["kind"] == "quarantined"
    assert "are gone; `skew accept market` accepts the poll" in skew("status").out

    assert skew("accept", "market", "--by", "ana").code == 0

    assert skew("status", "--json").json["channels"][2]["freshness"] == "fresh"
    again = skew("accept", "market")
    assert (again.code, again.out) == (1, "")


def test_what_failed_is_retried_by_its_number(seeded: Path, skew: Any) -> None:
    update = update_of(skew, "LAMP")
    fail(seeded, update["id"])

    ran = skew("retry", f"#{update['id']}", "--by", "ana", "--note", "the token is renewed")

    again = update_of(skew, "LAMP")
    assert (ran.code, ran.out) == (
        0,
        f"noted #{update['id']}: #{again['id']} is proposed in its place\n",
    )
    assert (again["status"], again["id"] > update["id"]) == ("proposed", True)
    assert "retried by ana: the token is renewed" in skew("history", "LAMP").out


def test_a_retry_of_what_is_only_proposed_is_refused(seeded: Path, skew: Any) -> None:
    update = update_of(skew, "LAMP")
    ran = skew("retry", str(update["id"]), "--json")
    assert ran.code == 1
    assert ran.json["decisions"] == [{"id": update["id"], "ok": False, "why": "it is proposed"}]
    assert skew("retry").code == 2
