"""A file from an address that a channel names, such as an export in a store: piece by piece.

Nothing of ours goes with it: the address alone is what it takes.
"""

import zlib
from collections.abc import AsyncIterator, Iterator

import httpx

from sync.errors import ContractBroken, Temporary
from sync.transport.redaction import Redactor

PIECE_BYTES_MAX = 1024 * 1024
"""What a piece is at most when it is unpacked: a small one can't fill the memory."""

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_AS_IT_IS = frozenset({"", "identity"})


async def pieces(
    client: httpx.AsyncClient, url: str, *, channel: str, redactor: Redactor, bytes_max: int
) -> AsyncIterator[bytes]:
    """Read a file piece by piece.

    Raises Temporary where it does not come whole, and ContractBroken where it is longer than
    `bytes_max` or packed in a way that can't be read.
    """
    place = redactor.url(url)
    came = 0
    try:
        async with client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as response:
            if not response.is_success:
                raise Temporary(f"{channel}: the file at {place} answered {response.status_code}")
            unpacking = _Unpacking(response.headers.get("content-encoding", ""))
            async for packed in response.aiter_raw():
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


class _Unpacking:
    """Unpacks a body of one encoding, a bounded piece at a time."""

    def __init__(self, coding: str) -> None:
        name = coding.strip().lower()
        if name not in _PACKED | _AS_IT_IS:
            raise zlib.error("an encoding that was not asked for")
        # 32: gzip's or zlib's header, whichever is there.
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 32) if name in _PACKED else None

    @property
    def is_whole(self) -> bool:
        """Whether the end of what is packed has come."""
        return self._stream is None or self._stream.eof

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        if self._stream is None:
            yield packed
            return
        while packed:
            yield self._stream.decompress(packed, PIECE_BYTES_MAX)
            packed = self._stream.unconsumed_tail
