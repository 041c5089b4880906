"""What a channel's server may answer, of each kind that speaks HTTP, to all that it is asked."""

import asyncio
import gzip
import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from pathlib import Path

from store.model import Direction, Record
from sync import channels
from sync.channels.base import Channel
from sync.contract.harness import Harness, options_of
from sync.settings import ChannelSettings
from tests.contract.harness import SECRET, SECRET_NAME, OverHttp
from tests.contract.kinds import HARNESSES, NETWORKED, running
from tests.contract.spoilt_answers import WRONG, driven, spoilt
from tests.fuzz.draw import FuzzDraw
from tests.fuzz.in_process import VirtualClock, without_sockets
from tests.fuzz.oracle import FuzzTarget, whole_text
from tests.loopback import Answer, ReceivedRequest

KINDS = (*sorted({*NETWORKED} - {"simulated"}), "odoo, json-rpc", "odoo, each warehouse")
DOORS = sorted(name for name in HARNESSES if name.startswith("http, "))
"""The ways to sign in to a described API."""
HEADERS = (
    "Link",
    "Location",
    "Retry-After",
    "Content-Type",
    "Content-Encoding",
    "Date",
    "ETag",
    "Last-Modified",
    "X-WP-Total",
    "X-WP-TotalPages",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "RateLimit",
    "RateLimit-Policy",
    "X-Shopify-Shop-Api-Call-Limit",
    "X-Rate-Limit-Time-Reset-Ms",
    "X-Rate-Limit-Requests-Left",
    "x-amzn-RateLimit-Limit",
    "vendure-auth-token",
    "Set-Cookie",
    "Deprecation",
    "Sunset",
    "Warning",
)
STATUSES = (
    200,
    201,
    202,
    204,
    206,
    207,
    300,
    301,
    302,
    304,
    307,
    308,
    400,
    401,
    402,
    403,
    404,
    405,
    409,
    410,
    412,
    415,
    418,
    422,
    423,
    425,
    429,
    430,
    451,
    500,
    501,
    503,
    504,
    507,
    599,
)
TEXTS = (
    "",
    "0",
    "-1",
    "9" * 400,
    "1e400",
    "nan",
    "inf",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 99 Foo 99999 99:99:99 GMT",
    "<https://[half>; rel=next",
    '<?page=2>; rel="next"',
    '<http://127.0.0.1:8080/again>; rel="next"',
    "//[half",
    "http://127.0.0.1:8080/",
    "file:///etc/passwd",
    "http://169.254.169.254/",
    "javascript:x",
    "data:,x",
    "?",
    "#",
    "\\",
    "text/html; charset=utf-16",
    "application/json; charset=nope",
    "gzip",
    "deflate",
    "br",
    "zstd",
    "gzip, gzip",
    "identity",
    "1/0",
    "40/40",
    ";;;",
    "a=b; a=b; a=b",
    '"default";r=0;t=-1',
    "limit=0, remaining=-1, reset=1e9",
)


class FuzzedFront:
    """Answers as the backend does, but for what the bytes say."""

    def __init__(self, harness: OverHttp, draw: FuzzDraw) -> None:
        self._harness, self._draw = harness, draw
        self._number = draw.number(24)
        self._stays = draw.number(3) == 0
        self._path: str | None = None
        self._came = 0

    def __call__(self, asked: ReceivedRequest) -> Answer:
        answer = self._harness.backend.answer(asked)
        path, self._came = asked.path.partition("?")[0], self._came + 1
        if self._came - 1 == self._number:
            self._path = path
        if path != self._path or not (self._stays or self._came - 1 == self._number):
            return answer
        for _ in range(1 + self._draw.number(4)):
            answer = self._wrong(answer)
        return answer

    def _wrong(self, answer: Answer) -> Answer:
        draw = self._draw
        match draw.number(8):
            case 4:
                text = draw.choice(TEXTS) if draw.number(2) else draw.text()
                text = "".join(part for part in text if part.isprintable())
                return replace(answer, headers={**answer.headers, draw.choice(HEADERS): text})
            case 5:
                return replace(answer, status=draw.choice(STATUSES))
            case 6:
                content = answer.content
                place = draw.number(len(content) + 1)
                return replace(
                    answer,
                    body=content[:place]
                    + draw.some(draw.number(64))
                    + content[place + draw.number(64) :],
                )
            case 7:
                return self._packed(answer)
            case _:
                try:
                    content = json.loads(answer.content)
                except (ValueError, RecursionError):
                    return replace(answer, body=json.dumps(draw.choice(WRONG)).encode())
                return replace(answer, body=json.dumps(spoilt(content, draw)).encode())

    def _packed(self, answer: Answer) -> Answer:
        draw, content = self._draw, answer.content
        packed = (gzip.compress(content, 1, mtime=0), zlib.compress(content), content)[
            draw.number(3)
        ]
        packed = packed[: len(packed) - draw.number(20)] if draw.number(2) else packed
        coding = draw.choice(("gzip", "deflate", "x-gzip", "br", "gzip, gzip", "GZIP "))
        lose = draw.number(8) == 7
        return replace(
            answer, body=packed, headers={**answer.headers, "Content-Encoding": coding}, lose=lose
        )


@cache
def _base() -> Path:
    os.environ[SECRET_NAME] = SECRET
    return Path(tempfile.mkdtemp(prefix="skew-fuzz-"))


def open_channel(harness: Harness) -> Channel:
    options = options_of(channels.kind(harness.kind).OPTIONS, harness.table())
    settings = ChannelSettings(
        name="shop", kind=harness.kind, direction=Direction.PUSH, options=options, timeout_ms=5000
    )
    return channels.open_channel(settings, VirtualClock(), harness.base)


async def _all_that_it_can(harness: OverHttp, good: Sequence[Record]) -> list[str]:
    channel = open_channel(harness)
    try:
        return await driven(channel, good)
    finally:
        await channel.close()


async def _good(harness: OverHttp) -> list[Record]:
    channel = open_channel(harness)
    try:
        return [record async for page in channel.pages() for record in page.records]
    finally:
        await channel.close()


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


@cache
def known(kind: str) -> tuple[Record, ...]:
    """What the backend has where nobody spoils anything."""
    with without_sockets(), running(kind, _base()) as harness:
        assert isinstance(harness, OverHttp)
        found = _runner().run(_good(harness))
    return tuple(record for record in found if record.sku in ("A-1", "B-2"))


def attempt(kind: str, content: bytes) -> None:
    good = known(kind)
    with without_sockets(), running(kind, _base()) as harness:
        assert isinstance(harness, OverHttp)
        harness.front.spoil = FuzzedFront(harness, FuzzDraw(content))
        said = _runner().run(_all_that_it_can(harness, good))
    for text in said:
        whole_text(text)
        assert SECRET not in text


def attempt_door(content: bytes) -> None:
    """The first byte says how the API is signed in to."""
    attempt(DOORS[content[0] % len(DOORS)] if content else DOORS[0], content[1:])


def seeds() -> Iterable[bytes]:
    """One for each of the first answers, and each way to spoil it."""
    for number in range(0, 16, 3):
        for how in range(8):
            yield bytes([number, number % 3, 0, how, 5 * number, number, how, 200, 3, 1, 4, 1, 5])


def _door_seeds() -> Iterable[bytes]:
    for number in range(len(DOORS)):
        yield from (bytes([number]) + content for content in islice(seeds(), 4))


TARGETS = {
    **{f"answers: {kind}": FuzzTarget(seeds, partial(attempt, kind)) for kind in KINDS},
    "answers: http, signing in": FuzzTarget(_door_seeds, attempt_door),
}
