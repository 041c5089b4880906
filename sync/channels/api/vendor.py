"""The client of one vendor's API: typed answers, and errors that say where and what.

Each kind with an API of its own asks through it. What its vendor calls an error in an answer of
success is said by the kind's `Judge`; everything else that can go wrong is said here.
"""

from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from sync import values
from sync.channels.api import bodies
from sync.channels.api.bodies import WebPageInstead
from sync.channels.api.signed import SignedClient
from sync.errors import ContractBroken, NeedsOperator, WriteOutcomeUnknown
from sync.transport.budgets.base import UNLIMITED, Budget

if TYPE_CHECKING:
    from sync.transport.call import Judge, Reply

T = TypeVar("T")


def accept_all(reply: "Reply") -> None:
    """A judge for which every answer of success is one."""
    del reply


class VendorClient:
    """Asks one vendor. `expects` says what `url` must be: `the store's REST API, such as …`."""

    def __init__(
        self, name: str, signed: SignedClient, *, expects: str, judge: "Judge" = accept_all
    ) -> None:
        self.name = name
        self._signed = signed
        self._expects = expects
        self._judge = judge
        self._redactor = signed.transport.redactor

    def judged_by(self, judge: "Judge") -> "VendorClient":
        """The same client, by whose judge an answer of success is an error."""
        return VendorClient(self.name, self._signed, expects=self._expects, judge=judge)

    async def read(  # noqa: PLR0913 - a request has these parts.
        self,
        method: str,
        url: str,
        shape: type[T],
        place: str,
        *,
        json: object = None,
        accept: Container[int] = (),
        budget: Budget = UNLIMITED,
    ) -> T:
        """Ask for something that may be asked again, and decode it. `place` names it in errors.

        Raises Temporary, NeedsOperator, ContractBroken, and what the judge makes of an answer.
        """
        reply = await self.fetch(method, url, json=json, accept=accept, budget=budget)
        return self.decoded(reply, shape, place)

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        accept: Container[int] = (),
        budget: Budget = UNLIMITED,
    ) -> "Reply":
        """Ask for something whose headers or status count too; `decoded` reads its body."""
        return await self._signed.read(
            method, url, self._judge, json=json, accept=accept, budget=budget
        )

    async def write(  # noqa: PLR0913 - a request has these parts.
        self,
        method: str,
        url: str,
        place: str,
        *,
        json: object,
        headers: Mapping[str, str] = MappingProxyType({}),
        accept: Container[int] = (),
        budget: Budget = UNLIMITED,
    ) -> object:
        """Send a write, once, and answer its JSON; None for an empty body.

        Raises WriteRejected, WriteOutcomeUnknown (also where the answer is not JSON), Temporary or
        NeedsOperator (certainly not applied), and what the judge makes of an answer.
        """
        reply = await self._signed.write(
            method, url, self._judge, json=json, headers=headers, accept=accept, budget=budget
        )
        if not reply.body.strip():
            return None
        try:
            return values.json_value(reply.body)
        except ValueError as error:
            words = self.text(reply.body[:200].decode("utf-8", "replace"))
            text = f'{self.name}: {place}: the answer to a write is not JSON: "{words}"'
            raise WriteOutcomeUnknown(text) from error

    def decoded(self, reply: "Reply", shape: type[T], place: str) -> T:
        """Decode an answer's body.

        Raises NeedsOperator for a web page, which a wrong `url` leads to, ContractBroken otherwise.
        """
        try:
            content = bodies.json_of(
                reply.body, subject=self.name, place=place, redactor=self._redactor
            )
        except WebPageInstead as error:
            where = self._redactor.url(reply.url)
            words = f"{self.name}: a web page at {where}; url must be {self._expects}"
            raise NeedsOperator(words) from error
        return self.shaped(content, shape, place)

    def shaped(self, content: object, shape: type[T], place: str) -> T:
        """Give decoded JSON its type. Raises ContractBroken naming what is wrong and where."""
        try:
            return msgspec.convert(content, shape)
        except msgspec.ValidationError as error:
            raise ContractBroken(self.struck(str(error)), path=place, subject=self.name) from error

    def shaped_answer(self, content: object, shape: type[T], place: str) -> T:
        """Give the answer to a write its type. Raises WriteOutcomeUnknown where it has another."""
        try:
            return msgspec.convert(content, shape)
        except msgspec.ValidationError as error:
            words = f"{self.name}: {place}: the answer to a write: {self.struck(str(error))}"
            raise WriteOutcomeUnknown(words) from error

    async def sign_in(self) -> str:
        """Sign in, where that is a request of its own; what came of it, for the operator."""
        return await self._signed.sign_in()

    def doubts(self) -> Sequence[str]:
        """What about signing in may go wrong later, a sentence each."""
        return self._signed.doubts()

    @property
    def credential(self) -> str:
        """`, credential NAME`, to follow what happened; empty where there is none."""
        return self._signed.credential

    @property
    def rate_share(self) -> float:
        """How much of a limit that the merchant's apps share is for us, up to 1."""
        return self._signed.transport.rate_share

    @property
    def timeout_s(self) -> float:
        """How long one answer may take."""
        return self._signed.transport.timeout_s

    def text(self, text: str) -> str:
        """A text of the channel's made fit for a message."""
        return self._redactor.text(text)

    def struck(self, text: str) -> str:
        """A message of ours, in which the channel may be quoted, without our credentials."""
        return self._redactor.struck(text)

    async def aclose(self) -> None:
        """Close the connections. May be called twice."""
        await self._signed.aclose()
