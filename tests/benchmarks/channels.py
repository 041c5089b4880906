"""What a full sweep of 1,000 SKUs costs, for each kind against its fake, beside bare requests.

Run: python -m tests.benchmarks.channels [--write] [KIND…]

Each fake is swept once, and its answers are kept. Then Skew sweeps a server that only gives these
answers, and a bare client (httpx, msgspec) asks the same of it and decodes what comes: the ratio is
of these two. Nobody waits for a limit here: what half of the vendor's makes of it is worked out.
`--write` puts the table into docs/channels.md.
"""

import asyncio
import contextlib
import os
import re
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import msgspec

from store.model import Direction
from sync import channels
from sync.channels.base import closing
from sync.clock import SystemClock
from sync.settings import ChannelSettings
from tests.benchmarks.timing import once
from tests.contract.harness import SECRET, SECRET_NAME, OverHttp, options_of
from tests.contract.kinds import HARNESSES
from tests.loopback import Answer, ReceivedRequest

SKUS = 1_000
ROUNDS = 3
DOCUMENT = Path(__file__).parents[2] / "docs" / "channels.md"
MARKS = ("<!-- The sweeps:", "<!-- End of the sweeps. -->")
_TIME = re.compile(rb"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}")
HEADING = (
    "| kind | requests | seconds | against bare requests | of the vendor's limit, once a minute "
    "| seconds with half of it |\n| --- | --- | --- | --- | --- | --- |\n"
)


@dataclass(frozen=True)
class VendorLimit:
    """What a vendor allows on its smallest plan."""

    a_minute: float
    at_once: float
    """Of our half of it."""
    words: str
    in_points: bool = False

    def least_s(self, used: float) -> float:
        """The seconds that our half of it makes a sweep take."""
        return max(0.0, used - self.at_once) / (self.a_minute / 2) * 60


LIMITS = {
    "amazon": VendorLimit(300, 5, "300 requests"),
    "bigcommerce": VendorLimit(300, 75, "300 requests"),
    "ebay": VendorLimit(2_000_000 / 1440, 250_000, "2,000,000 requests a day"),
    "shopify": VendorLimit(6_000, 1_000, "6,000 points", in_points=True),
}
"""As `rate_limit` of the kinds says it, with its source there. The others have none."""


@dataclass
class Tape:
    """Stands before a fake: keeps what it answers, then gives that again."""

    fake: Any
    asked: list[ReceivedRequest] = field(default_factory=list)
    answers: dict[tuple[str, str, bytes], list[Answer]] = field(
        default_factory=lambda: defaultdict(list)
    )
    is_full: bool = False
    _left: dict[tuple[str, str, bytes], deque[Answer]] = field(default_factory=dict)

    def answer(self, asked: ReceivedRequest) -> Answer:
        key = _key(asked)
        if self.is_full:
            return self._left[key].popleft()
        found: Answer = self.fake.answer(asked)
        self.asked.append(asked)
        self.answers[key].append(found)
        return found

    def rewind(self) -> None:
        """From now on give the answers that were kept, from the first."""
        self.is_full = True
        self._left = {key: deque(answers) for key, answers in self.answers.items()}

    @property
    def points(self) -> float:
        """What the answers say that they cost, as GraphQL's do."""
        return sum(
            (_cost(answer.content) for answers in self.answers.values() for answer in answers), 0.0
        )


