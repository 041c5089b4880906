"""What stands for a glyph where only ASCII can be shown.

Every text keeps its width in cells, so that nothing on a screen moves. A letter is never replaced
by another that looks like it: two SKUs must not come to read the same. What the table lacks is
`?`, twice where it was wide.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from console.text.format import cells

FALLBACKS: Mapping[str, str] = MappingProxyType(
    {
        "●": "o",
        "○": ".",
        "◐": "c",
        "◆": "o",
        "◇": ".",
        "■": "#",
        "□": ".",
        "▪": "#",
        "▫": ".",
        "▲": "^",
        "△": "^",
        "▼": "v",
        "▽": "v",
        "▾": "v",
        "▴": "^",
        "▶": ">",
        "▸": ">",
        "◀": "<",
        "◂": "<",
        "✖": "X",
        "✗": "X",
        "✓": "+",
        "✔": "+",
        "‖": "|",
        "↻": "@",
        "↺": "@",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "↔": "=",
        "⇡": "^",
        "⇣": "v",
        "…": ">",
        "·": ".",
        "•": "*",
        "×": "x",
        "÷": "/",
        "−": "-",
        "–": "-",
        "—": "-",
        "‐": "-",
        "‑": "-",
        "±": "+",
        "≈": "~",
        "≤": "<",
        "≥": ">",
        "≠": "#",
        "Δ": "d",
        "Σ": "S",
        "µ": "u",
        "°": "o",
        "⌊": "[",
        "⌋": "]",
        "⌈": "[",
        "⌉": "]",
        "›": ">",
        "‹": "<",
        "❯": ">",
        "“": '"',
        "”": '"',
        "„": '"',
        "‘": "'",
        "’": "'",
        "′": "'",
        "▁": "_",
        "▂": ".",
        "▃": ":",
        "▄": "-",
        "▅": "=",
        "▆": "+",
        "▇": "*",
        "█": "#",
        "▀": "-",
        "▔": "-",
        "╌": ".",
        "━": "=",
        "░": ".",
        "▒": ":",
        "▓": "#",
        "▌": "|",
        "▍": "|",
        "▎": "|",
        "▏": "|",
        "▊": "|",
        "▋": "|",
        "▉": "|",
        "▐": "|",
        "▕": "|",
    }
)
"""Each for one cell. The lower blocks are a sparkline's bars: they stay eight different signs."""

_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
_LINES = range(0x2500, 0x2580)
_BRAILLE = range(0x2800, 0x2900)


def to_ascii(text: str) -> str:
    """Write `text` in ASCII, in as many cells."""
    return text if text.isascii() else "".join(_plain(character) for character in text)


@lru_cache(4096)
def _plain(character: str) -> str:
    code = ord(character)
    if code < 0x80:  # noqa: PLR2004 (ASCII ends there)
        return character
    if character in FALLBACKS:
        return FALLBACKS[character]
    if character in _SPACES:
        return " "
    if code in _LINES:
        return _line(unicodedata.name(character))
    if code in _BRAILLE:
        return ":" if code > _BRAILLE.start else " "
    return "?" * cells(character)


def _line(name: str) -> str:
    """Draw a line of a box: across, upright, or where the two meet."""
    if "DIAGONAL" in name:
        return "X" if "CROSS" in name else "/" if "UPPER RIGHT" in name else "\\"
    across = any(word in name for word in ("HORIZONTAL", "LEFT", "RIGHT"))
    upright = any(word in name for word in ("VERTICAL", "UP", "DOWN"))
    return "+" if across and upright else "-" if across else "|"
