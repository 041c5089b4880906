"""Triage by keys, on a real cache: group, jump, acknowledge, filter, while the data moves."""

from pathlib import Path

import pytest
from textual.widgets import Input

from console.tui.app import SkewApp
from console.tui.data.values import DisagreementRow
from console.tui.views.disagreements import GroupRow
from console.tui.widgets import table
from store.channels import incidents
from store.model import Disagreement, IncidentKind
from store.queries import acknowledgements, views
from store.queries.acknowledgements import SeenDisagreement
from store.queries.values import DisagreementFilter, Sort
from tests.console.small_shop import (
    MINUTE,
    NOW,
    SHOWN,
    STOCK,
    Shop,
    console,
    move_cursor_to,
    press,
    settle,
    text_of,
)
from tests.console.troubled_channels import fail_poll


def skus(app: SkewApp) -> list[str]:
    """What the list shows, in order; of a group its label."""
    rows = app.dashboard.rows
    labels = []
    for row_id in rows.ids:
        row = rows._rows[row_id]
        labels.append(f"[{row.total.label}]" if isinstance(row, GroupRow) else row.disagreement.sku)
    return labels


def under(app: SkewApp) -> str:
    row = app.dashboard.rows.current
    if isinstance(row, GroupRow):
        return f"[{row.total.label}]"
    assert isinstance(row, DisagreementRow)
    return row.disagreement.sku


def acknowledged_why(shop: Shop) -> dict[str, str | None]:
    found = shop.database.read(views.disagreements, DisagreementFilter(), now=shop.clock.now())
    return {disagreement.sku: disagreement.acknowledged_why for disagreement in found}


def only(shop: Shop, sku: str) -> Disagreement:
    found = shop.database.read(
        views.disagreements, DisagreementFilter(skus=(sku,)), now=shop.clock.now()
    )
    return found[0]


