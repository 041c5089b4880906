"""The way into a channel that its table `auth` describes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sync import secrets
from sync.channels.api.auth.access import Access, FixedAccess, TokenAccess
from sync.channels.api.auth.basic import BasicProof
from sync.channels.api.auth.grant import TokenDesk
from sync.channels.api.auth.login import Login
from sync.channels.api.auth.oauth import ClientCredentials, OAuth
from sync.channels.api.auth.oauth1 import OAuth1Proof
from sync.channels.api.auth.query import QueryProof
from sync.channels.api.auth.table import AuthTable, BasicTable, LoginTable, OAuth1Table, OAuthTable
from sync.clock import Clock
from sync.errors import ConfigError
from sync.secrets import Secret, SecretSource

if TYPE_CHECKING:
    from sync.transport.transport import Transport


@dataclass(frozen=True, slots=True)
class WayIn:
    """What opening the way into a channel needs of it."""

    name: str
    transport: "Transport"
    clock: Clock
    base: Path

    def headers(
        self, written: Mapping[str, str | SecretSource], token: SecretSource | None
    ) -> dict[str, str | Secret]:
        """Look up what goes with each request. Raises ConfigError."""
        key = f"channels.{self.name}"
        found: dict[str, str | Secret] = {
            name: value
            if isinstance(value, str)
            else secrets.resolve(value, key=f"{key}.headers.{name}", base=self.base)
            for name, value in written.items()
        }
        if token is not None:
            resolved = secrets.resolve(token, key=f"{key}.token", base=self.base)
            found["Authorization"] = secrets.bearer(resolved)
        return found

    def opened(self, auth: AuthTable | None, channel_headers: Mapping[str, str | Secret]) -> Access:
        """Look the secrets up and make the way in; nothing is sent. Raises ConfigError.

        `channel_headers` go with a sign-in, too, that is at the channel's own origin.
        """
        if auth is None:
            return FixedAccess()
        if auth.basic is not None:
            return FixedAccess(self._basic(auth.basic))
        if auth.query is not None:
            keys = {n: self._plain(v, f"query.{n}") for n, v in auth.query.items()}
            return FixedAccess(QueryProof(keys))
        if auth.oauth1 is not None:
            return FixedAccess(self._oauth1(auth.oauth1))
        if auth.oauth is not None:
            return TokenAccess(self._oauth(auth.oauth), self.clock)
        assert auth.login is not None
        with_it = channel_headers if self.transport.is_at(auth.login.url) else {}
        return TokenAccess(self._login(auth.login, with_it), self.clock)

    def _basic(self, table: BasicTable) -> BasicProof:
        username = self._plain(table.username or "", "basic.username")
        if isinstance(username, Secret) and ":" in username.reveal():
            message = "must not have a colon: what follows it is the password"
            raise ConfigError(self._key("basic.username"), message)
        if table.password is None:
            return BasicProof(username, "")
        return BasicProof(username, self._secret(table.password, "basic.password"))

    def _oauth1(self, table: OAuth1Table) -> OAuth1Proof:
        consumer = self._plain(table.key, "oauth1.key"), self._secret(table.secret, "oauth1.secret")
        token = None
        if table.token is not None and table.token_secret is not None:
            token = (
                self._plain(table.token, "oauth1.token"),
                self._secret(table.token_secret, "oauth1.token_secret"),
            )
        return OAuth1Proof(table, consumer, token, self.clock)

    def _oauth(self, table: OAuthTable) -> OAuth:
        secret, refresh = table.client_secret, table.refresh_token
        given = ClientCredentials(
            self._plain(table.client_id, "oauth.client_id"),
            None if secret is None else self._secret(secret, "oauth.client_secret"),
            None if refresh is None else self._secret(refresh, "oauth.refresh_token"),
            self._table(table.body or {}, "oauth.body"),
        )
        return OAuth(table, given, self._desk(table.url))

    def _login(self, table: LoginTable, with_it: Mapping[str, str | Secret]) -> Login:
        own = {n: self._plain(v, f"login.headers.{n}") for n, v in table.headers.items()}
        body = self._table(table.body, "login.body")
        return Login(table, body, {**with_it, **own}, self._desk(table.url))

    def _plain(self, value: str | SecretSource, key: str) -> str | Secret:
        return value if isinstance(value, str) else self._secret(value, key)

    def _secret(self, source: SecretSource, key: str) -> Secret:
        return secrets.resolve(source, key=self._key(key), base=self.base)

    def _table(self, table: Mapping[str, object], key: str) -> dict[str, object]:
        found = secrets.resolved(dict(table), key=self._key(key), base=self.base)
        assert isinstance(found, dict)
        return found

    def _key(self, key: str) -> str:
        return f"channels.{self.name}.auth.{key}"

    def _desk(self, url: str) -> TokenDesk:
        return TokenDesk(self.name, url, self.transport, self.clock)
