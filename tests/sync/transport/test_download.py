"""Files that a channel names: whole, bounded, and with nothing of ours."""

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest

from sync.clock import SystemClock
from sync.errors import ContractBroken, Temporary
from sync.transport.decompression import PIECE_BYTES_MAX
from sync.transport.transport import Transport
from tests.loopback import Answer, Loopback, serving

TEXT = b"".join(b'{"id":%d}\n' % number for number in range(50_000))


@pytest.fixture
async def store() -> AsyncIterator[Loopback]:
    with serving(lambda _asked: Answer(TEXT)) as server:
        yield server


async def brought(
    store: Loopback, bytes_max: int = 10**7, path: str = "/f?Signature=s1gned"
) -> bytes:
    url = f"{store.url}/f?Signature=s1gned"
    transport = Transport("shop", url, clock=SystemClock())
    try:
        pieces = [piece async for piece in transport.pieces(url, bytes_max=bytes_max)]
    finally:
        await transport.aclose()
    assert max(map(len, pieces), default=0) <= PIECE_BYTES_MAX
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:9_000]) + gzip.compress(TEXT[9_000:]) + bytes(99)),
        ("deflate", zlib.compress(TEXT)),
    ],
)
async def test_a_file_comes_whole_however_it_is_packed(
    store: Loopback, coding: str, content: bytes
) -> None:
    headers = {"Content-Encoding": coding} if coding else {}
    store.answer = lambda _asked: Answer(content, headers=headers)

    assert await brought(store) == TEXT


async def test_nothing_of_ours_goes_with_it(store: Loopback) -> None:
    await brought(store)

    (asked,) = store.asked
    assert asked.method == "GET"
    assert asked.headers.keys() <= {"host", "accept", "accept-encoding", "connection", "user-agent"}


@pytest.mark.parametrize("packed", [False, True])
async def test_a_file_is_no_longer_than_its_bound(store: Loopback, *, packed: bool) -> None:
    if packed:
        bomb = gzip.compress(b"0" * 50_000_000)
        store.answer = lambda _asked: Answer(bomb, headers={"Content-Encoding": "gzip"})

    with pytest.raises(ContractBroken, match="more than 400,000 bytes"):
        await brought(store, 400_000)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(status=503),
        Answer(status=302, headers={"Location": "https://elsewhere.example/f"}),
        Answer(TEXT, promise=len(TEXT) + 1),
        Answer(gzip.compress(TEXT)[:-100], headers={"Content-Encoding": "gzip"}),
        Answer(lose=True),
    ],
)
async def test_a_file_that_does_not_come_whole_may_come_later(
    store: Loopback, answer: Answer
) -> None:
    store.answer = lambda _asked: answer

    with pytest.raises(Temporary) as caught:
        await brought(store)

    assert "s1gned" not in str(caught.value)
    assert "/f?Signature=•••" in str(caught.value)


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_a_file_that_can_t_be_unpacked_breaks_the_contract(
    store: Loopback, coding: str
) -> None:
    store.answer = lambda _asked: Answer(b"\x00nothing", headers={"Content-Encoding": coding})

    with pytest.raises(ContractBroken, match="compression that can't be decoded"):
        await brought(store)
