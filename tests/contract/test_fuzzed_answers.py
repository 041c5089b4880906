"""Each kind against a server whose answers have something wrong in them, at random and repeatably.

Whatever comes, nothing but a ChannelError leaves a channel, no credential stands in its words, and
each change has its receipt.
"""

import asyncio
import copy
import json
import random
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store.model import Record
from sync.channels.base import Channel, ListingRef
from sync.errors import ChannelError
from tests.contract.harness import SECRET, OverHttp, change, opened, poll, settle
from tests.contract.kinds import NETWORKED, running
from tests.loopback import Answer, ReceivedRequest

ROUNDS = 40
ANSWERS = (4, 8, 16)
"""One of about so many of a round is spoilt, and with it those of the same path."""
DEPTH_MAX = 60

WRONG: Sequence[object] = (
    None, [], {}, True, False, "", "x", -1, 0, 1, 0.5, "1", [[]], [None], [{}], {"a": None},
    float("inf"), float("nan"), 10**30, 10**400, SECRET, "a\nb", "../x", "\ud800", "x" * 5000,
    "12.00", "2026-13-45T99:99:99Z", "https://[", "{ref}%s", "9" * 5000,
)  # fmt: skip


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in decoded JSON: the whole itself, and all that lies in it."""
    yield path
    if len(path) < DEPTH_MAX and isinstance(content, dict | list):
        parts = content.items() if isinstance(content, dict) else enumerate(content[:5])
        for name, part in parts:
            yield from places(part, (*path, name))


def spoilt(content: Any, draw: random.Random) -> Any:
    """Put something wrong at one place: another value, nothing at all, a list cut or doubled."""
    path = draw.choice(list(places(content)))
    if not path:
        return draw.choice(WRONG)
    whole = copy.deepcopy(content)
    around = whole
    for name in path[:-1]:
        around = around[name]
    there, how = around[path[-1]], draw.random()
    if how < 0.15:
        del around[path[-1]]
    elif how < 0.3 and isinstance(there, list):
        around[path[-1]] = draw.choice([there + there, there[::-1], [], there[1:]])
    else:
        around[path[-1]] = draw.choice(WRONG)
    return whole


class SpoiltFront:
    """Answers as the backend does, but for one answer, and those of its path after it."""

    def __init__(self, harness: OverHttp, seed: str) -> None:
        self._harness, self._seed, self._draw = harness, seed, random.Random(seed)
        self._number = self._draw.randrange(self._draw.choice(ANSWERS))
        self._path: str | None = None
        self._came = 0

    def __call__(self, asked: ReceivedRequest) -> Answer | None:
        answer = self._harness.backend.answer(asked)
        path, self._came = asked.path.partition("?")[0], self._came + 1
        if self._came - 1 == self._number:
            self._path = path
        if path != self._path:
            return answer
        try:
            content = json.loads(answer.content)
        except ValueError:
            return answer
        # The same for each of its path: a trouble that stays.
        draw = random.Random(self._seed)
        for _ in range(draw.choice([1, 1, 2, 4])):
            content = spoilt(content, draw)
        return replace(answer, body=json.dumps(content).encode())


async def told(asked: Awaitable[Any], said: list[str]) -> Any:
    """What a channel answers; None where it raises, which must be an error in words."""
    try:
        return await asyncio.wait_for(asked, 20)
    except ChannelError as error:
        said.append(repr(error))
        return None


async def driven(channel: Channel, good: Sequence[Record]) -> list[str]:
    """Do all that a channel can; every text of it that people see."""
    said: list[str] = []

    async def swept() -> None:
        async for page in channel.pages():
            said.extend([*page.warnings, page.cut_short])
            said.extend(f"{refused.place} {refused.reason}" for refused in page.refused)

    said.append(str(await told(channel.sign_in(), said)))
    await told(swept(), said)
    if channel.abilities.reads_one:
        wanted = [ListingRef(record.sku, record.location, record.ref) for record in good]
        found = await told(channel.read(wanted), said)
        said += [refused.reason for refused in found.refused] if found is not None else []
    if channel.abilities.writes:
        changes = [change(record, (record.available or 0) + 7, record.sku) for record in good]
        changes = changes[: channel.abilities.batch_max]
        receipts = await told(channel.write(changes), said)
        assert receipts is None or [receipt.change for receipt in receipts] == changes
        said += [f"{r.refused} {r.unknown} {r.unsent}" for r in receipts or ()]
    return said


@pytest.mark.long
@pytest.mark.parametrize("kind", NETWORKED)
async def test_whatever_comes_a_channel_says_in_words_what_is_wrong(
    kind: str, tmp_path: Path
) -> None:
    for number in range(ROUNDS):
        base = tmp_path / str(number)
        base.mkdir()
        with running(kind, base) as harness:
            assert isinstance(harness, OverHttp)
            good = [r for r in (await poll(harness)).records if r.sku in ("A-1", "B-2")]
            harness.front.spoil = SpoiltFront(harness, f"{kind} {number}")
            async with opened(harness) as channel:
                said = await driven(channel, good)
            settle(harness)
            # What comes of a wrong id or cursor need not be a request of the vendor's contract.
            harness.server.asked.clear()
            assert [text for text in said if SECRET in text] == [], f"{kind} {number}"
