"""`[channels.NAME.write]`: its keys, and what of them does not belong together."""

import re
from collections import Counter
from typing import Annotated, Literal

import msgspec

from sync.channels.api import expressions
from sync.channels.http import placeholders
from sync.channels.http.writing import bodies
from sync.values import quoted

OF_A_HEADER = "header:"
"""`if_match = "header:ETag"` looks in the headers of the answer of `read`."""

VERSION = "$version"
"""What stands in a body for what `if_match` found; without it, it is sent as `If-Match`."""

PRECONDITION_FAILED = 412

_ROWS_MAX = 100_000
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_OF_ONE_LISTING = ("{sku}", "{location}", "{ref}")
_Accepted = Annotated[int, msgspec.Meta(ge=200, le=299)]
_Status = Annotated[int, msgspec.Meta(ge=400, le=499)]


class BatchTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`batch`: several changes in one request; `body` is what one of them is."""

    max: Annotated[int, msgspec.Meta(ge=2, le=_ROWS_MAX)]
    """Changes in one request, at most."""
    list: str | None = None
    """Where in the body they stand; by default the body is their list."""
    result: str | None = None
    """JMESPath to the list of results, one for each change; None: the answer is for all."""
    error: str | None = None
    """JMESPath, in a result, to the error. By default it is looked for where APIs have one."""
    id: str | None = None
    """JMESPath, in a result, to whose it is; None: they are in the order of the changes."""


class WriteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.write]`: how listings are set."""

    url: str
    body: dict[str, object] | list[object] | str
    method: Literal["PUT", "POST", "PATCH"] = "PUT"
    encoding: Literal["json", "form"] = "json"
    conflict: tuple[_Status, ...] = ()
    """Statuses that mean that someone else has changed it."""
    accepted: tuple[_Accepted, ...] = ()
    """Statuses that mean that it is applied later."""
    if_match: str | None = None
    """Where `read` says in which version the record is: `header:ETag`, or JMESPath."""
    batch: BatchTable | None = None
    read: str | None = None
    """The URL of one record."""
    item: str | None = None
    """JMESPath to the record in an answer for one; by default it is found as the answer comes."""

    @property
    def conflicts(self) -> frozenset[int]:
        """All statuses that mean that someone else has changed it."""
        own = {PRECONDITION_FAILED} if self.if_match is not None else set[int]()
        return frozenset({*self.conflict, *own})

    @property
    def compares(self) -> bool:
        """Whether the API itself refuses a write where the number is not `$previous`."""
        return bool(self.conflict) and "$previous" in self.used()

    def used(self) -> frozenset[str]:
        """The placeholders of its body. Raises ValueError where its text is no JSON."""
        return bodies.used(self.body)

    def check(self) -> None:
        """Raise ValueError, beginning with the key, for what does not belong together."""
        expressions.check("write.item", self.item)
        if self.item is not None and self.read is None:
            raise ValueError("write.item has no effect without write.read, the URL of one record")
        bodies.check(self.body, self.encoding)
        if self.if_match is not None:
            self._check_if_match(self.if_match)
        elif VERSION in self.used():
            raise ValueError(
                f'write.body has {VERSION}, which needs where it is read: if_match = "version"'
            )
        if self.batch is not None:
            self._check_batch(self.batch)

    def _check_if_match(self, where: str) -> None:
        name = where.removeprefix(OF_A_HEADER)
        if name == where:
            expressions.check("write.if_match", where)
        elif not _HEADER_NAME.fullmatch(name):
            raise ValueError(
                f'write.if_match {quoted(where)} names no header; write "{OF_A_HEADER}ETag"'
            )
        if self.read is None:
            raise ValueError(
                "write.if_match needs write.read, the URL of one record that says its version"
            )

    def _check_batch(self, batch: BatchTable) -> None:
        for key in ("result", "error", "id"):
            expressions.check(f"write.batch.{key}", getattr(batch, key))
            if key != "result" and getattr(batch, key) is not None and batch.result is None:
                raise ValueError(
                    f"write.batch.{key} has no effect without where the results stand, "
                    'such as result = "update[]"'
                )
        template = bodies.batched(self.body, batch.list)
        own = {"$ref", "$sku"} & set(placeholders.used(template))
        if not own:
            raise ValueError(
                'write.batch needs "$ref" or "$sku" in write.body, which says whose each change is'
            )
        outside = Counter(placeholders.used(self.body)) - Counter(placeholders.used(template))
        if not isinstance(self.body, str) and outside:
            raise ValueError(
                f'write.batch can\'t fill in "{min(outside)}" beside the list of the changes, '
                "which is of several listings: write it into the list's entry"
            )
        one = [name for name in placeholders.used_in_url(self.url) if name in _OF_ONE_LISTING]
        if one:
            raise ValueError(
                f"write.batch can't work with {one[0]} in write.url, which makes a request for one "
                f'listing: say it in write.body as "${one[0][1:-1]}"'
            )
        if self.if_match is not None and VERSION not in placeholders.used(template):
            raise ValueError(
                f"write.batch needs {VERSION} in write.body with if_match: a header is for one "
                "listing"
            )
