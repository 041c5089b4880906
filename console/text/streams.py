"""Stdout and stderr: what their encoding lacks is written in ASCII instead.

Every command pays for this module at its start, so the table of `console.text.glyphs` is imported
only when something is to be replaced.
"""

import codecs
import io
import sys

FALLBACK = "skew"
"""Python's name for our way to write what an encoding lacks."""

ASCII = "skew_ascii"
"""ASCII under a name of ours: click takes a stream that says `ascii` for a mistake, and writes
UTF-8 to it (click 8.2, `_stream_is_misconfigured`)."""


def configure() -> None:
    """Set both up: printing never raises, and a terminal gets only what it can show."""
    codecs.register_error(FALLBACK, _fallback)
    codecs.register(_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name of our own for ASCII keeps click from taking the stream for misconfigured:
            # it would write UTF-8 to a terminal that can't show it.
            limited = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=ASCII if limited else None, errors=FALLBACK)


def is_utf8(stream: object) -> bool:
    """Whether a stream can show every glyph, as far as its encoding goes."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return codecs.lookup(encoding).name == "utf-8"


def _fallback(error: UnicodeError) -> tuple[str, int]:
    from console.text.glyphs import to_ascii

    if not isinstance(error, UnicodeEncodeError):
        raise error
    return to_ascii(error.object[error.start : error.end]), error.end


def _ascii(name: str) -> codecs.CodecInfo | None:
    if name != ASCII:
        return None
    known = codecs.lookup("ascii")
    return codecs.CodecInfo(
        known.encode,
        known.decode,
        streamreader=known.streamreader,
        streamwriter=known.streamwriter,
        incrementalencoder=known.incrementalencoder,
        incrementaldecoder=known.incrementaldecoder,
        name=ASCII,
    )
