"""The table `events` of a channel of the kind `http`."""

import msgspec

from store.event_kinds import EventKind
from sync import values
from sync.channels import event_decoding
from sync.channels.api import expressions
from sync.channels.http.listing import table
from sync.channels.http.listing.table import ListTable, is_in_body

PLACEHOLDER = "{cursor}"


class EventOptions(ListTable, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.events]`: where the channel reports what moved.

    `{cursor}` in `url` stands for where to go on, and `$cursor` in `body` where `paging` is not by
    cursor itself; it is empty the first time. Without `next` and `paging` the cursor leads on.
    """

    cursor: str | None = None
    """JMESPath to where to go on; without it, the newest event's time."""
    kinds: dict[str, EventKind] = msgspec.field(default_factory=dict)
    """The channel's word → our kind. Empty: its words are ours."""

    @property
    def has_cursor(self) -> bool:
        """Whether it can be asked for what came after something."""
        return PLACEHOLDER in self.url or (
            not self.is_paged_by_cursor and is_in_body("$cursor", self)
        )

    @property
    def is_paged_by_cursor(self) -> bool:
        """Whether `$cursor` is a page's."""
        return self.paging is not None and self.paging.by == "cursor"

    def check(self) -> None:
        """Raise ValueError, beginning with the key, for what does not belong together."""
        expressions.check("events.cursor", self.cursor)
        table.check(self, prefix="events.", in_body={"$cursor": "where to go on"})
        if self.total is not None and self.next is None and self.paging is None:
            raise ValueError("events.total has no effect without events.paging or events.next")
        unknown = [name for name in self.fields if name not in event_decoding.FIELDS]
        if unknown:
            known = ", ".join(event_decoding.FIELDS)
            raise ValueError(
                f"events.fields {values.quoted(unknown[0])} is not a field; known: {known}"
            )
        lacking = [name for name in event_decoding.REQUIRED if name not in self.fields]
        if lacking:
            raise ValueError(f"events.fields needs {lacking[0]}")
        if self.cursor is not None and not self.has_cursor:
            also = "" if self.method == "GET" else ' or "$cursor" in events.body'
            raise ValueError(
                f"events.cursor has no effect without {PLACEHOLDER} in events.url{also}"
            )
