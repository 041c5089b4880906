"""Signing in to Vendure, and what its GraphQL answers mean (measured on 3.7.3, 2026-11)."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import msgspec

from sync.channels.api.graphql import GraphQLAnswer, GraphQLError, answer_in
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.secrets import Secret, bearer

if TYPE_CHECKING:
    from sync.transport.transport import Transport

T = TypeVar("T")

_LOGIN = """mutation SkewSignIn($username:String!,$password:String!){
  login(username:$username,password:$password){__typename ...on ErrorResult{message}}}"""
_FORBIDDEN = "FORBIDDEN"
_INTERNAL = "INTERNAL_SERVER_ERROR"
_REJECTIONS = frozenset({"ENTITY_NOT_FOUND", "USER_INPUT_ERROR", "BAD_USER_INPUT"})
"""Vendure rolls the whole array back with these. A failed database has another code, or none."""


class _Login(msgspec.Struct, frozen=True):
    kind: str = msgspec.field(name="__typename")
    message: str = ""


class Session:
    """Asks one shop; signs in when it must, and holds the token that this gave."""

    def __init__(
        self,
        name: str,
        url: str,
        transport: "Transport",
        *,
        username: str | None,
        secret: Secret,
    ) -> None:
        self._name = name
        self._url = url
        self._transport = transport
        self._username = username
        """None: the secret is an API key, and there is nothing to sign in to."""
        self._secret = secret
        self._token: Secret | None = None
        self._signing_in = asyncio.Lock()

    async def ask(
        self, query: str, variables: Mapping[str, object], place: str, *, write: bool = False
    ) -> Mapping[str, object]:
        """Send one operation and answer its data. `place` names it in errors.

        Raises NeedsOperator for a missing right, and what `_meaning` makes of other errors.
        """
        token = await self._signed_in()
        # An expired session and a missing right are the same answer, an HTTP 200 with FORBIDDEN;
        # only signing in once more shows which it was. Vendure checks the right before it does
        # anything, so even a write may be sent again after that.
        answer = await self._send(query, variables, place, write=write)
        if _is_forbidden(answer) and token is not None:
            if self._token is token:
                self._token = None
            await self._signed_in()
            answer = await self._send(query, variables, place, write=write)
        elif _is_forbidden(answer) and await asyncio.to_thread(self._secret.renew):
            # The API key was replaced where it is kept.
            answer = await self._send(query, variables, place, write=write)
        if _is_forbidden(answer):
            words = self._transport.redactor.text(answer.errors[0].message)
            raise NeedsOperator(
                f"{self._name} does not allow {place}, credential {self._secret.name}: {words}"
            )
        if answer.errors or answer.data is None:
            raise self._meaning(answer, place, write=write)
        return answer.data

    def shaped(self, data: Mapping[str, object], shape: type[T], place: str) -> T:
        """Give an answer's data its type. Raises ContractBroken naming what is wrong and where."""
        try:
            return msgspec.convert(data, shape)
        except msgspec.ValidationError as error:
            raise ContractBroken(str(error), path=place, subject=self._name) from error

    async def _send(
        self, query: str, variables: Mapping[str, object], place: str, *, write: bool
    ) -> GraphQLAnswer:
        reply = await self._transport.request(
            "POST",
            self._url,
            repeatable=not write,
            headers=self._headers(),
            json={"query": query, "variables": variables},
        )
        return answer_in(reply.body, self._name, place, write=write)

    def _headers(self) -> Mapping[str, Secret]:
        if self._username is None:
            return {"vendure-api-key": self._secret}
        return {"Authorization": bearer(self._token)} if self._token else {}

    def _meaning(self, answer: GraphQLAnswer, place: str, *, write: bool) -> ChannelError:
        """Turn an answer's errors, or the lack of both data and errors, into ours."""
        first = answer.errors[0] if answer.errors else GraphQLError("neither data nor errors")
        text = f"{self._name} answered: {self._transport.redactor.text(first.message)}"
        codes = {error.code for error in answer.errors}
        if write:
            # Only for these codes it is known that Vendure rolled everything back. Any other error
            # may have come after the work was done, so the outcome is read back.
            rolled_back = bool(codes) and codes <= _REJECTIONS
            return WriteRejected(text) if rolled_back else WriteOutcomeUnknown(text)
        if _INTERNAL in codes:
            return Temporary(text)
        return ContractBroken(text, path=self._transport.redactor.text(first.place) or place)

    async def _signed_in(self) -> Secret | None:
        """Sign in unless that is done, one at a time; answers the token that stands."""
        async with self._signing_in:
            if self._username is not None and self._token is None:
                self._token = await self._sign_in(self._username)
            return self._token

    async def _sign_in(self, username: str, *, again: bool = True) -> Secret:
        """Sign in; `again` with a password that was replaced where it is kept."""
        login_with = {"username": username, "password": self._secret}
        try:
            reply = await self._transport.request(
                "POST", self._url, repeatable=True,
                json={"query": _LOGIN, "variables": login_with},
            )  # fmt: skip
        except NeedsOperator as error:
            # The password stands in the body, which errors do not look into.
            error.args = (f"{error}; credential {self._secret.name}",)
            raise
        answer = answer_in(reply.body, self._name, "login")
        if answer.errors or answer.data is None:
            raise self._meaning(answer, "login", write=False)
        login = self.shaped({"login": None, **answer.data}, dict[str, _Login], "login")["login"]
        if login.kind != "CurrentUser":
            if again and await asyncio.to_thread(self._secret.renew):
                return await self._sign_in(username, again=False)
            words = self._transport.redactor.text(login.message)
            raise NeedsOperator(
                f"{self._name} refused our sign-in, credential {self._secret.name}: {words}"
            )
        token = reply.headers.get("vendure-auth-token", "")
        if not token:
            raise NeedsOperator(
                f'{self._name} sent no vendure-auth-token: allow tokenMethod "bearer" in Vendure'
            )
        return Secret(token, name=self._secret.name)


def _is_forbidden(answer: GraphQLAnswer) -> bool:
    return {error.code for error in answer.errors} == {_FORBIDDEN}
