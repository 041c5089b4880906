"""What may be wrong in an answer, at random and repeatably, and all that a channel can be asked."""

import asyncio
import copy
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from store.model import Record
from sync.channels.base import Channel, ListingRef
from sync.errors import ChannelError
from tests.contract.harness import SECRET, change

T = TypeVar("T")
DEPTH_MAX = 60

WRONG: Sequence[object] = (
    None, [], {}, True, False, "", "x", -1, 0, 1, 0.5, "1", [[]], [None], [{}], {"a": None},
    float("inf"), float("nan"), 10**30, 10**400, SECRET, "a\nb", "../x", "\ud800", "x" * 5000,
    "12.00", "2026-13-45T99:99:99Z", "https://[", "{ref}%s", "9" * 5000,
)  # fmt: skip


class Drawing(Protocol):
    """Draws at random: `random.Random`, and the bytes of a fuzzer."""

    def random(self) -> float: ...
    def choice(self, seq: Sequence[T], /) -> T: ...


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in decoded JSON: the whole itself, and all that lies in it."""
    yield path
    if len(path) < DEPTH_MAX and isinstance(content, dict | list):
        parts = content.items() if isinstance(content, dict) else enumerate(content[:5])
        for name, part in parts:
            yield from places(part, (*path, name))


def spoilt(content: Any, draw: Drawing) -> Any:
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

    async def heard() -> None:
        async for page in channel.events(None):  # type: ignore[attr-defined]
            said.extend(f"{refused.place} {refused.reason}" for refused in page.refused)

    said.append(str(await told(channel.sign_in(), said)))
    await told(swept(), said)
    if channel.abilities.events:
        await told(heard(), said)
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