@pytest.mark.long
async def test_a_list_without_a_row_claims_agreement_only_where_all_is_seen(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    agreed = "every channel shows what it should"
    async with console(shop, (100, 30)) as (app, pilot):
        assert agreed not in text_of(app)
        assert "No disagreements known. Not all can be seen: warehouse never read" in text_of(app)

        shop.show("warehouse", STOCK, at=NOW - 3 * MINUTE)
        for channel in SHOWN:
            shop.show(channel, [max(0, there - 2) for there in STOCK], at=NOW - 2 * MINUTE)
        await settle(app, pilot)
        assert f"No disagreements: {agreed}" in text_of(app)

        await press(app, pilot, "slash", *"lamp", "enter")
        assert agreed not in text_of(app)
        assert "No disagreement fits the filter; esc clears it." in text_of(app)
        await press(app, pilot, "escape")

        fail_poll(shop, "market", "no route", at=NOW - MINUTE)
        await settle(app, pilot)
        assert agreed not in text_of(app)
        assert "Not all can be seen: market failing" in text_of(app)


async def test_a_list_without_a_row_names_what_can_not_be_read(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.show("warehouse", STOCK, at=NOW - 3 * MINUTE)
    for channel in SHOWN:
        shop.show(channel, [max(0, there - 2) for there in STOCK], at=NOW - 2 * MINUTE)
    shop.database.write(
        incidents.raise_incident, "market", IncidentKind.UNREADABLE, "line 3: no SKU", now=NOW
    )
    async with console(shop) as (app, _):
        assert "No disagreements known. Not all can be read: market" in text_of(app)
        assert "line 3: no SKU" in text_of(app)


@pytest.mark.long
async def test_n_and_c_walk_through_all_of_it_until_nothing_is_left(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        for number in range(4):
            await press(app, pilot, "n", "c")
            await press(app, pilot, *f"because {number}", "enter")
            await settle(app, pilot)
        await press(app, pilot, "n")
        text = text_of(app)

    assert sorted(why or "" for why in acknowledged_why(shop).values()) == [
        f"because {n}" for n in range(4)
    ]
    assert "no disagreement is left that is not decided or acknowledged" in text
    assert "4 acknowledged" in text


@pytest.mark.long
async def test_what_moves_under_the_question_is_refused_and_told_what_moved(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "c")
        shop.show("market", (29, 2, 55, 180, 38), at=NOW)
        await press(app, pilot, *"fine", "enter")
        await settle(app, pilot)

        assert not any(acknowledged_why(shop).values())
        assert "it has changed since you saw it: shown 31 → 29" in text_of(app)


async def test_two_operators_the_second_is_told_of_the_first(shop: Shop) -> None:
    disagreement = only(shop, "SKU-0004411")
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "c")
        shop.database.write(
            acknowledgements.acknowledge,
            [SeenDisagreement.of(disagreement)],
            who="ben",
            why="mine",
            now=NOW,
        )
        await press(app, pilot, *"fine", "enter")
        await settle(app, pilot)

        assert "ben has acknowledged it already: mine" in text_of(app)
        assert acknowledged_why(shop)["SKU-0004411"] == "mine"


@pytest.mark.long
async def test_new_data_moves_neither_the_cursor_nor_an_open_group(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "O", "O", "O", "down", "right", "down")
        at = under(app)
        for step, shown in enumerate(
            ((31, 9, 55, 180, 38), (40, 9, 55, 180, 12), (31, 2, 55, 1, 38))
        ):
            shop.show("market", shown, at=NOW + step * 1_000)
            await app.refresh_now(at_once=False)
            assert under(app) == at
        await settle(app, pilot)

        assert under(app) == at
        assert "SKU-0009120" in skus(app)


@pytest.mark.long
async def test_order_waits_while_keys_are_pressed_and_new_rows_are_counted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a second and a half may pass between any two lines here.
    monkeypatch.setattr(table, "QUIET_S", 60)
    async with console(shop) as (app, pilot):
        before = skus(app)
        await press(app, pilot, "down")
        shop.clock.at += 10 * MINUTE
        shop.show("warehouse", (19, 2, 57, 202, 40), at=shop.clock.at)
        shop.show("shop", (900, 0, 55, 200, 38), at=shop.clock.at)
        app.dashboard.rows.touch()
        await app.refresh_now(at_once=False)
        waiting = skus(app)
        app.dashboard.rows.touch()
        await app.refresh_now(at_once=False)
        held = text_of(app)
        app.dashboard.rows._touched -= 61
        await app.refresh_now(at_once=False)

        assert waiting == before
        assert "↻ 1 new" in held
        assert skus(app)[0] == "SKU-0004411"
        assert under(app) == before[1]


@pytest.mark.long
async def test_the_severities_beside_the_rows_are_those_of_the_order_that_is_shown(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "down")
        shop.show("shop", (900, 0, 55, 200, 38), at=NOW)
        app.dashboard.rows.touch()
        await app.refresh_now(at_once=False)

        assert len(app.dashboard.rows.tags) == len(app.dashboard.rows.ids) == 4


@pytest.mark.long
async def test_a_row_that_changes_flashes_once(shop: Shop) -> None:
    async with console(shop) as (app, _):
        row = next(
            i
            for i, r in app.dashboard.rows._rows.items()
            if isinstance(r, DisagreementRow) and r.disagreement.sku == "SKU-0004411"
        )
        shop.show("market", (29, 2, 55, 180, 38), at=NOW)
        await app.refresh_now()
        first = app.dashboard.rows._flashes.get(row)
        await app.refresh_now()

        assert first is not None
        assert app.dashboard.rows._flashes.get(row, first) == first


@pytest.mark.long
async def test_the_filter_completes_what_is_typed_and_brings_back_what_was_asked(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"channel:mar")
        await pilot.pause()
        await pilot.press("right", "enter")
        await settle(app, pilot)
        narrowed = skus(app)
        await press(app, pilot, "escape", "slash", *"kettle", "enter", "slash", "up", "up")
        brought = app.page.query_one("#filter", Input).value
        await press(app, pilot, "enter")

        assert len(narrowed) == 3
        assert brought == "channel:market"
        assert app.dashboard.filter_text == "channel:market"


@pytest.mark.long
async def test_a_filter_by_cause_finds_the_causes_first(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"cause:unexplained", "enter")
        await settle(app, pilot)
        found = skus(app)
        await press(app, pilot, "slash", *"-cause:unexplained", "enter")
        await settle(app, pilot)

        assert len(found) == 4
        assert skus(app) == []


@pytest.mark.long
async def test_sorting_by_severity_puts_what_costs_a_customer_first(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "s")

        assert app.dashboard.sort is Sort.SEVERITY
        assert skus(app) == ["SKU-0004411", "SKU-0009120", "SKU-0001007", "SKU-0007733"]


@pytest.mark.long
async def test_ages_are_told_on_the_lists_lower_edge(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        fresh = text_of(app)
        shop.clock.at += 3 * 60 * MINUTE
        await settle(app, pilot)

        assert "ages  <5m █ 4  <1h 0" in fresh
        assert "<4h █ 4" in text_of(app)


@pytest.mark.long
async def test_at_200_columns_the_evidence_is_told_in_the_row(shop: Shop) -> None:
    async with console(shop, (200, 50)) as (app, _):
        line = next(row for row in text_of(app).splitlines() if "SKU-0004411 " in row)

        assert "EVIDENCE" in text_of(app)
        assert "shows 31, 14 off the tar…" in line


@pytest.mark.long
async def test_at_60_columns_it_works_with_less(shop: Shop) -> None:
    async with console(shop, (60, 20)) as (app, pilot):
        await press(app, pilot, "O", "O", "O", "down", "enter", "n", "c", *"x", "enter")
        await settle(app, pilot)
        lines = text_of(app).splitlines()

        assert max(map(len, lines)) <= 60
        assert any("▾ market" in line for line in lines)
        assert "x" in acknowledged_why(shop).values()


@pytest.mark.long
async def test_n_goes_to_the_worst_that_is_not_acknowledged_and_round(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        at = []
        for key in ("n", "n", "n", "N"):
            await press(app, pilot, key)
            at.append(under(app))
        text = text_of(app)

    assert at == ["SKU-0004411", "SKU-0009120", "SKU-0004411", "SKU-0009120"]
    assert "oversell 2 of 2; next: 2 undersell" in text


@pytest.mark.long
async def test_a_read_only_console_groups_and_jumps_but_acknowledges_nothing(shop: Shop) -> None:
    async with console(shop, read_only=True) as (app, pilot):
        await press(app, pilot, "O", "O", "n", "c")

        assert "this console is read-only" in text_of(app)
        assert not app.screen.is_modal
        assert under(app) == "[SKU-0004411]"
