"""Each kind against a server whose answers have something wrong in them, at random and repeatably.

Whatever comes, nothing but a ChannelError leaves a channel, no credential stands in its words, and
each change has its receipt.
"""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.harness import SECRET, OverHttp, opened, poll, settle
from tests.contract.kinds import NETWORKED, running
from tests.contract.spoilt_answers import driven, spoilt
from tests.loopback import Answer, ReceivedRequest

ROUNDS = 40
ANSWERS = (4, 8, 16)
"""One of about so many of a round is spoilt, and with it those of the same path."""


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
