"""The only HTTP: one `Transport` per channel, with its limits, retries, redaction and errors.

What became of a request, and which error says so (`sync/errors.py` says what each one means):

no connection could be made                              Temporary, a write was not sent
429                                                      Temporary, after its Retry-After
401, 403                                                 NeedsOperator, names the credential
any other way of not getting a whole answer
├── of a read: cut off, timed out, 408, 425, 5xx         Temporary
└── of a write: the same, a redirect or a long body      WriteOutcomeUnknown
another 4xx
├── of a read                                            ContractBroken, at the URL
└── of a write                                           WriteRejected, in the channel's words
a body beyond the bound, undecodable compression,
a redirect to another origin or in circles, of a read    ContractBroken, at the URL

"""

import asyncio
import logging
import random
import time
import zlib
from collections.abc import AsyncIterator, Container, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from sync.clock import Clock
from sync.errors import (
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
)
from sync.secrets import Secret
from sync.transport import refusals
from sync.transport.before_write import LastMoment
from sync.transport.budgets import base as budgets
from sync.transport.budgets.base import UNLIMITED, Budget
from sync.transport.call import AnswerHeaders, Call, FormFields, Judge, Proof, Reply
from sync.transport.decompression import Decompression
from sync.transport.kept import KeptAnswers, request_key
from sync.transport.notices import ChannelNotices
from sync.transport.pace import Pace
from sync.transport.rate_limit import RateLimitMeter
from sync.transport.redaction import Redactor

if TYPE_CHECKING:
    import httpx

# httpx, which takes 100 ms to import, is imported at the first request: a channel that reads files
# or a database sends none.
# httpx logs every URL, query included, and httpcore logs headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

ATTEMPTS_MAX = 4
PATIENCE_S = 10.0
"""Retrying ends where the next wait would go beyond this; the engine then backs off instead."""
REDIRECTS_MAX = 5
_ERROR_BODY_BYTES_MAX = 64 * 1024

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REDIRECTS_THAT_KEEP_THE_METHOD = frozenset({307, 308})
_SUCCESS = range(200, 300)


class Limits(msgspec.Struct, frozen=True):
    """What one channel may cost us, and we it."""

    timeout_ms: int = 30_000
    """For connecting, sending and receiving each, and for the exchange as a whole."""
    rate_per_s: float | None = None
    rate_share: float = 0.5
    """Of a limit that the channel's other apps share: so much of it we plan with, up to 1."""
    concurrency: int = 4
    """More than 4 is slower, not faster: httpx, not the network, is the narrow part."""
    body_bytes_max: int = 64 * 1024 * 1024
    """Of the body after decompression, so that a small one can't fill the memory."""


