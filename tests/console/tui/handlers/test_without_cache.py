"""Acts while the cache can't be read: each says so, none says anything else, and the app lives."""

from typing import Any

import pytest

from console.tui.pages.page import Page
from store.errors import StoreError
from tests.console.small_shop import Shop, console, move_cursor_to, press, text_of

WHERE = (
    ("*", "c"),
    ("O", "c"),
    ("*", "A"),
    ("*", "R"),
    ("a",),
    ("r",),
    ("z",),
    ("u",),
    ("B",),
    ("3", "f", "f", "f", "*", "T"),
    ("3", "X"),
    ("2", "P"),
    ("2", "b"),
    ("2", "d"),
    ("r", "x", "enter"),
    ("z", "enter"),
    ("c", "x", "enter"),
)


def disconnect(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the cache can neither be read nor written."""

    def broken(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is gone")

    async def abroken(*_: Any, **__: Any) -> None:
        broken()

    for name in ("read", "write"):
        monkeypatch.setattr(shop.database, name, broken)
        monkeypatch.setattr(shop.database, f"a{name}", abroken)


@pytest.mark.long
@pytest.mark.parametrize("keys", WHERE, ids="-".join)
async def test_an_act_without_a_cache_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]
) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, *keys[:-1])
        disconnect(shop, monkeypatch)
        before = len(app.session.log)
        await press(app, pilot, keys[-1])

        lines = [line.text for line in app.session.log][: len(app.session.log) - before]
        assert all(": the disk is gone" in line for line in lines), lines
        assert "DISCONNECTED" in text_of(app) or app.screen.is_modal
        await press(app, pilot, "escape")
        assert isinstance(app.screen, Page)


@pytest.mark.long
async def test_an_approval_that_could_not_be_taken_back_can_be_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        with monkeypatch.context() as gone:
            disconnect(shop, gone)
            await press(app, pilot, "u")
        assert "nothing was decided: the disk is gone" in text_of(app)

        await press(app, pilot, "u")
        assert "ana undid #1" in text_of(app)


@pytest.mark.long
async def test_a_refused_approval_leaves_the_one_before_it_to_be_undone(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        held = app.session.last
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a")
        number = app.dashboard.picked().seen[0][0]
        shop.database.write(
            lambda c: c.execute("UPDATE corrections SET version = version + 1 WHERE id = ?",
                                (number,))
        )  # fmt: skip
        await press(app, pilot, "y")

        assert "not approved" in text_of(app)
        assert app.session.last == held
