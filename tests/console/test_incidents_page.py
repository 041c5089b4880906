"""The incidents' page through its keys: who knows, who is told, and what becomes of a poll."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import pytest

from console.actions import Place
from console.app import SkewApp
from console.channels import OUTCOMES
from console.screens.incidents import IncidentsPage
from store import incidents, quarantine, staging
from store.model import IncidentKind, Millis, PollOutcome, Record
from tests.console.golden import SIZES, hold_to_golden
from tests.console.stage import (
    MINUTE,
    NOW,
    SHOWN,
    STOCK,
    WAREHOUSE,
    Shop,
    console,
    press,
    record,
    settle,
    style_at,
    text_of,
)

HOSTILE = "\x1b]0;owned\x07[red]zero[/red]\u202e\x9b2J"
ZEROS = "5 of 5 listings newly at zero (100 %), more than 10 %"


def trouble(shop: Shop, channel: str, kind: IncidentKind, words: str, **more: Any) -> None:
    at: Millis = more.pop("at", NOW - 5 * MINUTE)
    shop.database.write(incidents.raise_incident, channel, kind, words, now=at, **more)


def set_aside(
    shop: Shop, channel: str, quantities: Sequence[int], reason: str = ZEROS, at: Millis = NOW
) -> int:
    """Have an implausible poll of the channel show these, in the warehouse's order of SKUs."""
    records = [
        record(sku, quantity, title, price)
        for (sku, _, title, price), quantity in zip(WAREHOUSE, quantities, strict=True)
    ]
    return aside(shop, channel, records, reason, at)


def aside(shop: Shop, channel: str, records: Sequence[Record], reason: str, at: Millis) -> int:
    def poll(connection: sqlite3.Connection) -> int:
        sweep = staging.begin(connection, channel, None, now=at - 1_000)
        staging.stage(connection, sweep, records)
        quarantine.set_aside(connection, sweep, reason, now=at, as_of=None)
        return sweep.poll_id

    return shop.database.write(poll)


def waiting(shop: Shop, channel: str) -> int | None:
    found = shop.database.read(quarantine.waiting, channel)
    return None if found is None else found[0]


def said(app: SkewApp) -> str:
    return app.footing.said[0].text


def page(app: SkewApp) -> IncidentsPage:
    assert isinstance(app.page, IncidentsPage)
    return app.page


@pytest.fixture
def troubled(shop: Shop) -> Shop:
    """Refused credentials at the market, a warehouse that shows only zeros, a bad event."""
    trouble(shop, "market", IncidentKind.CREDENTIALS, "401, MARKET_TOKEN", at=NOW - 41 * MINUTE)
    trouble(shop, "outlet", IncidentKind.EVENTS, "its events can't be read: 503")
    set_aside(shop, "warehouse", (0, 0, 0, 0, 0), at=NOW - 30_000)
    return shop


async def test_an_incident_is_acknowledged_with_a_key_and_stays_open(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "c")

        assert "seen by ana" in text_of(app)
        assert said(app) == "ana has seen #1 market credentials"
    (first, *_) = troubled.database.read(incidents.open_incidents)
    assert (first.acknowledged_by, first.acknowledged_at) == ("ana", NOW)


async def test_what_another_operator_has_seen_shows_at_the_next_look(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4")
        troubled.database.write(incidents.acknowledge, 1, who="bo", now=NOW)
        await settle(app, pilot)

        assert "seen by bo" in text_of(app)


async def test_a_snoozed_incident_leaves_the_count_and_is_told_again_at_its_time(
    troubled: Shop,
) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4")
        assert "[4]Incidents 3" in text_of(app)

        await press(app, pilot, "z", "down", "enter")

        assert "[4]Incidents 2" in text_of(app)
        assert "snoozed until 15:02Z" in text_of(app)
        assert "Incidents 3 · open · 1 snoozed" in text_of(app)
        assert said(app) == ("ana snoozed #1 market credentials until 15:02Z, unless it gets worse")
        # It stands below the others, and the cursor has stayed on it.
        assert page(app).rows.cursor_id == 1
        assert list(page(app).rows.ids)[-1] == 1

        troubled.clock.at = NOW + 60 * MINUTE
        await settle(app, pilot)

        assert "[4]Incidents 3" in text_of(app)
        assert said(app) == "market credentials: 401, MARKET_TOKEN"


async def test_the_same_key_ends_a_snooze(troubled: Shop) -> None:
    troubled.database.write(incidents.snooze, 1, who="bo", until=NOW + 60 * MINUTE)
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "end", "z")

        assert "[4]Incidents 3" in text_of(app)
        assert "ana ended the snooze of #1 market credentials" in [
            line.text for line in app.footing.said
        ]


