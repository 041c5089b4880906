"""`[channels.NAME.write]`: its keys."""

from typing import Annotated, Literal

import msgspec

_Status = Annotated[int, msgspec.Meta(ge=400, le=499)]


class WriteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.write]`: how one listing is set."""

    url: str
    body: dict[str, object]
    method: Literal["PUT", "POST", "PATCH"] = "PUT"
    conflict: tuple[_Status, ...] = ()
    """Statuses that mean that someone else has changed it."""
    read: str | None = None
    """The URL of one record."""
    item: str | None = None
    """JMESPath to the record in an answer for one; by default it is found as the answer comes."""
