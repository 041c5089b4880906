"""Acknowledging by keys: one row, all marks or a whole group, with a reason that cannot harm."""

import pytest

from store.queries import acknowledgements
from store.queries.acknowledgements import SeenDisagreement
from tests.console.small_shop import (
    NOW,
    Shop,
    console,
    move_cursor_to,
    press,
    settle,
    style_at,
    text_of,
)
from tests.console.tui.pages.test_disagreements import acknowledged_why, only, skus


@pytest.mark.long
async def test_what_is_acknowledged_is_told_with_a_sign_and_words_dimmed_and_last(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        bright = style_at(app, "SKU-0001007").color
        await press(app, pilot, "c", *"a recount is due", "enter")
        await settle(app, pilot)

        assert skus(app)[-1] == "SKU-0001007"
        line = next(row for row in text_of(app).splitlines() if "SKU-0001007 " in row)
        assert "✓ ana" in line
        await move_cursor_to(app, pilot, "SKU-0001007")
        assert "✓    acknowledged by ana 14:02:11Z" in text_of(app)
        assert style_at(app, "SKU-0001007").color != bright
        assert "ana acknowledged SKU-0001007 on outlet" in text_of(app)
        assert "Disagreements 4 of 5 SKUs" in text_of(app)


@pytest.mark.long
async def test_c_on_what_is_acknowledged_takes_it_back(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "c", *"x", "enter")
        await settle(app, pilot)
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "c")
        await settle(app, pilot)

        assert acknowledged_why(shop)["SKU-0001007"] is None
        assert "ana no longer acknowledges SKU-0001007" in text_of(app)


@pytest.mark.long
async def test_escape_leaves_the_question_and_nothing_is_acknowledged(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "c", "escape")
        await settle(app, pilot)

        assert not any(acknowledged_why(shop).values())
        assert "nothing acknowledged" in text_of(app)


@pytest.mark.long
async def test_all_that_is_marked_is_acknowledged_with_one_reason(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "space", "space", "c", *"both", "enter")
        await settle(app, pilot)

        assert sorted(why for why in acknowledged_why(shop).values() if why) == ["both", "both"]
        assert "ana acknowledged 2 disagreements" in text_of(app)


@pytest.mark.long
async def test_a_whole_group_is_acknowledged_from_its_row(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "O", "O", "O", "down", "c", *"the market", "enter")
        await settle(app, pilot)
        await press(app, pilot, "slash", *"acked:no", "enter")

        assert [why for why in acknowledged_why(shop).values() if why] == ["the market"] * 3
        assert skus(app) == ["[outlet]"]


@pytest.mark.long
async def test_a_hostile_reason_and_name_reach_no_terminal(shop: Shop) -> None:
    disagreement = only(shop, "SKU-0004411")
    shop.database.write(
        acknowledgements.acknowledge,
        [SeenDisagreement.of(disagreement)],
        who="\x1b[31mana",
        why="\x9b2J[/nope]",
        now=NOW,
    )
    async with console(shop, (230, 50)) as (app, pilot):
        await press(app, pilot, "O", "right")

        assert not {"\x1b", "\x9b"} & set(text_of(app))
