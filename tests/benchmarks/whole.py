"""Whole processes and whole polls: over HTTP, beside the event loop, and at the start."""

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from store.database.connection import Database
from sync.clock import SystemClock
from sync.config.load import decode
from sync.engine.engine import Engine
from tests.benchmarks import world

PAGE = 1000


def poll_over_http(skus: int) -> tuple[float, float, float, float]:
    """Seconds for bare httpx fetching all pages, for a whole poll of the same, and loop stalls.

    The stalls (p99 and worst, in ms) are those of another event loop, as the console's is, while
    the engine's own loop and the writer's thread poll and reconcile.
    """
    with tempfile.TemporaryDirectory() as folder, Server(skus) as url:
        asyncio.run(bare(url, skus))  # Warm.
        start = time.perf_counter()
        asyncio.run(bare(url, skus))
        bare_s = time.perf_counter() - start
        return bare_s, *asyncio.run(_watching(url, Path(folder)))


def start_up() -> tuple[float, float]:
    """Median seconds of `skew --help` and of `python -c pass`."""
    commands = ([sys.executable, "-m", "console", "--help"], [sys.executable, "-c", "pass"])
    spans: list[list[float]] = [[], []]
    for _ in range(15):
        for place, command in enumerate(commands):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            spans[place].append(time.perf_counter() - start)
    return statistics.median(spans[0]), statistics.median(spans[1])


async def bare(url: str, skus: int) -> None:
    async with httpx.AsyncClient() as client:
        for number in range((skus + PAGE - 1) // PAGE):
            (await client.get(f"{url}/{number}")).raise_for_status()


async def _watching(url: str, folder: Path) -> tuple[float, float, float]:
    """Poll in a thread with its own loop, and measure how late this loop's timer comes."""
    stalls: list[float] = []
    task = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(_poll(url, folder))))
    while not task.done():
        start = time.perf_counter()
        await asyncio.sleep(0.002)
        stalls.append((time.perf_counter() - start - 0.002) * 1000)
    return await task, statistics.quantiles(stalls, n=100)[-1], max(stalls)


async def _poll(url: str, folder: Path) -> float:
    (folder / "w.csv").write_text("sku,available\nSKU-0000001,1\n")
    settings = decode(
        {
            "skew": {"database": "skew.db"},
            "authority": {"quantity": "warehouse"},
            "channels": {
                "warehouse": {"kind": "csv", "path": "w.csv"},
                "market": {
                    "kind": "http",
                    "url": f"{url}/0",
                    "items": "items",
                    "next": "next",
                    "rate": 100_000,
                    "fields": {"sku": "sku", "available": "available", "price": "price"},
                },
            },
        },
        source="benchmark",
        base=folder,
        environ={},
    )
    with Database.open(settings.database) as database:
        engine = Engine(settings, database, clock=SystemClock(), holder="benchmark")
        start = time.perf_counter()
        (report,) = await engine.poll(["market"])
        took = time.perf_counter() - start
        assert report.outcome == "good", report
        return took


class Server:
    """Pages ready to send, from a process of their own so that they cost ours nothing."""

    def __init__(self, skus: int) -> None:
        self.skus = skus

    def __enter__(self) -> str:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.whole", str(self.skus)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


async def _serve(skus: int) -> None:
    rows = world.records(skus)
    pages = []
    for start in range(0, skus, PAGE):
        items = [
            {"sku": r.sku, "available": r.available, "price": (r.price_minor or 0) / 100}
            for r in rows[start : start + PAGE]
        ]
        more = f"/{start // PAGE + 1}" if start + PAGE < skus else None
        body = json.dumps({"items": items, "next": more}).encode()
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
        pages.append(f"{head}{len(body)}\r\n\r\n".encode() + body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                writer.write(pages[int(request.split(b" ")[1][1:])])
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
