"""The only way of asking a described API, and what an answer of success is in truth.

It is JSON, or the error that its body is.
"""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync import values
from sync.channels.http import bodies, complaints
from sync.channels.http.auth.access import Access
from sync.channels.http.bodies import WebPageInstead
from sync.channels.http.complaints import Complaint, Trouble
from sync.channels.http.expressions import ERROR, search
from sync.channels.http.writing.bodies import WriteBody
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.secrets import Secret
from sync.transport.call import secrets_in

if TYPE_CHECKING:
    from sync.transport.call import Judge, Proof, Reply
    from sync.transport.transport import Transport

SAYS = "answered with an error"


class ApiClient:
    """Asks one described API; makes errors of what its answers complain of, fit for messages."""

    def __init__(
        self,
        name: str,
        transport: "Transport",
        headers: Mapping[str, str | Secret],
        access: Access,
        error: str | None = None,
    ) -> None:
        self._name = name
        self._transport = transport
        self._headers = headers
        self._access = access
        self._error = search(error) if error else None

    async def read(
        self,
        url: str,
        judge: "Judge",
        *,
        method: str = "GET",
        json: object = None,
        accept: Container[int] = (),
    ) -> "Reply":
        """Ask for something; it may be asked again. `judge` sees each answer of success.

        Raises what `Transport.request` does, and what `judge` makes of an answer.
        """
        ask = partial(
            self._transport.request,
            method,
            url,
            repeatable=True,
            headers=self._headers,
            json=json,
            accept=accept,
            judge=judge,
        )
        return await self._signed_in(ask, repeatable=True)

    async def write(
        self,
        method: str,
        url: str,
        content: WriteBody,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        accept: Container[int] = (),
        judge: "Judge | None" = None,
    ) -> "Reply":
        """Send a write, once. An answer of success that complains raises what `judge` says.

        By default that is `write_error`. Otherwise raises what `Transport.request` does. One that
        was refused unread, by a 401 or 403, may be sent again with a new token.
        """
        ask = partial(
            self._transport.request,
            method,
            url,
            repeatable=False,
            headers={**self._headers, **headers},
            json=content.json,
            form=content.form,
            text=None if content.text is None else (content.text, content.type),
            accept=accept,
            judge=judge or self.write_error,
        )
        return await self._signed_in(ask, repeatable=False)

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

    async def sign_in(self) -> str:
        """Sign in, where that is a request of its own; what came of it, for the operator."""
        proof = await self._access.proof()
        return "" if proof is None else self._access.seen()

    def doubts(self) -> Sequence[str]:
        """What about signing in may go wrong later, a sentence each."""
        return self._access.doubts()

    def error_in(self, content: object) -> str:
        """What stands where the description says that errors stand, fit for a message."""
        complaint = self._described(content)
        return "" if complaint is None else self.text(complaint.words)

    async def aclose(self) -> None:
        """Close the connections. May be called twice."""
        await self._access.aclose()
        await self._transport.aclose()

    def content(self, reply: "Reply", place: str) -> object:
        """Decode an answer. Raises ContractBroken, in the channel's words where it has some."""
        return bodies.json_of(
            reply.body, subject=self._name, place=place, redactor=self._transport.redactor
        )

    def text(self, text: str) -> str:
        """A text of the channel's made fit for a message."""
        return self._transport.redactor.text(text)

    def struck(self, text: str) -> str:
        """A message of ours, in which the channel may be quoted, without our credentials."""
        return self._transport.redactor.struck(text)

    def words(self, body: bytes) -> str:
        """What an error's body says, made fit for a message."""
        return self._transport.redactor.words(body)

    def page_complaint(self, content: object, items: object) -> Complaint | None:
        """What an answer with a list, or with one record, complains of; None where of nothing."""
        return self._described(content) or complaints.of_page(content, items)

    def _secrets(self) -> list[Secret]:
        """The secrets of the configuration that a request rests on."""
        return [*secrets_in(self._headers), *self._access.secrets()]

    def _described(self, content: object) -> Complaint | None:
        """What stands where the description says that errors stand."""
        if self._error is None:
            return None
        try:
            return complaints.described(self._error(content))
        except ERROR:
            return None

    def read_error(self, complaint: Complaint, place: str, lacking: str = "") -> ChannelError:
        """Make the error for a read; `lacking` says what was not found in the answer."""
        words = f"{SAYS}: {self.text(complaint.words)}"
        if not complaint.is_sure:
            words = f"{lacking}; it says: {self.text(complaint.words)}"
        if complaint.trouble in (Trouble.THROTTLED, Trouble.PASSING):
            return Temporary(
                f"{self._name}: {place}: {words}", retry_after_s=complaint.retry_after_s
            )
        if complaint.trouble is Trouble.NOT_SIGNED_IN:
            return NeedsOperator(f"{self._name}{self._credential}: {place}: {words}")
        return ContractBroken(words, path=place, subject=self._name)

    def write_error(self, reply: "Reply") -> ChannelError | None:
        """Judge the answer to a write; None where it complains of nothing."""
        try:
            content = values.json_value(reply.body)
        except ValueError:
            return self._error_of_text(reply.body)
        complaint = self._described(content) or complaints.of_write(content)
        if complaint is None:
            return None
        words = f"{self._name} {SAYS}: {self.text(complaint.words)}"
        if complaint.trouble is Trouble.THROTTLED:
            return Temporary(words, retry_after_s=complaint.retry_after_s)
        if complaint.trouble is Trouble.NOT_SIGNED_IN:
            return NeedsOperator(f"{words}{self._credential}")
        # What failed on its way, or next to data that came, may have been applied all the same:
        # only reading it back shows that. Anything else is a refusal.
        if complaint.trouble is Trouble.PASSING or _is_partial(content):
            return WriteOutcomeUnknown(words)
        return WriteRejected(words)

    def _error_of_text(self, body: bytes) -> ChannelError | None:
        words = self.text(complaints.first_words(body))
        if complaints.is_web_page(body):
            return WriteOutcomeUnknown(f'{self._name} answered with a web page: "{words}"')
        if complaints.is_said_to_be_an_error(body):
            return WriteRejected(f"{self._name} {SAYS}: {words}")
        return None

    @property
    def _credential(self) -> str:
        names = ", ".join(dict.fromkeys(secret.name for secret in self._secrets()))
        return f", credential {names}" if names else ""


def _is_partial(content: object) -> bool:
    """Whether GraphQL answered with errors beside its `data`, of which some may be applied."""
    if not isinstance(content, dict) or "data" not in content:
        return False
    errors = content.get("errors")
    data = content["data"]
    has_data = isinstance(data, dict) and any(part is not None for part in data.values())
    return bool(errors) and has_data
