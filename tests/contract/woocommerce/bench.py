"""What the tests of the kind `woocommerce` ask and say again and again."""

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from sync.channels.base import AddressedChannel, Change, Channel, ListingRef, Receipt
from tests.contract.harness import OverHttp, Reading, change, opened, poll
from tests.fakes.woocommerce import WooCommerceShop
from tests.loopback import Answer, ReceivedRequest

BEFORE, SINCE = (10, 0), (10, 3)
"""A version without a list of all variations, and one with it."""


def warnings(reading: Reading) -> list[str]:
    return [warning for page in reading.pages for warning in page.warnings]


def routes(harness: OverHttp) -> list[str]:
    """The writes that reached the shop."""
    return [
        f"{asked.method} {urlsplit(asked.path).path.removeprefix('/wp-json/wc/v3/')}"
        for asked in harness.server.asked
        if asked.method != "GET"
    ]


def answering(shop: WooCommerceShop, harness: OverHttp, answer: Answer) -> None:
    """From now on the shop does what a write says, and answers so."""

    def instead(asked: ReceivedRequest) -> Answer | None:
        if asked.method == "GET":
            return None
        shop.answer(asked)
        return answer

    harness.front.spoil = instead


async def write(
    harness: OverHttp, quantities: Mapping[str, int], **more: object
) -> dict[str, Receipt]:
    """Write listings as they were just read, by one call for each address."""
    reading = await poll(harness)
    async with opened(harness) as channel:
        return await sent(channel, [
            change(reading.of(sku), quantity, sku, **more) for sku, quantity in quantities.items()
        ])  # fmt: skip


async def sent(channel: Channel, changes: list[Change]) -> dict[str, Receipt]:
    by_address: dict[str, list[Change]] = {}
    for changing in changes:
        listing = ListingRef(changing.sku, changing.location, changing.ref)
        address = cast("AddressedChannel", channel).address(listing)
        by_address.setdefault(address, []).append(changing)
    receipts = [receipt for some in by_address.values() for receipt in await channel.write(some)]
    return {receipt.change.sku: receipt for receipt in receipts}


def refusals(receipts: Mapping[str, Receipt]) -> dict[str, str | None]:
    return {sku: receipt.refused for sku, receipt in receipts.items()}
