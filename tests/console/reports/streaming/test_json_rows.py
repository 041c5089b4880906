"""The rows of long reports are, byte for byte, what `json.dumps` makes of their documents."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from console.reports import json_documents
from console.reports.streaming import json_rows
from console.reports.streaming.json_stream import JsonStream
from store.model import Cause, Correction, CorrectionStatus, Disagreement, Kind, Status
from store.queries.uncounted import UncountedListing
from store.queries.values import HistoryEntry
from store.reasons import Reason
from sync.causes.kinds import KINDS
from tests.long_run import examples

TEXTS = st.text() | st.sampled_from(["LAMP", "=1+1", 'a"b\\', "\x1b[2J", "Möbel", "😀", "\ud800"])
NUMBERS = st.integers(-(10**12), 10**12)
TIMES = st.integers(0, 4_000_000_000_000)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


TWINS = st.lists(st.tuples(TEXTS, optional(NUMBERS), optional(TEXTS)), max_size=3)
DISAGREEMENTS = st.builds(
    Disagreement,
    id=NUMBERS, listing_id=NUMBERS, sku=TEXTS, title=TEXTS, channel=TEXTS, location=TEXTS,
    kind=st.sampled_from(Kind), status=st.sampled_from(Status),
    reason=optional(st.sampled_from(Reason)), decidable_at=optional(TIMES),
    available=optional(NUMBERS), state=optional(TEXTS), observed_at=optional(TIMES),
    target=optional(NUMBERS), target_state=optional(TEXTS), delta=optional(NUMBERS),
    price_minor=optional(st.integers(0, 10**9)), first_seen_at=TIMES, last_seen_at=TIMES,
    correction_id=optional(NUMBERS), correction_status=optional(st.sampled_from(CorrectionStatus)),
    correction_version=optional(NUMBERS), acknowledged_by=optional(TEXTS),
    acknowledged_at=optional(TIMES), acknowledged_why=optional(TEXTS),
    assumed_risk_minor=optional(NUMBERS), severity=st.integers(0, 6),
    twins=optional(TWINS.map(json.dumps)), surplus=optional(st.integers(0, 10**9)),
    at_least=st.booleans(),
)  # fmt: skip
CAUSES = st.builds(Cause, st.sampled_from(KINDS), st.floats(0, 1), TEXTS)
CORRECTIONS = st.builds(
    Correction,
    id=NUMBERS, listing_id=NUMBERS, sku=TEXTS, title=TEXTS, channel=TEXTS, location=TEXTS,
    status=st.sampled_from(CorrectionStatus), version=NUMBERS, from_quantity=optional(NUMBERS),
    from_state=optional(TEXTS), to_quantity=optional(NUMBERS), to_state=optional(TEXTS),
    price_minor=optional(NUMBERS), proposed_at=TIMES, decided_at=optional(TIMES),
    decided_by=optional(TEXTS), second_by=optional(TEXTS), hold_until=optional(TIMES),
    expires_at=optional(TIMES), snoozed_until=optional(TIMES), note=optional(TEXTS),
    result=optional(TEXTS), from_at_least=st.booleans(),
)  # fmt: skip
UNCOUNTED = st.builds(
    UncountedListing,
    sku=TEXTS, title=TEXTS, channel=TEXTS, location=TEXTS, available=optional(NUMBERS),
    state=optional(TEXTS), observed_at=optional(TIMES), target=optional(NUMBERS),
    target_state=optional(TEXTS),
)  # fmt: skip
DETAILS = st.dictionaries(
    st.sampled_from(["available", "closed_at", "source_at", "received_at", "note", "present"]),
    optional(TIMES | TEXTS | st.booleans()),
).filter(lambda detail: not any(value is True or value is False for value in _times(detail)))
ENTRIES = st.builds(
    HistoryEntry, TIMES, TEXTS, st.sampled_from(["reading", "event", "correction"]), DETAILS
)


def _times(detail: dict[str, object]) -> list[object]:
    return [value for name, value in detail.items() if name.endswith("_at")]


@settings(max_examples=examples(400), deadline=None)
@given(row=DISAGREEMENTS, cause=optional(CAUSES))
def test_a_disagreement_has_the_bytes_of_its_document(row: Any, cause: Any) -> None:
    expected = json.dumps(json_documents.disagreement(row, cause))
    assert json_rows.disagreement(row, cause) == expected


@settings(max_examples=examples(500), deadline=None)
@given(correction=CORRECTIONS, listing=UNCOUNTED)
def test_so_have_an_update_and_what_is_not_counted(correction: Any, listing: Any) -> None:
    assert json_rows.update(correction) == json.dumps(json_documents.update(correction))
    assert json_rows.uncounted(listing) == json.dumps(json_documents.uncounted(listing))


@settings(max_examples=examples(500), deadline=None)
@given(entries=st.lists(ENTRIES, max_size=3))
def test_so_has_a_line_of_a_timeline(entries: list[HistoryEntry]) -> None:
    for entry in entries:
        document = json_documents.entry(entry)
        assert json_rows.entry(entry) == json.dumps(document)
        then = {**document, "known": True}
        assert json_rows.entry_as_of(entry, entry.known_at) == json.dumps(then)


@settings(max_examples=examples(500), deadline=None)
@given(
    document=st.dictionaries(
        st.text(max_size=3), st.lists(st.dictionaries(TEXTS, NUMBERS), max_size=5) | NUMBERS
    ),
    page=st.integers(1, 3),
)
def test_a_document_in_parts_is_the_document(document: dict[str, Any], page: int) -> None:
    parts: list[str] = []
    stream = JsonStream(parts.append)
    for key, value in document.items():
        if isinstance(value, list):
            texts = [json.dumps(row) for row in value]
            stream.texts(key, (texts[n : n + page] for n in range(0, len(texts), page)))
        else:
            stream.value(key, value)
    stream.end()
    assert "".join(parts) == json_documents.write(document) + "\n"
