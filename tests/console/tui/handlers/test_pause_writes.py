"""One key pauses all writes at once, every page's header says so, and one key resumes them."""

import pytest

from console.keys.action import PageName
from store.channels import write_pauses
from store.channels.write_pauses import WritePause
from tests.console.small_shop import NOW, Shop, console, press, text_of
from tests.long_run import first

HEADER = "‖ WRITES PAUSED"


def in_force(shop: Shop) -> WritePause | None:
    return shop.database.read(write_pauses.in_force)


def paused(shop: Shop, reason: str = "stock count", by: str = "ben") -> None:
    shop.database.write(write_pauses.begin, who=by, reason=reason, now=NOW)


@pytest.mark.long
async def test_the_key_alone_pauses_and_the_reason_comes_after(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "W")

        assert in_force(shop) == WritePause("ana", write_pauses.NO_REASON, NOW)
        assert "All writes are paused" in text_of(app)
        await press(app, pilot, *"stock count", "enter")
        assert in_force(shop) == WritePause("ana", "stock count", NOW)
        assert "ana paused all writes: stock count" in text_of(app)


@pytest.mark.long
async def test_leaving_the_question_leaves_the_pause(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "W", "escape")

        assert in_force(shop) is not None


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, [(40, 10), (160, 45), (110, 30), (80, 24)]))
async def test_every_pages_header_shows_it_at_every_size(shop: Shop, size: tuple[int, int]) -> None:
    paused(shop)
    async with console(shop, size) as (app, pilot):
        for key, place in zip("123456", PageName, strict=True):
            await press(app, pilot, key)
            line = text_of(app).splitlines()[0]
            assert app.page.place is place
            assert HEADER in line
            assert ("by ben: stock count" in line) == (size[0] >= 110)


@pytest.mark.long
async def test_it_is_resumed_after_a_question_with_what_is_written_then(shop: Shop) -> None:
    paused(shop)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "W", "n")
        assert in_force(shop) is not None
        await press(app, pilot, "W")
        assert "paused by ben: stock count" in text_of(app)
        assert "no approved update waits" in text_of(app)
        await press(app, pilot, "y")

        assert in_force(shop) is None
        assert HEADER not in text_of(app)
        assert "ana resumed all writes" in text_of(app)


@pytest.mark.long
async def test_a_console_that_may_not_write_shows_it_and_can_not_end_it(shop: Shop) -> None:
    paused(shop)
    async with console(shop, read_only=True) as (app, pilot):
        await press(app, pilot, "W")

        assert "this console is read-only" in text_of(app)
        assert HEADER in text_of(app)
        assert "resumes" not in text_of(app).splitlines()[0]


@pytest.mark.long
async def test_a_reason_from_outside_is_text(shop: Shop) -> None:
    paused(shop, "[b]\x1b]0;owned\x07[/nope]", by="[@click=app.quit]b[/]")
    async with console(shop, (160, 45)) as (app, pilot):
        await press(app, pilot, "W")

        assert "\x1b" not in text_of(app)
        assert "[@click=app.quit]" in text_of(app)
