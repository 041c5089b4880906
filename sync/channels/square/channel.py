"""The `square` kind: a Square seller's stock, by the API of 2026-09-16."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync import secrets, values
from sync.channels.api.auth.access import Access, FixedAccess, TokenAccess
from sync.channels.api.auth.grant import TokenDesk
from sync.channels.api.auth.oauth import ClientCredentials, OAuth
from sync.channels.api.auth.table import OAuthTable
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.square.kind import abilities
from sync.channels.square.options import SquareOptions
from sync.channels.square.reading import SquareReader
from sync.channels.square.session import (
    READ_CATALOGUE,
    READ_PLACES,
    READ_STOCK,
    WRITE_STOCK,
    SquareSession,
)
from sync.channels.square.shapes import SquareTokenStatus
from sync.channels.square.writing import SquareWriter
from sync.clock import Clock
from sync.errors import ContractBroken, NeedsOperator
from sync.secrets import Secret, SecretSource

if TYPE_CHECKING:
    from store.model import Millis
    from sync.transport.transport import Transport

VERSION = "2026-09-16"


_EXPECTS = 'the API\'s origin, such as "https://connect.squareup.com"'
_READING = (READ_STOCK, READ_CATALOGUE, READ_PLACES)


def open_channel(
    name: str, options: SquareOptions, transport: "Transport", clock: Clock, base: Path
) -> "Square":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    headers: dict[str, str | Secret] = {"Square-Version": VERSION}
    credential = ""
    if options.token is not None:
        token = secrets.resolve(options.token, key=f"channels.{name}.token", base=base)
        headers["Authorization"], credential = secrets.bearer(token), token.name
        access: Access = FixedAccess()
    else:
        access = _by_refresh_token(name, options, transport, clock, base)
    client = VendorClient(name, SignedClient(transport, headers, access), expects=_EXPECTS)
    ends = transport.notices.credential_ends
    return Square(options, SquareSession(client, options.url), clock, _TokenEnd(credential, ends))


def _by_refresh_token(
    name: str, options: SquareOptions, transport: "Transport", clock: Clock, base: Path
) -> Access:
    def looked_up(key: str, source: SecretSource) -> Secret:
        return secrets.resolve(source, key=f"channels.{name}.{key}", base=base)

    client_id, secret, refresh = options.client_id, options.client_secret, options.refresh_token
    assert client_id is not None
    assert refresh is not None
    given = ClientCredentials(
        looked_up("client_id", client_id) if isinstance(client_id, SecretSource) else client_id,
        looked_up("client_secret", secret) if secret is not None else None,
        looked_up("refresh_token", refresh),
        {},
    )
    url = f"{options.url.rstrip('/')}/oauth2/token"
    table = OAuthTable(
        url=url,
        client_id="",
        client_secret=secret,
        refresh_token=refresh,
        encoding="json",
        client_in="body",
    )
    return TokenAccess(OAuth(table, given, TokenDesk(name, url, transport, clock)), clock)


class _TokenEnd:
    """Where it is noted when a token of the configuration ends."""

    def __init__(self, name: str, ends: "dict[str, Millis]") -> None:
        self._name = name
        self._ends = ends

    def note(self, text: str | None) -> None:
        """Take `expires_at`; a token of the seller's own application has none."""
        if not self._name or not text:
            return
        end = values.instant(text)
        if end is not None:
            self._ends[self._name] = end


class Square:
    """One seller's account. Stateless but for its token."""

    def __init__(
        self, options: SquareOptions, session: SquareSession, clock: Clock, end: _TokenEnd
    ) -> None:
        self.abilities = abilities(options)
        self._session = session
        self._location = options.location
        self._end = end
        self._reader = SquareReader(session, options.location, clock)
        self._writer = SquareWriter(session, self._reader, options.location, clock)

    def pages(self) -> AsyncIterator[RecordPage]:
        return self._reader.pages()

    def changed(self, since: "Millis") -> AsyncIterator[RecordPage]:
        """Read the listings whose counts or catalogue entries moved since."""
        return self._reader.changed(since)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return await self._reader.read(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        """Name the seller, its locations and what the token may not do."""
        status = await self._status()
        self._end.note(status.expires_at)
        lacking = self._lacking(status)
        locations = await self._reader.locations()
        active = [location for location in locations if location.is_active]
        seller = next((found.business_name for found in active if found.business_name), None)
        names = ", ".join(f"{found.name or 'no name'} ({found.id})" for found in active)
        seen = [f"{seller or 'a seller'} ({status.merchant_id or 'no id'})", f"locations {names}"]
        return self._session.client.text("; ".join([*seen, *lacking, *self._doubts()]))

    async def close(self) -> None:
        await self._session.client.aclose()

    async def _status(self) -> SquareTokenStatus:
        """What the token may do; nothing is known of it where Square does not say."""
        # For tokens of OAuth and an application's own, in production (OAuth API: token
        # introspection, read 2026-11-30). Of a token that is refused the locations tell.
        try:
            return await self._session.ask("/oauth2/token/status", SquareTokenStatus, "token", {})
        except (NeedsOperator, ContractBroken):
            return SquareTokenStatus()

    def _lacking(self, status: SquareTokenStatus) -> list[str]:
        """What is to be said of permissions. Raises NeedsOperator for one that reading needs."""
        if status.scopes is None:
            return []
        missing = [scope for scope in (*_READING, WRITE_STOCK) if scope not in status.scopes]
        if any(scope in _READING for scope in missing):
            raise NeedsOperator(
                f"{self._session.name}: the token lacks the permission"
                f"{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
                f"{self._session.client.credential}"
            )
        return [f"nothing can be written: the token lacks the permission {WRITE_STOCK}"
                ] if missing else []  # fmt: skip

    def _doubts(self) -> Sequence[str]:
        return self._session.client.doubts()