async def test_what_ends_while_its_dialog_is_open_is_told(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "z")
        troubled.database.write(incidents.resolve, "market", IncidentKind.CREDENTIALS, now=NOW)
        await press(app, pilot, "down", "enter")

        told = [line.text for line in app.footing.said]
        assert "nothing was decided: incident 1 is over" in told


async def test_a_quarantined_poll_tells_beside_its_incident_what_it_would_change(
    troubled: Shop,
) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down")
        told = text_of(app)

    assert "What believing it would change" in told
    assert "5 of 5 known listings seen, 5 changed, 5 newly at zero" in told
    assert "▼ 320 down, 5 SKUs to zero; worth ▲ 0.00 ▼ 7,590" in told
    assert "shop: 4 disagreements opened, 4 targets down to zero" in told
    assert "SKU-0007733                    202 → 0    −202" in told
    assert "■ set aside" in told


async def test_a_poll_that_takes_many_to_zero_is_believed_by_its_count_only(
    troubled: Shop,
) -> None:
    poll_id = waiting(troubled, "warehouse")
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down", "b")
        assert f"Believe poll {poll_id} of warehouse" in text_of(app)
        assert "type how many listings would move, 5, and enter" in text_of(app)

        await press(app, pilot, "y", "4", "enter")
        assert "that is not it" in text_of(app)
        assert waiting(troubled, "warehouse") == poll_id

        await press(app, pilot, "backspace", "5", "enter")

        told = [line.text for line in app.footing.said]
        assert told[0] == "warehouse quarantined: over"
        assert told[1].startswith(f"ana believed poll {poll_id} of warehouse: 9 disagreements")
        assert "[4]Incidents 2" in text_of(app)
    assert waiting(troubled, "warehouse") is None


async def test_a_small_poll_is_believed_with_a_y_and_left_with_an_n(shop: Shop) -> None:
    shown = SHOWN["shop"]
    set_aside(shop, "shop", (shown[0] - 1, *shown[1:]), "40 % changed", at=NOW)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4", "b")
        assert "y believe it   n leave it" in text_of(app)
        await press(app, pilot, "n")
        assert said(app) == "nothing believed"
        assert waiting(shop, "shop") is not None

        await press(app, pilot, "b", "y")

        assert waiting(shop, "shop") is None
        told = [line.text for line in app.footing.said]
        assert any("ana believed poll" in line for line in told)
        assert "● No incidents: every channel answers and is believed." in text_of(app)


async def test_a_poll_that_was_replaced_while_its_dialog_was_open_is_not_believed(
    shop: Shop,
) -> None:
    shown = SHOWN["shop"]
    seen = set_aside(shop, "shop", (shown[0] - 1, *shown[1:]), "40 % changed", at=NOW)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4", "b")
        newer = set_aside(shop, "shop", (0, 0, 0, 0, 0), at=NOW)
        await press(app, pilot, "y")

        told = [line.text for line in app.footing.said]
        why = f"channel shop's quarantined poll is now {newer}, not {seen}: look again"
        assert f"nothing was decided: {why}" in told
        await settle(app, pilot)
        # What is shown now is what the newer one would change.
        assert f"poll {newer}, nothing is changed yet" in text_of(app)
        assert "4 SKUs to zero" in text_of(app)
    assert waiting(shop, "shop") == newer


