"""Marks that go are told of: what was to be approved in bulk is never fewer in silence."""

import pytest

from tests.console.small_shop import Shop, console, press, text_of


@pytest.mark.long
async def test_marks_that_a_filter_leaves_out_are_told_of(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "*", "/", *"lamp", "enter")

        assert "3 marked rows left the list" in text_of(app)
        assert len(app.dashboard.rows.marks) == 1

        await press(app, pilot, "escape", "escape", "*")
        assert len(app.dashboard.rows.marks) == 4


@pytest.mark.long
async def test_marks_of_another_state_are_told_of(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3", "*", "f")

        assert "4 marked rows left the list" in text_of(app)


@pytest.mark.long
async def test_what_is_acknowledged_is_what_the_cursor_shows(shop: Shop) -> None:
    """The keys act on the list with the focus: here the pending updates."""
    async with console(shop) as (app, pilot):
        await press(app, pilot, "tab")
        assert app.dashboard.updates.has_focus
        await press(app, pilot, "down", "down")
        under = app.dashboard.updates.current
        assert under is not None
        await press(app, pilot, "c")

        assert f"Acknowledge {under.sku} on {under.channel}" in text_of(app)
