"""The script that draws the README's pictures."""

import re
import xml.etree.ElementTree as ET

import pytest

from tests.console.small_shop import Shop, console
from tests.pictures import PICTURES, drawn, main


async def test_a_picture_is_whole_and_asks_nobody_for_anything(shop: Shop) -> None:
    async with console(shop) as (app, _):
        svg = drawn(app.export_screenshot(title="skew"))

    fetched = re.findall(r"(?:src|href|url)\s*[=(:]\s*[\"']?(?!#)\w+://[^\"')\s]+", svg)
    assert fetched == []
    assert "@font-face" not in svg
    assert "monospace" in svg
    text = "".join(ET.fromstring(svg).itertext()).replace("\u00a0", " ")
    assert "SKU-0004411" in text
    assert "● LIVE" in text


def test_a_picture_that_there_is_not_is_told_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["selfie"]) == 2
    text = capsys.readouterr().err
    assert all(name in text for name in PICTURES)
