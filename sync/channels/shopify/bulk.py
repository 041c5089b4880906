"""A bulk operation: Shopify exports the whole catalogue in the background, for a few points.

One of ours that runs already, since before a restart or from a poll that was cut off, is waited for
instead of another; anybody else's is left alone. What is exported is as of the operation's start.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from store.model import Millis
from sync import values
from sync.channels.api import addresses
from sync.channels.base import closing
from sync.channels.shopify import documents
from sync.channels.shopify.joining import ShopifyBadNode, ShopifyJoiner
from sync.channels.shopify.reading import ShopifyReadItem
from sync.channels.shopify.session import ShopifySession
from sync.channels.shopify.shapes import BulkListed, BulkSeen, BulkStarted, ShopifyBulkOperation
from sync.clock import Clock
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

if TYPE_CHECKING:
    from sync.transport.transport import Transport

FILE_BYTES_MAX = 4 * 1024**3
_LOOK_FIRST_MS = 1_000
_LOOK_MAX_MS = 10_000
_LOOKS_MAX = 10_000
_DIGITS_MAX = 18
_DOWNLOADS_MAX = 3
_TAKEN = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
_ENDED = frozenset({"FAILED", "CANCELED", "CANCELING", "EXPIRED"})
_WAITING = frozenset({"CREATED", "RUNNING"})


class ShopifyBulkRefused(Temporary):
    """No bulk operation can be begun now: as many as the app may have are running."""


@dataclass(frozen=True, slots=True)
class ShopExport:
    """A whole export, here."""

    as_of: Millis | None
    joiner: ShopifyJoiner | None
    """None: the catalogue is empty."""

    def groups(self) -> Iterator[Sequence[ShopifyReadItem | ShopifyBadNode]]:
        return iter(()) if self.joiner is None else self.joiner.groups()


class ShopifyBulk:
    """Has the catalogue of one shop exported. Only one sweep at a time asks for it."""

    def __init__(
        self, session: ShopifySession, transport: "Transport", clock: Clock, location: str | None
    ) -> None:
        self._session = session
        self._transport = transport
        self._clock = clock
        self._query = documents.bulk_query(location)
        self._pending: str | None = None
        """Ours that a poll was cut off from while it waited."""
        self._has_written = False

    def note_write(self) -> None:
        """Something was written: what was begun before is of a time before that."""
        self._pending = None
        self._has_written = True

    async def begun(self) -> str:
        """Begin an operation, or find ours that runs; its id.

        Raises ShopifyBulkRefused, and what a read raises.
        """
        self._pending = await self._found() or await self._start()
        self._has_written = False
        return self._pending

    async def _found(self) -> str | None:
        """One of ours that can be waited for, if there is one."""
        if self._pending is not None:
            # It may have been completed between two polls.
            seen = await self._seen(self._pending)
            if seen is not None and seen.status not in _ENDED:
                return seen.id
        if self._has_written:
            return None
        listed = await self._session.shaped(
            documents.BULK_LIST, {}, "bulk operations", BulkListed, points=60
        )
        for operation in listed.bulk_operations.nodes:
            if operation.status in _WAITING and _same(operation.query, self._query):
                return operation.id
        return None

    async def _seen(self, operation_id: str) -> ShopifyBulkOperation | None:
        asked = await self._session.shaped(
            documents.BULK_LOOK, {"id": operation_id}, "bulk operation", BulkSeen
        )
        return asked.bulk_operation

    @asynccontextmanager
    async def exported(self, operation_id: str) -> AsyncIterator[ShopExport]:
        """Wait for an operation, bring its export here and check that it is whole."""
        try:
            operation = await self._completed(operation_id)
            joiner = await self._brought(operation)
        except ChannelError:
            self._pending = None
            raise
        # Only a poll that is cut off until here leaves it to the next one.
        self._pending = None
        try:
            yield ShopExport(values.instant(operation.created_at), joiner)
        finally:
            if joiner is not None:
                joiner.close()

    async def _start(self) -> str:
        name, place = self._session.name, "bulkOperationRunQuery"
        try:
            # Sent once: a repeat would be a second operation.
            data = await self._session.ask(
                documents.BULK_START, {"query": self._query}, place, write=True
            )
        except WriteRejected as error:
            raise ContractBroken(str(error), path=place) from error
        except WriteOutcomeUnknown as error:
            # If it was begun, the next poll finds it running.
            raise Temporary(str(error)) from error
        payload = self._session.client.shaped(data, BulkStarted, place).bulk_operation_run_query
        words = self._session.client.text("; ".join(found.message for found in payload.user_errors))
        if {found.code for found in payload.user_errors} & _TAKEN:
            raise ShopifyBulkRefused(
                f"{name}: as many bulk operations as its app may have are running, of others; they "
                f"are left alone. Shopify says: {words}",
                retry_after_s=60,
            )
        if payload.user_errors or payload.bulk_operation is None:
            raise ContractBroken(words or "no operation was begun", path=place, subject=name)
        return payload.bulk_operation.id

    async def _completed(self, operation_id: str) -> ShopifyBulkOperation:
        """Wait until it is complete. The poll's own deadline ends what takes too long."""
        name, wait_ms = self._session.name, _LOOK_FIRST_MS
        for _ in range(_LOOKS_MAX):
            operation = await self._seen(operation_id)
            if operation is None:
                raise Temporary(f"{name}: the bulk operation is gone")
            if operation.status == "COMPLETED":
                return operation
            if operation.error_code == "ACCESS_DENIED":
                raise NeedsOperator(
                    f"{name}: the bulk operation lacks a scope: its app needs read_inventory, "
                    f"read_products and read_locations{self._session.client.credential}"
                )
            if operation.status in _ENDED:
                # What it exported until then is only a part, and a part would look like a shop
                # that has lost its listings: `partialDataUrl` is never read.
                code = operation.error_code or "without a reason"
                words = self._session.client.text(f"{operation.status} ({code})")
                raise Temporary(f"{name}: the bulk operation is {words}: nothing of it counts")
            await self._clock.sleep(wait_ms)
            wait_ms = min(_LOOK_MAX_MS, wait_ms * 3 // 2)
        raise Temporary(f"{name}: the bulk operation does not end")

    async def _brought(self, operation: ShopifyBulkOperation) -> ShopifyJoiner | None:
        """Download the export; None: it is empty. Raises Temporary where it is not whole."""
        url = operation.url
        if url is None:
            if _number(operation.object_count):
                raise Temporary(f"{self._session.name}: the bulk operation ended without a file")
            return None
        for attempt in range(1, _DOWNLOADS_MAX + 1):
            joiner = ShopifyJoiner(self._session.name, _number(operation.root_object_count))
            try:
                await self._download(url, joiner)
                self._check(operation, joiner)
            except Temporary:
                joiner.close()
                if attempt == _DOWNLOADS_MAX:
                    raise
            except BaseException:
                joiner.close()
                raise
            else:
                return joiner
        raise AssertionError("the last attempt returns or raises")

    async def _download(self, url: str, joiner: ShopifyJoiner) -> None:
        name, parts = self._session.name, addresses.named(url)
        schemes = {"https", urlsplit(self._session.endpoint).scheme}
        if not parts.hostname or parts.scheme not in schemes:
            raise ContractBroken("names an export that is not at https", path="url", subject=name)
        # The export is in a store of somebody else's, whose address is signed. This transport has
        # no credential of ours, and its texts have no signature.
        self._transport.redactor.learn_passing([parts.query])
        store = self._transport.beside(url, body_bytes_max=0)
        try:
            async with closing(store.pieces(url, bytes_max=FILE_BYTES_MAX)) as pieces:
                async for piece in pieces:
                    joiner.add(piece)
            joiner.end()
        finally:
            await store.aclose()

    def _check(self, operation: ShopifyBulkOperation, joiner: ShopifyJoiner) -> None:
        objects, items = _number(operation.object_count), _number(operation.root_object_count)
        if joiner.lines < objects or joiner.items < items:
            raise Temporary(
                f"{self._session.name}: the export is cut short: {joiner.lines:,} lines came of "
                f"{objects:,}, with {joiner.items:,} items of {items:,}"
            )


def _number(value: str | int | None) -> int:
    """A count, which Shopify writes as text."""
    text = str(value)
    return int(text) if text.isdecimal() and len(text) <= _DIGITS_MAX else 0


def _same(first: str, second: str) -> bool:
    """Whether two queries are one, however they are laid out."""
    # Commas are white space in GraphQL.
    plain, other = ("".join(text.replace(",", " ").split()) for text in (first, second))
    return plain == other