class ForwardClock(SystemClock):
    """Nobody waits: its hands are put forward."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now(self) -> int:
        return super().now() + self.ahead_ms

    async def sleep(self, span_ms: int) -> None:
        self.ahead_ms += span_ms
        await asyncio.sleep(0)


@dataclass(frozen=True)
class SweepCost:
    """What a sweep of one kind costs."""

    kind: str
    requests: int
    took_s: float
    bare_s: float
    points: float = 0

    def row(self) -> str:
        """Its row of the table."""
        limit, share, least = LIMITS.get(self.kind), "none known", "–"
        if limit is not None:
            used = self.points if limit.in_points else self.requests
            share = f"{100 * used / limit.a_minute:.0f} % of {limit.words}"
            least = f"{max(self.took_s, limit.least_s(used)):.0f}"
        bare = f"{self.took_s / self.bare_s:.1f} ×" if self.bare_s else "–"
        cells = (f"`{self.kind}`", f"{self.requests:,}", f"{self.took_s:.2f}", bare, share, least)
        return f"| {' | '.join(cells)} |\n"


def cost_of(kind: str, skus: int = SKUS) -> SweepCost:
    """Sweep a kind's fake with so many listings."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(_credential())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        harness = stack.enter_context(HARNESSES[kind](folder))
        for number in range(skus):
            harness.put(f"SKU-{number:05}", number % 90)
        if not isinstance(harness, OverHttp):
            took_s = min(once(lambda: _sweep(harness, skus)) for _ in range(ROUNDS))
            return SweepCost(kind, 0, took_s, 0)
        tape = Tape(harness.backend)
        harness.front.spoil = tape.answer
        _sweep(harness, skus)
        took_s = bare_s = float("inf")
        for _ in range(ROUNDS):
            tape.rewind()
            took_s = min(took_s, once(lambda: _sweep(harness, skus)))
            tape.rewind()
            bare_s = min(bare_s, once(lambda: _bare(harness.server.url, tape.asked)))
        return SweepCost(kind, len(tape.asked), took_s, bare_s, tape.points)


def _sweep(harness: Any, skus: int) -> None:
    """Read all listings."""

    async def sweep() -> None:
        settings = ChannelSettings(
            name="shop",
            kind=harness.kind,
            direction=Direction.OBSERVE,
            options=options_of(channels.kind(harness.kind).OPTIONS, harness.table()),
        )
        channel = channels.open_channel(settings, ForwardClock(), harness.base)
        try:
            async with closing(channel.pages()) as pages:
                came = sum([len(page.records) async for page in pages])
        finally:
            await channel.close()
        # A harness may begin with a listing of its own.
        assert came >= skus, f"{harness.kind}: {came} of {skus}"

    asyncio.run(sweep())


def _bare(url: str, asked: list[ReceivedRequest]) -> None:
    """Ask the same, one after the other, and decode each answer."""
    dropped = {"host", "content-length", "connection", "accept-encoding"}

    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            for request in asked:
                headers = {k: v for k, v in request.headers.items() if k not in dropped}
                reply = await client.request(
                    request.method, url + request.path, content=request.body, headers=headers
                )
                with contextlib.suppress(msgspec.DecodeError):
                    msgspec.json.decode(reply.content)

    asyncio.run(ask())


def _key(asked: ReceivedRequest) -> tuple[str, str, bytes]:
    """What a request asks for, without its signature and times, which are others each time."""
    parts = urlsplit(asked.path)
    query = [(k, v) for k, v in parse_qsl(parts.query, True) if not k.startswith("oauth_")]
    return asked.method, f"{parts.path}?{urlencode(query)}", _TIME.sub(b"", asked.body)


def _cost(body: bytes) -> float:
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return 0.0
    cost = content.get("extensions", {}).get("cost", {}) if isinstance(content, dict) else {}
    return float(cost.get("actualQueryCost") or 0)


@contextlib.contextmanager
def _credential() -> Iterator[None]:
    before = os.environ.get(SECRET_NAME)
    os.environ[SECRET_NAME] = SECRET
    try:
        yield
    finally:
        os.environ.pop(SECRET_NAME)
        if before is not None:
            os.environ[SECRET_NAME] = before


def main(words: list[str]) -> None:
    """Print the table, and with --write put it into the document."""
    kinds = [word for word in words if not word.startswith("-")] or sorted(channels.KINDS)
    print(HEADING, end="")
    rows = []
    for kind in kinds:
        rows.append(cost_of(kind).row())
        print(rows[-1], end="", flush=True)
    if "--write" in words:
        text = DOCUMENT.read_text(encoding="utf-8")
        begin = text.index("\n", text.index(MARKS[0])) + 1
        table = f"\n{HEADING}{''.join(rows)}\n"
        DOCUMENT.write_text(text[:begin] + table + text[text.index(MARKS[1]) :], encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
