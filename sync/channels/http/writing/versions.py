"""In which version each listing was when it was last read by itself: `if_match`."""

from typing import TYPE_CHECKING

from store.model import Record
from sync.channels.api import expressions
from sync.channels.base import Change, ListingRef
from sync.channels.http.writing.table import OF_A_HEADER

if TYPE_CHECKING:
    from sync.transport.call import Reply

KEPT_MAX = 10_000

Version = str | int


class VersionMemory:
    """Keeps what the readings before a write said, for that write.

    A version is worth something only with the reading that it came with: the write rests on that.
    """

    def __init__(self, if_match: str | None) -> None:
        self._header = ""
        self._look = None
        if if_match is not None and if_match.startswith(OF_A_HEADER):
            self._header = if_match.removeprefix(OF_A_HEADER)
        elif if_match is not None:
            self._look = expressions.search(if_match)
        self.is_needed = if_match is not None
        self._known: dict[ListingRef, tuple[Record, Version | None]] = {}

    def note(self, wanted: ListingRef, reply: "Reply", content: object, record: Record) -> None:
        """Keep the version of a record that was read by itself."""
        if not self.is_needed:
            return
        if len(self._known) >= KEPT_MAX:
            self._known.clear()
        self._known[wanted] = (record, self._found(reply, content))

    def forget(self, wanted: ListingRef) -> None:
        """Let it be read anew."""
        self._known.pop(wanted, None)

    def of(self, change: Change) -> tuple[Record, Version | None] | None:
        """The reading that is known of a change's listing, with its version; None: no reading."""
        return self._known.get(ListingRef(change.sku, change.location, change.ref))

    def _found(self, reply: "Reply", content: object) -> Version | None:
        if self._header:
            return reply.headers.get(self._header.lower())
        try:
            found = self._look(content) if self._look is not None else None
        except expressions.ERROR:
            return None
        if isinstance(found, bool) or not isinstance(found, str | int):
            return None
        return found
