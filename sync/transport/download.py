"""A file from an address that a channel names, such as an export in a store: piece by piece.

Nothing of ours goes with it: the address alone is what it takes.
"""

import time
import zlib
from collections.abc import AsyncIterator

import httpx

from sync.errors import ContractBroken, Temporary
from sync.transport.decompression import Decompression
from sync.transport.redaction import Redactor

RATE_MIN = 1_000
"""Bytes a second. A file that comes more slowly than this never ends."""


async def pieces(
    client: httpx.AsyncClient,
    url: str,
    *,
    channel: str,
    redactor: Redactor,
    bytes_max: int,
    timeout_s: float,
) -> AsyncIterator[bytes]:
    """Read a file piece by piece.

    Raises Temporary where it does not come whole, or hardly comes after `timeout_s`, and
    ContractBroken where it is longer than `bytes_max` or packed in a way that can't be read.
    """
    place = redactor.url(url)
    came = packed_came = 0
    began = time.monotonic()
    try:
        async with client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as response:
            if not response.is_success:
                raise Temporary(f"{channel}: the file at {place} answered {response.status_code}")
            unpacking = Decompression(response.headers.get("content-encoding", ""))
            async for packed in response.aiter_raw():
                packed_came += len(packed)
                # Each step has its time, but a byte in each would make it last for ever.
                if time.monotonic() - began > timeout_s + packed_came / RATE_MIN:
                    raise Temporary(f"{channel}: the file at {place} hardly comes")
                for piece in unpacking.pieces(packed):
                    came += len(piece)
                    if came > bytes_max:
                        words = f"{channel} sent a file of more than {bytes_max:,} bytes"
                        raise ContractBroken(words, path=place)
                    yield piece
            if not unpacking.is_whole:
                raise Temporary(f"{channel}: the file at {place} did not come whole")
    except zlib.error as error:
        words = f"{channel} sent compression that can't be decoded"
        raise ContractBroken(words, path=place) from error
    except httpx.InvalidURL as error:
        raise ContractBroken(f"{channel} names a file at no URL", path=place) from error
    except httpx.HTTPError as error:
        reason = redactor.reason(error)
        raise Temporary(f"{channel}: the file at {place} did not come whole: {reason}") from error
