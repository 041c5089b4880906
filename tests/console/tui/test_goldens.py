"""What the screens look like, as text: goldens beside this file.

A golden is written again by deleting it and running the test, and looked at before it is kept.
"""

import re
from pathlib import Path

import pytest
from textual.dom import DOMNode

from console.tui import app as console_app
from store.channels import incidents
from store.model import IncidentKind
from tests.console.golden import SIZES, hold_to_golden
from tests.console.small_shop import NOW, Shop, console, press, text_of
from tests.long_run import first

SCREENS = {
    "dashboard": (),
    "channels": ("2",),
    "updates": ("3",),
    "incidents": ("4",),
    "grouped": ("O", "O", "O", "down", "right"),
    "acknowledged": ("c", *"recount", "enter"),
    "marked": ("space", "space"),
    "confirm": ("asterisk", "A"),
    "sku": ("enter",),
    "checklist": ("6",),
}


@pytest.mark.parametrize("size", first(1, SIZES), ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", first(2, SCREENS))
async def test_a_screen_looks_as_it_should(shop: Shop, name: str, size: tuple[int, int]) -> None:
    shop.database.write(
        incidents.raise_incident, "market", IncidentKind.CREDENTIALS, "401, MARKET_TOKEN", now=NOW
    )
    async with console(shop, size) as (app, pilot):
        await press(app, pilot, *SCREENS[name])
        painted = text_of(app)

    hold_to_golden(name, size, painted)


@pytest.mark.parametrize("size", first(1, [(80, 24), (160, 45), (120, 30), (100, 30)]))
async def test_no_line_is_wider_than_the_terminal_and_the_foot_is_at_its_foot(
    shop: Shop, size: tuple[int, int]
) -> None:
    async with console(shop, size) as (app, _):
        lines = text_of(app).splitlines()

    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    assert "Appr" in lines[-1]


def test_every_widget_that_the_stylesheet_names_is_there() -> None:
    """A class that was renamed without its rule would be laid out as if it had none."""
    sheets = (
        console_app.SkewApp.LATER_CSS_PATH,
        Path(console_app.__file__).with_name("console.tcss"),
    )
    css = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    named = set(
        re.findall(r"(?<![.#$\w-])[A-Z]\w+", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))
    )

    known, waiting = set(), [DOMNode]
    while waiting:
        widget = waiting.pop()
        known.add(widget.__name__)
        waiting += widget.__subclasses__()
    assert named - known == set()
