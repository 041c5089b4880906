"""Asking Square: what its errors mean, and which permission a refusal is about."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from store.model import Millis
from sync import values
from sync.channels.api import complaints
from sync.channels.api.vendor import VendorClient
from sync.channels.square.shapes import SquareError, SquareFailure
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary, WriteRejected

if TYPE_CHECKING:
    from sync.transport.call import Reply

T = TypeVar("T")

READ_STOCK, WRITE_STOCK = "INVENTORY_READ", "INVENTORY_WRITE"
READ_CATALOGUE, READ_PLACES = "ITEMS_READ", "MERCHANT_PROFILE_READ"

_PERMISSIONS = {
    "/v2/locations": READ_PLACES,
    "/v2/catalog/": READ_CATALOGUE,
    "/v2/inventory/changes/batch-create": WRITE_STOCK,
    "/v2/inventory/": READ_STOCK,
}
_FORBIDDEN = 403
_ANSWERED = frozenset({400, 404, 409})
"""Statuses whose body says by its code what became of a write."""
_NOT_SIGNED_IN = ("UNAUTHORIZED", "ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_REVOKED", "FORBIDDEN",
                  "INSUFFICIENT_SCOPES")  # fmt: skip
_PASSING = ("RATE_LIMITED", "INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT",
            "TEMPORARY_ERROR")  # fmt: skip


class SquareSession:
    """One seller's account."""

    def __init__(self, client: VendorClient, url: str) -> None:
        self._url = url.rstrip("/")
        self.name = client.name
        self.client = client
        self._reading = client.judged_by(self._judge)

    async def ask(
        self, path: str, shape: type[T], place: str, body: Mapping[str, object] | None = None
    ) -> T:
        """Ask for something: with a body by POST, else by GET. `place` names it in errors."""
        reply = await self._fetch(path, body)
        return self._reading.decoded(reply, shape, place)

    async def ask_with_time(
        self, path: str, shape: type[T], place: str, body: Mapping[str, object]
    ) -> tuple[T, Millis | None]:
        """The same, with the server's time of the answer, in whole seconds, where it says one."""
        reply = await self._fetch(path, body)
        return self._reading.decoded(reply, shape, place), _date(reply)

    async def write(self, path: str, body: Mapping[str, object], place: str) -> object:
        """Send a write. An answer with `errors` is one too: see `errors_in`."""
        try:
            return await self.client.write("POST", self._url + path, place, json=body,
                                           accept=_ANSWERED)  # fmt: skip
        except NeedsOperator as error:
            _name_permission(error, path)
            raise

    def rejected(self, content: object) -> WriteRejected:
        """The error for a refusal of a whole write, in Square's words."""
        failure = errors_in(content)
        words = "; ".join(error.words() for error in failure)
        if not words:
            complaint = complaints.of_write(content) or complaints.of_page(content, None)
            words = complaint.words if complaint is not None else values.quoted(content)
        return WriteRejected(f"{self.name} refused the write: {self.client.text(words)}")

    async def _fetch(self, path: str, body: Mapping[str, object] | None) -> "Reply":
        method = "GET" if body is None else "POST"
        try:
            return await self._reading.fetch(method, self._url + path, json=body)
        except NeedsOperator as error:
            _name_permission(error, path)
            raise

    def _judge(self, reply: "Reply") -> ChannelError | None:
        """An answer of success that has `errors` is none."""
        if b'"errors"' not in reply.body:
            return None
        try:
            errors = errors_in(values.json_value(reply.body))
        except ValueError:
            return None
        if not errors:
            return None
        words = f"{self.name}: {self.client.text('; '.join(error.words() for error in errors))}"
        if errors[0].code in _NOT_SIGNED_IN:
            return NeedsOperator(f"{words}{self.client.credential}")
        if errors[0].code in _PASSING:
            return Temporary(words)
        return ContractBroken(words, path="errors")


def errors_in(content: object) -> list[SquareError]:
    """The errors that an answer has; none where it has no list of them."""
    try:
        return msgspec.convert(content, SquareFailure).errors
    except msgspec.ValidationError:
        return []


def _name_permission(error: NeedsOperator, path: str) -> None:
    """Say which permission a refusal is about, where Square's own words do not."""
    needed = next((found for start, found in _PERMISSIONS.items() if path.startswith(start)), "")
    if error.status == _FORBIDDEN and needed and needed not in str(error):
        error.args = (f"{error}; it needs the permission {needed}",)


def _date(reply: "Reply") -> Millis | None:
    try:
        return round(parsedate_to_datetime(reply.headers.get("date", "")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
