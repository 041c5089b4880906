"""What the terminal can show and take: its colours, its glyphs, its clipboard.

Nothing is asked of the terminal but what it and its environment say of
themselves; what the operator says comes first.
"""

import base64
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.keys import _character_to_key

from console.text import streams
from console.text.glyphs import to_ascii
from console.text.looks.themes import PALETTES, SIXTEEN

COPIED_MAX = 65_536
"""Bytes; a terminal passes over a clipboard that is much larger."""

_SCREEN_CHUNK = 512
"""GNU screen cuts a string of more than 768 bytes off, so it is handed over in parts."""

_WITHOUT_GLYPHS = ("linux",)
"""Terminals of which the font lacks our glyphs, whatever the encoding."""


class Ascii(LineFilter):
    """Writes every glyph as `console.text.glyphs` has it: ours, Textual's and a channel's alike.

    The last of the app's filters, so that nothing is painted after it.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [Segment(_plain(text), style, control) for text, style, control in segments]


@lru_cache(8_192)
def _plain(text: str) -> str:
    """Write it in ASCII, in as many cells as Textual counts for it."""
    return text if text.isascii() else set_cell_size(to_ascii(text), cell_len(text))


def lacks_glyphs(stream: object, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal behind a stream can't be trusted to show more than ASCII."""
    return not streams.is_utf8(stream) or environ.get("TERM") in _WITHOUT_GLYPHS


def bound(keys: Iterable[str]) -> str:
    """Write keys as Textual's bindings have them: `/` is `slash`, `alt+,` is `alt+comma`."""
    return ",".join(_bound(key) for key in keys)


def _bound(key: str) -> str:
    before, plus, last = key.rpartition("+") if len(key) > 1 else ("", "", key)
    return f"{before}{plus}{_character_to_key(last) if len(last) == 1 else last}"


def theme_for(chosen: str | None, colour_system: str | None) -> str:
    """The theme to begin with: what was chosen, else what the terminal's colours allow."""
    if chosen is not None and chosen in PALETTES:
        return chosen
    return SIXTEEN if colour_system == "standard" else next(iter(PALETTES))


def clipboard(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The escape sequence that puts `text` into the clipboard: OSC 52, wherever one is.

    Inside tmux it is sent twice, as `set-clipboard on` takes it and as `allow-passthrough on`
    does; inside GNU screen only wrapped, for screen would swallow it.
    """
    body = base64.b64encode(text.encode()).decode("ascii")
    sequence = f"\x1b]52;c;{body}\a"
    if environ.get("TMUX"):
        # tmux takes a wrapped sequence apart at each escape, so that those inside are doubled.
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return f"{sequence}\x1bPtmux;{doubled}\x1b\\"
    if environ.get("STY"):
        return "".join(f"\x1bP{part}\x1b\\" for part in _parts(sequence))
    return sequence


def put_on_clipboard(app: App[Any], text: str) -> None:
    """Hand it to the terminal, through whatever lies between."""
    # Textual's own `copy_to_clipboard` writes the bare sequence, which tmux and screen swallow.
    app._clipboard = text  # noqa: SLF001 (where Textual's own paste looks)
    if app._driver is not None:  # noqa: SLF001 (Textual is pinned)
        app._driver.write(clipboard(text, os.environ))  # noqa: SLF001


def shows_links(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal can be sent hyperlinks: OSC 8. Those that know none pass over it."""
    # The Linux console and GNU screen may write parts of a sequence that they don't know.
    kind = environ.get("TERM", "")
    is_screen = bool(environ.get("STY")) or (kind.startswith("screen") and "TMUX" not in environ)
    is_plain = kind in {"", "dumb", *_WITHOUT_GLYPHS} or kind.startswith("vt")
    return not is_screen and not is_plain


def _parts(sequence: str) -> Iterator[str]:
    for start in range(0, len(sequence), _SCREEN_CHUNK):
        yield sequence[start : start + _SCREEN_CHUNK]
