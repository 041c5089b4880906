"""The themes' colours, and what each theme is for. Pure data: no colour stands anywhere else.

A colour never carries a meaning alone, so a theme may be chosen for the eyes and the terminal.
`tests/console/text/test_themes.py` holds each to its contrast, and the colour-blind ones to what is
left of them without one of the eye's three cones.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class ThemePalette(msgspec.Struct, frozen=True):
    """One theme's colours. Blue against orange, not green against red."""

    purpose: str
    """What it is for, in the operator's words."""
    dark: bool
    ground: str
    surface: str
    panel: str
    line: str
    cursor: str
    ink: tuple[str, ...]
    """One for each of `console.tui.drawing.tones.Tone`, in their order."""
    native: bool = False
    """The colours are the terminal's own sixteen, by name."""


_DARK = ThemePalette(
    purpose="a dark room",
    dark=True,
    ground="#0e1318",
    surface="#121920",
    panel="#1a232c",
    line="#2c3945",
    cursor="#1f3347",
    ink=(
        "#c3ccd5",
        "#f2f5f8",
        "#93a0ac",
        "#707d8a",
        "#8ab8e6",
        "#5fc4ae",
        "#f0a35a",
        "#6db3f2",
        "#e6c65c",
        "#f47d74",
    ),
)
_LIGHT = ThemePalette(
    purpose="a bright room",
    dark=False,
    ground="#fbfaf7",
    surface="#f4f2ec",
    panel="#eae7df",
    line="#cfcabf",
    cursor="#d6e4f2",
    ink=(
        "#2b3138",
        "#0b0e12",
        "#565e67",
        "#7a8087",
        "#1f5d99",
        "#0b655b",
        "#984700",
        "#1460a6",
        "#6a5300",
        "#b3261e",
    ),
)
# What tells these apart without red, green or blue cones is lightness, so their tones are set
# further apart in it than looks alone would have them.
_SAFE_DARK = ThemePalette(
    purpose="eyes that lack a cone, in a dark room",
    dark=True,
    ground="#0e1318",
    surface="#121920",
    panel="#1a232c",
    line="#2c3945",
    cursor="#22303e",
    ink=(
        "#c3ccd5",
        "#f2f5f8",
        "#93a0ac",
        "#707d8a",
        "#b7c9dc",
        "#00e6fb",
        "#f7b211",
        "#5b9afb",
        "#fefea7",
        "#ff5b8c",
    ),
)
_SAFE_LIGHT = ThemePalette(
    purpose="eyes that lack a cone, in a bright room",
    dark=False,
    ground="#fdfcfa",
    surface="#f4f2ec",
    panel="#ece9e2",
    line="#cfcabf",
    cursor="#e2eaf2",
    ink=(
        "#2b3138",
        "#0b0e12",
        "#565e67",
        "#7a8087",
        "#31475d",
        "#027187",
        "#87620e",
        "#0a0076",
        "#563901",
        "#340909",
    ),
)
_CONTRAST = ThemePalette(
    purpose="the most contrast",
    dark=True,
    ground="#000000",
    surface="#000000",
    panel="#101010",
    line="#8a8a8a",
    cursor="#00305f",
    ink=(
        "#ffffff",
        "#ffffff",
        "#d0d0d0",
        "#a8a8a8",
        "#9fd3ff",
        "#4dffc3",
        "#ffb84d",
        "#8cc8ff",
        "#ffee58",
        "#ff9d94",
    ),
)
# By name, so that the terminal's own settings hold. The ground is black, not the terminal's
# default: on an unknown ground no tone could be promised to be seen.
_SIXTEEN = ThemePalette(
    purpose="a terminal of sixteen colours",
    dark=True,
    ground="ansi_black",
    surface="ansi_black",
    panel="ansi_black",
    line="ansi_bright_black",
    cursor="ansi_black",
    ink=(
        "ansi_white",
        "ansi_bright_white",
        "ansi_white",
        "ansi_bright_black",
        "ansi_cyan",
        "ansi_bright_green",
        "ansi_bright_yellow",
        "ansi_bright_cyan",
        "ansi_yellow",
        "ansi_bright_red",
    ),
    native=True,
)

SIXTEEN = "sixteen"
"""The theme of a terminal that has no more colours."""

PALETTES: Mapping[str, ThemePalette] = MappingProxyType(
    {
        "dark": _DARK,
        "light": _LIGHT,
        "colour-blind": _SAFE_DARK,
        "colour-blind-light": _SAFE_LIGHT,
        "contrast": _CONTRAST,
        SIXTEEN: _SIXTEEN,
    }
)
"""By the names that an operator gives; the first is the default."""
