"""The `shopify` kind: one shop, by its Admin GraphQL API (2026-10).

A listing is an inventory item at a location. What is available there is set by compare-and-set,
with an idempotency key, all of a call or nothing.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sync.channels.api.auth.access import Access, FixedAccess, TokenAccess
from sync.channels.api.auth.grant import TokenDesk
from sync.channels.api.auth.oauth import ClientCredentials, OAuth
from sync.channels.api.auth.table import OAuthTable
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.shopify import documents
from sync.channels.shopify.bulk import ShopifyBulk
from sync.channels.shopify.fresh import ShopifyFresh
from sync.channels.shopify.ids import LOCATION, long_id
from sync.channels.shopify.kind import ShopifyOptions, abilities
from sync.channels.shopify.session import EXPECTS, ShopifySession
from sync.channels.shopify.sweep import LOCATIONS_NAMED, ShopifySweep, named_locations
from sync.channels.shopify.writing import ShopifyWriter
from sync.clock import Clock
from sync.errors import ContractBroken, NeedsOperator
from sync.secrets import Secret, SecretSource, resolve
from sync.transport.budgets.points import PointsBucket

if TYPE_CHECKING:
    from sync.transport.transport import Transport

TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105  # A header's name.
SCOPES = ("read_inventory", "read_products", "read_locations")
WRITE_SCOPE = "write_inventory"


def open_channel(
    name: str, options: ShopifyOptions, transport: "Transport", clock: Clock, base: Path
) -> "Shopify":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    headers: dict[str, str | Secret] = {}
    access: Access = FixedAccess()
    key = f"channels.{name}"
    if options.token is not None:
        headers[TOKEN_HEADER] = resolve(options.token, key=f"{key}.token", base=base)
    elif options.client_id is not None and options.client_secret is not None:
        client_id = options.client_id
        given = ClientCredentials(
            resolve(client_id, key=f"{key}.client_id", base=base)
            if isinstance(client_id, SecretSource)
            else client_id,
            resolve(options.client_secret, key=f"{key}.client_secret", base=base),
            None,
            {},
        )
        # Client credentials give a token of 24 hours, in the body of a form (shopify.dev, client
        # credentials grant, 2026-11).
        url = f"{options.root}/admin/oauth/access_token"
        table = OAuthTable(
            url=url,
            client_id=client_id,
            client_secret=options.client_secret,
            client_in="body",
            header=TOKEN_HEADER,
        )
        access = TokenAccess(OAuth(table, given, TokenDesk(name, url, transport, clock)), clock)
    client = VendorClient(name, SignedClient(transport, headers, access), expects=EXPECTS)
    bucket = PointsBucket(clock, transport.rate_share)
    session = ShopifySession(client, options.endpoint, options.api_version, bucket)
    location = None if options.location is None else long_id(LOCATION, options.location)
    bulk = ShopifyBulk(session, transport, clock, location)
    return Shopify(options, session, ShopifySweep(session, bulk, location))


class _Plan(msgspec.Struct, frozen=True, rename="camel"):
    public_display_name: str = ""


class _Shop(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    myshopify_domain: str = ""
    plan: _Plan = _Plan()


class _ShopAnswer(msgspec.Struct, frozen=True):
    shop: _Shop = _Shop()


class _Scope(msgspec.Struct, frozen=True):
    handle: str


class _Installation(msgspec.Struct, frozen=True, rename="camel"):
    access_scopes: list[_Scope]


class _Rights(msgspec.Struct, frozen=True, rename="camel"):
    current_app_installation: _Installation | None = None
    shop: _Shop = _Shop()


class Shopify:
    """One shop. Stateless but for its token, and for what its queries cost."""

    def __init__(
        self, options: ShopifyOptions, session: ShopifySession, sweep: ShopifySweep
    ) -> None:
        self.abilities = abilities(options)
        self._session = session
        self._sweep = sweep
        self._fresh = ShopifyFresh(session, sweep, options.location)
        self._writer = ShopifyWriter(session, self._fresh)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._sweep.pages()

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._fresh.read(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        self._sweep.note_write()
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Name the shop, its plan and what its app may do. Raises NeedsOperator for a scope."""
        return self._session.client.struck(await self._signed_in())

    async def close(self) -> None:
        await self._session.client.aclose()

    async def _signed_in(self) -> str:
        session, text = self._session, self._session.client.text
        answer = await session.shaped(documents.SHOP, {}, "shop", _ShopAnswer)
        seen = [f"{text(answer.shop.name)} ({text(answer.shop.myshopify_domain)})"]
        try:
            rights = await session.shaped(documents.RIGHTS, {}, "scopes", _Rights)
        except ContractBroken:
            # Only newer versions say it.
            rights = _Rights()
        if rights.shop.plan.public_display_name:
            seen.append(f"plan {text(rights.shop.plan.public_display_name)}")
        if rights.current_app_installation is not None:
            seen += self._scopes(rights.current_app_installation)
        else:
            seen.append("scopes unknown")
        chosen = await self._sweep.chosen_location()
        if chosen is not None:
            seen.append(f"location {text(chosen.name)}")
        else:
            names = named_locations(await self._sweep.locations(LOCATIONS_NAMED))
            seen.append(f"locations {text(names)}")
        token = await session.client.sign_in()
        return "; ".join([*seen, *([token] if token else []), *session.doubts()])

    def _scopes(self, installation: _Installation) -> list[str]:
        """What of the scopes is to be said. Raises NeedsOperator for one that reading needs."""
        has = {scope.handle for scope in installation.access_scopes}
        # Who may write may read (shopify.dev, access scopes, 2026-11).
        has |= {f"read_{handle.removeprefix('write_')}" for handle in has}
        lacking = [scope for scope in SCOPES if scope not in has]
        missing = [*lacking, *([] if WRITE_SCOPE in has else [WRITE_SCOPE])]
        if lacking:
            what = f"scope{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
            raise NeedsOperator(
                f"{self._session.name}: its app lacks the {what}{self._session.client.credential}: "
                "add them to the app and install it again"
            )
        if missing:
            return [f"lacks the scope {WRITE_SCOPE}: it can be read, not written"]
        return ["all scopes that are needed"]
