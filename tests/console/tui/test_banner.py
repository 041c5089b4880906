"""`[console]` on the screen: the banner at every size, and a console that decides nothing."""

from pathlib import Path

import msgspec
import pytest

from console.commands.run import live as command
from console.tui import watch
from console.tui.app import SkewApp
from console.tui.drawing.tones import Tone
from console.tui.session.preferences import SessionPreferences
from console.tui.views import header
from sync.errors import ConfigErrors
from sync.settings import ConsoleSettings
from tests.console.small_shop import NOW, Shop, console, style_at, text_of
from tests.long_run import first
from tests.sync.config_text import SHOP, SMALLEST


def with_console(shop: Shop, **table: object) -> None:
    configured = msgspec.convert(table, ConsoleSettings)
    shop.settings = msgspec.structs.replace(shop.settings, console=configured)


@pytest.mark.parametrize("size", first(1, [(80, 24), (160, 45), (100, 30), (40, 10)]))
async def test_a_banner_stands_at_the_left_of_the_header(shop: Shop, size: tuple[int, int]) -> None:
    with_console(shop, banner="PRODUCTION")
    async with console(shop, size) as (app, _):
        line = text_of(app).splitlines()[0]
        style = style_at(app, "PRODUCT")

    assert line.startswith((" PRODUCTION  acme-eu ● LIVE", " PRODUCTI…  acme-eu ● LIVE"))
    assert style.reverse
    assert len(line) <= size[0]


def test_it_leaves_room_for_the_pause_of_all_writes_on_a_small_terminal() -> None:
    stopped = header.WritesPaused("ana", "stock count", " (W resumes)")
    banner = header.Banner("PRODUCTION EU", Tone.BAD)
    status = header.ConsoleStatus("acme-eu", header.Mode.LIVE, "", True, "ana", False)
    status = msgspec.structs.replace(status, stopped=stopped, banner=banner)
    for width in (40, 80, 160):
        content = header.header(status, None, now=NOW, width=width, brief=width < 110)
        line = content.plain[:width]
        assert line.startswith(" PRODUCT")
        assert "● LIVE  ‖ WRITES PAUSED" in line


@pytest.mark.long
async def test_markup_in_a_banner_is_shown_as_text(shop: Shop) -> None:
    with_console(shop, banner="[b]x[/b]")
    async with console(shop) as (app, _):
        assert text_of(app).startswith(" [b]x[/b]  acme-eu")


def test_read_only_in_the_configuration_starts_no_engine_whatever_the_command_line_says(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_console(shop, read_only=True)
    opened: list[SkewApp] = []

    def run(app: SkewApp) -> int:
        opened.append(app)
        return 0

    monkeypatch.setattr(SkewApp, "run", run)
    watch.live(shop.settings, read_only=False, preferences=SessionPreferences())

    assert opened[0].session.read_only
    assert opened[0].session.engine is None


def test_a_console_that_decides_nothing_by_the_configuration_needs_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    written = tmp_path / "skew.toml"
    written.write_text(SMALLEST + SHOP)
    with pytest.raises(ConfigErrors, match="SHOP_KEY"):
        command.read(written, looks_only=False)
    written.write_text(f"{SMALLEST}{SHOP}[console]\nread_only = true\n")

    assert command.read(written, looks_only=False).console.read_only
