"""Signing in to Tryton: a session for a user's name and password (measured on 8.2.1, 2026-11).

HTTP Basic is taken too, but hashes the password anew for each request: half a second. Tryton's keys
of user applications are for the routes of those applications, and JSON-RPC is none of them.
"""

import base64
from collections.abc import Sequence

from sync import values
from sync.channels.api.auth.grant import Asking, RefusedAsking, TokenDesk
from sync.channels.api.auth.tokens import GivenToken, TokenPlace
from sync.errors import ContractBroken, NeedsOperator
from sync.secrets import Secret
from sync.transport.call import Reply

_PLACE = TokenPlace(scheme="Session")
_NOT_FOUND = 404
_PARTS = 2


class TrytonLogin:
    """Where sessions are got."""

    def __init__(
        self, name: str, username: str | Secret, password: Secret, desk: TokenDesk
    ) -> None:
        self._name = name
        self._username = username
        self._desk = desk
        self._asking = Asking(
            json={
                "id": 0,
                "method": "common.db.login",
                "params": [username, {"password": password}],
            }
        )

    @property
    def place(self) -> str:
        return self._desk.place

    def doubts(self) -> Sequence[str]:
        return ()

    def secrets(self) -> Sequence[Secret]:
        return self._asking.secrets()

    async def sign_in(self) -> GivenToken:
        """Get a session. Raises NeedsOperator where the user is refused or asked for more."""
        try:
            reply = await self._desk.ask(self._asking)
        except RefusedAsking as refused:
            if refused.reply.status == _NOT_FOUND:
                words = "no such database there; url must end with the name of one"
                raise NeedsOperator(f"{self._name}: {self.place}: {words}") from None
            raise self._desk.refusal(refused.reply, self.secrets()) from None
        identity, session = self._parts(reply)
        self._desk.hide(session)
        name = self._username
        user = name.reveal() if isinstance(name, Secret) else name
        token = base64.b64encode(f"{user}:{identity}:{session}".encode()).decode()
        return self._desk.made(token, "result", _PLACE, None, self.secrets())

    async def aclose(self) -> None:
        await self._desk.aclose()

    def _parts(self, reply: Reply) -> tuple[int, str]:
        """The user's id and the session of an answer."""
        content = self._desk.content(reply)
        result = content.get("result") if isinstance(content, dict) else None
        if isinstance(result, list) and len(result) >= _PARTS:
            identity, session = result[:_PARTS]
            if type(identity) is int and isinstance(session, str) and session:
                return identity, session
        error = content.get("error") if isinstance(content, dict) else None
        if isinstance(error, list) and error[:1] == ["LoginException"]:
            words = "asks for more than a password; give Skew a user of its own without that"
            raise NeedsOperator(f"{self._name}: {self.place}: {words}")
        if isinstance(error, list) and error[:1] == ["'common.db.login'"]:
            # What the address of the server alone answers, without a database.
            words = "the server has no database here; url must end with the name of one"
            raise NeedsOperator(f"{self._name}: {self.place}: {words}")
        kind = values.key_names(content) if isinstance(content, dict) else "no object"
        raise ContractBroken(f"no session in the answer: it has {kind}", path=self.place,
                             subject=self._name)  # fmt: skip
