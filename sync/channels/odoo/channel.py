"""The `odoo` kind: the stock of an Odoo database, 15 to 19 (facts of 2026-11).

Each product variant with an internal reference is a listing, at each warehouse or at the one place
that `location` names. What it shows is on hand less reserved.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from store.model import Millis
from sync import secrets
from sync.channels.api.auth.access import FixedAccess
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.odoo import reading
from sync.channels.odoo.desk import Json2, JsonRpc, OdooDesk, OdooWay, server_version
from sync.channels.odoo.kind import abilities
from sync.channels.odoo.options import JSON_RPC, OdooOptions
from sync.channels.odoo.reading import OdooReader
from sync.channels.odoo.shapes import SETTABLE, OdooUser
from sync.channels.odoo.writing import OdooWriter
from sync.clock import Clock
from sync.errors import NeedsOperator
from sync.secrets import Secret

if TYPE_CHECKING:
    from sync.transport.transport import Transport

_EXPECTS = "where Odoo is reached, such as https://mycompany.odoo.com"


def open_channel(
    name: str, options: OdooOptions, transport: "Transport", clock: Clock, base: Path
) -> "Odoo":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    secret = secrets.resolve(options.api_key, key=f"channels.{name}.api_key", base=base)
    headers: dict[str, str | Secret] = {"Accept": "application/json"}
    if options.api != JSON_RPC:
        headers["Authorization"] = secret.with_scheme("bearer")
        if options.database is not None:
            headers["X-Odoo-Database"] = options.database
    signed = SignedClient(transport, headers, FixedAccess())
    client = VendorClient(name, signed, expects=_EXPECTS)
    way: OdooWay = Json2(client, options)
    if options.api == JSON_RPC:
        way = JsonRpc(client, options, secret)
    return Odoo(options, OdooDesk(client, options, way), clock)


class Odoo:
    """One database, as one user of it sees it."""

    def __init__(self, options: OdooOptions, desk: OdooDesk, clock: Clock) -> None:
        self.abilities = abilities(options)
        self._options = options
        self._desk = desk
        self._clock = clock
        self._reader = OdooReader(desk)
        self._writer = OdooWriter(desk, self._reader)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.pages(self._clock.now())

    def changed(self, since: Millis) -> AsyncIterator[RecordPage]:
        """Read what may have changed at or after an instant, by the database's clock."""
        return self._reader.changed(since)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._reader.read(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set each quantity so that as many are free as the change says."""
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Name the database, the user and the company, and a right that is missing to write."""
        return self._desk.client.struck(await self._seen())

    async def close(self) -> None:
        await self._desk.client.aclose()

    async def _seen(self) -> str:
        desk = self._desk
        user_id = await desk.way.user()
        rows: list[object] = []
        if user_id is not None:
            domain = [["id", "=", user_id]]
            rows = await desk.rows("res.users", domain, ["login", "company_id"], limit=1)
        users = desk.shaped(rows, OdooUser, "res.users")
        count = await reading.count(desk)
        found = await desk.fields_of("stock.quant")
        if "quantity" not in found:
            raise NeedsOperator(f"{desk.client.name}: the user needs the right Inventory: User")
        version = await server_version(desk.client, self._options)
        parts = ["Odoo" if version is None else f"Odoo {version[1]}"]
        parts += [f"database {self._options.database}"] if self._options.database else []
        for user in users:
            parts.append(f"user {user.login}")
            if isinstance(user.company_id, tuple):
                parts.append(f"company {user.company_id[1]}")
        parts.append("1 product" if count == 1 else f"{count:,} products")
        if SETTABLE not in found:
            parts.append("it may read, not write: that takes the right Inventory: Administrator")
        return ", ".join(parts)
