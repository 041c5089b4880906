"""Requests to the Selling Partner API: a budget for each operation, and errors that name a role.

Each operation has a usage plan of its own: a token bucket (rate and burst as in its contract or on
"Feeds API Rate Limits", read 2026-11-30). Answers tell the account's own rate; a 429 tells nothing.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar
from urllib.parse import quote

import msgspec

from sync.channels.amazon.shapes import AmazonErrors
from sync.channels.api.vendor import VendorClient
from sync.clock import Clock
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
)
from sync.transport.budgets.base import TokenBucket

if TYPE_CHECKING:
    from sync.transport.call import Reply

T = TypeVar("T")

LISTING_ROLE = 'the role "Product Listing"'
_STOCK_ROLE = 'one of the roles "Amazon Fulfillment" and "Product Listing"'
_SELLERS_ROLE = 'the role "Selling Partner Insights"'
BAD_REQUEST = 400
_FORBIDDEN = 403
_THROTTLED = frozenset({"QuotaExceeded", "RequestThrottled", "TooManyRequests"})
_PASSING = frozenset({"InternalFailure", "InternalError", "ServiceUnavailable"})
_NOT_ALLOWED = frozenset({"Unauthorized", "AccessDenied", "Forbidden", "InvalidToken"})


@dataclass(frozen=True, slots=True)
class AmazonOperation:
    """One operation of the API, with its default usage plan."""

    name: str
    rate_per_s: float
    burst: int
    role: str
    """What the app needs for it, in words."""


SEARCH = AmazonOperation("searchListingsItems", 5, 5, LISTING_ROLE)
GET_ITEM = AmazonOperation("getListingsItem", 5, 10, LISTING_ROLE)
PATCH = AmazonOperation("patchListingsItem", 5, 5, LISTING_ROLE)
SUMMARIES = AmazonOperation("getInventorySummaries", 2, 2, _STOCK_ROLE)
PARTICIPATIONS = AmazonOperation("getMarketplaceParticipations", 0.016, 15, _SELLERS_ROLE)
CREATE_DOCUMENT = AmazonOperation("createFeedDocument", 0.5, 15, LISTING_ROLE)
# Five listings feeds in five minutes and region (changelog of 2025-05-06): two at once, then three.
CREATE_FEED = AmazonOperation("createFeed", 3 / 300, 2, LISTING_ROLE)
GET_FEED = AmazonOperation("getFeed", 2, 15, LISTING_ROLE)
GET_DOCUMENT = AmazonOperation("getFeedDocument", 0.0222, 10, LISTING_ROLE)


class AmazonTokenOver(Exception):
    """The token of the next page is taken no more."""


class SellingPartnerApi:
    """Asks the API as one seller."""

    def __init__(self, client: VendorClient, url: str, clock: Clock) -> None:
        self.client = client
        self._url = url.rstrip("/")
        self._reading = client.judged_by(self._error_of_read)
        self._writing = client.judged_by(self._error_of_write)
        self._clock = clock
        self._budgets: dict[str, TokenBucket] = {}

    async def fetch(
        self,
        operation: AmazonOperation,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: Container[int] = (),
    ) -> "Reply":
        """Get something whose status counts, too. Raises as `read`."""
        with _naming(operation):
            return await self._reading.fetch(
                "GET",
                self.url(path, query),
                accept=accept,
                budget=self._budget(operation),
            )

    async def read(
        self, operation: AmazonOperation, path: str, query: Mapping[str, str] | None, shape: type[T]
    ) -> T:
        """Get something and decode it. Raises Temporary, NeedsOperator, ContractBroken."""
        reply = await self.fetch(operation, path, query)
        return self.client.decoded(reply, shape, operation.name)

    async def ask(
        self, operation: AmazonOperation, method: str, url: str, json: object, shape: type[T]
    ) -> T:
        """Send what may be sent again, because it changes nothing. Raises as `read`."""
        with _naming(operation):
            return await self._reading.read(
                method,
                url,
                shape,
                operation.name,
                json=json,
                budget=self._budget(operation),
            )

    async def write(
        self,
        operation: AmazonOperation,
        method: str,
        url: str,
        json: object,
        shape: type[T],
    ) -> T:
        """Send a write once, and decode its answer.

        Raises WriteRejected, WriteOutcomeUnknown, and Temporary and NeedsOperator where it was
        certainly not applied.
        """
        with _naming(operation):
            content = await self._writing.write(
                method, url, operation.name, json=json, budget=self._budget(operation)
            )
        return self.client.shaped_answer(content, shape, operation.name)

    def refuse_page(self, operation: AmazonOperation, body: bytes) -> NoReturn:
        """Raise what a 400 for a page after the first means: AmazonTokenOver, or ContractBroken."""
        # Status first, body second: the body of FBA's 400 has the shape of a page, of zeros then.
        try:
            errors = msgspec.json.decode(body, type=AmazonErrors).errors or []
        except msgspec.DecodeError:
            errors = []
        said = " ".join(error.words() for error in errors)
        # "Next token is invalid or expired" (the vendor's issue 4946).
        if not said or "token" in said.lower() or "expired" in said.lower():
            raise AmazonTokenOver(self.client.text(said) or "the next page is not there any more")
        words = f"{self.client.name} answered 400: {self.client.text(said)}"
        raise ContractBroken(words, path=operation.name)

    def in_circles(self) -> ContractBroken:
        """The error for a page whose next page is itself."""
        words = "leads to itself"
        return ContractBroken(words, path="pagination.nextToken", subject=self.client.name)

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """An address. What of a query is a list was joined by `listed`."""
        written = "&".join(f"{name}={value}" for name, value in (query or {}).items())
        return f"{self._url}{path}" + (f"?{written}" if written else "")

    def _budget(self, operation: AmazonOperation) -> TokenBucket:
        known = self._budgets.get(operation.name)
        if known is None:
            known = self._budgets[operation.name] = TokenBucket(
                self._clock, operation.rate_per_s, operation.burst, self.client.rate_share
            )
        return known

    def _error_of_read(self, reply: "Reply") -> ChannelError | None:
        """What an answer of success complains of: its `errors`, which the contract allows there."""
        found = self._errors_in(reply)
        if found is None:
            return None
        codes, words = found
        if codes & (_THROTTLED | _PASSING):
            return Temporary(words)
        if codes & _NOT_ALLOWED:
            return NeedsOperator(words)
        return ContractBroken(words, path="errors")

    def _error_of_write(self, reply: "Reply") -> ChannelError | None:
        found = self._errors_in(reply)
        if found is None:
            return None
        codes, words = found
        return Temporary(words) if codes and codes <= _THROTTLED else WriteOutcomeUnknown(words)

    def _errors_in(self, reply: "Reply") -> tuple[frozenset[str], str] | None:
        if b'"errors"' not in reply.body:
            return None
        try:
            errors = msgspec.json.decode(reply.body, type=AmazonErrors).errors
        except msgspec.DecodeError:
            # Whoever decodes it says what is wrong with it.
            return None
        if not errors:
            return None
        words = self.client.text(errors[0].words()) or "errors without a reason"
        return frozenset(error.code for error in errors), f"{self.client.name} answered: {words}"


def listed(parts: Iterable[str]) -> str:
    """Write a list for a query: `A,B`. What has a comma of its own can't be in one."""
    return ",".join(quote(part, safe="") for part in parts)


@contextmanager
def _naming(operation: AmazonOperation) -> Iterator[None]:
    """Say with a 403 which role the app needs."""
    try:
        yield
    except NeedsOperator as error:
        if error.status == _FORBIDDEN:
            words = (
                f"{error}. {operation.name} needs {operation.role}: add it to the app in Seller "
                "Central, and authorise the app again; the seller must be that of seller_id"
            )
            error.args = (words,)
        raise
