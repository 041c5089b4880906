"""docs/operations.md, held against what the program says and what was measured."""

import re

import pytest

from store.model import IncidentKind
from tests.documents.texts import ROOT, document, rows, section

OPERATIONS = document("operations.md")
SYMPTOMS = [row[0] for row in rows(section(OPERATIONS, "## Troubleshooting"))[2:21]]
SOURCES = [
    path.read_text(encoding="utf-8")
    for package in ("console", "sync", "store")
    for path in sorted((ROOT / package).rglob("*.py"))
]


def said(symptoms: list[str], pattern: str) -> list[str]:
    return [words for symptom in symptoms for words in re.findall(pattern, symptom)]


@pytest.mark.parametrize("words", said(SYMPTOMS, r"^`([^`]+)` in the log"))
def test_what_stands_in_the_log_is_what_the_program_logs(words: str) -> None:
    assert any(f'"{words}"' in source for source in SOURCES)


def test_the_incidents_are_incidents() -> None:
    named = said(SYMPTOMS, r"the incident `([^`]+)`")
    assert named
    assert set(named) <= {kind.value for kind in IncidentKind}


def test_capacity_is_what_speed_measured() -> None:
    capacity, speed = section(OPERATIONS, "## Capacity"), document("speed.md")
    listing, change = re.findall(r"(\d+) bytes", capacity)[:2]
    assert f"| {listing} B; {change} B |" in speed
    for row in rows(capacity)[2:]:
        skus, channels, percent = (
            int(number.replace(",", "")) for number in re.findall(r"[\d,]+\d|\d", row[0])
        )
        changes = skus * channels * percent * 24 // 100
        assert int(row[2].replace(",", "")) == changes
        day_mb = changes * int(change) / 1e6
        written = [float(cell.split()[0]) for cell in (row[1], *row[3:])]
        wanted = [
            skus * channels * int(listing) / 1e6, day_mb, day_mb * 90 / 1e3, day_mb * 30 / 1e3,
        ]  # fmt: skip
        assert written == pytest.approx(wanted, rel=0.15)
