"""The list of a described API, read as fast as its description lets it, and how fast that is.

What is counted is our own processor time, which holds on a busy machine: a record's cost to us.

Run alone: python -m tests.benchmarks.description [RECORDS]   (default 60000)
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx
import msgspec

from sync.channels.base import closing
from sync.channels.http.channel import HttpApi, open_channel
from sync.channels.http.options import HttpOptions
from sync.clock import SystemClock
from sync.transport.transport import Transport
from tests.benchmarks import http_server

FIELDS = {"sku": "sku", "available": "available", "price": "price"}
BY_JMESPATH = {field: f"{path} | @" for field, path in FIELDS.items()}
"""The same fields, so written that they are no paths."""

TRIES = 3


class _Record(msgspec.Struct):
    sku: str
    available: int
    price: float


class _Page(msgspec.Struct):
    items: list[_Record]
    next: str | None


def run(records: int) -> None:
    """Print how many records a second come in each way, in one run."""
    print(f"\n{records:,} records of a described list, without a cache")
    with http_server.Server(records) as url:
        ways: dict[str, Callable[[], Awaitable[int]]] = {
            "bare httpx": lambda: _bare(url, records, decode=False),
            "bare httpx and msgspec": lambda: _bare(url, records, decode=True),
            "paths, compiled": lambda: _described(url, FIELDS),
            "paths, each record with care": lambda: _described(url, FIELDS, careful=True),
            "JMESPath": lambda: _described(url, BY_JMESPATH),
            "JMESPath, each record with care": lambda: _described(url, BY_JMESPATH, careful=True),
        }
        rates = {
            name: records / min(_took(way) for _ in range(TRIES)) for name, way in ways.items()
        }
    bare = rates["bare httpx and msgspec"]
    for name, rate in rates.items():
        print(f"  {name:46} {rate:9,.0f} records/s  of bare {rate / bare:6.2f}")


def _took(way: Callable[[], Awaitable[int]]) -> float:
    async def timed() -> float:
        start = time.process_time()
        await way()
        return time.process_time() - start

    return asyncio.run(timed())


async def _bare(url: str, records: int, *, decode: bool) -> int:
    if not decode:
        await http_server.bare(url, records)
        return records
    decoder, count = msgspec.json.Decoder(_Page), 0
    async with httpx.AsyncClient() as client:
        for number in range((records + http_server.PAGE - 1) // http_server.PAGE):
            answer = await client.get(f"{url}/{number}")
            count += len(decoder.decode(answer.content).items)
    return count


async def _described(url: str, fields: Mapping[str, str], *, careful: bool = False) -> int:
    options = HttpOptions(url=f"{url}/0", items="items", next="next", fields=dict(fields))
    clock = SystemClock()
    transport = Transport("market", url, clock=clock)
    channel: HttpApi = open_channel("market", options, transport, clock, Path())
    if careful:
        decoder = channel._list._decoder
        decoder.all = decoder.one_by_one  # type: ignore[method-assign]
    count = 0
    async with closing(channel.pages()) as pages:
        async for page in pages:
            count += len(page.records)
    await channel.close()
    return count


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
