"""What the screens are written with: tones instead of colours, and text that passed `clean`.

A tone is a meaning; the theme gives it a colour, and no meaning rests on the colour alone: a
glyph or a word stands beside it. Every widget writes through `write`, so that nothing from a
channel reaches the terminal uncleaned, and nothing is ever read as markup.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from textual.content import Content
from textual.theme import Theme

from console.text.format import cells, clean, cut
from console.text.looks.themes import PALETTES, ThemePalette
from store.model import CorrectionStatus


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


_STEP_TONES = {
    CorrectionStatus.PROPOSED: Tone.PLAIN,
    CorrectionStatus.APPROVED: Tone.ACCENT,
    CorrectionStatus.APPLYING: Tone.ACCENT,
    CorrectionStatus.APPLIED: Tone.ACCENT,
    CorrectionStatus.VERIFIED: Tone.OK,
    CorrectionStatus.FAILED: Tone.BAD,
    CorrectionStatus.NOT_APPLIED: Tone.BAD,
    CorrectionStatus.UNKNOWN: Tone.WARN,
}


def step_tone(status: CorrectionStatus) -> Tone:
    """The tone of an update's status, wherever one is shown."""
    return _STEP_TONES.get(status, Tone.DIM)


class Cell(NamedTuple):
    """A piece of text and its meaning."""

    text: str
    tone: Tone = Tone.PLAIN


OURS = "skew-"
"""Before the name of each of our themes: Textual has some of its own."""


def _theme(name: str, palette: ThemePalette) -> Theme:
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
        ansi=palette.native,
        variables=_variables(palette),
    )


def _variables(palette: ThemePalette) -> dict[str, str]:
    ink = {str(tone): colour for tone, colour in zip(Tone, palette.ink, strict=True)}
    written = ink | {
        "rule": palette.line,
        "cursor": palette.cursor,
        "cursor-style": "reverse" if palette.native else "none",
        "resting-style": "underline" if palette.native else "none",
        # What a dialog lays over the page: there is no half of one of sixteen colours.
        "veil": "transparent" if palette.native else f"{palette.ground} 60%",
        # A chosen option keeps its inks, so its ground must be one that they can be read on.
        "block-cursor-background": palette.cursor,
        "block-cursor-foreground": ink[Tone.PLAIN],
        "block-cursor-text-style": "reverse" if palette.native else "bold",
        "block-cursor-blurred-background": palette.surface,
        "block-cursor-blurred-foreground": ink[Tone.PLAIN],
        "block-cursor-blurred-text-style": "none",
        "border": palette.line,
        "scrollbar": palette.line,
        "scrollbar-background": palette.ground,
        "scrollbar-corner-color": palette.ground,
    }
    return written | (_native(palette, ink) if palette.native else {})


def _native(palette: ThemePalette, ink: Mapping[str, str]) -> dict[str, str]:
    """What Textual wants of a theme in the terminal's own colours, beside the rest.

    Without them it takes the terminal's default ground here and there, which may be any colour.
    """
    ground, plain, strong = palette.ground, ink[Tone.PLAIN], ink[Tone.STRONG]
    return {
        "text": plain,
        "text-muted": plain,
        "text-disabled": ink[Tone.FAINT],
        "ansi-background": ground,
        "ansi-foreground": plain,
        "border-blurred": palette.line,
        "block-hover-background": ground,
        "input-cursor-background": plain,
        "input-cursor-foreground": ground,
        "input-cursor-text-style": "none",
        "input-selection-background": plain,
        "input-selection-foreground": ground,
        "screen-selection-background": plain,
        "screen-selection-foreground": ground,
        "scrollbar-hover": plain,
        "scrollbar-active": strong,
        "scrollbar-background-hover": ground,
        "scrollbar-background-active": ground,
        "link-color": plain,
        "link-color-hover": strong,
        "link-background-hover": ground,
    }


THEMES = tuple(_theme(f"{OURS}{name}", palette) for name, palette in PALETTES.items())


def theme_of(name: str) -> str:
    """What the app calls the theme that an operator calls `name`."""
    return f"{OURS}{name}"


def name_of(theme: str) -> str:
    """What an operator calls the app's theme."""
    return theme.removeprefix(OURS)


def variables(*, dark: bool) -> dict[str, str]:
    """The tones' colours for a theme that is not ours."""
    return _variables(PALETTES["dark" if dark else "light"])


def write(*cells: Cell | str) -> Content:
    """Put cells together as `Content`; each text is cleaned, none is markup."""
    return Content.assemble(*(_part(cell) for cell in cells))


def within(width: int, *parts: Cell) -> Content:
    """Put cells together in one line of at most `width`: what does not fit is cut."""
    cut_parts = []
    for part in parts:
        cut_parts.append(part._replace(text=cut(clean(part.text), width)))
        width -= cells(cut_parts[-1].text)
    return write(*cut_parts)


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
