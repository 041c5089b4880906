"""Disagreements in groups: by cause, SKU and channel, opened, closed and marked."""

import pytest

from store.queries.ranking_values import GroupBy
from tests.console.small_shop import (
    NOW,
    Shop,
    console,
    move_cursor_to,
    press,
    settle,
    text_of,
)
from tests.console.tui.pages.test_disagreements import skus, under


@pytest.mark.long
async def test_grouping_goes_through_cause_sku_and_channel_and_back(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        seen = []
        for _ in range(4):
            await press(app, pilot, "O")
            seen.append((app.dashboard.by, skus(app)))

    assert [by for by, _ in seen] == [GroupBy.CAUSE, GroupBy.SKU, GroupBy.CHANNEL, GroupBy.NONE]
    assert seen[0][1] == ["[unexplained]"]
    assert seen[1][1] == ["[SKU-0001007]", "[SKU-0004411]", "[SKU-0007733]", "[SKU-0009120]"]
    assert seen[2][1] == ["[outlet]", "[market]"]
    assert len(seen[3][1]) == 4


@pytest.mark.long
async def test_a_group_tells_its_count_units_money_age_and_worst(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "O", "O", "O")
        (market,) = (line for line in text_of(app).splitlines() if "▸ market" in line)
        title = text_of(app)

    for words in ("3 · ▲16 ▼20", "504", "2:58", "oversell"):
        assert words in market
    assert "Disagreements 4 in 2 channels" in title


@pytest.mark.long
async def test_a_group_opens_and_closes_by_enter_and_arrows_and_the_cursor_stays(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "O", "O", "O", "down", "right")
        opened = skus(app)
        await press(app, pilot, "down", "down")
        inside = under(app)
        await press(app, pilot, "left")
        closed = skus(app)
        at = under(app)
        await press(app, pilot, "enter")

        assert opened == ["[outlet]", "[market]", "SKU-0004411", "SKU-0007733", "SKU-0009120"]
        assert inside == "SKU-0007733"
        assert (closed, at) == (["[outlet]", "[market]"], "[market]")
        assert skus(app) == opened


@pytest.mark.long
async def test_a_mark_on_a_group_marks_all_its_rows_and_some_is_told_apart(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "O", "O", "O", "down", "space")
        marks = set(app.dashboard.rows.marks)
        line = next(row for row in text_of(app).splitlines() if "▸ market" in row)
        await press(app, pilot, "up", "down", "right", "down", "space")
        after = next(row for row in text_of(app).splitlines() if "▾ market" in row)

        assert len(marks) == 3
        assert "x  ▸ market" in line
        assert "+  ▾ market" in after
        assert len(app.dashboard.rows.marks) == 2


@pytest.mark.long
async def test_marks_survive_folding_grouping_and_new_data(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "space")
        marks = set(app.dashboard.rows.marks)
        await press(app, pilot, "O", "O")
        shop.show("shop", (18, 0, 55, 200, 38), at=NOW)
        await settle(app, pilot)
        await press(app, pilot, "O", "O")

        assert app.dashboard.rows.marks == marks
        assert len(marks) == 1


@pytest.mark.long
async def test_the_marks_of_a_group_can_be_approved_in_bulk(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "O", "O", "O", "down", "space", "A")

        assert "Approve 3 updates" in text_of(app)
