"""What the screens are written with: tones instead of colours, and text that passed `clean`.

A tone is a meaning; the theme gives it a colour, and no meaning rests on the colour alone: a
glyph or a word stands beside it. Every widget writes through `Ink`, so that nothing from a
channel reaches the terminal uncleaned, and nothing is ever read as markup.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from textual.content import Content
from textual.theme import Theme

from console.text import clean


class Tone(StrEnum):
    """What a piece of text means. Its value is the theme's variable that colours it."""

    PLAIN = "ink"
    STRONG = "ink-strong"
    DIM = "ink-dim"
    FAINT = "ink-faint"
    ACCENT = "ink-accent"
    OK = "ink-ok"
    OVER = "ink-over"
    UNDER = "ink-under"
    WARN = "ink-warn"
    BAD = "ink-bad"


class Cell(NamedTuple):
    """A piece of text and its meaning."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class _Palette:
    """One theme's colours. Blue against orange, not green against red."""

    dark: bool
    ground: str
    surface: str
    panel: str
    line: str
    cursor: str
    ink: tuple[str, ...]
    """One for each tone, in their order."""


_DARK = _Palette(
    dark=True,
    ground="#0e1318",
    surface="#121920",
    panel="#1a232c",
    line="#2c3945",
    cursor="#1f3347",
    ink=(
        "#c3ccd5",
        "#f2f5f8",
        "#7f8c99",
        "#4d5965",
        "#8ab8e6",
        "#5fc4ae",
        "#f0a35a",
        "#6db3f2",
        "#e6c65c",
        "#f47d74",
    ),
)
_LIGHT = _Palette(
    dark=False,
    ground="#fbfaf7",
    surface="#f4f2ec",
    panel="#eae7df",
    line="#cfcabf",
    cursor="#d6e4f2",
    ink=(
        "#2b3138",
        "#0b0e12",
        "#6a727b",
        "#a5a9ad",
        "#1f5d99",
        "#0f766a",
        "#ad5200",
        "#1667b0",
        "#7d6200",
        "#b3261e",
    ),
)


def _theme(name: str, palette: _Palette) -> Theme:
    ink = dict(zip(Tone, palette.ink, strict=True))
    return Theme(
        name=name,
        primary=ink[Tone.ACCENT],
        secondary=ink[Tone.UNDER],
        accent=ink[Tone.ACCENT],
        warning=ink[Tone.WARN],
        error=ink[Tone.BAD],
        success=ink[Tone.OK],
        foreground=ink[Tone.PLAIN],
        background=palette.ground,
        surface=palette.surface,
        panel=palette.panel,
        dark=palette.dark,
        variables=_variables(palette),
    )


def _variables(palette: _Palette) -> dict[str, str]:
    ink = {str(tone): colour for tone, colour in zip(Tone, palette.ink, strict=True)}
    return ink | {
        "rule": palette.line,
        "cursor": palette.cursor,
        "border": palette.line,
        "scrollbar": palette.line,
        "scrollbar-background": palette.ground,
        "scrollbar-corner-color": palette.ground,
    }


THEMES = (_theme("skew-dark", _DARK), _theme("skew-light", _LIGHT))


def variables(*, dark: bool) -> dict[str, str]:
    """The tones' colours for a theme that is not ours."""
    return _variables(_DARK if dark else _LIGHT)


def write(*cells: Cell | str) -> Content:
    """Put cells together as `Content`; each text is cleaned, none is markup."""
    return Content.assemble(*(_part(cell) for cell in cells))


def lines(*rows: Content) -> Content:
    """Put lines under each other."""
    return Content("\n").join(rows)


def key(name: str, title: str, action: str, *, able: bool = True) -> Content:
    """A word of a legend: its key, its title, and the action that a click on it runs."""
    content = Content.assemble(
        (name, f"bold ${Tone.ACCENT}" if able else f"${Tone.FAINT}"),
        (f" {title}", f"${Tone.DIM}" if able else f"${Tone.FAINT}"),
    )
    return content.stylize(f"@click={action}")


def _part(cell: Cell | str) -> tuple[str, str] | str:
    if isinstance(cell, str):
        return clean(cell)
    weight = "bold " if cell.tone is Tone.STRONG else ""
    return clean(cell.text), f"{weight}${cell.tone}"