async def test_a_poll_is_discarded_with_a_reason_and_is_history(troubled: Shop) -> None:
    poll_id = waiting(troubled, "warehouse")
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down", "d")
        assert f"Discard poll {poll_id} of warehouse" in text_of(app)
        await press(app, pilot, *"a test", "enter")

        told = [line.text for line in app.footing.said]
        assert f"ana discarded poll {poll_id} of warehouse: its last good readings count" in told
        assert waiting(troubled, "warehouse") is None
        assert "[4]Incidents 2" in text_of(app)

        await press(app, pilot, "f", "f")
        assert "Incidents 1 · closed" in text_of(app)
        assert "closed by ana" in text_of(app)
        assert "ended at 14:02Z by ana: discarded: a test" in text_of(app)
        assert "□ discarded" in text_of(app)

        # The last reason is offered first.
        set_aside(troubled, "warehouse", (0, 0, 0, 0, 0), at=NOW)
        await press(app, pilot, "f", "f", "home", "down", "d", "down", "enter")
        assert waiting(troubled, "warehouse") is None


async def test_a_poll_can_be_judged_on_the_channels_page_too(troubled: Shop) -> None:
    poll_id = waiting(troubled, "warehouse")
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "2", "b")
        assert f"Believe poll {poll_id} of warehouse" in text_of(app)
        await press(app, pilot, "escape", "d", *"zeros", "enter")
        assert waiting(troubled, "warehouse") is None

        await press(app, pilot, "b")
        assert said(app) == "warehouse has no quarantined poll"


async def test_a_discarded_poll_that_comes_again_says_who_discarded_it(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down", "d", *"zeros", "enter")
        set_aside(troubled, "warehouse", (0, 0, 0, 0, 0), at=NOW + 1_000)
        await press(app, pilot, "home", "down")

        assert "the same that ana discarded at 14:02:11Z" in text_of(app)


async def test_only_a_quarantined_poll_can_be_believed_or_discarded(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "b")
        assert said(app) == "there is no quarantined poll under the cursor to believe"
        await press(app, pilot, "d")
        assert said(app) == "there is no quarantined poll under the cursor to discard"


async def test_what_is_over_can_be_neither_acknowledged_nor_snoozed(troubled: Shop) -> None:
    troubled.database.write(incidents.resolve, "market", IncidentKind.CREDENTIALS, now=NOW)
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "f", "f", "c")
        assert said(app) == "can't acknowledge #1 market credentials: it is over"
        await press(app, pilot, "z")
        assert said(app) == "can't snooze #1 market credentials: it is over"


async def test_enter_opens_the_disagreements_that_the_trouble_is_about(troubled: Shop) -> None:
    trouble(
        troubled, "shop", IncidentKind.SECOND_WRITER, "SKU SKU-0004411: set back",
        key="SKU-0004411", at=NOW,
    )  # fmt: skip
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "enter")
        assert app.page.place is Place.DISAGREEMENTS
        assert app.dashboard.filter_text == "channel:market"

        await press(app, pilot, "4", "down", "down", "enter")
        assert app.dashboard.filter_text == "channel:shop sku:SKU-0004411"

        await press(app, pilot, "escape", "escape")
        assert "SKU SKU-0004411: set back" in text_of(app)


async def test_the_filter_narrows_by_words_channel_kind_severity_and_state(
    troubled: Shop,
) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "slash", *"severity:severe 401", "enter")
        assert list(page(app).rows.ids) == [1]
        assert "filter: severity:severe 401  (esc clears)" in text_of(app)

        await press(app, pilot, "slash", "end", *([*["backspace"] * 30]), *"kind:stael", "enter")
        assert said(app).startswith("“stael” is no kind: stale, quarantined, credentials")
        assert [one.message for one in app._notifications][-1] == said(app)

        await press(app, pilot, *["backspace"] * 10, *"state:closed", "enter")
        assert "No incident passes the filter" in text_of(app)

        await press(app, pilot, "escape")
        assert len(page(app).rows.ids) == 3


