"""Many stock updates at once, as a JSON_LISTINGS_FEED: sent, watched for a while, and its report.

Facts from the vendor's models `feeds_2021-06-30.json` and `listings-feed-schema-v2.json`, and the
page "Feeds API Best Practices", read 2026-11-30. A feed that ends FATAL may have done all of its
work, some or none. A document stands at an address of another server, signed and good for 5
minutes: our own token must not go there.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec

from sync.channels.amazon.api import (
    CREATE_DOCUMENT,
    CREATE_FEED,
    GET_DOCUMENT,
    GET_FEED,
    SellingPartnerApi,
)
from sync.channels.amazon.shapes import (
    AmazonDocument,
    AmazonFeed,
    AmazonFeedTicket,
    AmazonIssue,
    AmazonReport,
)
from sync.channels.amazon.submissions import AmazonOutcome, AmazonStockChange, issue_words
from sync.channels.api import addresses
from sync.clock import Clock
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary, WriteRejected
from sync.transport.decompression import Decompression

if TYPE_CHECKING:
    from sync.transport.transport import Transport

FEED_TYPE = "JSON_LISTINGS_FEED"
MESSAGES_MAX = 25_000
"""Of one feed (the changelog of 2025-05-06); its file should stay below 10 MiB."""
PAUSES_MS = (2_000, 4_000, 8_000, 15_000, 15_000, 15_000)
"""Between two looks at a feed. After that the polls see what came of it."""

_MEDIA_TYPE = "application/json; charset=UTF-8"
_PATH = "/feeds/2021-06-30"
_REPORT_BYTES_MAX = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_DONE, _FATAL, _CANCELLED = "DONE", "FATAL", "CANCELLED"


@dataclass(frozen=True, slots=True)
class AmazonFeeds:
    """Sends feeds for one seller."""

    api: SellingPartnerApi
    transport: "Transport"
    clock: Clock
    seller_id: str

    async def send(
        self, changes: Sequence[AmazonStockChange], marketplace: str
    ) -> Sequence[AmazonOutcome]:
        """Send one feed, and say what became of each change.

        Raises Temporary, NeedsOperator, ContractBroken (certainly not sent), WriteOutcomeUnknown.
        """
        document = await self._uploaded(changes)
        wanted = {
            "feedType": FEED_TYPE,
            "marketplaceIds": [marketplace],
            "inputFeedDocumentId": document,
        }
        url = self.api.url(f"{_PATH}/feeds")
        try:
            ticket = await self.api.write(CREATE_FEED, "POST", url, wanted, AmazonFeedTicket)
        except WriteRejected as error:
            # Half of the changes would fare no better.
            return [AmazonOutcome(refused=str(error))] * len(changes)
        try:
            return await self._result(ticket.feed_id, changes)
        except (Temporary, NeedsOperator, ContractBroken):
            # It was accepted, whatever else can't be learned of it.
            return [AmazonOutcome()] * len(changes)

    async def _uploaded(self, changes: Sequence[AmazonStockChange]) -> str:
        """Put the feed where Amazon wants it; answers the document's id."""
        content = {
            "header": {"sellerId": self.seller_id, "version": "2.0", "issueLocale": "en_US"},
            "messages": [
                {"messageId": number, "sku": change.sku, "operationType": "PATCH", **change.patch()}
                for number, change in enumerate(changes, 1)
            ],
        }
        text = msgspec.json.encode(content).decode()
        wanted = {"contentType": _MEDIA_TYPE}
        url = self.api.url(f"{_PATH}/documents")
        document = await self.api.ask(CREATE_DOCUMENT, "POST", url, wanted, AmazonDocument)
        elsewhere = self._elsewhere(document.url)
        try:
            await elsewhere.request("PUT", document.url, repeatable=True, text=(text, _MEDIA_TYPE))
        except ChannelError as error:
            raise Temporary(f"nothing was written: the upload of a feed: {error}") from error
        finally:
            await elsewhere.aclose()
        return document.feed_document_id

    async def _result(
        self, feed_id: str, changes: Sequence[AmazonStockChange]
    ) -> Sequence[AmazonOutcome]:
        """Watch a feed for a while. Raises Temporary, NeedsOperator, ContractBroken."""
        for pause_ms in PAUSES_MS:
            await self.clock.sleep(pause_ms)
            path = f"{_PATH}/feeds/{quote(feed_id, safe='')}"
            feed = await self.api.read(GET_FEED, path, None, AmazonFeed)
            if feed.processing_status == _CANCELLED:
                words = f"feed {feed_id} was cancelled before Amazon began with it"
                return [AmazonOutcome(refused=words)] * len(changes)
            if feed.processing_status == _FATAL:
                words = f"feed {feed_id} ended FATAL: Amazon may have applied a part of it"
                return [AmazonOutcome(unknown=words)] * len(changes)
            if feed.processing_status == _DONE:
                if feed.result_feed_document_id is None:
                    break
                report = await self._report(feed.result_feed_document_id)
                return self._outcomes(report, len(changes))
        return [AmazonOutcome()] * len(changes)

    async def _report(self, document_id: str) -> AmazonReport:
        path = f"{_PATH}/documents/{quote(document_id, safe='')}"
        document = await self.api.read(GET_DOCUMENT, path, None, AmazonDocument)
        elsewhere = self._elsewhere(document.url)
        try:
            reply = await elsewhere.request("GET", document.url, repeatable=True)
        finally:
            await elsewhere.aclose()
        body = reply.body
        if document.compression_algorithm == "GZIP" and body.startswith(_GZIP):
            unpacking = Decompression("gzip")
            try:
                body = unpacking.beginning(body, _REPORT_BYTES_MAX)
            except zlib.error as error:
                raise ContractBroken("is not gzip", path="the report of a feed") from error
            if not unpacking.is_whole:
                raise ContractBroken("is cut off, or too long", path="the report of a feed")
        return self.api.client.decoded(replace(reply, body=body), AmazonReport, "feed report")

    def _elsewhere(self, url: str) -> "Transport":
        """A way to a document, where none of our credentials goes."""
        parts = addresses.named(url)
        if not parts.hostname or parts.scheme not in {"https", urlsplit(self.api.url("")).scheme}:
            raise ContractBroken("a document's address is not one at https", path="url")
        self.transport.redactor.learn_passing([parts.query])
        return self.transport.beside(url, body_bytes_max=_REPORT_BYTES_MAX)

    def _outcomes(self, report: AmazonReport, count: int) -> Sequence[AmazonOutcome]:
        """What a report says of each of so many messages."""
        errors: dict[int | None, list[AmazonIssue]] = {}
        for issue in report.issues:
            if issue.is_error:
                errors.setdefault(issue.message_id, []).append(issue)
        words = {
            number: self.api.client.text(issue_words(issues)) for number, issues in errors.items()
        }
        others = AmazonOutcome()
        if None in words:
            # It is about the whole feed. What was accepted all the same has no name in a report.
            is_none_accepted = report.summary.messages_accepted == 0
            others = (
                AmazonOutcome(refused=words[None])
                if is_none_accepted
                else AmazonOutcome(unknown=words[None])
            )
        return [
            AmazonOutcome(refused=words[number]) if number in words else others
            for number in range(1, count + 1)
        ]
