"""A product's page on its channel: opened by key in a real browser's place, else copied."""

import asyncio
import re
import sys
from pathlib import Path

import msgspec
import pytest
from rich.color import ColorSystem
from rich.style import Style

from console.tui.drawing import diff_output
from console.tui.drawing.diff_output import DiffOutput
from console.tui.drawing.terminal import shows_links
from store.model import Record
from tests.console.small_shop import NOW, Shop, console, move_cursor_to, press, text_of

ODD = "ODD \x1b]8;;http://evil.example\x07/../?"


def link(shop: Shop, address: str, channel: str = "market") -> None:
    """Configure a link for a channel."""
    channels = dict(shop.settings.channels)
    channels[channel] = msgspec.structs.replace(channels[channel], link=address)
    shop.settings = msgspec.structs.replace(shop.settings, channels=channels)


class Browser:
    """What stands in for one: it notes what it is asked to open."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    async def asked(self) -> str:
        """The arguments of the call that is on its way: its process may take a while to begin."""
        async with asyncio.timeout(30):
            while not (self._notes.exists() and self._notes.read_text()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self.opened()

    def opened(self) -> str:
        """The arguments that it was called with since it was asked last; empty: it was not."""
        text = self._notes.read_text() if self._notes.exists() else ""
        self._notes.unlink(missing_ok=True)
        return text


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    opened, program = tmp_path / "opened", tmp_path / "browser"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(opened)!r}, 'w').write(repr(sys.argv[1:]))\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    return Browser(opened)


async def test_a_key_opens_the_page_in_the_browser(shop: Shop, browser: Browser) -> None:
    link(shop, "https://market.example/p/{sku}?from=skew")
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "w")
        assert await browser.asked() == "['https://market.example/p/SKU-0004411?from=skew']"
        assert "opened https://market.example/p/SKU-0004411?from=skew" in text_of(app)
        assert app.clipboard == ""

        await press(app, pilot, "enter", "w")
        assert await browser.asked(), "on the SKU's page, too"


@pytest.mark.long
async def test_in_a_browser_and_without_one_the_address_is_copied(
    shop: Shop, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(shop, "https://market.example/p/{sku}")
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        app.session.is_served = True
        await press(app, pilot, "w")
        assert app.clipboard == "https://market.example/p/SKU-0004411"
        assert not browser.opened()

        app.session.is_served, app._clipboard = False, ""
        monkeypatch.setenv("BROWSER", "/nowhere/browser %s")
        monkeypatch.setenv("PATH", "/nowhere")
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        await press(app, pilot, "w")
        assert app.clipboard == "https://market.example/p/SKU-0004411"
        assert "copied https://market.example" in text_of(app)


@pytest.mark.long
async def test_what_has_no_page_says_what_is_lacking(shop: Shop, browser: Browser) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "w")
        assert "market has no page to open: [channels.market] has no link" in text_of(app)

    link(shop, "https://market.example/p/{ref}")
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "w")
        assert "market gives no id or place of SKU-0004411" in text_of(app)
    assert not browser.opened()


@pytest.mark.long
async def test_a_name_from_outside_stays_in_the_address_and_in_the_escape(
    shop: Shop, browser: Browser
) -> None:
    for channel, available in (("warehouse", 9), ("market", 3)):
        shop.read(channel, [Record(sku=ODD, available=available, ref="1;2\x1b\\")], at=NOW)
    link(shop, "https://market.example/{ref}?sku={sku}")
    address = (
        "https://market.example/1%3B2%1B%5C?sku=ODD%20%1B%5D8%3B%3Bhttp%3A%2F%2Fevil.example"
        "%07%2F..%2F%3F"
    )
    async with console(shop) as (app, pilot):
        app.session.hyperlinks = True
        await press(app, pilot, "slash", *"channel:market odd", "enter", "w")
        assert await browser.asked() == repr([address])

        await press(app, pilot, "enter")
        written = DiffOutput().write(
            app.screen._compositor.render_full_update(), ColorSystem.EIGHT_BIT
        )
        assert written is not None
        assert re.findall(r"\x1b\]8;;(.*?)\x1b\\", written) == [address, ""]
        (name,) = re.findall(r"\x1b\]8;;http.*?\x1b\\(.*?)\x1b\]8;;\x1b\\", written)
        assert re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", name) == "market"


@pytest.mark.parametrize(
    "address", ["https://a/\x1b\\b", "https://a/\x07", "file:///a", "https://ü"]
)
def test_what_is_no_plain_address_is_never_a_hyperlink(address: str) -> None:
    assert "\0" not in diff_output._ansi(Style(link=address), ColorSystem.EIGHT_BIT)
    assert "\0" in diff_output._ansi(Style(link="https://a/b"), ColorSystem.EIGHT_BIT)


@pytest.mark.parametrize(
    ("environ", "shows"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "screen-256color", "TMUX": "socket,1,0"}, True),
        ({"TERM": "screen", "STY": "1.pts"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "vt100"}, False),
        ({}, False),
    ],
)
def test_hyperlinks_go_where_the_terminal_can(environ: dict[str, str], *, shows: bool) -> None:
    assert shows_links(environ) is shows
