"""Asking one shop by GraphQL, and what its answers mean (Admin API 2026-10).

Most of what Shopify refuses is an answer of 200 with `errors`, each with a code in its extensions.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from sync.channels.api import addresses, complaints
from sync.channels.api.graphql import GraphQLAnswer, GraphQLError, answer_in
from sync.channels.api.vendor import VendorClient
from sync.channels.shopify.costs import QUERY_POINTS_MAX, ShopifyCosts, cost_in
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.transport.budgets.base import SLOWEST_S

if TYPE_CHECKING:
    from sync.transport.budgets.points import PointsBucket
    from sync.transport.call import Reply

T = TypeVar("T")

VERSION_HEADER = "X-Shopify-API-Version"
EXPECTS = "the shop's own address, https://NAME.myshopify.com"

_PAGE_POINTS_MAX = 0.9 * QUERY_POINTS_MAX
_PAGE_POINTS_MIN = 100.0

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNAVAILABLE = {402: "the shop is frozen: its plan is not paid", 423: "the shop is locked"}
_EXPLAINED = _REDIRECTS | {404} | _UNAVAILABLE.keys()
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+", re.ASCII)
_BEFORE_EXECUTION = frozenset(
    {
        "THROTTLED", "ACCESS_DENIED", "SHOP_INACTIVE", "MAX_COST_EXCEEDED", "BAD_REQUEST",
        "INVALID_VARIABLE", "undefinedField", "undefinedType", "argumentNotAccepted",
        "argumentLiteralsIncompatible", "missingRequiredArguments", "variableMismatch",
        "variableNotDefined", "variableNotUsed", "undefinedDirective", "parseError",
        "missingRequiredInputObjectAttribute",
    }
)  # fmt: skip
"""Codes of what Shopify refuses before it does anything: a write with only these did nothing."""


class ShopifyTooCostly(ContractBroken):
    """The query may cost more than Shopify takes at once: a smaller page may go."""


class ShopifySession:
    """Asks one shop. It knows which version answered last, and what the last query cost."""

    def __init__(
        self, client: VendorClient, endpoint: str, api_version: str, bucket: "PointsBucket"
    ) -> None:
        self.name = client.name
        self.client = client
        self.costs = ShopifyCosts()
        self._bucket = bucket
        self.endpoint = endpoint
        self._asked_version = api_version
        self._answered_version = ""

    async def ask(
        self,
        query: str,
        variables: Mapping[str, object],
        place: str,
        *,
        points: float = 10.0,
        write: bool = False,
    ) -> Mapping[str, object]:
        """Send one operation and answer its data. `place` names it in errors.

        `points`: what it may cost. Raises ShopifyTooCostly beside what other channels raise.
        """
        answers: list[GraphQLAnswer] = []

        def judge(reply: "Reply") -> ChannelError | None:
            self._answered_version = reply.headers.get(VERSION_HEADER, "")
            answer = self._answer_in(reply, place, write=write)
            answers.append(answer)
            self.costs.note(query, answer.extensions)
            return self._verdict(answer, place, write=write)

        client = self.client.judged_by(judge)
        request = {"query": query, "variables": variables}
        budget = self._bucket.query(points)
        if write:
            await client.write("POST", self.endpoint, place, json=request, budget=budget)
        else:
            reply = await client.fetch(
                "POST", self.endpoint, json=request, accept=_EXPLAINED, budget=budget
            )
            if reply.status in _EXPLAINED:
                raise self._explained(reply)
        return answers[-1].data or {}

    async def shaped(
        self,
        query: str,
        variables: Mapping[str, object],
        place: str,
        shape: type[T],
        *,
        points: float = 10.0,
    ) -> T:
        """Ask, and give the data its type. Raises as `ask`, and ContractBroken."""
        data = await self.ask(query, variables, place, points=points)
        return self.client.shaped(data, shape, place)

    @property
    def points_per_s(self) -> float:
        """Our part of the points that the shop's plan gives a second."""
        return self.costs.restored_per_s * self.client.rate_share

    @property
    def page_points(self) -> float:
        """What one query may well cost: no more than our part gives in the time of a turn."""
        # A query that needs longer would get its turn all the same, and take of the others' part.
        return min(_PAGE_POINTS_MAX, max(_PAGE_POINTS_MIN, self.points_per_s * SLOWEST_S))

    def doubts(self) -> list[str]:
        """What about the API itself is not as it was asked for, a sentence each."""
        answered = self._answered_version
        if not answered or answered == self._asked_version:
            return []
        # A version that Shopify no longer has is answered by its oldest one.
        words = f"Shopify answered by API version {self.client.text(answered)}, not by"
        return [f"{words} {self._asked_version}: set api_version to one that it still supports"]

    def _answer_in(self, reply: "Reply", place: str, *, write: bool) -> GraphQLAnswer:
        if not write and complaints.is_web_page(reply.body):
            raise NeedsOperator(self._instead("a web page", reply))
        return answer_in(reply.body, self.name, place, write=write)

    def _verdict(self, answer: GraphQLAnswer, place: str, *, write: bool) -> ChannelError | None:
        if answer.errors:
            return self._meaning(answer, place, write=write)
        if answer.data is not None:
            return None
        words = "neither data nor errors"
        if write:
            return WriteOutcomeUnknown(f"{self.name}: {place}: {words}")
        return ContractBroken(words, path=place, subject=self.name)

    def _meaning(self, answer: GraphQLAnswer, place: str, *, write: bool) -> ChannelError:
        """Turn an answer's `errors` into ours."""
        errors = answer.errors
        codes = {error.code for error in errors}
        text = f"{self.name} answered: {self._words(errors)}"
        if "THROTTLED" in codes:
            # Before a read is sent again, the bucket waits for what it costs.
            cost = cost_in(answer.extensions) if write else None
            wait_s = None if cost is None else cost.wait_s
            return Temporary(f"{text}, at {place}", retry_after_s=wait_s)
        if "ACCESS_DENIED" in codes:
            return NeedsOperator(self._lacking(errors, place))
        if "SHOP_INACTIVE" in codes:
            return NeedsOperator(f"{self.name}: the shop is not active: {self._words(errors)}")
        if write:
            refused_before = codes <= _BEFORE_EXECUTION
            return WriteRejected(text) if refused_before else WriteOutcomeUnknown(text)
        return self._of_read(errors, codes, place)

    def _of_read(self, errors: Sequence[GraphQLError], codes: set[str], place: str) -> ChannelError:
        words = self._words(errors)
        if "MAX_COST_EXCEEDED" in codes:
            return ShopifyTooCostly(words, path=place, subject=self.name)
        if "INTERNAL_SERVER_ERROR" in codes:
            return Temporary(f"{self.name} answered: {words}")
        where = self.client.text(errors[0].place) or place
        return ContractBroken(words, path=where, subject=self.name)

    def _lacking(self, errors: Sequence[GraphQLError], place: str) -> str:
        """Say which scope is missing: Shopify names it in its sentence."""
        said = " ".join(
            f"{error.message} {error.extensions.get('requiredAccess', '')}" for error in errors
        )
        scopes = list(dict.fromkeys(_SCOPE.findall(said)))
        lacks = f"its app lacks the scope {' and '.join(scopes)}"
        what = lacks if scopes else "its app may not do that"
        return (
            f"{self.name}: {what}, for {place}{self.client.credential}: add it to the app and "
            f"install it again. Shopify says: {self._words(errors)}"
        )

    def _words(self, errors: Sequence[GraphQLError]) -> str:
        return self.client.text("; ".join(error.message for error in errors)) or "no reason given"

    def _explained(self, reply: "Reply") -> ChannelError:
        """The error for a status that says that this is not the shop's API."""
        if reply.status in _UNAVAILABLE:
            return NeedsOperator(
                f"{self.name} answered {reply.status}: {_UNAVAILABLE[reply.status]}"
            )
        if reply.status not in _REDIRECTS:
            return NeedsOperator(
                self._instead(f"{reply.status}, no Admin API {self._asked_version}", reply)
            )
        host = addresses.named(reply.headers.get("location", ""), reply.url).hostname or ""
        place = self.client.text(host)
        if host.endswith(".myshopify.com"):
            return NeedsOperator(
                f"{self.name} is the address of a storefront: its shop is {place}; write "
                f'shop = "{place}"'
            )
        # A POST that is redirected becomes another request, and another server gets no credential.
        return ContractBroken(
            f"redirects to {place}; not followed. url must be {EXPECTS}",
            path=self.client.text(urlsplit(reply.url).path),
            subject=self.name,
        )

    def _instead(self, what: str, reply: "Reply") -> str:
        host = self.client.text(urlsplit(reply.url).netloc)
        return f"{self.name}: {what} at {host}; url must be {EXPECTS}, not a storefront's"