class Transport:
    """One channel's HTTP client. Never leaves the origin of `url`; sends credentials nowhere else.

    A `Secret` in a request's headers or JSON is revealed on the wire only, and struck out of every
    text that this transport makes from then on. For a caller that cancels a write the outcome is as
    unknown as with WriteOutcomeUnknown.
    """

    def __init__(
        self,
        channel: str,
        url: str,
        *,
        clock: Clock,
        limits: Limits | None = None,
        jitter: random.Random | None = None,
        meter: RateLimitMeter | None = None,
    ) -> None:
        limits = limits or Limits()
        self._channel = channel
        self._url = url
        scheme, _, rest = url.partition("://")
        host = rest.partition("/")[0]
        self._start = f"{scheme}://{host}/" if host else None
        """What the addresses at its origin begin with, nearly always."""
        self._clock = clock
        self._limits = limits
        self._jitter = jitter or random.Random()  # noqa: S311  # Spreads retries, guards nothing.
        self.redactor = Redactor()
        """Makes texts fit for messages: it knows every credential that was sent."""
        self._meter = meter or RateLimitMeter()
        self._kept = KeptAnswers(channel)
        self._pace = Pace(clock, limits.rate_per_s)
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._opened: httpx.AsyncClient | None = None

    @cached_property
    def _origin(self) -> tuple[str, str, int | None]:
        from sync.transport.client import origin

        return origin(self._url)

    @property
    def _client(self) -> "httpx.AsyncClient":
        """The connections, made ready when they are first asked for."""
        if self._opened is None:
            from sync.transport.client import client

            self._opened = client(
                self._url,
                timeout_s=self.timeout_s,
                connections_max=self._limits.concurrency,
            )
        return self._opened

    @property
    def timeout_s(self) -> float:
        """How long one answer may take."""
        return self._limits.timeout_ms / 1000

    @property
    def rate_share(self) -> float:
        """How much of a limit that it shares with other apps the channel takes."""
        return self._limits.rate_share

    @property
    def notices(self) -> ChannelNotices:
        """What the channel's answers have announced."""
        return self._meter.notices

    async def turn(self) -> None:
        """Wait until the channel's `rate` lets the next request start, for what is not HTTP."""
        await self._pace.turn()

    async def request(  # noqa: PLR0913 - a request has these parts; most callers name few of them.
        self,
        method: str,
        url: str,
        *,
        repeatable: bool,
        headers: Mapping[str, str | Secret] | None = None,
        json: object = None,
        form: FormFields | None = None,
        text: tuple[str, str] | None = None,
        proof: Proof | None = None,
        accept: Container[int] = (),
        judge: Judge = lambda _reply: None,
        budget: Budget = UNLIMITED,
        kept: bool = False,
    ) -> Reply:
        """Send one request and wait for its whole answer: 2xx, or a status of `accept`.

        A redirect of `accept` is an answer, too, and is not followed.
        `repeatable`: sending it twice is harmless, so it is retried and fails as a read does,
        whatever its method. Anything else is a write: sent once. Raises as drawn above, and what
        `judge` makes of an answer of success: a Temporary of a read is retried like any other.
        `kept`: it is a page of a list, whose answer is kept and, where the channel can say so,
        only confirmed next time.
        """
        call = Call(
            method, url, headers or {}, json, form, text, proof, repeatable, accept, judge, budget,
            kept=kept and repeatable and method == "GET",
        )  # fmt: skip
        sent = call.revealed()
        if not self.is_at(url):
            raise ContractBroken(
                f"{self._channel} points to another server", path=self.redactor.url(url)
            )
        try:
            try:
                return await self._attempts(call)
            except NeedsOperator as error:
                # The credential may have been replaced where it is kept. A refused one applied
                # nothing, so that even a write may be sent once more with the new one. What only
                # the body of a 200 calls a refusal may have done a part of it.
                if not (call.repeatable or error.status):
                    raise
                if not await asyncio.to_thread(call.renew, sent):
                    raise
            return await self._attempts(call)
        except NeedsOperator as error:
            error.is_replaced = call.is_replaced
            raise

    async def _attempts(self, call: Call) -> Reply:
        """Send it, and a read again where it may work a little later."""
        if not call.repeatable:
            return await self._attempt(call)
        # A limit that is known is waited for, so that a sweep goes on where it is.
        patience_s = PATIENCE_S if call.budget is UNLIMITED else budgets.WAIT_S_MAX
        began, number = time.monotonic(), 0
        while True:
            number += 1
            try:
                return await self._attempt(call)
            except Temporary as error:
                pause_s = self._pause_s(error, number)
                passed_s = time.monotonic() - began
                if number >= ATTEMPTS_MAX or passed_s + pause_s >= patience_s:
                    raise
            await self._clock.sleep(round(pause_s * 1000))

    def is_at(self, url: str) -> bool:
        """Whether an address is at its origin."""
        # To parse an address takes longer than to send it.
        is_plain = url.isascii() and url.isprintable()
        if self._start is not None and is_plain and url.startswith(self._start):
            return True
        from sync.transport.client import origin

        return origin(url) == self._origin

    def beside(self, url: str, *, body_bytes_max: int) -> "Transport":
        """A transport to another address of the same channel, such as where one signs in to it.

        Each hides in its texts what the other has sent. Whoever asks for it closes it.
        """
        limits = replace(self._limits, body_bytes_max=body_bytes_max)
        other = Transport(self._channel, url, clock=self._clock, limits=limits)
        other.redactor = self.redactor
        other._meter.notices = self.notices
        if self.is_at(url):
            other._pace = self._pace
        return other

    def pieces(self, url: str, *, bytes_max: int) -> AsyncIterator[bytes]:
        """Read a file at its origin piece by piece, with nothing of ours; see `download.pieces`."""
        from sync.transport import download

        return download.pieces(
            self._client, url, channel=self._channel, redactor=self.redactor, bytes_max=bytes_max,
            timeout_s=self.timeout_s,
        )  # fmt: skip

    async def aclose(self) -> None:
        """Close the connections. May be called twice."""
        if self._opened is not None:
            await self._opened.aclose()

    async def _attempt(self, call: Call) -> Reply:
        import httpx

        await self._pace.turn()
        try:
            await call.budget.turn()
        except Temporary as error:
            words = f"{self._channel} {error}"
            raise Temporary(words, retry_after_s=error.retry_after_s) from error
        async with self._slots:
            try:
                async with asyncio.timeout(self._limits.timeout_ms / 1000):
                    reply = await self._exchange(call)
            # Only these three mean that nothing was sent. Any other error of httpx may have come
            # after the request left, so a write that meets it has an unknown outcome.
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                text = f"{self._channel} cannot be reached at {self.redactor.url(call.url)}"
                raise Temporary(f"{text}: {self.redactor.reason(error)}") from error
            except (httpx.HTTPError, TimeoutError) as error:
                raise refusals.lost(
                    self._channel, self.redactor, call, error, self.timeout_s
                ) from error
            except ContractBroken as error:
                if call.repeatable:
                    raise
                raise WriteOutcomeUnknown(str(error)) from error
        self.notices.note(call, reply.headers, self.redactor)
        call.budget.note(reply)
        points = call.budget.points()
        self._meter.note(reply.headers, reply.status, self._clock.now(), points)
        if reply.status not in _SUCCESS and reply.status not in call.accept:
            wait_s = refusals.retry_after_s(reply, self._clock.now())
            if reply.status == budgets.SLOW_DOWN:
                self._pace.hold(min(wait_s or 0, PATIENCE_S))
            raise refusals.refusal(self._channel, self.redactor, call, reply, wait_s)
        verdict = call.judge(reply) if reply.status in _SUCCESS else None
        if isinstance(verdict, Temporary):
            self._pace.hold(min(verdict.retry_after_s or 0, PATIENCE_S))
        if verdict is not None:
            # What is no answer must not be confirmed as one.
            self._kept = KeptAnswers(self._channel)
            raise verdict
        return reply

    async def _exchange(self, call: Call) -> Reply:
        import httpx

        url = call.url
        self.redactor.learn(call.revealed())
        extensions = {} if call.repeatable else {"trace": LastMoment(self._clock).trace}
        for _ in range(REDIRECTS_MAX + 1):
            try:
                signed = call.signed(url)
                self.redactor.learn_passing(signed.passing)
                headers = call.wire_headers(signed)
                key = request_key(signed.url, headers) if call.kept and url == call.url else b""
                conditions = self._kept.conditions(key, self._clock.now())
                request = self._client.build_request(
                    call.method, signed.url, headers={**headers, **conditions},
                    content=call.wire_content(), extensions=extensions,
                )  # fmt: skip
                response = await self._client.send(request, stream=True)
                try:
                    location = response.headers.get("location")
                    status = response.status_code
                    if location is None or status not in _REDIRECTS or status in call.accept:
                        body = await self._body(response, whole=response.is_success)
                        cookies = response.headers.get_list("set-cookie")
                        answered = AnswerHeaders(response.headers.raw)
                        reply = Reply(status, answered, body, url, cookies)
                        return self._kept.settled(key, reply, self._clock.now()) if key else reply
                    url = self._redirected(call, status, str(request.url.join(location)))
                finally:
                    await response.aclose()
            except httpx.InvalidURL as error:
                path = self.redactor.url(url)
                words = f"{self._channel} redirects to something that is not a URL"
                raise ContractBroken(words, path=path) from error
        raise ContractBroken(
            f"{self._channel} redirects in circles", path=self.redactor.url(call.url)
        )

    async def _body(self, response: "httpx.Response", *, whole: bool) -> bytes:
        import httpx

        chunks, length = [], 0
        bound = self._limits.body_bytes_max if whole else _ERROR_BODY_BYTES_MAX
        try:
            decompression = Decompression(response.headers.get("content-encoding", ""))
            async for piece in response.aiter_raw():
                chunks.append(decompression.beginning(piece, bound - length))
                length += len(chunks[-1])
                if length > bound:
                    break
        except zlib.error as error:
            raise httpx.DecodingError("undecodable compression") from error
        if length > bound and whole:
            text = f"{self._channel} sent a body of more than {bound:,} bytes"
            raise ContractBroken(text, path=self.redactor.url(str(response.url)))
        if whole and not decompression.is_whole:
            raise httpx.ReadError("what is compressed in it is cut off")
        return b"".join(chunks)

    def _redirected(self, call: Call, status: int, url: str) -> str:
        """Find where a redirect leads. Raises ContractBroken where it may not be followed."""
        from sync.transport.client import is_same_site, origin

        path = self.redactor.url(call.url)
        if origin(url) != self._origin:
            place = self.redactor.url("{}://{}".format(*origin(url)))
            words = f"{self._channel} redirects to another server, {place}; not followed"
            # From http to https, or to the same name with www: the usual slip in an address.
            if is_same_site(url, self._origin):
                words = f"{words}: if that is the channel, write it in its url"
            raise ContractBroken(words, path=path)
        if call.method not in {"GET", "HEAD"} and status not in _REDIRECTS_THAT_KEEP_THE_METHOD:
            # A 301, 302 or 303 makes a POST into a GET. Following it would ask for something else
            # than we asked for, and report its answer as the answer to our write.
            raise ContractBroken(
                f"{self._channel} answered a {call.method} with {status}", path=path
            )
        return url

    def _pause_s(self, error: Temporary, number: int) -> float:
        """How long to wait after attempt `number`, in seconds."""
        # As long as the channel asked, else twice as long each time. The jitter keeps requests
        # that failed together from coming back together, and failing together again.
        asked_s = error.retry_after_s
        backoff_s = 0.5 * 2.0 ** (number - 1)
        return (asked_s or 0.0) + self._jitter.uniform(0.5, 1.0) * (0.2 if asked_s else backoff_s)
