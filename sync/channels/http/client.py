"""The only way of asking a described API, and what an answer of success is in truth.

It is JSON, or the error that its body is.
"""

from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync import values
from sync.channels.api import bodies, complaints
from sync.channels.api.auth.access import Access
from sync.channels.api.complaints import Complaint, Trouble
from sync.channels.api.expressions import ERROR, search
from sync.channels.api.signed import SignedClient
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

if TYPE_CHECKING:
    from sync.transport.call import Judge, Reply
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
        self._signed = SignedClient(transport, headers, access)
        self._redactor = transport.redactor
        self._error = search(error) if error else None

    async def read(
        self,
        url: str,
        judge: "Judge",
        *,
        method: str = "GET",
        json: object = None,
        accept: Container[int] = (),
        kept: bool = False,
    ) -> "Reply":
        """Ask for something, as `SignedClient.read` does."""
        return await self._signed.read(method, url, judge, json=json, accept=accept, kept=kept)

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
        """Send a write, as `SignedClient.write` does.

        An answer of success that complains raises what `judge` says, by default `write_error`.
        """
        return await self._signed.write(
            method,
            url,
            judge or self.write_error,
            json=content.json,
            form=content.form,
            text=None if content.text is None else (content.text, content.type),
            headers=headers,
            accept=accept,
        )

    async def sign_in(self) -> str:
        """Sign in, where that is a request of its own; what came of it, for the operator."""
        return await self._signed.sign_in()

    def doubts(self) -> Sequence[str]:
        """What about signing in may go wrong later, a sentence each."""
        return self._signed.doubts()

    def error_in(self, content: object) -> str:
        """What stands where the description says that errors stand, fit for a message."""
        complaint = self._described(content)
        return "" if complaint is None else self.text(complaint.words)

    async def aclose(self) -> None:
        """Close the connections. May be called twice."""
        await self._signed.aclose()

    def content(self, reply: "Reply", place: str) -> object:
        """Decode an answer. Raises ContractBroken, in the channel's words where it has some."""
        return bodies.json_of(reply.body, subject=self._name, place=place, redactor=self._redactor)

    def text(self, text: str) -> str:
        """A text of the channel's made fit for a message."""
        return self._redactor.text(text)

    def struck(self, text: str) -> str:
        """A message of ours, in which the channel may be quoted, without our credentials."""
        return self._redactor.struck(text)

    def words(self, body: bytes) -> str:
        """What an error's body says, made fit for a message."""
        return self._redactor.words(body)

    def page_complaint(self, content: object, items: object) -> Complaint | None:
        """What an answer with a list, or with one record, complains of; None where of nothing."""
        return self._described(content) or complaints.of_page(content, items)

    @property
    def has_described_error(self) -> bool:
        """Whether the description says where errors stand: anywhere in an answer."""
        return self._error is not None

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
            return NeedsOperator(f"{self._name}{self._signed.credential}: {place}: {words}")
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
            return NeedsOperator(f"{words}{self._signed.credential}")
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


def _is_partial(content: object) -> bool:
    """Whether GraphQL answered with errors beside its `data`, of which some may be applied."""
    if not isinstance(content, dict) or "data" not in content:
        return False
    errors = content.get("errors")
    data = content["data"]
    has_data = isinstance(data, dict) and any(part is not None for part in data.values())
    return bool(errors) and has_data
