"""Each reason has its words, on the screen and in reports; JSON tells its code beside them."""

import msgspec
import pytest

from console.reports import disagreements, json_documents
from console.text import remedies
from console.text.reasons import held_back_text, reason_text
from store.decision import Decision
from store.model import CorrectionStatus, Status
from store.reasons import HeldBack, Reason
from store.targets.verdict_sql import status
from tests.console.reports.test_tables import disagreement

WORDS = {
    Reason.NEVER_READ: "never read",
    Reason.QUARANTINED: "quarantined",
    Reason.CHANNEL_STALE: "channel stale",
    Reason.UNREADABLE: "unreadable",
    Reason.AUTHORITY_QUARANTINED: "authority quarantined",
    Reason.AUTHORITY_STALE: "authority stale",
    Reason.AUTHORITY_UNREADABLE: "authority unreadable",
    Reason.AUTHORITY_DUPLICATE: "authority duplicate",
    Reason.SETTLING: "settling",
    Reason.AUTHORITY_BEHIND: "authority not read since this channel fell",
    Reason.SECOND_READING: "awaits a second reading",
}
"""The words of JSON and CSV since the first release: scripts compare with them."""

ON_SCREEN = WORDS | {
    Reason.UNREADABLE: "record can't be read",
    Reason.AUTHORITY_UNREADABLE: "authority's record can't be read",
    Reason.AUTHORITY_DUPLICATE: "listed twice by the authority",
    Reason.AUTHORITY_BEHIND: "waiting: authority not read since this channel's last drop",
    Reason.SECOND_READING: "waiting for a second reading",
}


@pytest.mark.parametrize("reason", WORDS)
def test_a_disagreements_reason_has_words_and_a_code(reason: Reason) -> None:
    found = disagreement(reason=reason, status=status(reason))
    document = json_documents.disagreement(found, None)
    assert (document["reason"], document["reason_code"]) == (WORDS[reason], str(reason))
    assert disagreements.csv_row(found, None)[7] == WORDS[reason]
    assert disagreements.why(found, None) == ON_SCREEN[reason]
    assert msgspec.json.encode(document["reason_code"]) == b'"%s"' % reason.value.encode()


def test_an_open_disagreement_has_no_reason() -> None:
    document = json_documents.disagreement(disagreement(), None)
    assert (document["status"], document["reason"], document["reason_code"]) == ("open", "", None)
    assert reason_text(None) == ""


def test_what_passes_by_itself_settles_and_the_rest_is_unknown() -> None:
    settle = {reason for reason in WORDS if status(reason) is Status.SETTLING}
    assert settle == {Reason.SETTLING, Reason.AUTHORITY_BEHIND, Reason.SECOND_READING}
    assert {status(reason) for reason in WORDS.keys() - settle} == {Status.UNKNOWN}
    assert status(None) is Status.OPEN


def test_what_holds_an_update_back_is_shown_with_who_and_why() -> None:
    assert held_back_text(None) == ""
    assert held_back_text(HeldBack(Reason.CHANNEL_STALE)) == "channel stale"
    assert held_back_text(HeldBack(Reason.FROZEN, "update #7 was undone")) == (
        "frozen: update #7 was undone"
    )
    paused = HeldBack(Reason.PAUSED, "stock count", "ana")
    assert held_back_text(paused) == "paused by ana: stock count"
    assert remedies.held_back_with_remedy(paused) == (
        "paused by ana: stock count; `skew resume CHANNEL` ends the pause"
    )


def test_a_remedy_goes_by_what_it_is_and_not_by_its_words() -> None:
    """A person may have written a note that reads like a reason of ours."""
    note = Decision(1, ok=False, why="channel stale")
    assert remedies.decision_text(note) == "#1 not changed: channel stale"
    rejected = Decision(1, ok=False, why="it is approved", status=CorrectionStatus.REJECTED)
    assert remedies.decision_text(rejected) == "#1 not changed: it is approved"
