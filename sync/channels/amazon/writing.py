"""Setting the quantities of a seller's own listings: by a patch each, or many by a feed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from store.model import Refused
from sync.channels.amazon.api import PATCH, SellingPartnerApi, listed
from sync.channels.amazon.feeds import MESSAGES_MAX, AmazonFeeds
from sync.channels.amazon.items import AmazonListing
from sync.channels.amazon.listings import AmazonListings
from sync.channels.amazon.options import DEFAULT, AmazonOptions
from sync.channels.amazon.shapes import AmazonSubmission
from sync.channels.amazon.submissions import AmazonOutcome, AmazonStockChange, issue_words
from sync.channels.base import Change, Receipt
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

PATCHES_S = 100
"""So long the patches of a call may take; more SKUs go in a feed. A patch shows within minutes, a
feed often takes half an hour, and under load up to eight (the vendor's issues 5151 of 2026-03, and
657). A call is cut off after 300 s."""

PATCHES_MIN = 25

PREVIEWS_MAX = 3
"""So many changes may be refused before a feed: it would fare no better, and minutes later."""

_PARTS_OF_PATHS = (".", "..")

Send = Callable[[Sequence[AmazonStockChange]], Awaitable[Sequence[AmazonOutcome]]]


class AmazonWriter:
    """Writes quantities. Amazon has no compare-and-set, so it looks right before."""

    def __init__(
        self,
        options: AmazonOptions,
        api: SellingPartnerApi,
        listings: AmazonListings,
        feeds: AmazonFeeds,
    ) -> None:
        self._options = options
        self._api = api
        self._listings = listings
        self._feeds = feeds
        patches = int(PATCHES_S * PATCH.rate_per_s * api.client.rate_share)
        self._patches_max = max(PATCHES_MIN, patches)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        try:
            fresh = await self._listings.few((change.sku for change in changes), "before a write")
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        refused: dict[int, Receipt] = {}
        planned: dict[str, dict[str, int]] = {}
        for number, change in enumerate(changes):
            found = fresh.get(change.sku)
            receipt = _refusal(change, found, self._options)
            if receipt is not None:
                refused[number] = receipt
                continue
            code = change.location or self._options.location or DEFAULT
            planned.setdefault(change.sku, {})[code] = change.quantity
        wanted = [_stock_change(sku, fresh[sku], codes) for sku, codes in planned.items()]
        outcomes = await self._sent(wanted)
        return [
            refused.get(number) or _receipt(change, outcomes[change.sku])
            for number, change in enumerate(changes)
        ]

    async def _sent(self, wanted: Sequence[AmazonStockChange]) -> Mapping[str, AmazonOutcome]:
        """Send all; what became of each SKU. Raises only where nothing was sent."""
        if len(wanted) <= self._patches_max:
            return await _in_parts([[change] for change in wanted], self._patch)
        refused = await self._previewed(wanted)
        left = [change for change in wanted if change.sku not in refused]
        if len(refused) == PREVIEWS_MAX:
            words = f"Amazon refused the first {PREVIEWS_MAX} of the batch"
            return refused | {change.sku: AmazonOutcome(unsent=words) for change in left}
        parts = [
            part[start : start + MESSAGES_MAX]
            for part in _by_marketplace(left)
            for start in range(0, len(part), MESSAGES_MAX)
        ]
        return refused | await _in_parts(parts, self._feed)

    async def _previewed(self, wanted: Sequence[AmazonStockChange]) -> dict[str, AmazonOutcome]:
        """Have the first ones validated, until one is valid; those that are not."""
        refused: dict[str, AmazonOutcome] = {}
        for change in wanted[:PREVIEWS_MAX]:
            if change.sku in _PARTS_OF_PATHS:
                continue
            url = self._url(change, mode="VALIDATION_PREVIEW")
            try:
                answer = await self._api.ask(PATCH, "PATCH", url, change.patch(), AmazonSubmission)
            except ContractBroken as error:
                raise Temporary(f"nothing was written: {error}") from error
            if answer.status != "INVALID":
                break
            refused[change.sku] = AmazonOutcome(refused=self._words(answer))
        return refused

    async def _feed(self, part: Sequence[AmazonStockChange]) -> Sequence[AmazonOutcome]:
        return await self._feeds.send(part, part[0].marketplace)

    async def _patch(self, part: Sequence[AmazonStockChange]) -> Sequence[AmazonOutcome]:
        change = part[0]
        if change.sku in _PARTS_OF_PATHS:
            words = f'no address can end with the SKU "{change.sku}": change it in Seller Central'
            return [AmazonOutcome(refused=words)]
        url = self._url(change)
        answer = await self._api.write(PATCH, "PATCH", url, change.patch(), AmazonSubmission)
        if answer.status == "ACCEPTED":
            return [AmazonOutcome()]
        words = self._words(answer)
        if answer.status == "INVALID":
            return [AmazonOutcome(refused=words)]
        status = self._api.client.text(answer.status)
        return [AmazonOutcome(unknown=f'Amazon answered with the status "{status}": {words}')]

    def _url(self, change: AmazonStockChange, **more: str) -> str:
        query = {"marketplaceIds": listed([change.marketplace]), "issueLocale": "en_US", **more}
        return self._listings.item_url(change.sku, query)

    def _words(self, answer: AmazonSubmission) -> str:
        return self._api.client.text(issue_words(answer.issues or []))


async def _in_parts(
    parts: Sequence[Sequence[AmazonStockChange]], send: Send
) -> dict[str, AmazonOutcome]:
    """Send part after part. What stops one keeps those after it from being sent.

    Raises what the first part raises where nothing was sent, or where it is the only one.
    """
    outcomes: dict[str, AmazonOutcome] = {}
    stopped: str | None = None
    for number, part in enumerate(parts):
        found: Sequence[AmazonOutcome] = [AmazonOutcome(unsent=stopped)] * len(part)
        if stopped is None:
            try:
                found = await send(part)
            except (Temporary, NeedsOperator, ContractBroken) as error:
                if number == 0:
                    raise _not_sent(error) from error
                stopped = str(error)
                found = [AmazonOutcome(unsent=stopped)] * len(part)
            except (WriteRejected, WriteOutcomeUnknown) as error:
                if len(parts) == 1:
                    raise
                found, stopped = _of_failure(part, error)
        outcomes |= {change.sku: outcome for change, outcome in zip(part, found, strict=True)}
    return outcomes


def _not_sent(error: ChannelError) -> ChannelError:
    return (
        Temporary(f"nothing was written: {error}") if isinstance(error, ContractBroken) else error
    )


def _of_failure(
    part: Sequence[AmazonStockChange], error: WriteRejected | WriteOutcomeUnknown
) -> tuple[Sequence[AmazonOutcome], str | None]:
    """What became of a part that failed, and why those after it are not sent."""
    if isinstance(error, WriteRejected):
        return [AmazonOutcome(refused=str(error))] * len(part), None
    return [AmazonOutcome(unknown=str(error))] * len(part), f"not sent after a lost reply: {error}"


def _by_marketplace(
    wanted: Sequence[AmazonStockChange],
) -> Sequence[Sequence[AmazonStockChange]]:
    """A feed is for one marketplace."""
    groups: dict[str, list[AmazonStockChange]] = {}
    for change in wanted:
        groups.setdefault(change.marketplace, []).append(change)
    return list(groups.values())


def _stock_change(
    sku: str, found: AmazonListing | Refused, quantities: Mapping[str, int]
) -> AmazonStockChange:
    assert isinstance(found, AmazonListing)
    return AmazonStockChange(sku, found.product_type, found.marketplace, quantities)


def _refusal(
    change: Change, found: AmazonListing | Refused | None, options: AmazonOptions
) -> Receipt | None:
    """Why a change is not sent; None where it is."""
    if not isinstance(found, AmazonListing):
        words = "Amazon does not list it in the marketplaces of the channel"
        return Receipt(change, refused=words if found is None else _unreadable(found))
    why_not = _why_not(change, found, options)
    if why_not is not None:
        return Receipt(change, refused=why_not)
    now, before = found.records[change.location], change.previous
    if (now.available, now.state) != (before.available, before.state):
        words = f"it has changed: {now.available} and {now.state} now"
        return Receipt(change, refused=words, conflict=True)
    return None


def _why_not(change: Change, found: AmazonListing, options: AmazonOptions) -> str | None:
    """Why a listing's quantity can't be written, whatever it is."""
    if found.is_at_amazon:
        return (
            "it is fulfilled by Amazon (FBA), whose stock can't be written; a quantity would make "
            "the merchant fulfil it"
        )
    if not change.location and options.location in (None, DEFAULT) and found.has_locations:
        return "its stock stands at locations, so that DEFAULT must stay 0: write the locations"
    bad = next((bad for bad in found.refused if bad.location == change.location), None)
    if bad is not None:
        return _unreadable(bad)
    now = found.records.get(change.location)
    if now is None:
        return _nowhere(change, options)
    return None if now.available is not None else "it sells without being counted"


def _unreadable(bad: Refused) -> str:
    return f"it can't be read: {bad.reason}"


def _nowhere(change: Change, options: AmazonOptions) -> str:
    location = change.location or options.location or DEFAULT
    return f"Amazon has no stock of it at {location}: Skew adds no location to a listing"


def _receipt(change: Change, outcome: AmazonOutcome) -> Receipt:
    if outcome.refused is not None:
        return Receipt(change, refused=outcome.refused)
    if outcome.unknown is not None:
        return Receipt(change, unknown=outcome.unknown)
    if outcome.unsent is not None:
        return Receipt(change, unsent=outcome.unsent)
    return Receipt(change, later=True)
