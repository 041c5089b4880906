"""What the answer to a batch says of each of its changes. Pure.

A 200 may hold an error for each item. A result belongs to the change whose id it has, or stands in
the order of the changes; a change without one has an unknown outcome.
"""

from collections.abc import Callable, Mapping, Sequence

from sync.channels.api import complaints, expressions
from sync.channels.api.complaints import Complaint, Trouble
from sync.channels.base import Change, Receipt
from sync.channels.http import refs
from sync.channels.http.writing.table import BatchTable

Text = Callable[[str], str]
"""Makes the channel's words fit for a message."""


ComplaintOf = Callable[[object, object], Complaint | None]
"""What an answer complains of beside its results."""


class BatchResults:
    """Reads the answers of one channel's batches."""

    def __init__(
        self,
        batch: BatchTable,
        conflicts: frozenset[int],
        text: Text,
        complaint_of: ComplaintOf = complaints.of_page,
    ) -> None:
        self._complaint_of = complaint_of
        self._path = batch.result
        self._results = None if batch.result is None else expressions.search(batch.result)
        self._error = None if batch.error is None else expressions.search(batch.error)
        self._id = None if batch.id is None else expressions.search(batch.id)
        self._conflicts = conflicts
        self._text = text

    def of(self, content: object) -> Sequence[object] | None:
        """The results in an answer; None where it has none by its description."""
        if self._results is None:
            return None
        try:
            found = self._results(content)
        except expressions.ERROR:
            return None
        return found if isinstance(found, list) else None

    def receipts(self, content: object, changes: Sequence[Change]) -> Sequence[Receipt]:
        """One receipt for each change, in order."""
        if self._results is None:
            return [Receipt(change) for change in changes]
        found = self.of(content)
        if found is None:
            words = f"the answer has no list at `{self._path}`"
            return [Receipt(change, unknown=words) for change in changes]
        receipts = self._by_id(found, changes) if self._id else self._in_order(found, changes)
        complaint = self._complaint_of(content, found)
        if complaint is None or any(receipt.refused is not None for receipt in receipts):
            return receipts
        # Something failed, and no result says what.
        words = self._text(complaint.words)
        return [Receipt(receipt.change, unknown=receipt.unknown or words) for receipt in receipts]

    def _in_order(self, found: Sequence[object], changes: Sequence[Change]) -> list[Receipt]:
        if len(found) != len(changes):
            words = f"{len(found)} results came for {len(changes)} changes"
            return [Receipt(change, unknown=words) for change in changes]
        return [self._receipt(change, [own]) for change, own in zip(changes, found, strict=True)]

    def _by_id(self, found: Sequence[object], changes: Sequence[Change]) -> list[Receipt]:
        by_id: dict[str, list[object]] = {}
        for result in found:
            by_id.setdefault(self._id_of(result), []).append(result)
        by_id.pop("", None)
        known = names(changes)
        return [
            self._receipt(change, [own for name in known[place] for own in by_id.get(name, ())])
            for place, change in enumerate(changes)
        ]

    def _id_of(self, result: object) -> str:
        try:
            found = self._id(result) if self._id is not None else None
        except expressions.ERROR:
            return ""
        return str(found) if type(found) in (str, int) else ""

    def _receipt(self, change: Change, own: Sequence[object]) -> Receipt:
        """What the results of one change say; several must say the same."""
        if not own:
            return Receipt(change, unknown="the answer has no result for it")
        told = [self._told(change, result) for result in own]
        kinds = {(receipt.refused is None, receipt.unknown is None) for receipt in told}
        if len(kinds) > 1:
            return Receipt(change, unknown="the answer has several results for it, which differ")
        return told[0]

    def _told(self, change: Change, result: object) -> Receipt:
        if result is None or result is False:
            return Receipt(change, unknown="the answer has no result for it")
        error: object = None
        if self._error is not None:
            try:
                error = self._error(result)
            except expressions.ERROR:
                error = None
        complaint = complaints.described(error) or complaints.of_write(result)
        if complaint is None:
            return Receipt(change)
        words = self._text(complaint.words)
        # What failed on its way may have been applied all the same.
        if complaint.trouble is Trouble.PASSING:
            return Receipt(change, unknown=words)
        is_conflict = not self._conflicts.isdisjoint(complaints.statuses(result))
        return Receipt(change, refused=words, conflict=is_conflict)


def names(changes: Sequence[Change]) -> Sequence[frozenset[str]]:
    """By what results may name each of these changes: its ref and its SKU, if only its own."""
    own = [_names(change) for change in changes]
    times: dict[str, int] = {}
    for several in own:
        for name in several:
            times[name] = times.get(name, 0) + 1
    return [frozenset(name for name in several if times[name] == 1) for several in own]


def _names(change: Change) -> frozenset[str]:
    known: Mapping[str, object] = refs.unpacked(change.ref)
    return frozenset({change.sku, *(str(value) for value in (known.get(refs.REF),) if value)})
