"""How screens and reports write a number of which only the least is known."""

from typing import Any

from console.reports import json_documents, tables, timeline
from console.reports.table import Paper
from console.text import remedies
from console.text.format import shown, shows_text, units
from console.text.update_words import change_text, waits_for
from store.model import CorrectionStatus
from store.queries.values import HistoryEntry
from tests.blank_values import correction
from tests.sync.cause_case import differs


def test_a_least_number_has_its_sign_wherever_it_stands() -> None:
    least = differs(1200, 60, at_least=True)

    assert units(1200, at_least=True) == "≥1,200"
    assert shown(1200, "active", at_least=True) == "≥1,200"
    assert shows_text(least) == "≥1,200"
    reading: Any = json_documents.disagreement(least, None)["reading"]
    assert (reading["available"], reading["at_least"]) == (1200, True)


def test_an_update_from_a_least_number_says_so() -> None:
    update = correction(from_quantity=100, to_quantity=60, from_at_least=True, listings=1)

    assert change_text(update) == "≥100 → 60"
    before: Any = json_documents.update(update)["from"]
    assert before["at_least"] is True
    assert "≥100" in "\n".join(tables.updates([update], Paper(width=200, colour=False), now=0))


def test_a_timeline_shows_it() -> None:
    detail = {"present": True, "available": 100, "at_least": True}

    assert timeline.what_happened(HistoryEntry(0, "shop", "reading", detail)) == "shows ≥100"


def test_an_update_that_is_applied_later_says_until_when() -> None:
    waiting = correction(
        from_quantity=9, to_quantity=4, status=CorrectionStatus.APPLIED, proof_until=3_600_000
    )

    assert waits_for(waiting, 0) == "applied later; to show by 01:00Z"
    assert remedies.applied_later([waiting], 0) == (
        "1 update accepted, to be applied later: `skew poll` sees whether it shows by 01:00Z"
    )
    assert remedies.applied_later([correction()], 0) == ""
