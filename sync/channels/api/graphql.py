"""GraphQL over HTTP: an answer of 200 that holds data, errors, or both.

Which errors a vendor's codes stand for is the kind's own knowledge; the envelope is read here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from sync import values
from sync.channels.api.vendor import VendorClient
from sync.errors import ChannelError, ContractBroken, WriteOutcomeUnknown
from sync.transport.budgets.base import UNLIMITED, Budget

if TYPE_CHECKING:
    from sync.transport.call import Reply


class GraphQLError(msgspec.Struct, frozen=True):
    """One of an answer's `errors`."""

    message: str = ""
    path: list[str | int] | None = None
    extensions: dict[str, object] = {}

    @property
    def code(self) -> str:
        """Its `extensions.code`; empty where it has none."""
        return str(self.extensions.get("code", ""))

    @property
    def place(self) -> str:
        """Its path in the answer, with dots; empty where it has none."""
        return ".".join(str(part) for part in self.path or ())


class GraphQLAnswer(msgspec.Struct, frozen=True):
    """A whole answer."""

    data: dict[str, object] | None = None
    errors: list[GraphQLError] = []
    extensions: dict[str, object] = {}


def answer_in(body: bytes, subject: str, place: str, *, write: bool = False) -> GraphQLAnswer:
    """Decode a body. Raises ContractBroken for anything else, of a write WriteOutcomeUnknown."""
    try:
        return msgspec.convert(values.json_value(body), GraphQLAnswer)
    except ValueError as error:
        if write:
            text = f"{subject}: the answer to a write is not GraphQL: {error}"
            raise WriteOutcomeUnknown(text) from error
        raise ContractBroken(f"{subject} sent no GraphQL: {error}", path=place) from error


Meaning = Callable[[Sequence[GraphQLError], bool], ChannelError]
"""Makes an error of an answer's `errors`; the second says whether it answers a write."""


class GraphQLClient:
    """Asks one GraphQL API."""

    def __init__(self, client: VendorClient, url: str, meaning: Meaning) -> None:
        self._client = client
        self._url = url
        self._meaning = meaning

    async def ask(
        self,
        query: str,
        variables: Mapping[str, object],
        place: str,
        *,
        write: bool = False,
        budget: Budget = UNLIMITED,
    ) -> Mapping[str, object]:
        """Send one operation and answer its data. `place` names it in errors.

        A write is sent once. An error that `meaning` makes a Temporary is retried for a read.
        """
        request = {"query": query, "variables": variables}

        def judge(reply: "Reply") -> ChannelError | None:
            answer = answer_in(reply.body, self._client.name, place, write=write)
            if answer.errors:
                return self._meaning(answer.errors, write)
            if answer.data is None:
                words = "neither data nor errors"
                if write:
                    return WriteOutcomeUnknown(f"{self._client.name}: {place}: {words}")
                return ContractBroken(words, path=place, subject=self._client.name)
            return None

        client = self._client.judged_by(judge)
        if write:
            content = await client.write("POST", self._url, place, json=request, budget=budget)
            answer = client.shaped_answer(content, GraphQLAnswer, place)
        else:
            answer = await client.read(
                "POST", self._url, GraphQLAnswer, place, json=request, budget=budget
            )
        return answer.data or {}
