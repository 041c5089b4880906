"""`auth.oauth`: a token by OAuth 2 (RFC 6749), for the client itself or by a refresh token."""

import asyncio
from collections.abc import Mapping, Sequence

from sync.channels.api.auth import tokens
from sync.channels.api.auth.basic import BasicProof
from sync.channels.api.auth.grant import Asking, RefusedAsking, TokenDesk, TokenPaths
from sync.channels.api.auth.login import form_fields
from sync.channels.api.auth.table import OAuthTable
from sync.channels.api.auth.tokens import GivenToken
from sync.secrets import Secret
from sync.transport.call import Reply, secrets_in

_ACCEPT = {"Accept": "application/json"}
_UNAUTHORIZED = 401


class ClientCredentials:
    """What the configuration gives for OAuth, looked up."""

    def __init__(
        self, client_id: str | Secret, secret: Secret | None, refresh: Secret | None,
        body: Mapping[str, object],
    ) -> None:  # fmt: skip
        self.client_id = client_id
        self.secret = secret
        self.refresh = refresh
        self.body = body


class OAuth:
    """Gets tokens from an authorization server."""

    def __init__(self, table: OAuthTable, given: ClientCredentials, desk: TokenDesk) -> None:
        self._table = table
        self._place = tokens.place_of(table.header, table.scheme, table.param)
        self._given = given
        self._desk = desk
        self._unsaved = ""
        """That the server's newest refresh token could not be kept, for the operator."""
        self._by_basic = table.client_in == "basic"

    @property
    def place(self) -> str:
        return self._desk.place

    def doubts(self) -> Sequence[str]:
        return [self._unsaved] if self._unsaved else []

    def secrets(self) -> Sequence[Secret]:
        return list(self._asking().secrets())

    async def sign_in(self) -> GivenToken:
        reply = await self._asked()
        paths = TokenPaths(self._table.token, self._table.expires_in)
        found = self._desk.token(reply, paths, self._place, self.secrets())
        await self._keep_refresh_token(reply)
        return found

    async def aclose(self) -> None:
        await self._desk.aclose()

    async def _asked(self) -> Reply:
        try:
            return await self._desk.ask(self._asking())
        except RefusedAsking as refused:
            if self._table.client_in is not None or not _is_of_client(refused.reply):
                raise self._desk.refusal(refused.reply, self._at_fault(refused.reply)) from None
        # RFC 6749 has servers take Basic and lets them take the body; in practice many take only
        # the one, and many only the other.
        self._by_basic = not self._by_basic
        try:
            return await self._desk.ask(self._asking())
        except RefusedAsking as refused:
            self._by_basic = not self._by_basic
            raise self._desk.refusal(refused.reply, self._at_fault(refused.reply)) from None

    def _at_fault(self, reply: Reply) -> Sequence[Secret]:
        """Which of the secrets the server's error means (RFC 6749, 5.2); all where it says none."""
        given = self._given
        if b"invalid_grant" in reply.body and given.refresh is not None:
            return [given.refresh]
        if b"invalid_client" in reply.body and given.secret is not None:
            return [*secrets_in([given.client_id]), given.secret]
        return self.secrets()

    def _asking(self) -> Asking:
        given, refresh = self._given, self._given.refresh
        body: dict[str, object] = {"grant_type": "client_credentials"}
        if refresh is not None:
            body = {"grant_type": "refresh_token", "refresh_token": refresh}
        if self._table.scope is not None:
            body["scope"] = self._table.scope
        proof = None
        if self._by_basic:
            proof = BasicProof(given.client_id, given.secret or "")
        else:
            body["client_id"] = given.client_id
            if given.secret is not None:
                body["client_secret"] = given.secret
        body |= given.body
        if self._table.encoding == "json":
            return Asking(_ACCEPT, json=body, proof=proof)
        return Asking(_ACCEPT, form=form_fields(body), proof=proof)

    async def _keep_refresh_token(self, reply: Reply) -> None:
        """Keep the refresh token of an answer in the place of the one that it was got with."""
        refresh, content = self._given.refresh, self._desk.content(reply)
        if refresh is not None:
            self._desk.note_end(refresh.name, content)
        text = content.get("refresh_token") if isinstance(content, dict) else None
        if refresh is None or not isinstance(text, str) or text in ("", refresh.reveal()):
            return
        self._desk.hide(text)
        # Many servers take the old one no more from now on: a restart needs the new one.
        is_kept = await asyncio.to_thread(refresh.replace, text)
        self._unsaved = "" if is_kept else (
            f"auth.oauth.refresh_token: the server replaced it, and {refresh.name} can't be "
            f"written, so that it is lost when Skew ends: keep it in a file or a keyring"
        )  # fmt: skip


def _is_of_client(reply: Reply) -> bool:
    """Whether it is the client's id and secret that were refused, or not found."""
    return reply.status == _UNAUTHORIZED or b"invalid_client" in reply.body
