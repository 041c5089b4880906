"""The `medusa` kind: a Medusa 2 shop through its Admin API (measured on 2.21.2, 2026-11)."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync import secrets
from sync.channels.api import addresses
from sync.channels.api.auth.access import Access, FixedAccess, TokenAccess
from sync.channels.api.auth.basic import BasicProof
from sync.channels.api.auth.grant import TokenDesk
from sync.channels.api.auth.login import Login
from sync.channels.api.auth.table import LoginTable
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.medusa.kind import abilities
from sync.channels.medusa.listings import MedusaView
from sync.channels.medusa.options import MedusaOptions
from sync.channels.medusa.reading import MedusaReader
from sync.channels.medusa.shapes import MedusaLocations, MedusaStores
from sync.channels.medusa.writing import MedusaWriter
from sync.clock import Clock
from sync.errors import ConfigError, NeedsOperator
from sync.secrets import SecretSource

if TYPE_CHECKING:
    from sync.transport.transport import Transport


_EXPECTS = "Medusa's server, such as https://medusa.example"


def open_channel(
    name: str, options: MedusaOptions, transport: "Transport", clock: Clock, base: Path
) -> "Medusa":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    address = addresses.base(options.url, ("/admin", "/app"))
    access = _access(name, options, TokenDesk(
        name, f"{address}/auth/user/emailpass", transport, clock), clock, base)  # fmt: skip
    client = VendorClient(name, SignedClient(transport, {}, access), expects=_EXPECTS)
    return Medusa(options, client, address)


def _access(name: str, options: MedusaOptions, desk: TokenDesk, clock: Clock, base: Path) -> Access:
    if options.secret_key is not None:
        # Sent as Bearer, Medusa takes it for a session's token and refuses it.
        key = secrets.resolve(options.secret_key, key=f"channels.{name}.secret_key", base=base)
        return FixedAccess(BasicProof(key, ""))
    email, password = options.email, options.password
    if email is None or password is None:
        raise ConfigError(f"channels.{name}", "sign in with secret_key, or email and password")
    body: dict[str, object] = {
        "email": secrets.resolve(email, key=f"channels.{name}.email", base=base)
        if isinstance(email, SecretSource)
        else email,
        "password": secrets.resolve(password, key=f"channels.{name}.password", base=base),
    }
    table = LoginTable(url="", body=secrets.SecretTable(), token="token")  # noqa: S106  # A path.
    return TokenAccess(Login(table, body, {}, desk), clock)


class Medusa:
    """One shop: its inventory items at their locations. Stateless but for its token."""

    def __init__(self, options: MedusaOptions, client: VendorClient, base: str) -> None:
        self.abilities = abilities(options)
        self._client = client
        self._base = base
        self._location = options.location
        view = MedusaView(options.location, by_variant=options.sku_of == "variant")
        self._reader = MedusaReader(client, base, view)
        self._writer = MedusaWriter(client, base, self._reader, options.location)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.pages()

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._reader.read(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Name the shop and its stock locations, which have no other place to be read."""
        stores = await self._client.read(
            "GET", f"{self._base}/admin/stores?fields=id,name", MedusaStores, "stores",
            accept={404},
        )  # fmt: skip
        listed = await self._client.read(
            "GET",
            f"{self._base}/admin/stock-locations?fields=id,name&limit=1000",
            MedusaLocations,
            "stock_locations",
        )
        places = {found.id: found.name or found.id for found in listed.stock_locations}
        if self._location is not None and self._location not in places:
            known = ", ".join(f"{place} ({name})" for place, name in places.items()) or "none"
            raise NeedsOperator(
                f"{self._client.name}: location {self._location} is not a stock location of "
                f"this shop; known: {known}"
            )
        shop = next((store.name for store in stores.stores if store.name), "a shop without a name")
        shown = ", ".join(f"{name} ({place})" for place, name in places.items()) or "none"
        return self._client.text(f"{shop}; stock locations: {shown}")

    async def close(self) -> None:
        await self._client.aclose()
