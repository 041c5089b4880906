"""What every way of signing in gives its channel: a proof for each request, and another if need be.

A proof that never changes is one of the configuration. A token that was given at a sign-in is got
once for all the requests that need it, before it ends, and again when it is refused.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from sync.channels.api.auth.tokens import GivenToken
from sync.clock import Clock, rfc3339
from sync.errors import ChannelError, Temporary
from sync.secrets import Secret
from sync.transport.call import Proof


class Access(Protocol):
    """The way into one channel."""

    def secrets(self) -> Sequence[Secret]:
        """The secrets of the configuration that it rests on."""
        ...

    async def proof(self) -> Proof | None:
        """What to show with a request; signs in where that is due.

        Raises NeedsOperator where the channel refuses us, and what else `sign_in` raises.
        """
        ...

    async def another(self, refused: Proof | None) -> Proof | None:
        """What to show instead of a proof that was refused; None: there is nothing else."""
        ...

    def worked(self, proof: Proof | None) -> None:
        """Note that the channel took a proof."""
        ...

    def seen(self) -> str:
        """What signing in gave, for the operator."""
        ...

    def doubts(self) -> Sequence[str]:
        """What may go wrong later, a sentence each."""
        ...

    async def aclose(self) -> None: ...


class FixedAccess:
    """Shows the same with each request, or nothing."""

    def __init__(self, proof: Proof | None = None) -> None:
        self._proof = proof

    def secrets(self) -> Sequence[Secret]:
        return self._proof.secrets() if self._proof is not None else ()

    async def proof(self) -> Proof | None:
        return self._proof

    async def another(self, refused: Proof | None) -> Proof | None:  # noqa: ARG002
        return None

    def worked(self, proof: Proof | None) -> None: ...

    def seen(self) -> str:
        names = ", ".join(dict.fromkeys(secret.name for secret in self.secrets()))
        return f"accepted: {names}" if names else "accepted"

    def doubts(self) -> Sequence[str]:
        return ()

    async def aclose(self) -> None: ...


class TokenSource(Protocol):
    """Where tokens are got."""

    @property
    def place(self) -> str:
        """`sign-in at URL`, for messages."""
        ...

    def doubts(self) -> Sequence[str]: ...

    def secrets(self) -> Sequence[Secret]: ...

    async def sign_in(self) -> GivenToken:
        """Get a token. Raises NeedsOperator for a refusal, ContractBroken for no token."""
        ...

    async def aclose(self) -> None: ...


class TokenAccess:
    """Shows the token that its source gave; asks for one at a time."""

    def __init__(self, source: TokenSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._token: GivenToken | None = None
        self._signing_in = asyncio.Lock()
        self._failures = 0
        self._failure: ChannelError | None = None

    def secrets(self) -> Sequence[Secret]:
        return self._source.secrets()

    async def proof(self) -> Proof | None:
        token, now = self._token, self._clock.now()
        if token is not None and not token.is_due(now):
            return token
        try:
            return await self._renewed(token)
        except Temporary:
            # It is renewed early. Where that fails for a while, it is good until its end.
            if token is not None and not token.is_over(now):
                return token
            raise

    async def another(self, refused: Proof | None) -> Proof | None:
        if not isinstance(refused, GivenToken):
            return None
        # A token that was refused the first time it was shown would be followed by others like it.
        if self._token is refused and not refused.has_worked:
            return None
        return await self._renewed(refused)

    def worked(self, proof: Proof | None) -> None:
        if isinstance(proof, GivenToken):
            proof.has_worked = True

    def seen(self) -> str:
        end = None if self._token is None else self._token.end
        until = "until it is refused" if end is None else f"until {rfc3339(end)}"
        return f"{self._source.place} gave a token that is good {until}"

    def doubts(self) -> Sequence[str]:
        return self._source.doubts()

    async def aclose(self) -> None:
        await self._source.aclose()

    async def _renewed(self, old: GivenToken | None) -> GivenToken:
        """Sign in, unless another request did so meanwhile: then share what came of it."""
        failures = self._failures
        async with self._signing_in:
            if self._token is not None and self._token is not old:
                return self._token
            if self._failure is not None and self._failures != failures:
                # All that waited for it fail with it: a wrong password that is sent once for each
                # of them locks the account.
                raise self._failure
            try:
                self._token = await self._source.sign_in()
            except ChannelError as error:
                self._failures += 1
                self._failure = error
                raise
            return self._token
