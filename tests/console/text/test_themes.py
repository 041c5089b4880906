"""What each theme promises: text that can be read, and meanings that can be told apart."""

import itertools
import math

import pytest
from rich.color import ColorSystem
from textual.color import Color

from console.text.looks.themes import PALETTES, SIXTEEN, ThemePalette
from console.tui.drawing.tones import THEMES, Tone
from console.tui.session.preferences import CommandLineChoices, SessionPreferences
from tests.console.small_shop import Shop, console, press, strips_of

TEXT = tuple(tone for tone in Tone if tone is not Tone.FAINT)
MEANINGS = (Tone.OK, Tone.OVER, Tone.UNDER, Tone.WARN, Tone.BAD)
OURS = tuple(name for name, palette in PALETTES.items() if not palette.native)
SAFE = tuple(name for name in OURS if name.startswith("colour-blind"))

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (2009), severity 1.0, on linear RGB.
CONES = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
APART = 0.12
"""In OKLab, where 0.02 is about the least difference that is seen side by side."""


@pytest.mark.parametrize("name", OURS)
def test_every_text_can_be_read_on_every_ground_it_may_stand_on(name: str) -> None:
    palette = PALETTES[name]
    grounds = (palette.ground, palette.surface, palette.panel, palette.cursor)

    for tone, ground in itertools.product(TEXT, grounds):
        assert contrast(ink(palette, tone), ground) >= 4.5, (tone, ground)
    for ground in grounds:
        assert contrast(ink(palette, Tone.FAINT), ground) >= 3.0, ground


def test_the_high_contrast_theme_keeps_seven_to_one() -> None:
    palette = PALETTES["contrast"]

    assert all(contrast(ink(palette, tone), palette.ground) >= 10 for tone in TEXT)
    assert all(contrast(ink(palette, tone), palette.panel) >= 7 for tone in Tone)


@pytest.mark.parametrize("cone", CONES)
@pytest.mark.parametrize("name", SAFE)
def test_no_two_meanings_fall_together_for_eyes_that_lack_a_cone(name: str, cone: str) -> None:
    palette = PALETTES[name]
    seen = {tone: oklab(simulated(linear(ink(palette, tone)), cone)) for tone in MEANINGS}

    for first, second in itertools.combinations(MEANINGS, 2):
        assert math.dist(seen[first], seen[second]) >= APART, (first, second)


@pytest.mark.parametrize("name", OURS)
def test_the_cursors_row_differs_from_the_ground(name: str) -> None:
    palette = PALETTES[name]

    assert math.dist(oklab(linear(palette.cursor)), oklab(linear(palette.ground))) >= 0.05


def test_in_sixteen_colours_no_meaning_is_the_ground_and_none_is_another() -> None:
    palette = PALETTES[SIXTEEN]
    numbers = {tone: Color.parse(ink(palette, tone)).ansi for tone in Tone}

    ground = Color.parse(palette.ground).ansi
    assert all(number is not None and 0 <= number < 16 for number in numbers.values())
    assert ground not in numbers.values()
    assert len({numbers[tone] for tone in MEANINGS}) == len(MEANINGS)


def test_a_theme_of_sixteen_names_writes_no_other_colours() -> None:
    theme = next(theme for theme in THEMES if theme.name == f"skew-{SIXTEEN}")

    assert theme.ansi
    styles = {name for name in theme.variables if name.endswith("-style")} | {"veil"}
    for name in theme.variables.keys() - styles:
        value = theme.variables[name]
        rich = Color.parse(value).rich_color
        assert rich.downgrade(ColorSystem.STANDARD) == rich


def test_there_is_a_theme_for_either_room_and_one_for_such_eyes() -> None:
    assert [theme.name for theme in THEMES] == [f"skew-{name}" for name in PALETTES]
    assert PALETTES["dark"].dark
    assert not PALETTES["light"].dark
    assert {PALETTES[name].dark for name in SAFE} == {True, False}


def ink(palette: ThemePalette, tone: Tone) -> str:
    return palette.ink[list(Tone).index(tone)]


def linear(colour: str) -> tuple[float, ...]:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)


def contrast(first: str, second: str) -> float:
    """WCAG 2's ratio."""
    dark, light = sorted(dot(linear(c), WEIGHTS) for c in (first, second))
    return (light + 0.05) / (dark + 0.05)


WEIGHTS = (0.2126, 0.7152, 0.0722)


def simulated(colour: tuple[float, ...], cone: str) -> tuple[float, ...]:
    return tuple(min(1.0, max(0.0, dot(row, colour))) for row in CONES[cone])


def oklab(colour: tuple[float, ...]) -> tuple[float, ...]:
    """Björn Ottosson, "A perceptual color space for image processing" (2020)."""
    cones = (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
    lab = (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )
    felt = tuple(math.cbrt(dot(row, colour)) for row in cones)
    return tuple(dot(row, felt) for row in lab)


def dot(left: tuple[float, ...], right: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


@pytest.mark.long
@pytest.mark.parametrize("name", OURS)
async def test_the_chosen_option_of_a_dialog_can_be_read(shop: Shop, name: str) -> None:
    async with console(
        shop, preferences=SessionPreferences(command_line=CommandLineChoices(theme=name))
    ) as (
        app,
        pilot,
    ):
        await press(app, pilot, "y")
        strips = strips_of(app)
        option = next(strip for strip in strips if "1 SKU" in "".join(s.text for s in strip))
        inks = [segment.style for segment in option if segment.text.startswith(("SKU", "1 "))]

    assert len(inks) >= 3
    for style in inks[1:]:
        assert style is not None
        assert style.color is not None
        assert style.bgcolor is not None
        assert style.color.triplet is not None
        assert style.bgcolor.triplet is not None
        assert contrast(style.color.triplet.hex, style.bgcolor.triplet.hex) >= 4.5
