"""An API of one list of pages, from a process of its own so that it costs ours nothing.

Run: python -m tests.benchmarks.http_server SKUS   (prints its address; /version/N moves numbers)
And: python -m tests.benchmarks.http_server SKUS ADDRESS   (for each line it is sent, fetches all)
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

import httpx

from tests.benchmarks import world

PAGE = 1000


async def bare(url: str, skus: int) -> None:
    """Fetch all pages with a bare httpx, and do nothing with them."""
    async with httpx.AsyncClient() as client:
        for number in range((skus + PAGE - 1) // PAGE):
            (await client.get(f"{url}/{number}")).raise_for_status()


class BareClient:
    """A bare httpx in a process of its own, where nothing of ours is imported."""

    def __init__(self, url: str, skus: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.http_server", str(skus), url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Callable[[], float]:
        """Answer what fetches all pages; it answers how long its processor took, in s."""
        asked, told = self.process.stdin, self.process.stdout
        assert asked is not None
        assert told is not None

        def fetch() -> float:
            asked.write("\n")
            asked.flush()
            return float(told.readline())

        return fetch

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


def _fetch_when_asked(skus: int, url: str) -> None:
    for _ in sys.stdin:
        began = time.process_time()
        asyncio.run(bare(url, skus))
        print(time.process_time() - began, flush=True)


def move(url: str, version: int) -> None:
    """Have a thousandth of the numbers moved in its pages, one in every page."""
    with urllib.request.urlopen(f"{url}/version/{version}") as answer:
        answer.read()


class Server:
    """Pages ready to send, from a process of their own so that they cost ours nothing."""

    def __init__(self, skus: int) -> None:
        self.skus = skus

    def __enter__(self) -> str:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.http_server", str(self.skus)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def _pages(skus: int, version: int) -> list[bytes]:
    rows = world.nudged(world.records(skus), every=1000, by=version)
    pages = []
    for start in range(0, skus, PAGE):
        items = [
            {"sku": r.sku, "available": r.available, "price": (r.price_minor or 0) / 100}
            for r in rows[start : start + PAGE]
        ]
        more = f"/{start // PAGE + 1}" if start + PAGE < skus else None
        pages.append(_answer(json.dumps({"items": items, "next": more}).encode()))
    return pages


def _answer(body: bytes) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


async def _serve(skus: int) -> None:
    pages = _pages(skus, 0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pages
        with contextlib.suppress(asyncio.IncompleteReadError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                path = request.split(b" ")[1].decode()
                if path.startswith("/version/"):
                    pages = _pages(skus, int(path.removeprefix("/version/")))
                    writer.write(_answer(b"moved"))
                else:
                    writer.write(pages[int(path[1:])])
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _fetch_when_asked(int(sys.argv[1]), sys.argv[2])
    else:
        asyncio.run(_serve(int(sys.argv[1])))
