"""Asks one BigCommerce store, within its limit of requests, and names the scopes that it lacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from sync.channels.api.vendor import VendorClient
from sync.clock import Clock
from sync.errors import NeedsOperator
from sync.transport.budgets.window import RequestWindow

T = TypeVar("T")

INVENTORY_SCOPE = "Store Inventory"
CATALOGUE_SCOPE = "Products"
WINDOW_MS = 30_000
"""150 or 450 requests, by the store's plan, in this time, for all apps together; each answer has
what is left (developer.bigcommerce.com, API rate limits, read 2026-11)."""
_FORBIDDEN = 403


class BigDesk:
    """The client of one store, whose address ends before the version."""

    def __init__(self, client: VendorClient, base: str, clock: Clock) -> None:
        self.client = client
        self.name = client.name
        self._base = base
        self._window = RequestWindow(clock, client.rate_share, WINDOW_MS)

    async def read(self, path: str, shape: type[T], place: str, scope: str) -> T:
        """Ask for something that needs a scope. Raises as `VendorClient.read`."""
        with _names(scope):
            return await self.client.read(
                "GET", self._base + path, shape, place, budget=self._window
            )

    async def put(self, path: str, place: str, body: object, scope: str) -> object:
        """Send a write, once, and answer its JSON. Raises as `VendorClient.write`."""
        with _names(scope):
            return await self.client.write(
                "PUT", self._base + path, place, json=body, budget=self._window
            )


@contextmanager
def _names(scope: str) -> Iterator[None]:
    """Say which scope it is about where something is not allowed."""
    try:
        yield
    except NeedsOperator as error:
        if error.status == _FORBIDDEN:
            # "You don't have a required scope" is also the answer to a store hash that is wrong.
            words = f"the API account lacks the scope {scope}, or `url` has another store's hash"
            error.args = (f"{error}; {words}",)
        raise
