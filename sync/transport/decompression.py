"""Compressed bodies, decompressed a piece at a time within a bound."""

import zlib
from collections.abc import Callable

ACCEPTED = b"gzip"
"""What a request asks for: the value of its Accept-Encoding."""

Decompress = Callable[[bytes, int], bytes]
"""A piece as it came and how many bytes are wanted at most → what it decompresses to."""


def decompressor(coding: str) -> Decompress:
    """Make the function that decompresses a body of this Content-Encoding; it raises zlib.error.

    Raises ValueError for an encoding that was not asked for. What goes beyond the wanted bytes is
    lost.
    """
    # httpx decompresses each piece as far as it goes, and one encoding inside another: 2 kB became
    # 2 GB that way. Here the bound stops the decompression itself, and one encoding is allowed.
    name = coding.strip().lower()
    if name in ("", "identity"):
        return lambda piece, _: piece
    if name not in ("gzip", "x-gzip", "deflate"):
        raise ValueError("an encoding that was not asked for")
    # 32: gzip's or zlib's header, whichever is there.
    stream = zlib.decompressobj(zlib.MAX_WBITS | 32)
    return stream.decompress