async def test_a_read_only_console_shows_all_of_it_and_hides_the_acts(troubled: Shop) -> None:
    async with console(troubled, read_only=True) as (app, pilot):
        await press(app, pilot, "4", "down")
        told = text_of(app)
        assert "What believing it would change" in told
        for word in ("Acknowledge", "Believe", "Discard", "Snooze"):
            assert word not in told.splitlines()[-1]

        await press(app, pilot, "c", "b", "d", "z")
        assert said(app).endswith("this console is read-only")
    assert waiting(troubled, "warehouse") is not None
    assert all(
        one.acknowledged_by is None for one in troubled.database.read(incidents.open_incidents)
    )


async def test_hostile_words_of_a_channel_are_shown_as_text(shop: Shop) -> None:
    trouble(shop, "market", IncidentKind.CONTRACT, HOSTILE)
    aside(shop, "shop", [record(HOSTILE, 3, HOSTILE, 100)], HOSTILE, NOW)
    async with console(shop) as (app, pilot):
        for keys in (("4",), ("down",), ("b",)):
            await press(app, pilot, *keys)
            told = text_of(app)
            assert "␛]0;owned␇[red]zero[/red]" in told
            assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in told.replace("\n", ""))
            assert "\u202e" not in told


async def test_how_bad_it_is_shows_by_glyph_word_and_colour(troubled: Shop) -> None:
    troubled.database.write(incidents.snooze, 2, who="bo", until=NOW + 60 * MINUTE)
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4")
        theme = app.theme_variables
        severe, minor = style_at(app, "✖ severe"), style_at(app, "○ minor")

    assert severe.color.name == theme["ink-bad"].lower()
    assert minor.color.name == theme["ink-dim"].lower()


async def test_a_narrow_terminal_keeps_how_bad_where_what_and_who_knows(troubled: Shop) -> None:
    troubled.database.write(incidents.acknowledge, 1, who="ana", now=NOW)
    async with console(troubled, (60, 24)) as (app, pilot):
        await press(app, pilot, "4")
        lines = text_of(app).splitlines()

    assert max(map(len, lines)) <= 60
    assert "✖ severe  market     credentials     41:00  seen ana" in "\n".join(lines)


SCREENS = {
    "incidents-quarantined": ("4", "down"),
    "incidents-believe": ("4", "down", "b"),
    "incidents-closed": ("4", "f", "f"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_the_page_looks_as_it_should(
    troubled: Shop, name: str, size: tuple[int, int]
) -> None:
    trouble(troubled, "shop", IncidentKind.STALE, "no good poll for longer than 600 s: 503")
    by = ("bo", "accepted")
    troubled.database.write(incidents.resolve, "shop", IncidentKind.STALE, now=NOW, by=by)
    troubled.database.write(incidents.acknowledge, 1, who="bo", now=NOW - MINUTE)
    async with console(troubled, size) as (app, pilot):
        await press(app, pilot, *SCREENS[name])
        painted = text_of(app)

    hold_to_golden(name, size, painted)


async def test_good_readings_that_come_while_a_poll_waits_end_its_incident(shop: Shop) -> None:
    set_aside(shop, "warehouse", (0, 0, 0, 0, 0), at=NOW)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4")
        shop.show("warehouse", STOCK, at=NOW)
        await settle(app, pilot)

        assert said(app) == "warehouse quarantined: over"
        assert "● No incidents" in text_of(app)


async def test_an_incident_is_copied_and_the_list_exported_as_filtered(
    troubled: Shop,
) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "slash", *"channel:market", "enter")

        view = page(app).view()
        (row,) = map(view.line, await view.read(0, 10))
        copies = list(page(app).copies())

    assert row.document["message"] == "401, MARKET_TOKEN"
    assert row.document["state"] == "new"
    assert copies[0].text == "401, MARKET_TOKEN"
    assert len(row.cells) == len(view.columns)


def test_every_outcome_of_a_poll_has_its_word() -> None:
    assert set(OUTCOMES) == set(PollOutcome)
