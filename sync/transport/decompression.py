"""Compressed bodies, decompressed a piece at a time within a bound."""

import zlib
from collections.abc import Iterator

ACCEPTED = b"gzip"
"""What a request asks for: the value of its Accept-Encoding."""

PIECE_BYTES_MAX = 1024 * 1024
"""What a piece is at most when it is unpacked: a small one can't fill the memory."""

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_BEGINNING = b"\x1f"
_AS_IT_IS = frozenset({"", "identity"})


class Decompression:
    """Unpacks one body of one Content-Encoding."""

    # httpx decompresses each piece as far as it goes, and one encoding inside another: 2 kB became
    # 2 GB that way. Here each piece is bounded, and one encoding is allowed.

    def __init__(self, coding: str) -> None:
        """Raises zlib.error for an encoding that was not asked for."""
        name = coding.strip().lower()
        if name not in _PACKED | _AS_IT_IS:
            raise zlib.error("an encoding that was not asked for")
        self._stream = _stream() if name in _PACKED else None
        self._came = self._at_end = False

    @property
    def is_whole(self) -> bool:
        """Whether the end of what is packed has come."""
        return self._stream is None or self._stream.eof or not self._came

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """What the next bytes unpack to; whoever has enough asks no further. Raises zlib.error."""
        if self._stream is None:
            yield packed
            return
        while packed:
            if self._stream.eof:
                # Several packed parts, one after the other, are one whole (RFC 1952, 2.2). What
                # else stands behind, such as zeros that fill up a block, is nothing.
                self._at_end = self._at_end or not packed.startswith(_BEGINNING)
                if self._at_end:
                    return
                self._stream = _stream()
            self._came = True
            yield self._stream.decompress(packed, PIECE_BYTES_MAX)
            packed = self._stream.unconsumed_tail or self._stream.unused_data

    def beginning(self, packed: bytes, wanted: int) -> bytes:
        """What the next bytes unpack to, at most a piece more than is wanted."""
        found: list[bytes] = []
        for piece in self.pieces(packed):
            found.append(piece)
            wanted -= len(piece)
            if wanted < 0:
                break
        return b"".join(found)


def _stream() -> "zlib._Decompress":
    # 32: gzip's or zlib's header, whichever is there.
    return zlib.decompressobj(zlib.MAX_WBITS | 32)
