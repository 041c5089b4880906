"""Requests of one channel with its headers, and with the proof that is due.

A proof that is refused is replaced once, where there is another: a token that has ended, a key that
was changed where it is kept.
"""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.channels.api.auth.access import Access
from sync.channels.api.bodies import WebPageInstead
from sync.errors import ContractBroken, NeedsOperator, Temporary
from sync.secrets import Secret
from sync.transport.budgets.base import UNLIMITED, Budget
from sync.transport.call import FormFields, secrets_in

if TYPE_CHECKING:
    from sync.transport.call import Judge, Proof, Reply
    from sync.transport.transport import Transport


class SignedClient:
    """Sends requests for one channel; signs in when it must."""

    def __init__(
        self, transport: "Transport", headers: Mapping[str, str | Secret], access: Access
    ) -> None:
        self.transport = transport
        self._headers = headers
        self._access = access

    async def read(  # noqa: PLR0913 - a request has these parts.
        self,
        method: str,
        url: str,
        judge: "Judge",
        *,
        json: object = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        accept: Container[int] = (),
        budget: Budget = UNLIMITED,
        kept: bool = False,
    ) -> "Reply":
        """Ask for something; it may be asked again. `judge` sees each answer of success.

        `kept`: as `Transport.request` takes it.

        Raises what `Transport.request` does, and what `judge` makes of an answer.
        """
        ask = partial(
            self.transport.request,
            method,
            url,
            repeatable=True,
            headers={**self._headers, **headers},
            json=json,
            accept=accept,
            judge=judge,
            budget=budget,
            kept=kept,
        )
        return await self._signed_in(ask, repeatable=True)

    async def write(  # noqa: PLR0913 - a request has these parts.
        self,
        method: str,
        url: str,
        judge: "Judge",
        *,
        json: object = None,
        form: FormFields | None = None,
        text: tuple[str, str] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        accept: Container[int] = (),
        budget: Budget = UNLIMITED,
    ) -> "Reply":
        """Send a write, once. One that was refused unread, by a 401 or 403, may be sent again.

        Raises what `Transport.request` does, and what `judge` makes of an answer of success.
        """
        ask = partial(
            self.transport.request,
            method,
            url,
            repeatable=False,
            headers={**self._headers, **headers},
            json=json,
            form=form,
            text=text,
            accept=accept,
            judge=judge,
            budget=budget,
        )
        return await self._signed_in(ask, repeatable=False)

    async def sign_in(self) -> str:
        """Sign in, where that is a request of its own; what came of it, for the operator."""
        proof = await self._access.proof()
        return "" if proof is None else self._access.seen()

    def doubts(self) -> Sequence[str]:
        """What about signing in may go wrong later, a sentence each."""
        return self._access.doubts()

    @property
    def credential(self) -> str:
        """Which credentials a request rests on, to follow what happened."""
        names = ", ".join(dict.fromkeys(secret.name for secret in self._secrets()))
        return f", credential {names}" if names else ""

    async def aclose(self) -> None:
        """Close the connections. May be called twice."""
        await self._access.aclose()
        await self.transport.aclose()

    async def _signed_in(
        self, ask: "Callable[..., Awaitable[Reply]]", *, repeatable: bool
    ) -> "Reply":
        try:
            return await self._with_proof(ask, repeatable=repeatable)
        except NeedsOperator as error:
            # A token is refused for what it was got with, too.
            error.is_replaced = lambda: any(secret.is_replaced() for secret in self._secrets())
            raise

    async def _with_proof(
        self, ask: "Callable[..., Awaitable[Reply]]", *, repeatable: bool
    ) -> "Reply":
        """Ask with the proof that is due, and once more with another where that is refused."""
        proof = await self._proof(repeatable=repeatable)
        try:
            reply = await ask(proof=proof)
        except (NeedsOperator, WebPageInstead) as error:
            # What a session that has ended leads to may be a page for people to sign in. A write
            # is sent again only where its status says that it was refused unread.
            if not (repeatable or (isinstance(error, NeedsOperator) and error.status)):
                raise
            proof = await self._proof(refused=proof, repeatable=repeatable)
            if proof is None:
                raise
            reply = await ask(proof=proof)
        self._access.worked(proof)
        return reply

    async def _proof(self, refused: "Proof | None" = None, *, repeatable: bool) -> "Proof | None":
        """The proof that is due, or another than a refused one; None: there is none."""
        try:
            if refused is not None:
                return await self._access.another(refused)
            return await self._access.proof()
        except ContractBroken as error:
            if repeatable:
                raise
            # A write that had no token was certainly not sent.
            raise Temporary(f"not sent: {error}") from error

    def _secrets(self) -> list[Secret]:
        """The secrets of the configuration that a request rests on."""
        return [*secrets_in(self._headers), *self._access.secrets()]
