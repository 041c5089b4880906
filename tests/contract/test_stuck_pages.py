"""A cache in front of a channel answers every page of a list with the first, whatever is asked.

Some are set up to leave out the query, or the body, of what they answer by. A poll then ends within
a bound, and never takes the first page for the whole list.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sync.errors import ChannelError
from tests.contract.harness import OverHttp, opened, settle
from tests.contract.kinds import NETWORKED, by_example, running
from tests.loopback import Answer, ReceivedRequest

REQUESTS_MAX = 400
"""A list of a few pages takes a few; one that goes in a circle is given up long before."""


class AskedForEver(BaseException):
    """The channel asks again and again."""


@dataclass
class StuckFront:
    """Answers what was asked at an address before with the first answer of success from there."""

    harness: OverHttp
    first: dict[tuple[str, str], Answer] = field(default_factory=dict)
    came: int = 0

    def __call__(self, asked: ReceivedRequest) -> Answer:
        self.came += 1
        place = (asked.method, asked.path.partition("?")[0])
        if place not in self.first or "sku=" in asked.path:
            answer = self.harness.backend.answer(asked)
            if answer.status != 200:
                return answer
            self.first[place] = answer
        return self.first[place]


# Magento itself repeats the last page for ever, and its total may be off: a first page that is full
# and comes again is the whole list there. That others are missing, the guard sees.
KINDS = sorted({*NETWORKED} - {"adobe-commerce"})


@pytest.mark.parametrize("kind", by_example(KINDS))
async def test_a_page_that_comes_again_for_ever_is_not_the_whole_list(
    kind: str, tmp_path: Path
) -> None:
    with running(kind, tmp_path) as harness:
        assert isinstance(harness, OverHttp)
        skus = [f"M-{number:05}" for number in range(harness.many)]
        for sku in skus:
            harness.put(sku, 3)
        front = StuckFront(harness)
        harness.front.spoil = front
        found: set[str] = set()
        cut_short = ""
        try:
            async with opened(harness) as channel:
                async for page in channel.pages():
                    found |= {record.sku for record in page.records}
                    cut_short = cut_short or page.cut_short
                    assert front.came < REQUESTS_MAX
        except ChannelError:
            return
        finally:
            settle(harness)
            harness.server.asked.clear()

    assert cut_short or found >= set(skus)
