"""What Amazon's answers look like, as far as they are used: its contracts of 2026-08-05.

What a record is made of is read more tolerantly, one record at a time: those fields are `object`.
"""

import msgspec


class AmazonError(msgspec.Struct, frozen=True):
    code: str = ""
    message: str | None = ""
    details: str | None = ""

    def words(self) -> str:
        parts = (self.message, self.details, f"({self.code})" if self.code else "")
        return " ".join(part for part in parts if part)


class AmazonErrors(msgspec.Struct, frozen=True):
    errors: list[AmazonError] | None = None


class AmazonPaging(msgspec.Struct, frozen=True, rename="camel"):
    next_token: str | None = None


class AmazonSearchPage(msgspec.Struct, frozen=True, rename="camel"):
    number_of_results: int
    items: list[object]
    pagination: AmazonPaging | None = None

    @property
    def next_token(self) -> str | None:
        return self.pagination.next_token if self.pagination is not None else None


class AmazonAvailability(msgspec.Struct, frozen=True, rename="camel"):
    fulfillment_channel_code: str
    quantity: object = None


class AmazonSummary(msgspec.Struct, frozen=True, rename="camel"):
    marketplace_id: str
    product_type: str | None = None
    status: list[str] | None = None
    item_name: object = None
    created_date: str | None = None


class AmazonMoney(msgspec.Struct, frozen=True):
    amount: object = None


class AmazonOffer(msgspec.Struct, frozen=True, rename="camel"):
    marketplace_id: str
    offer_type: str = ""
    price: AmazonMoney | None = None


class AmazonEnforcement(msgspec.Struct, frozen=True):
    action: str = ""


class AmazonEnforcements(msgspec.Struct, frozen=True):
    actions: list[AmazonEnforcement] | None = None


class AmazonIssue(msgspec.Struct, frozen=True, rename="camel"):
    message: str = ""
    code: str = ""
    severity: str = ""
    message_id: int | None = None
    """Of the message of a feed that it is about; None where it is about the whole."""
    enforcements: AmazonEnforcements | None = None

    @property
    def is_error(self) -> bool:
        return self.severity == "ERROR"


class AmazonItem(msgspec.Struct, frozen=True, rename="camel"):
    sku: object
    summaries: list[AmazonSummary] | None = None
    fulfillment_availability: list[AmazonAvailability] | None = None
    offers: list[AmazonOffer] | None = None
    issues: list[AmazonIssue] | None = None


class AmazonSubmission(msgspec.Struct, frozen=True):
    status: str
    issues: list[AmazonIssue] | None = None


class AmazonReserved(msgspec.Struct, frozen=True, rename="camel"):
    total_reserved_quantity: object = None
    pending_customer_order_quantity: object = None


class AmazonResearching(msgspec.Struct, frozen=True, rename="camel"):
    total_researching_quantity: object = None


class AmazonUnfulfillable(msgspec.Struct, frozen=True, rename="camel"):
    total_unfulfillable_quantity: object = None


class AmazonDetails(msgspec.Struct, frozen=True, rename="camel"):
    fulfillable_quantity: object = None
    inbound_working_quantity: object = None
    inbound_shipped_quantity: object = None
    inbound_receiving_quantity: object = None
    reserved_quantity: AmazonReserved | None = None
    researching_quantity: AmazonResearching | None = None
    unfulfillable_quantity: AmazonUnfulfillable | None = None


class AmazonStock(msgspec.Struct, frozen=True, rename="camel"):
    """One SKU's stock at Amazon, in one marketplace."""

    seller_sku: object
    inventory_details: AmazonDetails | None = None
    last_updated_time: object = None
    product_name: object = None


class AmazonStockList(msgspec.Struct, frozen=True, rename="camel"):
    inventory_summaries: list[object]


class AmazonStockPage(msgspec.Struct, frozen=True):
    payload: AmazonStockList
    pagination: AmazonPaging | None = None

    @property
    def next_token(self) -> str | None:
        return self.pagination.next_token if self.pagination is not None else None


class AmazonMarketplace(msgspec.Struct, frozen=True):
    id: str
    name: str = ""


class AmazonParticipation(msgspec.Struct, frozen=True, rename="camel"):
    is_participating: bool = False
    has_suspended_listings: bool = False


class AmazonMarketplaceEntry(msgspec.Struct, frozen=True, rename="camel"):
    marketplace: AmazonMarketplace
    participation: AmazonParticipation
    store_name: str | None = None


class AmazonMarketplaces(msgspec.Struct, frozen=True):
    payload: list[AmazonMarketplaceEntry]


class AmazonFeedTicket(msgspec.Struct, frozen=True, rename="camel"):
    feed_id: str


class AmazonFeed(msgspec.Struct, frozen=True, rename="camel"):
    processing_status: str
    result_feed_document_id: str | None = None


class AmazonDocument(msgspec.Struct, frozen=True, rename="camel"):
    """Where a feed's document is put or fetched, and how it is packed."""

    feed_document_id: str
    url: str
    compression_algorithm: str | None = None


class AmazonReportSummary(msgspec.Struct, frozen=True, rename="camel"):
    messages_accepted: int = 0


class AmazonReport(msgspec.Struct, frozen=True):
    """What became of a feed: schemas/feeds/listings-feed-processing-report-schema-v2.json."""

    summary: AmazonReportSummary
    issues: list[AmazonIssue] = []
