"""Compressed bodies, unfolded a piece at a time within a bound.

httpx unfolds each piece as far as it goes, and one coding inside another: 2 kB became 2 GB so. Here
the bound stops the unfolding itself, and there is one coding or none.
"""

import zlib
from collections.abc import Callable

ACCEPTED = b"gzip"
"""What a request asks for: the value of its Accept-Encoding."""

Decompress = Callable[[bytes, int], bytes]
"""A piece as it came and how many bytes are wanted at most → what it unfolds to."""


def decompressor(coding: str) -> Decompress:
    """Make what unfolds a body of this Content-Encoding; it raises zlib.error.

    Raises ValueError for a coding that was not asked for. What goes beyond the bytes wanted is
    lost: nobody goes on after it.
    """
    name = coding.strip().lower()
    if name in ("", "identity"):
        return lambda piece, _: piece
    if name not in ("gzip", "x-gzip", "deflate"):
        raise ValueError("a coding that was not asked for")
    # 32: gzip's or zlib's header, whichever is there.
    stream = zlib.decompressobj(zlib.MAX_WBITS | 32)
    return stream.decompress
