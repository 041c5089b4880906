"""Amazon's Selling Partner API, as far as the kind uses it, on a dict of listings.

By its contracts of 2026-08-05 and CHANNELS.md, traps included: at most 1,000 results of a search,
tokens of FBA's pages that end, a 403 for a token that has ended, a `replace` that takes other
locations away, and a quantity that makes FBA stock unsellable.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.contract.harness import SECRET, SECRET_NAME
from tests.fakes.amazon_feeds import AmazonFeedDesk
from tests.fakes.amazon_shelf import DE, FR, AmazonShelf, error
from tests.fakes.amazon_stock import AmazonWarehouse
from tests.loopback import Answer, ReceivedRequest

TOKEN = {"env": SECRET_NAME}
SELLER = "A2SELLER"
ITEMS, STOCK = f"/listings/2021-08-01/items/{SELLER}", "/fba/inventory/v1/summaries"


@dataclass
class Amazon:
    """One seller in one region."""

    kind: str = "amazon"
    many = 150  # 20 to a page.
    fulfilment: str = "merchant"
    marketplaces: tuple[str, ...] = ("DE",)
    more: dict[str, Any] = field(default_factory=dict)
    """More keys of the channel's table."""
    shelf: AmazonShelf = field(default_factory=AmazonShelf)
    warehouse: AmazonWarehouse = field(default_factory=AmazonWarehouse)
    feeds: AmazonFeedDesk = field(default_factory=AmazonFeedDesk)
    tokens: set[str] = field(default_factory=set)
    signed_in: int = 0
    denied: set[str] = field(default_factory=set)
    """Beginnings of paths for which the app has no role."""
    selling: tuple[str, ...] = (DE, FR)
    rate: str = "500.0"
    """What answers say of the account's rate: far more than the default."""
    before_answer: Callable[[ReceivedRequest], None] = lambda _asked: None

    def table(self, url: str) -> dict[str, Any]:
        return {
            "url": url,
            "auth_url": f"{url}/auth/o2/token",
            "client_id": "amzn1.application-oa2-client.1",
            "client_secret": TOKEN,
            "refresh_token": TOKEN,
            "seller_id": SELLER,
            "marketplaces": list(self.marketplaces),
            "fulfilment": self.fulfilment,
            **self.more,
        }

    def put(self, sku: str, quantity: int) -> None:
        if self.fulfilment == "fba":
            self.warehouse.stock.setdefault(DE, {})[sku] = quantity
        elif sku in self.shelf.listings:
            self.shelf.listings[sku].entries["DEFAULT"] = quantity
        else:
            self.shelf.add(sku, {"DEFAULT": quantity})

    def shown(self, sku: str) -> int:
        if self.fulfilment == "fba":
            return self.warehouse.stock[DE][sku]
        return int(self.shelf.listings[sku].entries["DEFAULT"])

    def corrupt(self, sku: str, raw: str) -> None:
        self.shelf.raw[sku] = self.warehouse.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.method == "PATCH" or (asked.method, asked.path) == (
            "POST",
            "/feeds/2021-06-30/feeds",
        )

    def settle(self) -> None:
        """Apply what was accepted."""
        self.shelf.settle()

    def answer(self, asked: ReceivedRequest) -> Answer:
        self.before_answer(asked)
        url = urlsplit(asked.path)
        if url.path == "/auth/o2/token":
            return self._token(parse_qs(asked.body.decode()))
        token = asked.headers.get("x-amz-access-token")
        if token not in self.tokens:
            return error(403, "Unauthorized", "Access to requested resource is denied.",
                         "The access token you provided has expired.")  # fmt: skip
        if url.path.startswith(tuple(self.denied)):
            return error(403, "Unauthorized", "Access to requested resource is denied.")
        if url.path.startswith("/feeds/"):
            return self.feeds.answer(asked, self.shelf.take)
        query = {name: found[0] for name, found in parse_qs(url.query).items()}
        lists: dict[str, Callable[[], Answer]] = {
            "/sellers/v1/marketplaceParticipations": self._participations,
            STOCK: partial(self.warehouse.summaries, query),
            ITEMS: partial(self.shelf.search, query),
            "": partial(self.shelf.item, asked, unquote(url.path.removeprefix(f"{ITEMS}/")), query),
        }
        answer = lists.get(url.path, lists[""])()
        return replace(answer, headers={"x-amzn-RateLimit-Limit": self.rate})

    def _token(self, form: dict[str, list[str]]) -> Answer:
        sent = {name: found[0] for name, found in form.items()}
        if sent["client_secret"] != SECRET or sent["grant_type"] != "refresh_token":
            words = "Client authentication failed"
            return Answer({"error": "invalid_client", "error_description": words}, 401)
        if sent["refresh_token"] != SECRET:
            words = "The request has an invalid grant parameter : refresh_token"
            return Answer({"error": "invalid_grant", "error_description": words}, 400)
        self.signed_in += 1
        token = f"Atza|t0ken-{self.signed_in}"
        self.tokens.add(token)
        return Answer({"access_token": token, "token_type": "bearer", "expires_in": 3600})

    def _participations(self) -> Answer:
        entries = [
            {
                "marketplace": {"id": marketplace, "name": f"Amazon {marketplace[:3]}"},
                "participation": {"isParticipating": True, "hasSuspendedListings": False},
                "storeName": "Kettles & Co",
            }
            for marketplace in self.selling
        ]
        return Answer({"payload": entries})
