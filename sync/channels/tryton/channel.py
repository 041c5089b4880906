"""The `tryton` kind: the stock of a Tryton server through its JSON-RPC (8.2.1, 2026-11)."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sync import secrets
from sync.channels.api import addresses
from sync.channels.api.auth.access import TokenAccess
from sync.channels.api.auth.grant import TokenDesk
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.tryton.kind import abilities
from sync.channels.tryton.layout import TrytonPlan
from sync.channels.tryton.options import TrytonOptions
from sync.channels.tryton.reading import TrytonReader
from sync.channels.tryton.rpc import TrytonClient
from sync.channels.tryton.session import TrytonLogin
from sync.channels.tryton.writing import TrytonWriter
from sync.clock import Clock
from sync.secrets import SecretSource

if TYPE_CHECKING:
    from sync.transport.transport import Transport


_EXPECTS = "a Tryton server's address and its database's name, such as https://erp.example/acme"


class TrytonRights(msgspec.Struct, frozen=True):
    """What a user may do with a model."""

    create: bool | None = False
    write: bool | None = False


def open_channel(
    name: str, options: TrytonOptions, transport: "Transport", clock: Clock, base: Path
) -> "Tryton":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    address = addresses.base(options.url, ("/rpc",))
    username = options.username
    login = TrytonLogin(
        name,
        secrets.resolve(username, key=f"channels.{name}.username", base=base)
        if isinstance(username, SecretSource)
        else username,
        secrets.resolve(options.password, key=f"channels.{name}.password", base=base),
        TokenDesk(name, f"{address}/rpc/", transport, clock),
    )
    signed = SignedClient(transport, {}, TokenAccess(login, clock))
    client = TrytonClient(VendorClient(name, signed, expects=_EXPECTS), address)
    return Tryton(options, client)


class Tryton:
    """One database: its goods in its warehouses. It keeps its session, and where the stock is."""

    def __init__(self, options: TrytonOptions, client: TrytonClient) -> None:
        self.abilities = abilities(options)
        self._client = client
        self._plan = TrytonPlan(client, options)
        self._reader = TrytonReader(client, self._plan)
        self._writer = TrytonWriter(client, self._plan, self._reader)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.pages()

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._reader.read(wanted)

    def address(self, listing: ListingRef) -> str:
        return listing.location

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Name the company and its warehouses, and say where the user may only read."""
        layout = await self._plan.afresh()
        rights = await self._client.ask(
            "ir.model.access.get_access",
            [["stock.inventory"]],
            {"company": layout.company},
            dict[str, TrytonRights],
        )
        mine = rights.get("stock.inventory", TrytonRights())
        lacking = "" if mine.create and mine.write else (
            "; the user may not make inventories, so nothing can be written: put it into the "
            "group Stock"
        )  # fmt: skip
        return self._client.text(f"{layout.company_name}; stock in {layout.shown}") + lacking

    async def close(self) -> None:
        await self._client.aclose()
